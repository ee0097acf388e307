from __future__ import annotations

from dataclasses import replace

import pytest

from gapheal.local.demo.findings import Findings, Plan, Witnessed

PLAYOFF, BEFORE, WARM_UP = "2022-04-16", "2022-04-10", "2021-10-19"
ARRIVAL = {"day": PLAYOFF, "upstream": 4, "due": 4, "found": 0}


def entry(*arrivals: dict, phase: int = 3, repeat: bool = False, useless: tuple[str, ...] = ()) -> dict:
    return {"phase": phase, "arrivals": arrivals, "repeat": repeat, "useless": list(useless)}


@pytest.fixture
def plan() -> Plan:
    return Plan.read(
        {
            "playoffs": [["2022-04-16", "2022-06-17"]],
            "losses": [],
            "exhibitions": [],
            "gaps": {"phase3": [PLAYOFF], "phase4": [PLAYOFF]},
            "games": {"phase3": {WARM_UP: 2, BEFORE: 7, PLAYOFF: 4}, "phase4": {BEFORE: 7, PLAYOFF: 4}},
        }
    )


@pytest.fixture
def healed(plan) -> Findings:
    """A world in which all holds."""
    report = {"triggered": 0, "gaps_found": 0, "conditions": {"waiting": 0}}
    log = [entry(ARRIVAL), entry(ARRIVAL, phase=4), entry(phase=4, repeat=True)]
    return Findings(
        plan=plan,
        games={"phase2": {WARM_UP: 2, BEFORE: 7, PLAYOFF: 4}, **plan.games},
        witnessed={phase: Witnessed.read(log, phase) for phase in plan.gaps},
        second_round={"phase2_to_phase3": report, "phase3_to_phase4": report},
        playoff_games={PLAYOFF: 4},
        playoff_dates=1,
    )


def faults(findings: Findings) -> list[str]:
    return list(findings.faults())


def test_a_healed_world_has_no_faults(healed):
    assert faults(healed) == []
    assert (healed.healed("phase3"), healed.healed("phase4")) == (1, 1)


@pytest.mark.parametrize("found", [{BEFORE: 7}, {BEFORE: 7, PLAYOFF: 3}, {BEFORE: 7, PLAYOFF: 5}])
def test_a_date_that_is_missing_partial_or_doubled_is_not_healed(healed, found):
    findings = replace(healed, games={**healed.games, "phase4": found})

    assert faults(findings) == [f"phase4: 1 dates are not whole: {PLAYOFF}"]
    assert findings.healed("phase4") == 0


def test_rows_where_none_belong_are_a_fault(healed):
    findings = replace(healed, games={**healed.games, "phase4": {**healed.games["phase4"], WARM_UP: 2}})

    assert faults(findings) == [f"phase4: 1 dates were to stay empty and are not: {WARM_UP}"]


@pytest.mark.parametrize(
    ("log", "fault"),
    [
        ([], f"phase3: 1 gaps were never triggered: {PLAYOFF}"),
        ([entry(ARRIVAL), entry(ARRIVAL)], f"phase3: 1 dates were triggered more than once: {PLAYOFF}"),
        (
            [entry(ARRIVAL, {**ARRIVAL, "day": BEFORE})],
            f"phase3: 1 dates were triggered and needed nothing: {BEFORE}",
        ),
        ([entry(ARRIVAL, useless=(PLAYOFF,))], f"phase3: 1 triggers were useless: {PLAYOFF}"),
    ],
)
def test_a_trigger_too_few_or_too_many_is_a_fault(healed, log, fault):
    findings = replace(healed, witnessed={**healed.witnessed, "phase3": Witnessed.read(log, "phase3")})

    assert faults(findings) == [fault]


def test_a_second_delivery_of_a_message_is_no_second_trigger():
    witnessed = Witnessed.read([entry(ARRIVAL), entry(repeat=True), entry(ARRIVAL, phase=4)], "phase3")

    assert (witnessed.messages, dict(witnessed.dates)) == (1, {PLAYOFF: 1})


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


def test_the_queries_that_once_showed_the_hole_must_show_it_filled(healed):
    assert faults(replace(healed, playoff_games={PLAYOFF: 0}, playoff_dates=0)) == [
        "phase3: expected 4 games from 2022-04-16 to 2022-06-17, found 0",
        "phase4: expected 1 playoff dates, found 0",
    ]
