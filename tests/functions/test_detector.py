"""The detector over memory: each thing that can be wrong is found alone, and where nothing is wrong nothing is told."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path

import functions_framework
import pytest
from werkzeug.test import Client

from gapheal import app
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
  policy: {mode: heal, scan_days: 30, lease_minutes: 60, max_age_days: null, excuses: [{reason: off-season, outside: s}]}
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
