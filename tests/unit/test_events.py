"""What a body and its headers ask for."""

from __future__ import annotations

import base64
import json
from datetime import date, timedelta

import pytest

from gapheal.errors import Rejected, RequestError, TooLarge
from gapheal.events import LIMIT, day, looks_like_event, read
from gapheal.intervals import Interval
from gapheal.model.passes import Request, Source

TODAY = date(2024, 6, 18)
KEYS = ("game_date", "analysis_date", "target_date", "date")
D16, D17, D18 = (date(2024, 4, 16) + timedelta(days=n) for n in range(3))


def ask(body, headers=None):
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return read(raw, headers or {}, date_keys=KEYS, today=TODAY, transition="phase2_to_phase3")


def b64(value) -> str:
    return base64.b64encode(value if isinstance(value, bytes) else json.dumps(value).encode()).decode()


def push(value, **beside):
    return {"message": {"data": b64(value), **beside}, "subscription": "projects/p/subscriptions/s"}


EVENT = {"game_date": "2024-04-16", "status": "failed", "processor_name": "bdl"}
UNWRAPPED = {"X-Goog-PubSub-Message-Id": "7"}
CLOUD = {"ce-id": "7", "ce-type": "google.cloud.pubsub.topic.v1.messagePublished", "ce-specversion": "1.0"}
STRUCTURED = {"specversion": "1.0", "type": "t", "id": "7", "source": "//pubsub"}

SHAPES = {
    "wrapped": (push(EVENT), {}),
    "wrapped, both spellings": (push(EVENT, messageId="7", message_id="7", publishTime="t", publish_time="t"), {}),
    "wrapped, by the emulator": (push(EVENT, attributes={}, message_id="7"), {}),
    "wrapped, message alone": ({"message": {"data": b64(EVENT)}}, {}),
    "wrapped, delivered again": ({**push(EVENT), "deliveryAttempt": 5}, {}),
    "wrapped, null attributes": (push(EVENT, attributes=None), {}),
    "unwrapped": (EVENT, UNWRAPPED),
    "binary, body is the envelope": (push(EVENT), CLOUD),
    "binary, body is the event": (EVENT, CLOUD),
    "structured, data is the envelope": ({**STRUCTURED, "data": push(EVENT)}, {}),
    "structured, data is the event": ({**STRUCTURED, "data": EVENT}, {}),
    "structured, data_base64": ({**STRUCTURED, "data_base64": b64(EVENT)}, {}),
    "structured, data_base64 is the envelope": ({**STRUCTURED, "data_base64": b64(push(EVENT))}, {}),
    "attributes alone": ({"message": {"attributes": {"game_date": "2024-04-16"}}, "subscription": "s"}, {}),
    "attributes beside empty data": ({"message": {"data": "", "attributes": {"game_date": "2024-04-16"}}}, {}),
}


@pytest.mark.parametrize(("body", "headers"), SHAPES.values(), ids=SHAPES)
@pytest.mark.parametrize("content_type", ["application/json", "application/octet-stream", "text/plain", None])
@pytest.mark.fault(23)
def test_every_shape_of_an_event_names_its_date_whatever_the_content_type(body, headers, content_type):
    request = ask(body, {**headers, **({"Content-Type": content_type} if content_type else {})})

    assert request == Request(Source.EVENT, dates=frozenset({D16}))


