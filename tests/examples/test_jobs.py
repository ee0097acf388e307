from __future__ import annotations

import json
from datetime import date

import pytest
import sqlglot
from sqlglot import expressions

import seed
import world
from jobs import TRIES, Job
from triggers import Trigger
from witness import Entry

OPENING = tuple(date(2022, 4, day) for day in range(16, 21))
GAMES = dict(zip(OPENING, (4, 4, 3, 3, 3), strict=True))
PHASES = [name for name in world.PHASES if name != "grading"]


def trigger(phase: str, *days: date, name: str = "t-1", **attributes: str) -> Trigger:
    return Trigger(days, world.PHASES[phase].outputs, {"trigger_id": name, **attributes})


def part(output: world.Output, number: int, day: date, attempt: str = "1") -> Trigger:
    attributes = {"trigger_id": f"{day} {attempt} {number}", "part": f"{number}/5", "attempt": attempt}
    return Trigger((day,), (output,), attributes)


def perform(job: Job, *triggers: Trigger) -> list[Entry]:
    """All of them at once; what the log says of them."""
    before = len(job.log)
    for each in triggers:
        job.take(each)
    job.work()
    return job.log[before:]


@pytest.fixture
def announced() -> list[dict]:
    return []


@pytest.fixture
def jobs(warehouse, announced) -> dict[str, Job]:
    return {
        name: Job(phase, warehouse, lambda data: announced.append(json.loads(data)))
        for name, phase in world.PHASES.items()
    }


@pytest.mark.emulator
def test_each_phase_is_computed_from_the_phases_before(jobs, warehouse, games):
    for name, job in jobs.items():
        perform(job, trigger(name, *OPENING))

        for output in world.PHASES[name].outputs:
            assert {day: count for day, count in games(warehouse, output).items() if day in GAMES} == GAMES


@pytest.mark.parametrize("phase", world.PHASES.values(), ids=lambda phase: phase.name)
def test_a_phase_reads_what_it_says_and_the_seasons_only(phase):
    for output in phase.outputs:
        tree = sqlglot.parse_one(output.select, dialect="bigquery")
        own = {cte.alias for cte in tree.find_all(expressions.CTE)}
        read = {f"{table.db}.{table.name}" for table in tree.find_all(expressions.Table) if table.name not in own}

        assert read - {"."} <= {source.table for source in phase.reads} | {world.OPENINGS}
        assert read & {source.table for source in phase.reads}


@pytest.mark.emulator
def test_running_a_job_again_changes_nothing(jobs, warehouse, content):
    days = [date(2022, 3, day) for day in (18, 19, 20, 21)]
    for name, job in jobs.items():
        before = [content(warehouse, output, *days) for output in world.PHASES[name].outputs]

        for attempt in ("t-1", "t-2"):
            perform(job, trigger(name, *days, name=attempt))

        assert all(before)
        assert [content(warehouse, output, *days) for output in world.PHASES[name].outputs] == before


@pytest.mark.emulator
def test_a_job_makes_a_partial_date_whole_and_touches_no_other(jobs, warehouse, content, games):
    output = world.PHASES["phase3"].outputs[0]
    day, next_day = date(2022, 3, 20), date(2022, 3, 21)
    whole, beside = content(warehouse, output, day), content(warehouse, output, next_day)
    warehouse.run(f"DELETE FROM {output.table} WHERE game_date = @day AND game_id > '0022101063'", day=day)
    assert 0 < games(warehouse, output)[day] < 9

    perform(jobs["phase3"], trigger("phase3", day))

    assert content(warehouse, output, day) == whole
    assert content(warehouse, output, next_day) == beside


@pytest.mark.emulator
def test_an_export_of_some_kinds_leaves_the_others_alone(jobs, warehouse, content):
    output, day = world.PHASES["phase6"].outputs[0], date(2022, 3, 20)
    whole = content(warehouse, output, day)
    warehouse.run(f"DELETE FROM {output.table} WHERE game_date = @day AND export_type = 'predictions'", day=day)

    perform(jobs["phase6"], Trigger((day,), (output,), {}, ("predictions", "best-bets")))

    assert content(warehouse, output, day) == whole


