"""Every request has its answer; the functions loaded as the platform loads them."""

from __future__ import annotations

import base64
import json
from datetime import date, timedelta

import pytest

from gapheal.errors import ConfigError, Unavailable
from gapheal.events import LIMIT
from gapheal.model.passes import Delivery

DAY = date(2024, 6, 18)
UPSTREAM = {
    "phase2_to_phase3": "nba_raw.bdl_player_boxscores",
    "phase3_to_phase4": "nba_analytics.player_game_summary",
    "phase4_to_phase5": "nba_precompute.player_daily_cache",
    "phase5_to_phase6": "nba_predictions.player_prop_predictions",
}
RAW = UPSTREAM["phase2_to_phase3"]
EVENT = {"game_date": "2024-06-18", "phase": 2, "status": "success"}
SCAN = {"scan_for_gaps": True}
CLOUD = {"ce-id": "7", "ce-type": "google.cloud.pubsub.topic.v1.messagePublished", "ce-specversion": "1.0"}


def push(value, **beside):
    data = value if isinstance(value, bytes) else json.dumps(value).encode()
    message = {"data": base64.b64encode(data).decode(), "messageId": "42", "publishTime": "2024-06-18T05:00:00Z"}
    return {"message": {**message, **beside}, "subscription": "projects/p/subscriptions/s"}


SHAPES = {
    "wrapped": (push(EVENT), {}),
    "wrapped, snake case": (push(EVENT, message_id="42", publish_time="2024-06-18T05:00:00Z"), {}),
    "unwrapped": (EVENT, {"x-goog-pubsub-message-id": "42"}),
    "CloudEvent binary": (push(EVENT), CLOUD),
    "CloudEvent binary, bare": (EVENT, CLOUD),
    "CloudEvent structured": ({"specversion": "1.0", "type": "t", "data": push(EVENT)}, {}),
    "attributes alone": ({"message": {"attributes": {"game_date": "2024-06-18"}}, "subscription": "s"}, {}),
}


@pytest.mark.parametrize("transition", UPSTREAM)
def test_each_function_heals_its_own_transition(function, transition):
    phase = transition.split("_to_")[0]
    if phase != "phase2":  # its own upstream is whole
        function.world.warehouse.put(UPSTREAM[f"phase{int(phase[-1]) - 1}_to_{phase}"], DAY)
    function.world.warehouse.put(UPSTREAM[transition], DAY)

    answer = function.post(push(EVENT))

    assert (answer.status_code, answer.json["transition"], answer.json["triggered"]) == (200, transition, 1)
    (message,) = function.world.publisher.sent
    assert message.attributes["transition"] == transition


@pytest.mark.parametrize(("body", "headers"), SHAPES.values(), ids=SHAPES)
@pytest.mark.parametrize(
    "content_type", ["application/json", "application/octet-stream", "application/cloudevents+json"]
)
@pytest.mark.fault(23)
def test_every_shape_of_an_event_triggers_its_date(function, body, headers, content_type):
    function.world.warehouse.put(RAW, DAY)

    answer = function.post(body, headers, content_type=content_type)

    assert answer.status_code == 200
    assert answer.json["triggered_dates"] == ["2024-06-18"]
    assert function.world.publisher.days == [DAY]


def test_a_scan_answers_with_the_pass_report(function):
    for n in range(3):
        function.world.warehouse.put(RAW, DAY - timedelta(days=n))

    answer = function.post(SCAN, content_type="application/octet-stream")

    assert answer.status_code == 200
    assert answer.content_type == "application/json"
    assert (answer.json["source"], answer.json["gaps_found"], answer.json["triggered"]) == ("scan", 3, 3)
    assert answer.json["triggered_dates"] == ["2024-06-16", "2024-06-17", "2024-06-18"]


def test_a_dry_run_sends_nothing_and_says_what_it_would(function):
    function.world.warehouse.put(RAW, DAY)

    answer = function.post({**SCAN, "dry_run": True, "start_date": "2024-06-01"})

    assert (answer.json["triggered"], answer.json["actions"]["would_heal"]) == (0, 1)
    assert "dry run" in answer.json["note"]
    assert function.world.publisher.sent == []


