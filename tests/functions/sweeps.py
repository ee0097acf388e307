"""The detector as the platform loads it, in a world of its own."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from werkzeug.test import Client

from gapheal import app
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


def day(n):
    """So many days ago."""
    return TODAY - timedelta(days=n)