@pytest.mark.emulator
def test_the_log_tells_what_was_there_on_arrival(jobs, warehouse):
    warehouse.run("DELETE FROM nba_analytics.player_game_summary WHERE game_date = '2022-03-20'")

    (opening,) = perform(jobs["phase3"], trigger("phase3", *OPENING, name="t-1"))
    (again,) = perform(jobs["phase3"], trigger("phase3", *OPENING, name="t-2"))
    (all_star,) = perform(jobs["phase3"], trigger("phase3", date(2022, 2, 20), name="t-3"))
    (warm_up,) = perform(jobs["phase4"], trigger("phase4", date(2021, 11, 1), name="t-4"))
    (no_upstream,) = perform(jobs["phase4"], trigger("phase4", date(2022, 3, 20), name="t-5"))
    (one_of_five,) = perform(jobs["phase3"], trigger("phase3", date(2022, 3, 20), name="t-6"))

    assert opening.useless == ()
    assert [(each.upstream, set(each.due.values()), set(each.found.values())) for each in opening.arrivals] == [
        (n, {n}, {0}) for n in GAMES.values()
    ]
    assert len(again.useless) == 5, "rows were whole"
    assert (all_star.arrivals[0].upstream, all_star.useless) == (1, ("2022-02-20",))
    assert set(warm_up.arrivals[0].due.values()) == {0}
    assert no_upstream.arrivals[0].upstream == 0
    assert no_upstream.useless == ("2022-03-20",)
    assert one_of_five.useless == (), "one table of five lacked it"
    assert sorted(one_of_five.arrivals[0].found.values()) == [0, 9, 9, 9, 9]


@pytest.mark.emulator
def test_a_trigger_delivered_twice_is_done_once(jobs, announced):
    perform(jobs["phase3"], trigger("phase3", *OPENING), trigger("phase3", *OPENING))
    (later,) = perform(jobs["phase3"], trigger("phase3", *OPENING))

    assert [entry.repeat for entry in jobs["phase3"].log] == [False, True, True]
    assert later.useless == (), "a second delivery is nobody's useless trigger"
    assert len([event for event in announced if event]) == 1


@pytest.mark.emulator
def test_triggers_that_come_together_are_done_together(jobs, announced, warehouse, games):
    perform(jobs["phase3"], *(trigger("phase3", day, name=str(day)) for day in OPENING))

    assert len(jobs["phase3"].log) == 5
    (event,) = announced
    assert event["dates"] == [str(day) for day in OPENING]
    assert games(warehouse, world.PHASES["phase3"].outputs[4])[OPENING[0]] == 4


@pytest.mark.emulator
def test_a_date_is_announced_when_its_last_part_is_done_and_the_first_look_counts_for_all(jobs, announced):
    perform(jobs["phase3"], trigger("phase3", *OPENING[:2]))
    announced.clear()
    outputs, job = world.PHASES["phase4"].outputs, jobs["phase4"]

    perform(job, *(part(output, n, OPENING[0]) for n, output in enumerate(outputs[:4], 1)))
    assert announced == []
    perform(job, part(outputs[4], 5, OPENING[0]), *(part(output, n, OPENING[1]) for n, output in enumerate(outputs, 1)))

    assert [event["dates"] for event in announced] == [["2022-04-16", "2022-04-17"]]
    assert [entry.useless for entry in job.log] == [()] * 10


@pytest.mark.emulator
def test_a_trigger_that_failed_half_way_is_tried_again_and_its_first_look_counts(warehouse, games):
    answers = iter([ConnectionError("no broker"), None])

    def announce(_: bytes) -> None:
        if fault := next(answers):
            raise fault

    job = Job(world.PHASES["phase3"], warehouse, announce)
    assert perform(job, trigger("phase3", *OPENING)) == []

    job.work()

    (entry,) = job.log
    assert not entry.repeat
    assert entry.useless == ()
    assert games(warehouse, world.PHASES["phase3"].outputs[0])[OPENING[0]] == 4
    rows = f"SELECT COUNT(*) - COUNT(DISTINCT player_id) AS twice FROM {seed.COMPUTED[0].table} WHERE game_date = @day"
    assert warehouse.run(rows, day=OPENING[0]) == [{"twice": 0}], "what was written before is replaced"


def test_a_trigger_that_fails_again_and_again_is_dropped_and_the_job_goes_on():
    class Down:
        def run(self, *_: object, **__: object) -> list:
            raise ConnectionError("no warehouse")

    job = Job(world.PHASES["phase3"], Down(), print)  # type: ignore[arg-type]
    job.take(trigger("phase3", *OPENING))
    for _ in range(TRIES):
        job.work()

    class Empty:
        def run(self, *_: object, **__: object) -> list:
            return []

    job._warehouse = Empty()  # type: ignore[assignment]
    (entry,) = perform(job, trigger("phase3", OPENING[0], name="t-2"))
    assert entry.attributes["trigger_id"] == "t-2"


@pytest.mark.emulator
def test_a_job_announces_its_dates_once_for_all_of_them(jobs, announced):
    perform(jobs["phase3"], trigger("phase3", date(2022, 4, 16), date(2022, 4, 18)))

    assert announced == [
        {
            "phase": "phase3",
            "start_date": "2022-04-16",
            "end_date": "2022-04-18",
            "dates": ["2022-04-16", "2022-04-18"],
            "processor_name": "nba_analytics.player_game_summary",
            "status": "success",
        }
    ]
