"""One line of JSON for each request."""

from __future__ import annotations

import base64
import json
from datetime import date

import pytest

DAY = date(2024, 6, 18)


def push(value):
    return {"message": {"data": base64.b64encode(json.dumps(value).encode()).decode()}, "subscription": "s"}


def test_a_pass_is_one_line_that_can_be_found_by_its_id(function):
    function.world.warehouse.put("nba_raw.bdl_player_boxscores", DAY)

    answer = function.post({"scan_for_gaps": True})

    (line,), err = function.log()
    assert err == []
    assert line["severity"] == "INFO"
    assert line["message"] == "phase2_to_phase3: scan: 1 gaps, 1 triggered"
    assert line["pass_id"] == answer.json["pass_id"]
    assert line["triggered"] == 1


@pytest.mark.parametrize(
    "body",
    [b"{", b"\xff", b"", {"x\ny": 1}, push({"game_date": "TODAY\n{}"}), push({"game_date": "2024-02-30"})],
    ids=["cut off", "not UTF-8", "empty", "newline in a key", "newline in a date", "impossible"],
)
@pytest.mark.fault(22, 25)
def test_a_bad_body_is_one_warning_without_a_stack_trace(function, body):
    function.post(body)

    (line,), err = function.log()
    assert err == []
    assert line["severity"] == "WARNING"
    assert "stack_trace" not in line


def test_a_line_is_short_whatever_was_sent(function):
    function.post(push({"game_date": "x" * 500_000, "password": "hunter2"}))

    (line,), _ = function.log()
    assert len(json.dumps(line)) < 1000
    assert "hunter2" not in json.dumps(line)


TRACE, SPAN = "105445aa7843bc8bf206b12000100000", "000000000000004a"
KEYS = {key: f"logging.googleapis.com/{key}" for key in ("trace", "spanId", "trace_sampled", "labels")}


def test_a_line_carries_the_labels_that_find_it_in_the_log(function):
    answer = function.post({"scan_for_gaps": True})

    (line,), _ = function.log()
    assert line[KEYS["labels"]] == {
        "pipeline": "nba-props",
        "transition": "phase2_to_phase3",
        "pass_id": answer.json["pass_id"],
    }
    assert KEYS["trace"] not in line


def test_without_a_readable_file_a_line_says_what_it_knows(function, monkeypatch, tmp_path):
    monkeypatch.setenv("GAPHEAL_PIPELINE", str(tmp_path / "absent.yaml"))

    function.post({"scan_for_gaps": True})

    (line,), _ = function.log()
    assert line["severity"] == "ERROR"
    assert line[KEYS["labels"]].keys() == {"transition", "pass_id"}


TRACED = {
    "W3C": ({"traceparent": f"00-{TRACE}-{SPAN}-01"}, (SPAN, True)),
    "W3C, not sampled": ({"Traceparent": f"00-{TRACE}-{SPAN}-00"}, (SPAN, False)),
    "Google's": ({"X-Cloud-Trace-Context": f"{TRACE}/74;o=1"}, (SPAN, True)),
    "Google's, in capitals": ({"X-Cloud-Trace-Context": f"{TRACE.upper()}/74"}, (SPAN, False)),
    "Google's without a span": ({"X-Cloud-Trace-Context": TRACE}, (None, False)),
    "Google's with too large a span": ({"X-Cloud-Trace-Context": f"{TRACE}/99999999999999999999"}, (None, False)),
    "both": ({"traceparent": f"00-{TRACE}-{SPAN}-01", "X-Cloud-Trace-Context": f"{'1' * 32}/9;o=0"}, (SPAN, True)),
}


@pytest.mark.parametrize(("headers", "told"), TRACED.values(), ids=TRACED)
def test_a_line_is_found_under_its_requests_trace(function, headers, told):
    function.post({"scan_for_gaps": True}, headers)

    (line,), _ = function.log()
    assert line[KEYS["trace"]] == f"projects/gapheal-test/traces/{TRACE}"
    assert (line.get(KEYS["spanId"]), line[KEYS["trace_sampled"]]) == told


SPOOFED = {
    "another project's trace": {"X-Cloud-Trace-Context": f"projects/other/traces/{TRACE}"},
    "too short": {"X-Cloud-Trace-Context": TRACE[1:]},
    "with more behind it": {"X-Cloud-Trace-Context": f'{TRACE}/74;o=1", "severity": "DEBUG'},
    "full-width digits": {"X-Cloud-Trace-Context": "\uff11" * 32},
    "all zeros": {"traceparent": f"00-{'0' * 32}-{SPAN}-01"},
    "capitals in W3C": {"traceparent": f"00-{TRACE.upper()}-{SPAN}-01"},
    "a token beside it": {"X-Cloud-Trace-Context": "x", "Authorization": "Bearer hunter2"},
    "labels by header": {"logging.googleapis.com-labels": "pipeline=other", "labels": "x", "ce-pipeline": "hunter2"},
}


@pytest.mark.parametrize("headers", SPOOFED.values(), ids=SPOOFED)
@pytest.mark.fault(25, 26)
def test_what_a_caller_writes_into_headers_never_gets_into_the_log(function, headers):
    bare = {name: value.encode().decode("latin-1") for name, value in headers.items()}

    function.post({"scan_for_gaps": True}, bare)

    (line,), _ = function.log()
    assert line.keys() & {KEYS["trace"], KEYS["spanId"]} == set()
    assert line[KEYS["labels"]]["pipeline"] == "nba-props"
    assert "hunter2" not in json.dumps(line)


def test_a_crash_is_found_by_the_same_labels_and_trace(function):
    function.world.warehouse.fails = ZeroDivisionError("boom")

    function.post({"scan_for_gaps": True}, {"traceparent": f"00-{TRACE}-{SPAN}-01"})

    (line,), (crash,) = function.log()
    assert crash[KEYS["labels"]] == line[KEYS["labels"]]
    assert crash[KEYS["trace"]] == line[KEYS["trace"]]
