from __future__ import annotations

import base64
import threading
from datetime import date

import pytest

import workers
import world
from coordinator import Coordinator
from jobs import Job
from triggers import Trigger, read
from warehouse import Warehouse

DAY = "2022-03-20"
PREDICTIONS = world.PHASES["phase5"].outputs[0]


@pytest.fixture
def jobs(warehouse) -> dict[str, Job]:
    return {name: Job(phase, warehouse, lambda _: None) for name, phase in world.PHASES.items()}


def idle(*names: str) -> dict[str, Job]:
    """Jobs without a world to work in."""
    return {name: Job(world.PHASES[name], Warehouse("nowhere", "http://localhost:1"), print) for name in names}


def push(data: bytes, **attributes: str) -> dict:
    return {"message": {"data": base64.b64encode(data).decode(), "attributes": attributes}, "subscription": "s"}


@pytest.mark.emulator
def test_the_server_takes_a_push_at_once_and_shows_it_in_the_log_when_it_is_done(jobs):
    server = workers.app(jobs).test_client()
    data = b'{"dates": ["2022-04-16"], "start_date": "2022-04-16", "end_date": "2022-04-16"}'

    answer = server.post("/phase3", json=push(data, trigger_id="t-1", transition="phase2_to_phase3"))
    before = server.get("/log").json
    jobs["phase3"].work()
    (entry,) = server.get("/log").json

    assert (answer.status_code, before) == (200, [])
    assert entry["phase"] == "phase3"
    assert entry["attributes"]["transition"] == "phase2_to_phase3"
    (arrival,) = entry["arrivals"]
    assert (arrival["day"], arrival["upstream"]) == ("2022-04-16", 4)
    assert set(arrival["found"].values()) == {0}
    assert server.get("/").json == {"phases": ["phase3", "phase4", "phase5", "phase6", "grading"]}


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"{}", b'{"dates": ["tomorrow"]}', b'{"dates": 7}'])
def test_a_message_without_dates_is_acknowledged_not_redelivered_for_ever(data):
    server = workers.app(idle("phase3")).test_client()

    answer = server.post("/phase3", json=push(data))

    assert answer.status_code == 200
    assert answer.json
    assert answer.json["rejected"]
    assert server.get("/log").json == []


def test_an_unknown_phase_is_not_found():
    assert workers.app(idle("phase3")).test_client().post("/phase2", json=push(b"{}")).status_code == 404


def call(server, day: str, number: int = 1):
    headers = {"gapheal-trigger-id": f"t-{number}", "gapheal-attempt": str(number), "gapheal-partition": day}
    return server.post("/phase5", json={"game_date": day}, headers=headers)


@pytest.mark.emulator
def test_the_coordinator_starts_a_date_and_tells_what_it_found(jobs, warehouse, games):
    warehouse.run(f"DELETE FROM {PREDICTIONS.table} WHERE game_date = @day", day=date.fromisoformat(DAY))
    server = workers.app(jobs).test_client()

    answer = call(server, DAY)
    jobs["phase5"].work()

    assert (answer.status_code, answer.json) == (202, {"started": DAY})
    (entry,) = jobs["phase5"].log
    assert entry.attributes == {"trigger_id": "t-1", "attempt": "1", "partition": DAY}
    assert entry.useless == ()
    assert games(warehouse, PREDICTIONS)[date.fromisoformat(DAY)] == 9


@pytest.mark.emulator
@pytest.mark.parametrize(
    ("day", "status"),
    [("2022-07-01", 404), ("2021-10-20", 404), ("2022-02-20", 404), ("2022-04-16", 404), ("2022-03-21", 503)],
    ids=["no games", "warm-up", "all-star", "no upstream", "part of upstream"],
)
def test_the_coordinator_refuses_what_it_cannot_do(jobs, warehouse, day, status):
    features = world.PHASES["phase4"].outputs[4].table
    last = f"SELECT MAX(game_id) FROM {world.SCHEDULE} WHERE game_date = '2022-03-21'"
    warehouse.run(f"DELETE FROM {features} WHERE game_date = '2022-03-21' AND game_id = ({last})")
    server = workers.app(jobs).test_client()

    assert call(server, day).status_code == status
    assert jobs["phase5"].log == []


@pytest.mark.emulator
def test_a_date_whose_upstream_has_come_is_no_longer_refused(jobs, warehouse):
    server, day = workers.app(jobs).test_client(), date(2022, 4, 16)
    assert call(server, str(day)).status_code == 404

    for name in ("phase3", "phase4"):
        jobs[name].take(Trigger((day,), world.PHASES[name].outputs, {}))
        jobs[name].work()

    assert call(server, str(day), 2).status_code == 202


def test_a_call_while_a_batch_runs_is_told_to_come_back():
    running, over = threading.Event(), threading.Event()

    class Slow:
        def run(self, *_: object, **__: object) -> list:
            running.set()
            over.wait(60)
            return []

    job = Job(world.PHASES["phase5"], Slow(), print)  # type: ignore[arg-type]
    coordinator = Coordinator(job, patience=0.01)
    job.take(read("phase5", b'{"game_date": "2022-03-20"}', {}))
    batch = threading.Thread(target=job.work)
    batch.start()
    assert running.wait(60)

    answer = coordinator.start(b'{"game_date": "2022-03-21"}', {})
    over.set()
    batch.join()

    assert answer.status == 409


@pytest.mark.parametrize("data", [b"", b"{}", b'{"game_date": "today"}', b'{"dates": ["2022-03-20"]}'])
def test_a_call_that_names_no_date_is_a_bad_one(data):
    server = workers.app(idle("phase5")).test_client()

    assert server.post("/phase5", data=data).status_code == 400
