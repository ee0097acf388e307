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