def test_a_skipped_event_is_noted_and_triggers_nothing(function):
    function.world.warehouse.put(RAW, DAY)

    answer = function.post(push({**EVENT, "skip_downstream_trigger": True}))

    assert (answer.status_code, answer.json["triggered"]) == (200, 0)
    assert "skip_downstream_trigger" in answer.json["note"]
    assert function.world.publisher.sent == []


REJECTED = {
    "no date": (push({"season": 2024}), {}),
    "a sentinel": (push({"game_date": "TODAY"}), {}),
    "one bad date among good": (push({**EVENT, "dates": ["2024-02-30"]}), {}),
    "bad base64": ({"message": {"data": "%%%", "messageId": "42"}}, {}),
    "not JSON": (push(b"hello"), {}),
    "duplicate keys": (push(b'{"game_date": "2024-06-18", "game_date": "2024-06-18"}'), {}),
    "a privileged word in an event": (push(SCAN, attributes={"scan_for_gaps": "true"}), {}),
    "a privileged word, unwrapped": (SCAN, {"x-goog-pubsub-message-id": "42", "X-CloudScheduler": "true"}),
    "too large": (push({**EVENT, "x": "y" * LIMIT}), {}),
    "empty, by header": (b"", {"ce-id": "42"}),
}


@pytest.mark.parametrize(("body", "headers"), REJECTED.values(), ids=REJECTED)
def test_an_event_without_a_usable_date_is_acknowledged_kept_and_nothing_else(function, body, headers):
    function.world.warehouse.put(RAW, DAY)

    answer = function.post(body, headers)

    assert answer.status_code == 200
    assert answer.json.keys() == {"rejected", "error"}
    assert answer.json["rejected"] is True
    (kept,) = function.world.ledger.rows["rejections"]
    assert kept["transition"] == "phase2_to_phase3"
    assert kept["error"] == answer.json["error"]
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    assert kept["raw"] == raw[: 64 * 1024].decode()
    assert function.world.warehouse.observed == []
    assert function.world.publisher.sent == []


def test_a_rejected_event_is_kept_under_its_message_id(function):
    function.post(push({"game_date": "TODAY"}))

    (kept,) = function.world.ledger.rows["rejections"]
    assert (kept["message_id"], kept["publish_time"]) == ("42", "2024-06-18T05:00:00+00:00")


def test_a_rejected_event_that_cannot_be_kept_now_comes_again(function):
    function.world.ledger.fails = Unavailable("the ledger did not answer")

    answer = function.post(push({"game_date": "TODAY"}))

    assert (answer.status_code, answer.json) == (503, {"error": "the ledger did not answer"})


REFUSED = {
    "empty": b"",
    "cut off": b"{",
    "a list": b"[]",
    "NaN": b'{"scan_for_gaps": NaN}',
    "duplicate keys": b'{"scan_for_gaps": true, "scan_for_gaps": true}',
    "nested": b"[" * 200_000,
    "not UTF-8": b"\xff\xfe\x00",
    "unknown field": {**SCAN, "since": "2024-06-18"},
    "bad date": {**SCAN, "start_date": "2024-02-30"},
    "reversed": {**SCAN, "start_date": "2024-06-18", "end_date": "2024-06-17"},
    "an event without an envelope": EVENT,
    "a form": b"scan_for_gaps=true",
}


@pytest.mark.parametrize("body", REFUSED.values(), ids=REFUSED)
@pytest.mark.parametrize("headers", [{}, {"X-CloudScheduler": "true", "User-Agent": "Google-Cloud-Scheduler"}])
@pytest.mark.fault(22)
def test_any_other_post_is_refused_with_what_was_expected_and_found(function, body, headers):
    answer = function.post(body, headers)

    assert answer.status_code == 400
    assert answer.json.keys() == {"error"}
    assert "expected" in answer.json["error"]
    assert "found" in answer.json["error"]
    assert not function.world.ledger.rows


