"""The gate for scripts: whether a phase is whole in a window, by its own data and whatever its transition's mode."""

from __future__ import annotations

import json
from datetime import date, timedelta

import pytest

from gapheal import app
from gapheal.app.check import Checked
from gapheal.cli import common
from gapheal.errors import ConfigError, Unavailable
from gapheal.intervals import Interval
from gapheal.spec import parse
from gapheal.testing import World

FILE = """\
version: 1
pipeline: p
location: US
timezone: UTC
defaults: {date_column: day, entity_column: game}
phases:
  phase1: {tables: [d.raw, {table: d.sibling, required: false}], expected: {table: d.schedule}}
  phase2: [d.refined]
  phase3: [d.served]
  orphan: [d.orphan]
transitions:
  phase1_to_phase2: {policy: POLICY}
  phase3: {upstream: [phase2, phase1], downstream: phase3}
"""
FIRST = date(2024, 4, 16)
DAYS = [FIRST + timedelta(days=n) for n in range(4)]
WINDOW = Interval.inclusive(DAYS[0], DAYS[-1])
Gate = tuple[World, app.App]


def gate(policy: str = "{}") -> Gate:
    """Four dates of four games in both phases, and on the schedule."""
    pipeline = parse(FILE.replace("POLICY", policy))
    world = World(pipeline)
    for day in DAYS:
        for table in ("d.raw", "d.refined", "d.schedule"):
            world.warehouse.put(table, day, 8, 4)
    return world, app.build(pipeline, **world.ports)


def short(found: Checked) -> list[tuple[date, str]]:
    return [(verdict.day, str(verdict.condition)) for verdict in found.short]


@pytest.mark.parametrize("phase", ["2", "phase2"])
def test_a_phase_that_has_all_that_upstream_has_is_whole(phase):
    _, asked = gate()
    found = asked.check(phase, WINDOW)

    assert (found.whole, found.phase, found.transition) == (True, "phase2", "phase1_to_phase2")
    assert found.plain()["conditions"]["complete"] == found.plain()["dates"] == 4


@pytest.mark.parametrize("mode", ["paused", "observe", "heal"])
def test_a_phase_is_judged_whatever_the_mode_and_nothing_is_sent(mode):
    world, asked = gate(f"{{mode: {mode}}}")
    world.warehouse.drop("d.refined", DAYS[1])
    world.warehouse.put("d.refined", DAYS[2], 2, 1)
    found = asked.check("2", WINDOW)

    assert not found.whole
    assert short(found) == [(DAYS[1], "missing"), (DAYS[2], "partial")]
    assert [verdict.reason.sentence for verdict in found.short] == [
        "d.refined has no rows, upstream has 8",
        "d.refined has 1 of 4 game, whole from 4",
    ]
    assert any("is paused" in note for note in found.notes) == (mode == "paused")
    assert world.publisher.sent == []
    assert world.claims.created == {}
    assert not any(world.ledger.rows.values())


def test_only_the_window_counts():
    world, asked = gate()
    world.warehouse.drop("d.refined", DAYS[3])

    assert asked.check("2", Interval.inclusive(DAYS[0], DAYS[2])).whole
    assert not asked.check("2", WINDOW).whole
    assert not asked.check("2").whole


def test_a_date_that_is_open_in_the_ledger_does_not_count_outside_the_window():
    world, asked = gate()
    world.warehouse.drop("d.refined", DAYS[3])
    asked.run("phase1_to_phase2", asked.read("phase1_to_phase2", {}, b'{"scan_for_gaps": true}'))

    assert asked.check("2", Interval.inclusive(DAYS[0], DAYS[2])).plain()["dates"] == 3


def test_a_date_that_waits_for_upstream_is_not_whole():
    world, asked = gate()
    world.warehouse.put("d.raw", DAYS[0], 2, 1)

    assert short(asked.check("2", WINDOW)) == [(DAYS[0], "waiting")]


def test_what_is_excused_is_whole():
    world, asked = gate("{excuses: [{reason: all-star, dates: [2024-04-17]}]}")
    world.warehouse.drop("d.refined", DAYS[1])
    found = asked.check("2", WINDOW)

    assert found.whole
    assert found.plain()["conditions"]["excused"] == 1


def test_what_is_stale_is_whole():
    world, asked = gate()
    now = world.clock.now()
    world.warehouse.put("d.raw", DAYS[1], 8, 4, now)
    world.warehouse.put("d.refined", DAYS[1], 8, 4, now - timedelta(days=1))
    found = asked.check("2", WINDOW)

    assert found.whole
    assert found.plain()["conditions"]["stale"] == 1


def test_where_upstream_has_no_dates_there_is_nothing_to_judge_and_that_is_said():
    _, asked = gate()
    found = asked.check("2", Interval.inclusive(date(2023, 1, 1), date(2023, 1, 31)))

    assert (found.whole, found.verdicts) == (True, [])
    assert found.notes == ["upstream has no dates there: nothing was judged"]


def test_what_is_never_looked_at_is_said():
    _, asked = gate("{start_date: 2024-04-18}")
    found = asked.check("2", WINDOW)

    assert len(found.verdicts) == 2
    assert found.notes == ["nothing before policy.start_date (2024-04-18) is looked at"]


def test_what_is_not_due_is_said():
    world, asked = gate()
    today = world.clock.now().date()
    world.warehouse.put("d.raw", today, 8, 4)
    found = asked.check("2", Interval.inclusive(today, today))

    assert found.whole
    assert found.notes == ["1 of the excused are not due yet (lag_days 1): not judged"]


