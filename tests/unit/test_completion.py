"""One event for a range: what is said, to whom, and what is refused."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, date, datetime

import pytest

import gapheal
from gapheal import completion, spec
from gapheal.errors import ConfigError, RequestError, Unavailable
from gapheal.events import read
from gapheal.model.passes import Delivery
from gapheal.testing import MemoryPublisher

TODAY = date(2024, 6, 18)
FILE = """\
version: 1
pipeline: nba-props
location: us-west2
timezone: America/New_York
defaults: {date_column: game_date}
phases:
  phase2: {tables: [nba_raw.box], completion_topic: raw-complete}
  phase3: {tables: [nba_analytics.summary], completion_topic: analytics-complete}
  phase4: [nba_precompute.factors]
transitions:
  phase2_to_phase3: {}
  phase3_to_phase4: {EVENT_KEYS}
"""


def pipeline(keys="{}"):
    return spec.parse(FILE.replace("{EVENT_KEYS}", keys))


def said(*names, phase="3", keys="{}", **more):
    days = (
        completion.days_of(None, None, names, TODAY) if names else completion.days_of(**more, dates=None, today=TODAY)
    )
    return completion.compose(pipeline(keys), phase, days)


def test_a_range_is_one_event_to_the_phases_topic():
    found = said(start_date="2024-04-16", end_date="2024-04-18")

    assert found.topic == "analytics-complete"
    assert found.event == {"phase": "phase3", "start_date": "2024-04-16", "end_date": "2024-04-18"}
    assert json.loads(found.message.data) == found.event


@pytest.mark.parametrize(
    ("dates", "words"),
    [
        (["2024-04-16"], {"game_date": "2024-04-16"}),
        (["2024-04-17", "2024-04-16"], {"start_date": "2024-04-16", "end_date": "2024-04-17"}),
        (["2024-04-16", "2024-04-18", "2024-04-16"], {"dates": ["2024-04-16", "2024-04-18"]}),
        (["2024-04-16..2024-04-18", "2024-04-17"], {"start_date": "2024-04-16", "end_date": "2024-04-18"}),
        ([date(2024, 4, 16)], {"game_date": "2024-04-16"}),
    ],
)
def test_dates_are_said_in_the_fewest_words(dates, words):
    assert said(*dates).event == {"phase": "phase3", **words}


def test_a_single_date_is_said_in_keys_that_every_listener_reads():
    """The transition behind the phase looks for dates under its own keys only; a range every transition reads."""
    keys = "{event_date_keys: [day]}"

    assert said("2024-04-16", keys=keys).event == {
        "phase": "phase3",
        "start_date": "2024-04-16",
        "end_date": "2024-04-16",
    }


@pytest.mark.parametrize(
    "dates", [["2024-04-16"], ["2024-04-16", "2024-04-18"], ["2024-04-16", "2024-04-17"]], ids=["one", "list", "range"]
)
@pytest.mark.parametrize("keys", ["{}", "{event_date_keys: [day]}"])
def test_the_door_reads_the_dates_that_were_said(dates, keys):
    found = said(*dates, keys=keys)
    for name in ("phase2_to_phase3", "phase3_to_phase4"):
        listens = pipeline(keys).transitions[name].event_date_keys
        request = read(found.message.data, {"x-goog-pubsub-message-id": "1"}, date_keys=listens, today=TODAY)

        assert request.dates == frozenset(map(date.fromisoformat, dates))


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({}, "found no start_date and no end_date"),
        ({"start_date": "2024-04-16"}, "found no end_date"),
        ({"start_date": "2024-04-18", "end_date": "2024-04-16"}, "start_date before end_date"),
        ({"start_date": "2024-06-18", "end_date": "2024-06-20"}, "to tomorrow (2024-06-19), found 2024-06-20"),
        ({"start_date": "2024-04-16", "end_date": "yesterday"}, 'end_date: expected a date like 2024-04-16, found "'),
        ({"dates": ["2024-02-30"]}, "a day that does not exist"),
        ({"dates": []}, "at least one date"),
        ({"dates": ["2024-04-16"], "end_date": "2024-04-16"}, "found dates and end_date"),
    ],
)
def test_dates_that_cannot_be_used_are_refused(asked, told):
    with pytest.raises(RequestError) as caught:
        completion.days_of(**{"start_date": None, "end_date": None, "dates": None, **asked}, today=TODAY)

    assert told in str(caught.value)


@pytest.mark.parametrize(
    ("phase", "told"),
    [
        ("phase33", "expected one of phase2, phase3, phase4, found phase33; did you mean phase3?"),
        ("9", "found 9"),
        ("4", "phases.phase4 has no completion_topic"),
    ],
)
def test_a_phase_that_nobody_can_hear_of_is_refused(phase, told):
    with pytest.raises(ConfigError) as caught:
        said("2024-04-16", phase=phase)

    assert told in str(caught.value)


RANGE = {"phase": "anything", "start_date": "2024-04-16", "end_date": "2024-04-16"}


@pytest.mark.parametrize("dates", ["2024-04-16", date(2024, 4, 16), [datetime(2024, 4, 16, 23, 59, tzinfo=UTC)]])
def test_what_a_script_has_at_hand_is_taken(monkeypatch, dates):
    publisher = MemoryPublisher()
    monkeypatch.setattr(completion, "publisher_of", lambda *_: publisher)
    gapheal.publish_completion(phase=3, dates=dates, pipeline=pipeline())

    assert json.loads(publisher.sent[0].data) == {"phase": "phase3", "game_date": "2024-04-16"}


def test_a_topic_that_is_named_needs_no_file():
    """Then nobody knows under which keys the listeners look: a range they all read."""
    days = (date(2024, 4, 16),)
    found = completion.compose(
        None, "anything", days, topic="t-complete", about={"status": "ok", "processor_name": None}
    )

    assert (found.topic, found.event) == (
        "t-complete",
        RANGE | {"status": "ok"},
    )


def test_it_is_told_when_nobody_listens():
    deaf = MemoryPublisher(listeners={"analytics-complete": 0})

    assert completion.publish(said("2024-04-16"), MemoryPublisher()).warning is None
    assert "has no subscription: nobody heard" in (completion.publish(said("2024-04-16"), deaf).warning or "")


@pytest.mark.parametrize(
    ("delivery", "kind"),
    [
        ({"outcome": "unknown", "error": "no answer"}, Unavailable),
        ({"outcome": "failed", "error": "no connection", "unreachable": True}, Unavailable),
        ({"outcome": "failed", "error": "no permission"}, ConfigError),
    ],
)
def test_a_failure_says_whether_to_call_again(delivery, kind):
    publisher = MemoryPublisher(answer=lambda message: Delivery(message, **delivery))
    with pytest.raises(kind, match=delivery["error"]):
        completion.publish(said("2024-04-16"), publisher)


def test_a_topic_that_cannot_be_one_is_refused():
    with pytest.raises(ConfigError, match="expected a topic's name"):
        completion.publish(completion.compose(None, "p", (TODAY,), topic="?"), MemoryPublisher())


def test_an_unknown_name_of_the_package_is_unknown():
    with pytest.raises(AttributeError, match="no attribute 'publish'"):
        _ = gapheal.publish


@pytest.mark.parametrize("code", ["import gapheal", "from gapheal import publish_completion", "import gapheal.worker"])
def test_importing_it_imports_no_client_of_google(code):
    """A script that announces at its end waits for the clients then; one that does not, never."""
    asked = f"{code}; import sys; print([name for name in sys.modules if name.startswith(('google.', 'grpc'))])"
    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)

    assert done.stdout.strip() in {"[]", "['google.cloud']"}  # a namespace that installing makes


def test_importing_the_package_imports_nothing_of_it():
    asked = "import gapheal, sys; print([name for name in sys.modules if name.startswith('gapheal.')])"
    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"
