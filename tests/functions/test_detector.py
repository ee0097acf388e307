"""The detector over memory: each thing that can be wrong is found alone, and where nothing is wrong nothing is told."""

from __future__ import annotations

import base64
import json
import sys
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import functions_framework
import pytest
from werkzeug.test import Client

from gapheal import app
from gapheal.app.sweeping import Sweep, in_order
from gapheal.errors import ConfigError, Unavailable
from gapheal.events import LIMIT
from gapheal.model.passes import Request, Source
from gapheal.spec import load
from gapheal.testing import MemoryAlerts, World

MAIN = Path(__file__).parents[2] / "functions" / "gap_detector" / "main.py"
NOW = datetime(2024, 7, 1, 10, 0, tzinfo=UTC)
TODAY = NOW.date()
SWEEP = {"scan_for_gaps": True, "sweep": True}
PIPELINE = """
version: 1
pipeline: small
project: gapheal-test
location: us-west2
timezone: UTC
defaults:
  date_column: day
  policy:
    {mode: heal, scan_days: 30, lease_minutes: 60, max_age_days: null, excuses: [{reason: off-season, outside: s}]}
seasons: {s: [{start: 2023-10-01, end: 2024-08-31}]}
phases:
  served: [d.served]
  refined: [d.refined]
  raw: {tables: [d.raw]}
transitions: {refined_to_served: {}, raw_to_refined: {}}
"""
FIRST, SECOND = "raw_to_refined", "refined_to_served"
TABLES = ("d.raw", "d.refined", "d.served")


@dataclass
class Detector:
    """The loaded function, the world that it sees, whom it told what, and what it wrote to its log."""

    client: Client
    world: World
    alerts: MemoryAlerts
    capture: pytest.CaptureFixture[str]

    def post(self, body=SWEEP, **how):
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.client.post("/", data=data, **how)

    def sweep(self, **options):
        """The answer to a sweep."""
        answer = self.post({**SWEEP, **options})
        assert answer.status_code == 200, answer.text
        return answer.json

    def found(self, **options):
        """Transition and kind of each finding of a sweep."""
        return [(each["transition"], each["kind"]) for each in self.sweep(**options)["findings"]]

    def pass_by(self, source=Source.SCAN, names=(FIRST, SECOND)):
        """What the hourly scans do."""
        for name in names:
            app.build(load(self.file)).run(name, Request(source))

    def log(self):
        return [json.loads(line) for line in self.capture.readouterr().out.splitlines()]

    file: Path = Path()


@pytest.fixture
def file(tmp_path, monkeypatch):
    path = tmp_path / "pipeline.yaml"
    path.write_text(PIPELINE)
    monkeypatch.setenv("GAPHEAL_PIPELINE", str(path))
    monkeypatch.delenv("GAPHEAL_MODE", raising=False)
    return path


@pytest.fixture
def detector(file, monkeypatch, capsys):
    """Sixty whole days up to yesterday, all of them scanned a moment ago."""
    world, alerts = World(load(file)), MemoryAlerts()
    world.clock.moment = NOW
    for n in range(1, 61):
        for table in TABLES:
            world.warehouse.put(table, TODAY - timedelta(days=n), rows=5)
    ports = {**world.ports, "alerts": alerts}
    monkeypatch.setattr("gapheal.app.build", partial(app.build, **ports))
    client = functions_framework.create_app("handle", str(MAIN)).test_client()
    detector = Detector(client, world, alerts, capsys, file)
    detector.pass_by()
    return detector


def day(n):
    """So many days ago."""
    return TODAY - timedelta(days=n)


def test_where_nothing_is_wrong_nothing_is_told(detector):
    answer = detector.sweep()

    assert answer["findings"] == answer["errors"] == answer["unknown"] == []
    assert list(answer["transitions"]) == [FIRST, SECOND], "in the order of the phases, whatever the file's"
    assert {report["source"] for report in answer["transitions"].values()} == {"sweep"}
    assert detector.alerts.last(None) == ()
    assert detector.alerts.announced == []


def missing_lately(detector):
    """A date that the scans know of, whose trigger has had its time."""
    detector.world.warehouse.drop("d.refined", day(3))
    detector.world.warehouse.drop("d.served", day(3))


def silence(detector):
    detector.world.clock.advance(hours=2, minutes=1)
    detector.pass_by(names=[FIRST])


