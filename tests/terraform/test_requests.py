"""What Google sends to a function is what its tests send: read from the plan, and posted as it stands there."""

from __future__ import annotations

import json
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from tests.functions.test_requests import SCAN
from tests.functions.test_requests import push as as_tested

from gapheal.local import ticker
from gapheal.spec import load

PIPELINE = load(Path(__file__).parents[2] / "pipeline.yaml")
DAY = date(2025, 6, 16)
EVENT = {"phase": "phase2", "game_date": str(DAY)}


def up_to(world, phase):
    """The date is whole in this phase and in all before it, and nowhere else."""
    feeding = PIPELINE.feeder(phase)
    for table in PIPELINE.phases[phase].tables:
        world.warehouse.put(table.table, DAY, rows=2, entities=2)
    for before in PIPELINE.transitions[feeding].upstream if feeding else ():
        up_to(world, before)


def test_every_transition_is_asked_for_scans_and_sweeps_in_json(jobs):
    scans = {(name, "scan") for name in PIPELINE.transitions}
    assert {(each.transition, each.why) for each in jobs} == {*scans, ("gap_detector", "sweep")}
    assert {tuple(each.headers.items()) for each in jobs} == {(("Content-Type", "application/json"),)}


def test_what_a_job_posts_is_what_its_function_understands(jobs, function_of):
    for each in jobs:
        answer = function_of(each.transition)(each.body, each.headers)

        assert answer.status_code == 200
        told = answer.json["transitions"] if each.why == "sweep" else {each.transition: answer.json}
        assert {name: report["source"] for name, report in told.items()} == dict.fromkeys(told, each.why)


@pytest.mark.parametrize("name", ["phase2_to_phase3", "gap_detector"])
def test_a_job_that_is_posted_finds_the_gap(jobs, function_of, world, name):
    up_to(world, "phase2")
    (job,) = [each for each in jobs if each.transition == name]
    sent = {**job.headers, **ticker.headers("nba-props", datetime(2025, 6, 17, 7, tzinfo=ZoneInfo(PIPELINE.timezone)))}

    answer = function_of(name)(job.body, sent).json
    report = answer["transitions"]["phase2_to_phase3"] if name == "gap_detector" else answer

    assert (report["gaps_found"], report["actions"]["would_heal"]) == (1, 1)
    assert "mode" in report["note"]


@pytest.mark.parametrize("name", [name for name, step in PIPELINE.transitions.items() if step.policy.mode != "paused"])
def test_what_a_subscription_pushes_makes_its_date_due(pushes, function_of, world, name):
    for phase in PIPELINE.transitions[name].upstream:
        up_to(world, phase)
    heard = [each for each in pushes(EVENT) if each.transition == name]

    assert heard
    for each in heard:
        answer = function_of(name)(each.body, each.headers)

        assert (answer.status_code, answer.json["source"], answer.json["actions"]["would_heal"]) == (200, "event", 1)


def test_what_a_subscription_pushes_without_a_date_is_acknowledged_and_kept(pushes, function_of, world):
    for each in pushes({"phase": "phase2", "game_date": "None"}):
        answer = function_of(each.transition)(each.body, each.headers)

        assert (answer.status_code, answer.json["rejected"]) == (200, True)
    assert {row["message_id"] for row in world.ledger.rows["rejections"]} == {"42"}


def shape(value):
    """Names, and kinds of what they name."""
    return {key: shape(each) for key, each in value.items()} if isinstance(value, dict) else type(value)


def test_the_functions_own_tests_post_the_same(jobs, pushes):
    """`SCAN` and `push` of tests/functions/test_requests.py; the service sends some fields more."""
    assert {each.body for each in jobs if each.why == "scan"} == {json.dumps(SCAN, separators=(",", ":")).encode()}

    tested = as_tested(EVENT, attributes={})
    for each in pushes(EVENT):
        real = json.loads(each.body)
        assert shape(tested).items() <= {**shape(real), "message": shape(tested)["message"]}.items()
        assert shape(tested["message"]).items() <= shape(real["message"]).items()
        assert real["message"]["data"] == tested["message"]["data"]


def test_the_local_stand_in_for_scheduler_posts_the_same(jobs):
    assert {json.dumps(json.loads(each.body)) for each in jobs if each.why == "scan"} == {ticker.BODY.decode()}
    local = ticker.headers("job", datetime(2024, 6, 18, tzinfo=ZoneInfo("UTC")))
    assert all(each.headers.items() <= local.items() for each in jobs)