DATES = {
    "a date": ({"game_date": "2024-04-16"}, {D16}),
    "another key": ({"target_date": "2024-04-16"}, {D16}),
    "a datetime": ({"game_date": "2024-04-16T23:59:59"}, {D16}),
    "a datetime with a zone is not moved": ({"game_date": "2024-04-16T23:30:00.123456-07:00"}, {D16}),
    "a UTC datetime": ({"game_date": "2024-04-16T00:00:00Z"}, {D16}),
    "a timestamp as BigQuery prints it": ({"game_date": "2024-04-16 00:00:00 UTC"}, {D16}),
    "both ends of a range": ({"start_date": "2024-04-16", "end_date": "2024-04-18"}, {D16, D17, D18}),
    "a range of one day": ({"start_date": "2024-04-16", "end_date": "2024-04-16"}, {D16}),
    "dates": ({"dates": ["2024-04-16", "2024-04-18"]}, {D16, D18}),
    "game_dates": ({"game_dates": ["2024-04-17"]}, {D17}),
    "the union": (
        {"game_date": "2024-04-18", "start_date": "2024-04-16", "end_date": "2024-04-16", "dates": ["2024-04-17"]},
        {D16, D17, D18},
    ),
    "null is absent": ({"game_date": None, "date": "2024-04-16", "dates": None, "start_date": None}, {D16}),
    "tomorrow": ({"date": "2024-06-19"}, {date(2024, 6, 19)}),
    "the earliest": ({"date": "1990-01-01"}, {date(1990, 1, 1)}),
    "a leap day": ({"date": "2024-02-29"}, {date(2024, 2, 29)}),
}


@pytest.mark.parametrize(("event", "dates"), DATES.values(), ids=DATES)
def test_an_event_names_the_union_of_its_dates(event, dates):
    assert ask(push(event)).dates == dates


BAD_DATES = {
    "sentinel TODAY": ({"date": "TODAY"}, 'date: expected a date like 2024-04-16, or a datetime, found "TODAY"'),
    "the text None": ({"date": "None"}, 'found "None"'),
    "empty text": ({"date": ""}, 'found ""'),
    "week date": ({"date": "2024-W16-2"}, 'found "2024-W16-2"'),
    "ordinal date": ({"date": "2024-107"}, 'found "2024-107"'),
    "basic format": ({"date": "20240416"}, 'found "20240416"'),
    "full-width digits": ({"date": "２０２４-04-16"}, r"found \"\uff12\uff10\uff12\uff14-04-16\""),  # noqa: RUF001
    "newline at the end": ({"date": "2024-04-16\n"}, r'found "2024-04-16\n"'),
    "spaces around": ({"date": " 2024-04-16"}, 'found " 2024-04-16"'),
    "month first": ({"date": "04/16/2024"}, 'found "04/16/2024"'),
    "a datetime that is none": ({"date": "2024-04-16T25:00:00"}, "2024-04-16T25"),
    "words after it": ({"date": "2024-04-16; DROP TABLE x"}, "DROP"),
    "impossible day": ({"date": "2024-02-30"}, 'found "2024-02-30", a day that does not exist'),
    "year 0": ({"date": "0000-01-01"}, "a day that does not exist"),
    "year 1": ({"date": "0001-01-01"}, "expected a date from 1990-01-01 to tomorrow (2024-06-19), found 0001-01-01"),
    "before 1990": ({"date": "1989-12-31"}, "found 1989-12-31"),
    "after tomorrow": ({"date": "2024-06-20"}, "found 2024-06-20"),
    "a number": ({"date": 20240416}, "found 20240416"),
    "true": ({"date": True}, "found true"),
    "a list under a date's key": ({"date": ["2024-04-16"]}, "found a list"),
    "an object": ({"date": {"value": "2024-04-16"}}, "found an object"),
    "text under a list's key": ({"dates": "2024-04-16"}, 'dates: expected a list of dates, found "2024-04-16"'),
    "null in a list": ({"dates": ["2024-04-16", None]}, "dates[1]: expected a date"),
    "reversed range": (
        {"start_date": "2024-04-18", "end_date": "2024-04-16"},
        "expected start_date before end_date, found 2024-04-18 and 2024-04-16: swap them",
    ),
    "range without end": (
        {"start_date": "2024-04-16"},
        "expected start_date and end_date together, found only start_date",
    ),
    "range without start": ({"end_date": "2024-04-16", "start_date": None}, "found only end_date"),
    "range into the far future": ({"start_date": "2024-04-16", "end_date": "9999-12-31"}, "end_date: expected"),
    "one bad among good": ({"game_date": "2024-04-16", "dates": ["2024-04-17", "TODAY"]}, "dates[1]"),
    "no date": (
        {"season": 2024, "processor_name": "x"},
        'analysis_date, target_date, date, start_date+end_date, dates, game_dates; found "season", "processor_name"',
    ),
    "nothing at all": ({}, "found no keys"),
    "empty lists": ({"dates": []}, "no date"),
    "an undecided skip": ({"date": "2024-04-16", "skip_downstream_trigger": 1}, "expected true or false, found 1"),
}