def rejection(detector):
    data = base64.b64encode(b'{"game_date": "TODAY"}').decode()
    opened = app.build(load(detector.file))
    with pytest.raises(Exception, match="TODAY"):
        opened.read(SECOND, {}, json.dumps({"message": {"data": data, "messageId": "7"}}).encode())


def paused_job(detector):
    detector.world.schedule.put(FIRST, "scan", "paused")


def absent_job(detector):
    del detector.world.schedule.jobs_by_id["small-raw-to-refined-scan"]


def failing_job(detector):
    detector.world.schedule.put(SECOND, "scan", last_error="failed (code 7)")


def no_sweeps(detector):
    del detector.world.schedule.jobs_by_id["small-gap-detector"]
    detector.world.schedule.put(SECOND, "sweep")


def paused_detector(detector):
    detector.world.schedule.put("gap_detector", "sweep", "paused")


def no_jobs(detector):
    detector.world.schedule.jobs_by_id.clear()


def over(detector):
    """The season has ended, and its upstream goes on."""
    detector.file.write_text(PIPELINE.replace("2024-08-31", "2024-06-20"))


def retired(detector):
    """No new dates for two weeks."""
    for n in range(1, 15):
        for table in TABLES:
            detector.world.warehouse.drop(table, day(n))


def left_behind(detector):
    """The upstream has ended, its downstream is made from something else."""
    for n in range(1, 9):
        detector.world.warehouse.drop("d.raw", day(n))


ALONE = {
    "no scan": (silence, [(SECOND, "no_scan")]),
    "a rejected event": (rejection, [(SECOND, "rejections")]),
    "a paused job": (paused_job, [(FIRST, "schedule")]),
    "an absent job": (absent_job, [(FIRST, "schedule")]),
    "a failing job": (failing_job, [(SECOND, "schedule")]),
    "nothing that sweeps": (no_sweeps, [(FIRST, "schedule")]),
    "a paused detector": (paused_detector, [(None, "schedule")]),
    "no job at all": (no_jobs, [(None, "schedule")]),
    "a season that is over": (over, [(FIRST, "season_over"), (SECOND, "season_over")]),
    "a retired source": (retired, [(FIRST, "source_stopped")]),
    "a source left behind": (left_behind, [(FIRST, "source_stopped")]),
}


@pytest.mark.parametrize(("wrong", "told"), ALONE.values(), ids=ALONE)
def test_what_is_wrong_alone_is_found_alone(detector, wrong, told):
    wrong(detector)

    assert detector.found() == told


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
    monkeypatch.setattr(sys.modules["gapheal.app.detector"], "Sweep", partial(Sweep, seconds=300))

    assert detector.sweep()["errors"] == []
    assert shares == [(FIRST, 150), (SECOND, 200)]


def test_a_transition_whose_turn_never_came_is_an_error(detector, monkeypatch):
    monkeypatch.setattr(sys.modules["gapheal.app.detector"], "Sweep", partial(Sweep, seconds=0))

    answer = detector.post()

    assert answer.status_code == 503
    assert "was not looked at: the time of this sweep was used up" in answer.json["errors"][0]


# --- What is not known -------------------------------------------------------------------------------------------


def test_a_schedule_that_may_not_be_seen_is_unknown_and_no_fault(detector):
    detector.world.schedule.fails = ConfigError("reading the jobs: no permission")

    answer = detector.sweep()

    assert (answer["findings"], answer["errors"]) == ([], [])
    assert answer["unknown"] == ["the schedule's jobs: reading the jobs: no permission"]


def test_what_was_told_stands_while_it_cannot_be_judged(file, detector, monkeypatch):
    """Else it would be over today, and news tomorrow."""
    paused_job(detector)
    alerts, world = MemoryAlerts(), detector.world
    monkeypatch.setattr("gapheal.app.build", partial(app.build, **{**world.ports, "alerts": alerts}))
    told = {"open": {}, "waiting": [], "told_at": None, "reminders": 0, "announced": [], "n": 1}
    (finding,) = (each for each in detector.sweep()["findings"])
    standing = {**finding, "opened_at": NOW.isoformat(), "codes": {}, "paged": False}
    told["open"] = {finding["key"]: {key: value for key, value in standing.items() if key != "key"}}
    monkeypatch.setattr(world.ledger, "told", lambda transition: told)
    world.schedule.fails = Unavailable("later")
    opened = app.build(load(file))
    swept = Sweep(opened, in_order(opened.pipeline))
    for name in swept.names:
        swept.ask(name)
    found = swept.findings()
    swept.tell(found)

    assert found == []
    assert [each.key for each in alerts.last(None)] == [f"{FIRST}/schedule"]