def test_a_request_over_one_mebibyte_is_too_large(function):
    answer = function.post({**SCAN, "x": "y" * LIMIT})

    assert (answer.status_code, answer.json.keys()) == (413, {"error"})


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "HEAD"])
def test_other_methods_are_not_allowed(function, method):
    answer = function.client.open("/", method=method, data=json.dumps(SCAN))

    assert answer.status_code == 405
    assert answer.headers["Allow"] == "GET, POST"


def test_a_get_tells_what_the_ledger_knows_and_observes_nothing(function):
    function.world.warehouse.put(RAW, DAY)
    function.post(SCAN)
    function.world.warehouse.observed.clear()

    answer = function.client.get("/")

    assert answer.status_code == 200
    assert (answer.json["transition"], answer.json["mode"]) == ("phase2_to_phase3", "heal")
    assert answer.json["last_pass"]["triggered"] == 1
    assert answer.json["dates"][0]["action"] == "heal"
    assert function.world.warehouse.observed == []


def test_a_get_with_a_date_observes_that_date_and_explains_it(function):
    function.world.warehouse.put(RAW, DAY, rows=7)

    answer = function.client.get("/?date=2024-06-18")

    assert answer.status_code == 200
    assert (answer.json["date"], answer.json["condition"], answer.json["action"]) == (
        "2024-06-18",
        "missing",
        "would_heal",
    )
    assert "has no rows, upstream has 7" in answer.json["sentence"]
    assert function.world.publisher.sent == []
    assert not function.world.ledger.rows


def test_a_get_of_a_date_that_upstream_never_had_says_so(function):
    answer = function.client.get("/?date=2024-06-18")

    assert answer.json == {
        "transition": "phase2_to_phase3",
        "date": "2024-06-18",
        "condition": None,
        "sentence": "upstream has no rows of this date, so there is nothing to heal",
    }


@pytest.mark.parametrize("text", ["yesterday", "20240618", "2024-02-30", "0001-01-01", ""])
def test_a_get_of_a_date_that_is_none_is_refused(function, text):
    answer = function.client.get("/", query_string={"date": text})

    assert answer.status_code == 400
    assert "date: expected" in answer.json["error"]


@pytest.mark.parametrize("body", [SCAN, push(EVENT)], ids=["scan", "event"])
@pytest.mark.parametrize(
    ("error", "status"),
    [(ConfigError("table a.b: not found; did you mean a.c?"), 500), (Unavailable("BigQuery did not answer"), 503)],
)
def test_an_error_of_the_world_is_answered_with_its_own_text(function, body, error, status):
    function.world.warehouse.fails = error

    answer = function.post(body)

    assert (answer.status_code, answer.json) == (status, {"error": str(error)})


def test_a_service_that_cannot_be_reached_is_unavailable(function):
    function.world.warehouse.put(RAW, DAY)
    function.world.publisher.answer = lambda m: Delivery(m, "failed", error="no connection", unreachable=True)

    assert function.post(push(EVENT)).status_code == 503


def test_what_was_sent_before_a_failure_is_reported_with_it(function):
    for n in range(2):
        function.world.warehouse.put(RAW, DAY - timedelta(days=n))
    function.world.publisher.answer = lambda m: (
        Delivery(m, "failed", error="refused", unreachable=True) if m.days == (DAY,) else None
    )

    answer = function.post(SCAN)

    assert (answer.status_code, answer.json["triggered"], answer.json["errors"]) == (200, 1, ["refused"])


def test_an_unexpected_error_tells_the_log_and_not_the_caller(function):
    function.world.warehouse.fails = ZeroDivisionError("secret\ndetail")

    answer = function.post(SCAN)

    assert answer.status_code == 500
    assert "secret" not in answer.text
    out, err = function.log()
    assert answer.json["error"] == f"internal error: the log of pass_id {err[0]['pass_id']} says more"
    assert "ZeroDivisionError: secret" in err[0]["stack_trace"]
    assert [line["severity"] for line in (*out, *err)] == ["ERROR", "ERROR"]