@pytest.mark.parametrize(("event", "reason"), BAD_DATES.values(), ids=BAD_DATES)
@pytest.mark.fault(24)
def test_one_bad_date_rejects_the_event_whole_and_says_why(event, reason):
    with pytest.raises(Rejected) as error:
        ask(push(event))

    assert reason.replace(r"\"", '"') in str(error.value)


MALFORMED_EVENTS = {
    "bad base64": ({"message": {"data": "###"}}, {}, 'message.data: expected base64, found "###"'),
    "stray characters in base64": ({"message": {"data": b64(EVENT)[:8] + "\n" + b64(EVENT)[8:]}}, {}, "base64"),
    "base64 of full-width letters": ({"message": {"data": "ＡＡＡＡ"}}, {}, "base64"),  # noqa: RUF001
    "data that is no text": ({"message": {"data": 5}}, {}, "message.data: expected base64, found 5"),
    "data that is not JSON": (push(b"done"), {}, "expected JSON, found a fault at line 1 column 1"),
    "data that is not UTF-8": (push(b'{"date": "\xff"}'), {}, "found an invalid byte at offset 10"),
    "data with a byte order mark": (push(b"\xef\xbb\xbf{}"), {}, "found a byte order mark"),
    "data that is a list": (push([1]), {}, "expected the event to be a JSON object, found a list"),
    "data that is a word": (push("2024-04-16"), {}, 'found "2024-04-16"'),
    "data that is null": (push(None), {}, "found null"),
    "duplicate keys": (push(b'{"date": "2024-04-16", "date": "2024-04-17"}'), {}, 'each JSON key once, found "date"'),
    "NaN": (push(b'{"date": "2024-04-16", "x": NaN}'), {}, "found NaN, which is not JSON"),
    "Infinity": (push(b'{"date": "2024-04-16", "x": -Infinity}'), {}, "found -Infinity"),
    "deeply nested": (push(b"[" * 100_000), {}, "nested too deeply"),
    "a number of 5,000 digits": (push(b'{"x": ' + b"1" * 5000 + b"}"), {}, "unreadable number"),
    "no message": ({"subscription": "s"}, {}, "expected message to be an object, found null"),
    "message is text": ({"message": "x", "subscription": "s"}, {}, "found"),
    "empty message": ({"message": {}}, {}, "no date"),
    "attributes are a list": ({"message": {"attributes": [1]}}, {}, "found a list"),
    "duplicate keys in the envelope": (b'{"message": {"data": "e30=", "data": "e30="}}', {}, 'found "data" twice'),
    "cut off envelope": (b'{"subscription": "s", "message": {"da', {}, "expected JSON"),
    "cut off after scalars": (b'{"deliveryAttempt": 5, "x": "a\\"b", "message": {"da', {}, "expected JSON"),
    "cut off CloudEvent": (b'{"specversion": "1.0", "typ', {}, "expected JSON"),
    "CloudEvent without data": ({**STRUCTURED}, {}, "expected the CloudEvent to have data, found none"),
    "CloudEvent with bad base64": ({**STRUCTURED, "data_base64": "#"}, {}, "data_base64: expected base64"),
    "unwrapped, empty": (b"", UNWRAPPED, "found an empty body"),
    "binary, empty": (b"", CLOUD, "found an empty body"),
    "unwrapped, not JSON": (b"{", UNWRAPPED, "expected JSON"),
    "wrapped and too large": (b'{"message": {"data": "' + b"A" * LIMIT, {}, f"expected at most {LIMIT} bytes"),
    "unwrapped and too large": (b"x" * (LIMIT + 1), UNWRAPPED, "bytes"),
}


