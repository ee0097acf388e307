"""Every request to the detector has its answer, whatever one transition or the world does."""

from __future__ import annotations

import base64
import json
import sys
from functools import partial

import pytest
from tests.functions.sweeps import FIRST, SECOND, SWEEP

from gapheal import app
from gapheal.app.sweeping import Sweep
from gapheal.errors import ConfigError, Unavailable
from gapheal.events import LIMIT


def test_a_get_tells_how_all_transitions_stand_from_the_ledger_alone(detector):
    detector.world.warehouse.observed.clear()

    answer = detector.client.get("/")

    assert (answer.status_code, answer.content_type) == (200, "application/json")
    assert set(answer.json["transitions"]) == {FIRST, SECOND}
    assert answer.json["transitions"][FIRST]["last_pass"]["source"] == "scan"
    assert detector.world.warehouse.observed == []


@pytest.mark.parametrize(
    ("path", "accept", "kind"),
    [
        ("/", "text/html,application/xhtml+xml,*/*;q=0.8", "text/html"),
        ("/", "application/json", "application/json"),
        ("/", "*/*", "application/json"),
        ("/api/overview", "application/json", "application/json"),
        ("/api/nothing", "text/html", "application/json"),
    ],
)
def test_a_browser_gets_the_pages_and_everybody_else_json(detector, path, accept, kind):
    pytest.importorskip("pygal")
    detector.log()
    answer = detector.client.get(path, headers={"Accept": accept})

    (line,) = detector.log()
    assert answer.mimetype == kind
    assert answer.status_code == line["status"] == (404 if "nothing" in path else 200)


def test_a_page_without_a_readable_file_says_so(detector):
    detector.file.write_text("version: 1")
    answer = detector.client.get("/", headers={"Accept": "text/html"})

    assert (answer.status_code, answer.mimetype) == (500, "application/json")
    assert "pipeline" in answer.json["error"]


# --- One transition's fault --------------------------------------------------------------------------------------


def only(name, error):
    """A warehouse that fails for one transition."""

    def observe(real):
        def asked(transition, scope):
            if name in {transition, "*"}:
                raise error
            return real(transition, scope)

        return asked

    return observe


def test_one_transitions_fault_stops_no_other_and_is_told(detector, monkeypatch):
    broken = only(FIRST, ConfigError("d.raw was not found"))
    monkeypatch.setattr(detector.world.warehouse, "observe", broken(detector.world.warehouse.observe))

    answer = detector.sweep()

    assert answer["transitions"][FIRST] == {"transition": FIRST, "error": "d.raw was not found"}
    assert answer["transitions"][SECOND]["source"] == "sweep"
    assert answer["errors"] == [f"{FIRST}: d.raw was not found"]
    assert [(each["transition"], each["kind"]) for each in answer["findings"]] == [(FIRST, "failing")]
    assert [finding.kind for finding in detector.alerts.last(FIRST)] == ["failing"]
    first, second, own = detector.log()
    assert (first["transition"], first["status"], first["severity"]) == (FIRST, 500, "ERROR")
    assert (second["transition"], second["status"]) == (SECOND, 200)
    assert second["pass_id"] == answer["transitions"][SECOND]["pass_id"] == f"{answer['pass_id']}-{SECOND}"
    assert detector.world.ledger.rows["passes"][-1]["pass_id"] == second["pass_id"]
    assert (own["status"], own["severity"], own["digest"]["kinds"]) == (200, "WARNING", {"failing": 1})


def test_what_is_merely_down_is_an_error_and_nothing_for_a_person(detector, monkeypatch):
    broken = only(SECOND, Unavailable("BigQuery did not answer"))
    monkeypatch.setattr(detector.world.warehouse, "observe", broken(detector.world.warehouse.observe))

    answer = detector.sweep()

    assert (answer["findings"], answer["errors"]) == ([], [f"{SECOND}: BigQuery did not answer"])


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (ConfigError("no such column"), 500),
        (Unavailable("BigQuery did not answer"), 503),
        (ZeroDivisionError("x"), 500),
    ],
)
def test_where_nothing_could_be_looked_at_the_answer_is_no_success(detector, error, status):
    detector.world.warehouse.fails = error

    answer = detector.post()

    assert answer.status_code == status
    assert "no transition could be swept" in answer.json["error"]
    assert len(answer.json["errors"]) == 2
    assert "ZeroDivision" not in answer.text


