from __future__ import annotations

from dataclasses import replace

import pytest

from gapheal.local.demo.findings import FACTORS, GRADES, SUMMARY, Answers, Findings, Plan, Witnessed

PLAYOFF, BEFORE, WARM_UP, GRADED = "2022-04-16", "2022-04-10", "2021-10-19", "2024-11-06"
CACHE = "nba_precompute.player_daily_cache"


def entry(
    *days: str, phase: str = "phase3", repeat: bool = False, useless: tuple[str, ...] = (), **attributes: str
) -> dict:
    arrivals = [{"day": day} for day in days]
    return {
        "phase": phase,
        "arrivals": arrivals,
        "repeat": repeat,
        "useless": list(useless),
        "attributes": {"attempt": "1", **attributes},
    }


def parts(day: str, attempt: str = "1") -> list[dict]:
    """A fan-out of two messages."""
    return [entry(day, phase="phase4", attempt=attempt, part=part) for part in ("1/2", "2/2")]


@pytest.fixture
def plan() -> Plan:
    factors = {BEFORE: 7, PLAYOFF: 4}
    return Plan.read(
        {
            "playoffs": [["2022-04-16", "2022-06-17"]],
            "ungraded": [GRADED],
            "losses": [],
            "exhibitions": [],
            "gaps": {"phase3": [PLAYOFF], "phase4": [PLAYOFF], "grading": [GRADED]},
            "games": {
                "phase3": {SUMMARY: {WARM_UP: 2, BEFORE: 7, PLAYOFF: 4}},
                "phase4": {FACTORS: factors, CACHE: factors},
                "grading": {GRADES: {GRADED: 9}},
            },
        }
    )


@pytest.fixture
def healed(plan) -> Findings:
    """A world in which all holds."""
    report = {"triggered": 0, "gaps_found": 0, "conditions": {"waiting": 0}}
    log = [entry(PLAYOFF), *parts(PLAYOFF), entry(phase="phase4", repeat=True), entry(GRADED, phase="grading")]
    return Findings(
        plan=plan,
        games={"phase2": {"raw": {WARM_UP: 2, BEFORE: 7, PLAYOFF: 4}}, **plan.games},
        witnessed={phase: Witnessed.read(log, phase) for phase in plan.gaps},
        second_round={"phase2_to_phase3": report, "phase3_to_phase4": report},
        answers=Answers({PLAYOFF: 4}, playoff_dates=1, graded_dates=1),
    )


def faults(findings: Findings) -> list[str]:
    return list(findings.faults())


def test_a_healed_world_has_no_faults(healed):
    assert faults(healed) == []
    assert (healed.healed("phase3"), healed.healed("phase4")) == (1, 1)


def in_cache(findings: Findings, found: dict[str, int]) -> Findings:
    games = {**findings.games, "phase4": {**findings.games["phase4"], CACHE: found}}
    return replace(findings, games=games)


@pytest.mark.parametrize("found", [{BEFORE: 7}, {BEFORE: 7, PLAYOFF: 3}, {BEFORE: 7, PLAYOFF: 5}])
def test_a_date_that_is_missing_partial_or_doubled_in_one_table_is_not_healed(healed, found):
    findings = in_cache(healed, found)

    assert faults(findings) == [f"{CACHE}: 1 dates are not whole: {PLAYOFF}"]
    assert (findings.healed("phase3"), findings.healed("phase4")) == (1, 0)


def test_rows_where_none_belong_are_a_fault(healed):
    findings = in_cache(healed, {BEFORE: 7, PLAYOFF: 4, WARM_UP: 2})

    assert faults(findings) == [f"{CACHE}: 1 dates were to stay empty and are not: {WARM_UP}"]


@pytest.mark.parametrize(
    ("phase", "log", "fault"),
    [
        ("phase3", [], f"phase3: 1 gaps were never triggered: {PLAYOFF}"),
        ("phase3", [entry(PLAYOFF)] * 2, f"phase3: 1 dates were triggered more than once: {PLAYOFF}"),
        (
            "phase4",
            [*parts(PLAYOFF), *parts(PLAYOFF, "2")],
            f"phase4: 1 dates were triggered more than once: {PLAYOFF}",
        ),
        ("phase3", [entry(PLAYOFF, BEFORE)], f"phase3: 1 dates were triggered and needed nothing: {BEFORE}"),
        ("phase3", [entry(PLAYOFF, useless=(PLAYOFF,))], f"phase3: 1 triggers were useless: {PLAYOFF}"),
    ],
)
def test_a_trigger_too_few_or_too_many_is_a_fault(healed, phase, log, fault):
    findings = replace(healed, witnessed={**healed.witnessed, phase: Witnessed.read(log, phase)})

    assert faults(findings) == [fault]


def test_a_second_delivery_of_a_message_is_no_second_trigger():
    witnessed = Witnessed.read([entry(PLAYOFF), entry(repeat=True), entry(PLAYOFF, phase="phase4")], "phase3")

    assert (witnessed.messages, dict(witnessed.dates)) == (1, {PLAYOFF: 1})


def test_the_messages_of_a_fan_out_are_one_request():
    witnessed = Witnessed.read(parts(PLAYOFF), "phase4")

    assert (witnessed.messages, dict(witnessed.dates)) == (2, {PLAYOFF: 1})


@pytest.mark.parametrize(
    "report",
    [
        {"triggered": 1, "gaps_found": 1, "conditions": {"waiting": 0}},
        {"triggered": 0, "gaps_found": 3, "conditions": {"waiting": 0}},
        {"triggered": 0, "gaps_found": 0, "conditions": {"waiting": 2}},
    ],
)
def test_a_second_scan_that_is_not_quiet_is_a_fault(healed, report):
    (fault,) = faults(replace(healed, second_round={"phase3_to_phase4": report}))

    assert fault.startswith("phase3_to_phase4: a second scan was to find nothing to do")


def test_the_queries_that_once_showed_the_holes_must_show_them_filled(healed):
    assert faults(replace(healed, answers=Answers({PLAYOFF: 0}, playoff_dates=0, graded_dates=0))) == [
        f"{SUMMARY}: expected 4 games from 2022-04-16 to 2022-06-17, found 0",
        f"{FACTORS}: expected 1 playoff dates, found 0",
        f"{GRADES}: expected 1 graded dates, found 0",
    ]