@pytest.mark.parametrize(("body", "headers", "reason"), MALFORMED_EVENTS.values(), ids=MALFORMED_EVENTS)
@pytest.mark.fault(23)
def test_a_malformed_event_is_rejected_not_refused(body, headers, reason):
    with pytest.raises(Rejected) as error:
        ask(body, headers)

    assert reason in str(error.value)


@pytest.mark.parametrize("skip", [True, "true"])
def test_a_skipped_event_is_noted_and_triggers_nothing(skip):
    request = ask(push({**EVENT, "skip_downstream_trigger": skip}))

    assert request.quiet
    assert request.dates == {D16}
    assert request.note == "skip_downstream_trigger: the event is noted, nothing is triggered"


@pytest.mark.parametrize("skip", [False, None, "false"])
def test_an_event_that_does_not_skip_is_an_ordinary_one(skip):
    assert ask(push({**EVENT, "skip_downstream_trigger": skip})) == ask(push(EVENT))


SCANS = {
    "bare": ({}, Request(Source.SCAN)),
    "dry": ({"dry_run": True}, Request(Source.SCAN, dry_run=True)),
    "sweep": ({"sweep": True, "dry_run": False}, Request(Source.SWEEP)),
    "window": (
        {"start_date": "2024-04-16", "end_date": "2024-04-18"},
        Request(Source.SCAN, window=Interval(D16, date(2024, 4, 19))),
    ),
    "from": ({"start_date": "2024-04-16"}, Request(Source.SCAN, window=Interval(D16, date(2024, 6, 20)))),
    "until": (
        {"end_date": "2024-04-16", "start_date": None},
        Request(Source.SCAN, window=Interval(date(1990, 1, 1), D17)),
    ),
}


@pytest.mark.parametrize(("options", "request_"), SCANS.values(), ids=SCANS)
def test_a_scan_is_told_by_its_body_alone(options, request_):
    assert ask({"scan_for_gaps": True, **options}, {"Content-Type": "application/octet-stream"}) == request_


BAD_REQUESTS = {
    "empty": (b"", "expected JSON, found an empty body"),
    "blank": (b" \n ", "empty body"),
    "cut off": (b"{", "expected JSON, found a fault at line 1 column 2"),
    "two documents": (b'{"scan_for_gaps": true}{}', "Extra data"),
    "a list": ([], "found a list"),
    "a word": ('"scan"', "expected"),
    "null": (None, "found null"),
    "NaN": (b"NaN", "found NaN"),
    "duplicate keys": (b'{"scan_for_gaps": true, "scan_for_gaps": true}', 'found "scan_for_gaps" twice'),
    "byte order mark": (b'\xef\xbb\xbf{"scan_for_gaps": true}', "found a byte order mark"),
    "UTF-16": ('{"scan_for_gaps": true}'.encode("utf-16"), "found a byte order mark"),
    "not UTF-8": (b"\x80", "invalid byte at offset 0"),
    "nested": (b'{"a":' * 100_000, "nested too deeply"),
    "empty object": ({}, 'expected {"scan_for_gaps": true}'),
    "false": ({"scan_for_gaps": False}, "found false"),
    "one": ({"scan_for_gaps": 1}, "found 1"),
    "text": ({"scan_for_gaps": "true"}, 'found "true"'),
    "options alone": ({"dry_run": True}, 'found "dry_run"'),
    "near miss": ({"scan_for_gap": True}, 'found "scan_for_gap": did you mean scan_for_gaps?'),
    "unknown option": ({"scan_for_gaps": True, "startdate": "2024-04-16"}, "did you mean start_date?"),
    "strange option": ({"scan_for_gaps": True, "`; DROP TABLE\n": 1}, r'found "`; DROP TABLE\n"'),
    "wrong flag": ({"scan_for_gaps": True, "dry_run": "yes"}, 'dry_run: expected true or false, found "yes"'),
    "wrong date": ({"scan_for_gaps": True, "start_date": "TODAY"}, "start_date: expected a date like 2024-04-16, f"),
    "datetime": ({"scan_for_gaps": True, "end_date": "2024-04-16T00:00:00"}, "end_date: expected"),
    "number": ({"scan_for_gaps": True, "end_date": 20240416}, "found 20240416"),
    "reversed": ({"scan_for_gaps": True, "start_date": "2024-04-18", "end_date": "2024-04-16"}, "swap them"),
    "future": ({"scan_for_gaps": True, "end_date": "2025-01-01"}, "to tomorrow (2024-06-19), found 2025-01-01"),
    "bare event": (EVENT, "An event has to come through Pub/Sub or as a CloudEvent"),
    "message is text": ({"message": "x"}, 'expected {"scan_for_gaps": true}'),
}