def test_one_that_is_down_is_reason_enough_to_call_again(detector, monkeypatch):
    errors = {FIRST: ConfigError("no such column"), SECOND: Unavailable("later")}
    for name, error in errors.items():
        broken = only(name, error)
        monkeypatch.setattr(detector.world.warehouse, "observe", broken(detector.world.warehouse.observe))

    assert detector.post().status_code == 503


def test_what_nobody_expected_is_told_without_its_text(detector, monkeypatch):
    broken = only(FIRST, ZeroDivisionError("secret"))
    monkeypatch.setattr(detector.world.warehouse, "observe", broken(detector.world.warehouse.observe))

    answer = detector.sweep()

    assert [(each["transition"], each["kind"]) for each in answer["findings"]] == [(FIRST, "failing")]
    assert "secret" not in json.dumps(answer)
    assert "secret" not in str(detector.alerts.told)
    assert answer["transitions"][SECOND]["source"] == "sweep"


def test_time_is_shared_fairly_and_what_is_left_over_is_the_others(detector, monkeypatch):
    shares = []
    real = app.App.passed

    def slow(self, name, request, pass_id=None, seconds=None):
        shares.append((name, seconds))
        self.loop.clock.advance(seconds=100)
        return real(self, name, request, pass_id, seconds)

    monkeypatch.setattr("gapheal.app.App.passed", slow)
    monkeypatch.setattr(sys.modules["gapheal.app.detecting"], "Sweep", partial(Sweep, seconds=300))

    assert detector.sweep()["errors"] == []
    assert shares == [(FIRST, 150), (SECOND, 200)]


def test_a_transition_whose_turn_never_came_is_an_error(detector, monkeypatch):
    monkeypatch.setattr(sys.modules["gapheal.app.detecting"], "Sweep", partial(Sweep, seconds=0))

    answer = detector.post()

    assert answer.status_code == 503
    assert "was not looked at: the time of this sweep was used up" in answer.json["errors"][0]


# --- The door ----------------------------------------------------------------------------------------------------

EVENT = {"message": {"data": base64.b64encode(b'{"day": "2024-06-18"}').decode()}, "subscription": "s"}
REFUSED = {
    "an event": (EVENT, {}, "found an event"),
    "an event without a date": ({"message": {"data": "e30="}}, {}, "found an event"),
    "a sweep that calls itself an event": (SWEEP, {"ce-id": "7"}, "found an event"),
    "a scan": ({"scan_for_gaps": True}, {}, 'without "sweep": true'),
    "a window": ({**SWEEP, "start_date": "2024-06-01"}, {}, "found start_date or end_date"),
    "an unknown field": ({**SWEEP, "force": True}, {}, 'found "force"'),
    "no JSON": (b"{", {}, "expected"),
    "nothing": (b"", {}, "expected"),
}


@pytest.mark.parametrize(("body", "headers", "told"), REFUSED.values(), ids=REFUSED)
def test_anything_but_a_sweep_is_refused_and_nothing_is_kept(detector, body, headers, told):
    detector.world.warehouse.observed.clear()

    answer = detector.post(body, headers=headers)

    assert (answer.status_code, answer.json.keys()) == (400, {"error"})
    assert told in answer.json["error"]
    assert not detector.world.ledger.rows["rejections"]
    assert detector.world.warehouse.observed == []


@pytest.mark.parametrize(
    ("method", "path", "status"), [("PUT", "/", 405), ("HEAD", "/", 405), ("GET", "/?date=2024-06-18", 400)]
)
def test_other_requests_have_their_answers(detector, method, path, status):
    assert detector.client.open(path, method=method).status_code == status


def test_a_body_of_more_than_a_mebibyte_is_too_large(detector):
    assert detector.post({**SWEEP, "x": "y" * LIMIT}).status_code == 413
