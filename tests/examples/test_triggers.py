from __future__ import annotations

import json
from datetime import UTC, date, datetime

import pytest

import world
from triggers import Trigger, read

TODAY = str(datetime.now(UTC).date())
PROCESSOR = {"processor": "player_daily_cache", "source_table": "player_game_summary", "analysis_date": "2022-04-16"}
EXPORT = {"export_types": ["predictions"], "target_date": "2022-04-16", "update_latest": False}


def told(phase: str, body: object, **attributes: str) -> Trigger:
    return read(phase, json.dumps(body).encode(), attributes)


@pytest.mark.parametrize("phase", ["phase3", "grading"])
def test_dates_are_named_one_by_one_or_by_their_first_and_last(phase):
    days = tuple(date(2022, 4, day) for day in (16, 17, 18))

    assert told(phase, {"start_date": "2022-04-16", "end_date": "2022-04-18"}).days == days
    trigger = told(phase, {"dates": ["2022-04-18", "2022-04-16"], "start_date": "2022-04-16"})
    assert trigger.days == (days[0], days[2])
    assert trigger.outputs == world.PHASES[phase].outputs


def test_a_processor_of_phase_4_fills_its_own_table():
    trigger = told("phase4", PROCESSOR, part="2/5", attempt="1", trigger_id="t")

    assert [output.table for output in trigger.outputs] == ["nba_precompute.player_daily_cache"]
    assert (trigger.days, trigger.parts) == ((date(2022, 4, 16),), 5)


def test_parts_of_one_request_are_known_as_such_and_further_requests_are_not():
    day = date(2022, 4, 16)
    first, second = (told("phase4", PROCESSOR, part=part, attempt="1", trigger_id=part) for part in ("1/5", "2/5"))
    again = told("phase4", PROCESSOR, part="1/5", attempt="2", trigger_id="later")
    alone = [told("phase3", {"dates": ["2022-04-16"]}, attempt="1", trigger_id=name) for name in ("t-1", "t-2")]

    assert first.asked(day) == second.asked(day) != again.asked(day)
    assert alone[0].asked(day) != alone[1].asked(day)


def test_an_export_takes_what_it_is_asked_for():
    assert told("phase6", EXPORT).export_types == ("predictions",)
    assert told("phase6", EXPORT | {"target_date": TODAY, "update_latest": True}).days == (date.fromisoformat(TODAY),)


REFUSED = [
    ("phase3", {}),
    ("phase3", []),
    ("phase3", {"dates": ["tomorrow"]}),
    ("phase3", {"dates": 7}),
    ("phase4", {"game_date": "2022-04-16"}),
    ("phase4", PROCESSOR | {"processor": "player_game_summary"}),
    ("phase4", PROCESSOR | {"source_table": "bdl_player_boxscores"}),
    ("phase5", {"start_date": "2022-04-16", "end_date": "2022-04-18"}),
    ("phase6", EXPORT | {"export_types": ["predictions", "everything"]}),
    ("phase6", EXPORT | {"export_types": []}),
    ("phase6", EXPORT | {"update_latest": True}),
    ("phase6", EXPORT | {"update_latest": None}),
    ("phase6", {"target_date": "2022-04-16", "export_types": ["predictions"]}),
]


@pytest.mark.parametrize(("phase", "body"), REFUSED, ids=[f"{phase} {body}" for phase, body in REFUSED])
def test_what_a_job_cannot_or_must_not_do_is_refused(phase, body):
    with pytest.raises(ValueError, match=r"expected|is not there|isoformat"):
        told(phase, body)


@pytest.mark.parametrize("data", [b"", b"{", b"null"])
def test_what_is_no_message_at_all_is_refused(data):
    with pytest.raises(ValueError, match=r"Expecting|is not there"):
        read("phase3", data, {})