# --- What is told, and when --------------------------------------------------------------------------------------


def test_a_gap_outside_the_window_of_scans_is_told_and_healed_by_the_next_sweep(detector):
    for table in ("d.refined", "d.served"):
        detector.world.warehouse.drop(table, day(50))
    detector.pass_by()
    assert detector.world.publisher.days == [], "scans look back for 30 days"

    answer = detector.sweep()

    assert answer["transitions"][FIRST]["triggered_dates"] == [str(day(50))]
    assert detector.world.publisher.days == [day(50)]
    assert [(each["transition"], each["kind"], each["dates"]) for each in answer["findings"]] == [
        (FIRST, "gaps", [str(day(50))])
    ]
    ((_, text),) = detector.alerts.announced
    assert str(day(50)) in text
    detector.world.clock.advance(minutes=30)
    detector.world.warehouse.put("d.refined", day(50), rows=5)
    detector.world.warehouse.put("d.served", day(50), rows=5)
    assert detector.found() == []


def test_a_trigger_that_never_brings_rows_is_told_until_it_does(detector):
    """Beside the gap itself, of which it is the reason."""
    detector.world.clock.advance(minutes=1)
    missing_lately(detector)
    detector.pass_by()
    detector.world.clock.advance(minutes=61)
    detector.pass_by()

    answer = detector.sweep()

    found = {each["kind"]: each for each in answer["findings"]}
    assert set(found) == {"gaps", "unfilled"}
    assert found["unfilled"]["numbers"]["triggers"] == 1
    assert "topic small-refined-trigger" in found["unfilled"]["sentence"]
    detector.world.warehouse.put("d.refined", day(3), rows=5)
    detector.world.warehouse.put("d.served", day(3), rows=5)
    assert detector.found() == []


def test_the_digest_is_announced_under_its_day_and_health_told_as_the_pipelines(detector):
    rejection(detector)
    paused_job(detector)

    detector.sweep()

    ((title, text),) = detector.alerts.announced
    assert title.startswith("[small] digest of 2024-07-01: 2 things stand open")
    assert "gapheal schedule resume raw_to_refined" in text
    assert [each.key for each in detector.alerts.last(None)] == [f"{FIRST}/schedule", f"{SECOND}/rejections"]
    (told,) = (each for each in detector.alerts.told if each.transition is None)
    assert told.baseline, "nothing was swept before"
    detector.world.clock.advance(minutes=5)
    detector.sweep()
    assert not detector.alerts.told[-1].baseline


def test_a_rejection_of_long_ago_or_one_that_was_replayed_is_over(detector):
    rejection(detector)
    assert detector.found() == [(SECOND, "rejections")]
    detector.world.clock.advance(hours=25)
    detector.pass_by()

    assert detector.found() == [(SECOND, "rejections")], "nothing was told of the last hours of that day"
    detector.world.clock.advance(hours=25)
    detector.pass_by()
    assert detector.found() == []


def test_a_dry_run_tells_nobody_and_writes_nothing(detector):
    missing_lately(detector)
    paused_job(detector)
    before = {table: len(rows) for table, rows in detector.world.ledger.rows.items() if rows}
    told = len(detector.alerts.told)

    answer = detector.sweep(dry_run=True)

    assert {each["kind"] for each in answer["findings"]} >= {"gaps", "schedule"}
    assert (detector.world.publisher.sent, detector.alerts.announced, len(detector.alerts.told)) == ([], [], told)
    assert {table: len(rows) for table, rows in detector.world.ledger.rows.items() if rows} == before


def test_alerts_that_cannot_be_sent_hurt_nothing(detector):
    missing_lately(detector)
    detector.alerts.fails = "alerts: slack did not answer"

    answer = detector.sweep()

    assert answer["transitions"][FIRST]["triggered"] == 1
    assert "alerts: slack did not answer" in answer["errors"]


def test_paused_is_asked_and_not_judged(detector, monkeypatch):
    silence(detector)
    monkeypatch.setenv("GAPHEAL_MODE", "paused")
    answer = detector.sweep()

    assert answer["findings"] == []
    assert all("paused" in report["note"] for report in answer["transitions"].values())


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
