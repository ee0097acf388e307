from __future__ import annotations

import base64
import json
from datetime import date

import pytest
import sqlglot
from sqlglot import expressions

import workers
import world
from jobs import Trigger, Worker

OPENING = date(2022, 4, 16), date(2022, 4, 20)
GAMES = {date(2022, 4, 16): 4, date(2022, 4, 17): 4, date(2022, 4, 18): 3, date(2022, 4, 19): 3, date(2022, 4, 20): 3}


def trigger(first: date, last: date, name: str = "t-1") -> Trigger:
    data = json.dumps({"start_date": str(first), "end_date": str(last)}).encode()
    return Trigger.read(data, {"trigger_id": name})


@pytest.fixture
def announced() -> list[dict]:
    return []


@pytest.fixture
def jobs(warehouse, announced) -> dict[int, Worker]:
    return {
        number: Worker(phase, warehouse, lambda data: announced.append(json.loads(data)))
        for number, phase in world.PHASES.items()
    }


@pytest.mark.emulator
def test_each_phase_is_computed_from_the_phase_before(jobs, warehouse, games):
    for number, job in jobs.items():
        job.perform(trigger(*OPENING))

        found = games(warehouse, world.PHASES[number].table)
        assert {day: count for day, count in found.items() if day in GAMES} == GAMES


@pytest.mark.parametrize("number", world.PHASES)
def test_a_phase_reads_the_phase_before_and_the_schedule_only(number):
    phase = world.PHASES[number]
    tree = sqlglot.parse_one(phase.select, dialect="bigquery")
    own = {cte.alias for cte in tree.find_all(expressions.CTE)}
    read = {f"{table.db}.{table.name}" for table in tree.find_all(expressions.Table) if table.name not in own}

    assert phase.upstream in read
    assert read <= {phase.upstream, world.SCHEDULE}


@pytest.mark.emulator
def test_running_a_job_again_changes_nothing(jobs, warehouse, content):
    dates = date(2022, 3, 18), date(2022, 3, 21)
    for number, job in jobs.items():
        table = world.PHASES[number].table
        before = content(warehouse, table, *dates)

        for attempt in ("t-1", "t-2"):
            job.perform(trigger(*dates, attempt))

        assert before
        assert content(warehouse, table, *dates) == before


@pytest.mark.emulator
def test_a_job_makes_a_partial_date_whole_and_touches_no_other(jobs, warehouse, content, games):
    table = world.PHASES[3].table
    day, next_day = date(2022, 3, 20), date(2022, 3, 21)
    whole, beside = content(warehouse, table, day, day), content(warehouse, table, next_day, next_day)
    warehouse.run(f"DELETE FROM {table} WHERE game_date = @day AND game_id > '0022101063'", day=day)
    assert 0 < games(warehouse, table)[day] < 9

    jobs[3].perform(trigger(day, day))

    assert content(warehouse, table, day, day) == whole
    assert content(warehouse, table, next_day, next_day) == beside


@pytest.mark.emulator
def test_the_log_tells_what_was_there_on_arrival(jobs, warehouse):
    warehouse.run("DELETE FROM nba_analytics.player_game_summary WHERE game_date = DATE '2022-03-20'")

    opening = jobs[3].perform(trigger(*OPENING, "t-1"))
    again = jobs[3].perform(trigger(*OPENING, "t-2"))
    all_star = jobs[3].perform(trigger(date(2022, 2, 20), date(2022, 2, 20), "t-3"))
    warm_up = jobs[4].perform(trigger(date(2021, 11, 1), date(2021, 11, 2), "t-4"))
    no_upstream = jobs[4].perform(trigger(date(2022, 3, 20), date(2022, 3, 20), "t-5"))

    assert opening.useless == ()
    assert [(each.upstream, each.due, each.found) for each in opening.arrivals] == [(n, n, 0) for n in GAMES.values()]
    assert len(again.useless) == 5, "rows were whole"
    assert (all_star.arrivals[0].upstream, all_star.arrivals[0].due, all_star.useless) == (1, 0, ("2022-02-20",))
    assert warm_up.arrivals[0].due == 0
    assert no_upstream.arrivals[0].upstream == 0
    assert no_upstream.useless == ("2022-03-20",)


@pytest.mark.emulator
def test_a_trigger_delivered_twice_is_done_once(jobs, announced):
    jobs[3].perform(trigger(*OPENING))
    repeat = jobs[3].perform(trigger(*OPENING))

    assert repeat.repeat
    assert repeat.useless == (), "a second delivery is nobody's useless trigger"
    assert len(announced) == 1
    assert len(jobs[3].log) == 2


@pytest.mark.emulator
def test_a_trigger_that_failed_half_way_is_done_when_it_comes_again_and_its_first_look_counts(warehouse):
    answers = iter([ConnectionError("no broker"), None])

    def announce(_: bytes) -> None:
        if fault := next(answers):
            raise fault

    job = Worker(world.PHASES[3], warehouse, announce)
    with pytest.raises(ConnectionError):
        job.perform(trigger(*OPENING))

    entry = job.perform(trigger(*OPENING))

    assert not entry.repeat
    assert entry.useless == ()
    assert len(job.log) == 1


@pytest.mark.emulator
def test_a_job_announces_its_dates_once_for_the_whole_run(jobs, announced):
    jobs[3].perform(Trigger((date(2022, 4, 16), date(2022, 4, 18)), {}))

    assert announced == [
        {
            "phase": 3,
            "start_date": "2022-04-16",
            "end_date": "2022-04-18",
            "dates": ["2022-04-16", "2022-04-18"],
            "processor_name": "nba_analytics.player_game_summary",
            "status": "success",
        }
    ]


def client(jobs: dict[int, Worker]):
    return workers.app({f"phase{number}": job for number, job in jobs.items()}).test_client()


def idle_client():
    """A server whose workers have no world to work in."""
    return client({3: Worker(world.PHASES[3], world.Warehouse("nowhere", "http://localhost:1"), print)})


def push(data: bytes, **attributes: str) -> dict:
    return {"message": {"data": base64.b64encode(data).decode(), "attributes": attributes}, "subscription": "s"}


@pytest.mark.emulator
def test_the_server_takes_a_push_and_shows_it_in_the_log(jobs):
    server = client(jobs)
    data = b'{"dates": ["2022-04-16"], "start_date": "2022-04-16", "end_date": "2022-04-16"}'

    answer = server.post("/phase3", json=push(data, trigger_id="t-1", transition="phase2_to_phase3"))
    (entry,) = server.get("/log").json

    assert answer.status_code == 200
    assert entry["phase"] == 3
    assert entry["attributes"]["transition"] == "phase2_to_phase3"
    assert entry["arrivals"] == [{"day": "2022-04-16", "upstream": 4, "due": 4, "found": 0}]
    assert server.get("/").json == {"phases": ["phase3", "phase4", "phase5", "phase6"]}


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"{}", b'{"dates": ["tomorrow"]}', b'{"dates": 7}'])
def test_a_message_without_dates_is_acknowledged_not_redelivered_for_ever(data):
    server = idle_client()

    answer = server.post("/phase3", json=push(data))

    assert answer.status_code == 200
    assert answer.json["rejected"]
    assert server.get("/log").json == []


def test_an_unknown_phase_is_not_found():
    assert idle_client().post("/phase2", json=push(b"{}")).status_code == 404
