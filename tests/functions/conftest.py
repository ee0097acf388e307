"""The functions as the platform loads them, with memory in the place of Google Cloud."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import functions_framework
import pytest
from tests.functions.sweeps import MAIN, NOW, TABLES, TODAY, Detector
from tests.functions.sweeps import PIPELINE as SWEPT
from werkzeug.test import Client, TestResponse

from gapheal import app
from gapheal.spec import load
from gapheal.testing import MemoryAlerts, World

FUNCTIONS = Path(__file__).parents[2] / "functions"

PIPELINE = """
version: 1
pipeline: nba-props
project: gapheal-test
location: us-west2
timezone: America/New_York
defaults: {date_column: game_date, policy: {mode: heal}}
phases:
  phase2: [nba_raw.bdl_player_boxscores]
  phase3: [nba_analytics.player_game_summary]
  phase4: [nba_precompute.player_daily_cache]
  phase5: [nba_predictions.player_prop_predictions]
  phase6: [nba_export.published]
transitions: {phase2_to_phase3: {}, phase3_to_phase4: {}, phase4_to_phase5: {}, phase5_to_phase6: {}}
"""


@dataclass
class Function:
    """One loaded function, the world that it sees, and what it wrote to its log."""

    transition: str
    client: Client
    world: World
    capture: pytest.CaptureFixture[str]

    def post(self, body: Any, headers: dict[str, str] | None = None, **how: Any) -> TestResponse:
        """POST `body`; bytes as they are, anything else as JSON."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.client.post("/", data=data, headers=headers or {}, **how)

    def log(self) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        """The lines on stdout and on stderr, since last asked."""
        written = self.capture.readouterr()
        out, err = ([json.loads(line) for line in text.splitlines()] for text in (written.out, written.err))
        return out, err


@pytest.fixture
def pipeline_file(tmp_path, monkeypatch) -> Path:
    path = tmp_path / "pipeline.yaml"
    path.write_text(PIPELINE)
    monkeypatch.setenv("GAPHEAL_PIPELINE", str(path))
    monkeypatch.delenv("GAPHEAL_MODE", raising=False)
    return path


@pytest.fixture
def world(pipeline_file, monkeypatch) -> World:
    world = World(load(pipeline_file))
    monkeypatch.setattr("gapheal.app.build", partial(app.build, **world.ports))
    return world


@pytest.fixture
def transition() -> str:
    return "phase2_to_phase3"


@pytest.fixture
def function(transition, world, capsys) -> Function:
    source = FUNCTIONS / transition / "main.py"
    client = functions_framework.create_app("handle", str(source)).test_client()
    return Function(transition, client, world, capsys)


@pytest.fixture
def detector_file(tmp_path, monkeypatch):
    path = tmp_path / "pipeline.yaml"
    path.write_text(SWEPT)
    monkeypatch.setenv("GAPHEAL_PIPELINE", str(path))
    monkeypatch.delenv("GAPHEAL_MODE", raising=False)
    return path


@pytest.fixture
def detector(detector_file, monkeypatch, capsys):
    """Sixty whole days up to yesterday, all of them scanned a moment ago."""
    world, alerts = World(load(detector_file)), MemoryAlerts()
    world.clock.moment = NOW
    for n in range(1, 61):
        for table in TABLES:
            world.warehouse.put(table, TODAY - timedelta(days=n), rows=5)
    ports = {**world.ports, "alerts": alerts}
    monkeypatch.setattr("gapheal.app.build", partial(app.build, **ports))
    client = functions_framework.create_app("handle", str(MAIN)).test_client()
    detector = Detector(client, world, alerts, capsys, detector_file)
    detector.pass_by()
    return detector