@pytest.mark.parametrize(("body", "reason"), BAD_REQUESTS.values(), ids=BAD_REQUESTS)
def test_a_request_that_is_not_exactly_right_is_refused_with_the_reason(body, reason):
    with pytest.raises(RequestError) as error:
        ask(body)

    assert reason in str(error.value)
    assert len(str(error.value)) < 400
    assert str(error.value).isprintable()


def test_a_request_over_one_mebibyte_is_too_large():
    with pytest.raises(TooLarge):
        ask(b'{"scan_for_gaps": true, "x": "' + b"A" * LIMIT)


def test_a_body_of_exactly_one_mebibyte_is_read():
    body = json.dumps({"scan_for_gaps": True}).encode()

    assert ask(body + b" " * (LIMIT - len(body))) == Request(Source.SCAN)


@pytest.mark.parametrize("headers", [UNWRAPPED, CLOUD, {"CE-ID": "1"}])
@pytest.mark.fault(26)
def test_a_header_never_turns_an_event_into_a_scan(headers):
    with pytest.raises(Rejected, match="no date"):
        ask({"scan_for_gaps": True}, headers)


def test_a_scan_inside_a_push_is_an_event_without_a_date():
    with pytest.raises(Rejected, match="no date"):
        ask(push({"scan_for_gaps": True}, attributes={"scan_for_gaps": "true"}))


@pytest.mark.parametrize(
    "headers",
    [{"X-CloudScheduler": "true", "User-Agent": "Google-Cloud-Scheduler"}, {"x-goog-authenticated-user-email": "x"}],
)
def test_headers_of_other_services_change_nothing(headers):
    assert ask({"scan_for_gaps": True}, headers) == ask({"scan_for_gaps": True})
    assert ask(push(EVENT), headers) == ask(push(EVENT))


@pytest.mark.parametrize(
    ("prefix", "event"),
    [
        (b'{"message":{"data":"', True),
        (b' {\n "subscription" : "projects/p/subscriptions/s"', True),
        (b'{"deliveryAttempt":1,"flag":true,"none":null,"message": {', True),
        (b'{"id":"1","specversion":"1.0"', True),
        (b'{"data":{"message":{"data":"', True),
        (b'{"data":{"game_date":"', False),
        (b'{"message":"hello"', False),
        (b'{"x":{"message":{', False),
        (b'{"x":"\\"message\\":{"', False),
        (b'[{"message":{', False),
        (b"", False),
        (b'{"a":"' + b"\\" * 200_001, False),
        (b'{"a":' + b"1" * 200_000, False),
        (b"{" + b'"a":1,' * 200_000, False),
    ],
)
def test_an_event_is_known_by_its_first_bytes(prefix, event):
    assert looks_like_event(prefix, {}) is event


def test_a_range_of_34_years_and_many_listed_dates_are_read_in_a_moment():
    event = {"start_date": "1990-01-01", "end_date": "2024-06-18", "dates": ["2024-04-16"] * 40_000}

    assert len(ask(push(event)).dates) == 12_588


def test_a_person_asks_about_a_plain_date():
    assert day("2024-04-16", TODAY) == D16


def test_a_person_who_asks_about_another_thing_is_told():
    with pytest.raises(RequestError, match='date: expected a date like 2024-04-16, found "yesterday"'):
        day("yesterday", TODAY)