def test_a_first_phase_is_judged_by_its_own_tables_and_by_what_is_expected_of_it():
    world, asked = gate("{settle_minutes: 600, lookback_days: 3, depends_on_past: true, mode: paused}")
    for day in DAYS:
        world.warehouse.drop("d.refined", day)
    assert asked.check("1", WINDOW).whole, "what the next phase lacks is not its fault"

    world.warehouse.put("d.raw", DAYS[0], 2, 1)
    world.warehouse.drop("d.raw", DAYS[2])
    found = asked.check("1", WINDOW)

    assert not found.whole
    assert short(found) == [(DAYS[0], "partial")]
    assert found.short[0].reason.sentence.startswith("upstream d.raw has 1 of 4 game")
    assert found.source_gaps == [DAYS[2]]
    assert found.plain()["source_gaps"] == [{"start_date": "2024-04-18", "end_date": "2024-04-18", "dates": 1}]


def test_a_first_phase_that_lacks_only_expected_dates_is_not_whole():
    world, asked = gate()
    world.warehouse.drop("d.raw", DAYS[2])

    assert not asked.check("1", WINDOW).whole
    assert asked.check("1", Interval.inclusive(DAYS[0], DAYS[1])).whole


def test_what_the_next_phase_may_lack_excuses_nothing_of_a_first_phase():
    world, asked = gate()
    world.warehouse.put("d.raw", DAYS[0], 2, 1)
    asked.decide("accept", "phase1_to_phase2", [str(DAYS[0])], who="ann", why="known")

    assert asked.check("2", WINDOW).whole
    assert short(asked.check("1", WINDOW)) == [(DAYS[0], "partial")]


def test_what_upstream_was_never_given_is_said_of_the_phase_after_it():
    world, asked = gate()
    for table in ("d.raw", "d.refined"):
        world.warehouse.drop(table, DAYS[2])
    found = asked.check("2", WINDOW)

    assert found.whole
    assert found.notes == ["upstream itself lacks 1 dates that it is expected to have"]


def test_a_first_phase_is_asked_about_alone_where_a_transition_reads_several():
    text = FILE.replace("POLICY", "{}").replace("  phase1_to_phase2: {policy: {}}\n", "")
    world = World(parse(text))
    asked = app.build(world.pipeline, **world.ports)
    for day in DAYS:
        world.warehouse.put("d.raw", day, 8, 4)
        world.warehouse.put("d.schedule", day, 8, 4)

    assert asked.check("phase1", WINDOW).whole
    assert asked.check("phase2", WINDOW).notes == ["phase2 has no dates there: nothing was judged"]


@pytest.mark.parametrize(
    ("phase", "told"),
    [
        ("phse2", "--phase: expected one of phase1, phase2, phase3, orphan, found phse2; did you mean phase2?"),
        ("9", "--phase: expected one of phase1, phase2, phase3, orphan, found 9"),
        ("orphan", "--phase: expected a phase that a transition feeds or reads, found orphan, which none touches"),
    ],
)
def test_a_phase_that_cannot_be_judged_is_told(phase, told):
    _, asked = gate()

    with pytest.raises(ConfigError) as caught:
        asked.check(phase)

    assert str(caught.value).startswith(told)


ASKED = ("check", "--phase", "3", "--start-date", "2024-04-16", "--end-date")


def test_the_command_passes_a_phase_that_is_whole(pipeline, tables, gapheal):
    result = gapheal(*ASKED, "2024-04-19")

    assert (result.exit_code, result.output) == (0, "phase3 is whole: 4 dates (4 complete)\n")


def test_the_command_stops_a_script_with_dates_and_reasons(pipeline, tables, gapheal):
    result = gapheal(*ASKED, "2024-04-25")
    lines = [" ".join(line.split()) for line in result.output.splitlines()]

    assert result.exit_code == 1
    assert lines[0] == "phase3 is not whole: 10 dates (4 complete, 6 missing)"
    assert (
        lines[2] == "2024-04-20 .. 2024-04-25 6 missing nba_analytics.player_game_summary has no rows, upstream has 1"
    )


def test_the_command_answers_in_runs_of_dates(pipeline, tables, gapheal, monkeypatch):
    monkeypatch.setenv("GAPHEAL_MODE", "paused")
    result = gapheal(*ASKED, "2024-04-25", "--json")
    found = json.loads(result.output)

    assert (result.exit_code, found["whole"], found["dates"]) == (1, False, 10)
    assert [(run["start_date"], run["end_date"], run["dates"]) for run in found["not_whole"]] == [
        ("2024-04-20", "2024-04-25", 6),
    ]
    assert found["notes"] == ["phase2_to_phase3 is paused: it was looked at for this answer, and nothing heals it"]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--phase", "7"], "expected one of phase2, phase3, found 7"),
        (["--phase", "3", "--start-date", "2024-04-19", "--end-date", "2024-04-16"], "2024-04-19"),
        ([], "--phase"),
    ],
)
def test_the_command_tells_a_wrong_question_with_exit_code_2(pipeline, bq, gapheal, words, told):
    result = gapheal("check", *words)

    assert result.exit_code == 2
    assert told in result.output


def test_the_command_tells_that_a_service_is_unavailable_with_exit_code_3(gapheal, monkeypatch):
    world, asked = gate()
    world.warehouse.fails = Unavailable("BigQuery did not answer")
    monkeypatch.setattr(common, "opened", lambda _path: asked)

    assert gapheal("check", "--phase", "2").exit_code == 3
