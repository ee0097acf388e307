"""Headers are hints that anybody can send: none of them ever makes a request do more than its body alone."""

from __future__ import annotations

import base64
import json
from datetime import date

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

DAY = date(2024, 6, 18)
RAW = "nba_raw.bdl_player_boxscores"
SCAN = {"scan_for_gaps": True}
FRESH = {"pass_id", "duration_ms"}
"""What differs between two answers to one question."""


def push(value, **attributes):
    data = base64.b64encode(json.dumps(value).encode()).decode()
    return {"message": {"data": data, "attributes": attributes, "messageId": "42"}, "subscription": "s"}


REQUESTS = {
    "a scan": SCAN,
    "a sweep": {**SCAN, "sweep": True},
    "a dry run": {**SCAN, "dry_run": True},
    "a scan elsewhere": {**SCAN, "start_date": "2023-01-01", "end_date": "2023-01-31"},
    "an event": push({"game_date": "2024-06-18"}),
    "an event that skips": push({"game_date": "2024-06-18", "skip_downstream_trigger": True}),
    "an event without a date": push({"season": 2024}),
    "a bare event": {"game_date": "2024-06-18"},
    "nonsense": {"force": True},
}
EVENT_HEADERS = {
    "CloudEvent": {"ce-id": "7", "ce-type": "google.cloud.scheduler.job.v1.executed", "ce-specversion": "1.0"},
    "unwrapped push": {"x-goog-pubsub-message-id": "42", "x-goog-pubsub-subscription-name": "s"},
}
"""These say that the body is an event; an event may never do what a scan may."""
OTHER_HEADERS = {
    "Cloud Scheduler's": {
        "X-CloudScheduler": "true",
        "X-CloudScheduler-JobName": "nba-props-phase2-to-phase3-sweep",
        "X-CloudScheduler-ScheduleTime": "2024-06-18T06:00:00-07:00",
        "User-Agent": "Google-Cloud-Scheduler",
    },
    "a bearer's": {"Authorization": "Bearer eyJhbGciOiJub25lIn0.e30.SIGNATURE_REMOVED_BY_GOOGLE"},
    "an administrator's": {"Authorization": "Basic YWRtaW46YWRtaW4=", "X-Admin": "true"},
    "a proxy's": {"X-Goog-Authenticated-User-Email": "accounts.google.com:ceo@example.com", "X-Forwarded-For": "::1"},
    "another method's": {"X-HTTP-Method-Override": "GET", "X-Method-Override": "DELETE"},
    "Google's own": {"x-goog-resource-state": "exists", "X-Google-Status": "ok", "X-AppEngine-Cron": "true"},
    "our own": {"gapheal-transition": "phase5_to_phase6", "gapheal-source": "backfill", "gapheal-mode": "heal"},
    "a message's attributes": {"scan_for_gaps": "true", "dry_run": "false", "sweep": "true", "mode": "heal"},
    "another content type's": {"Content-Type": "application/x-www-form-urlencoded"},
}

requests = pytest.mark.parametrize("body", REQUESTS.values(), ids=REQUESTS)


def done(function, body, headers):
    """What comes of a request in a fresh world: the status, the answer, what was asked, sent and kept."""
    world = function.world
    world.publisher.sent.clear()
    world.warehouse.observed.clear()
    world.ledger.rows.clear()
    world.claims.created.clear()
    answer = function.post(body, headers)
    told = {key: value for key, value in answer.json.items() if key not in FRESH}
    sent = [(message.attributes["partition"], message.attributes["source"]) for message in world.publisher.sent]
    return answer.status_code, told, len(world.warehouse.observed), sent


@pytest.fixture
def played(function):
    """A function with one gap to heal."""
    function.world.warehouse.put(RAW, DAY)
    return function


@requests
@pytest.mark.parametrize("headers", OTHER_HEADERS.values(), ids=OTHER_HEADERS)
@pytest.mark.fault(27)
def test_a_header_changes_nothing(played, body, headers):
    assert done(played, body, headers) == done(played, body, {})


@requests
@pytest.mark.parametrize("headers", EVENT_HEADERS.values(), ids=EVENT_HEADERS)
def test_what_calls_itself_an_event_may_do_what_an_event_may_and_never_more(played, body, headers):
    status, told, observed, sent = done(played, body, headers)

    assert status == 200
    if "message" not in body and not {"game_date", "start_date"} & body.keys():
        assert told["rejected"] is True
        assert (observed, sent) == (0, [])
    assert told.get("source") in {None, "event"}
    assert {source for _, source in sent} <= {"event"}


@requests
@pytest.mark.parametrize("mode", ["observe", "paused"])
def test_no_header_raises_the_mode(played, monkeypatch, body, mode):
    monkeypatch.setenv("GAPHEAL_MODE", mode)

    for headers in [*EVENT_HEADERS.values(), *OTHER_HEADERS.values()]:
        assert done(played, body, headers)[3] == []


NAMES = st.sampled_from(
    [
        *(name for some in (*EVENT_HEADERS.values(), *OTHER_HEADERS.values()) for name in some),
        *("X-Goog-IAP-JWT-Assertion", "ce-source", "ce-scan_for_gaps", "ce-subject", "traceparent", "Forwarded"),
    ]
)
VALUES = st.sampled_from(["", "true", "1", "heal", "2024-06-18", "phase2_to_phase3", json.dumps(SCAN), "\u00e9" * 3])


@given(headers=st.dictionaries(NAMES, VALUES, max_size=6), body=st.sampled_from(list(REQUESTS.values())))
@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_whatever_the_headers_no_more_is_sent_than_without_them(played, headers, body):
    events = {**EVENT_HEADERS["unwrapped push"]}
    most = {*done(played, body, {})[3], *done(played, body, events)[3]}

    assert {*done(played, body, headers)[3]} <= most


@pytest.mark.parametrize("headers", [*EVENT_HEADERS.values(), *OTHER_HEADERS.values()])
def test_a_header_is_neither_logged_nor_kept(played, headers):
    secret = {**headers, "Authorization": "Bearer hunter2", "Cookie": "session=hunter2", "X-Api-Key": "hunter2"}

    answers = [played.post(body, secret) for body in REQUESTS.values()]

    out, err = played.log()
    assert "hunter2" not in json.dumps([out, err, [answer.json for answer in answers]])
    assert "hunter2" not in str(played.world.ledger.rows)


def test_other_paths_and_queries_open_no_other_door(played):
    for path in ("/admin", "/?mode=heal", "/scan?sweep=true", "/projects/p/topics/t", "/?date=2024-06-18"):
        answer = played.client.post(path, data=b'{"scan_for_gaps": true, "dry_run": true}')

        assert (answer.status_code, answer.json["triggered"]) == (200, 0), path
    assert played.world.publisher.sent == []
