"""A world in memory: gapheal as it is wired, over doubles with state and a clock that stands still."""

from __future__ import annotations

import io
import json
from contextlib import redirect_stdout
from dataclasses import dataclass, field, fields, replace
from datetime import date, datetime
from typing import Any, Protocol

from tests.precision.document import document
from tests.precision.world import Cell, World

from gapheal import spec
from gapheal.app import App, build
from gapheal.app.door import Call, Door
from gapheal.model.passes import Request, TableFacts, Verdict
from gapheal.model.pipeline import Pipeline
from gapheal.reconcile import Loop
from gapheal.reconcile.records import Pass
from gapheal.testing import FrozenClock
from gapheal.testing import World as Doubles

WHO = {"who": "somebody", "why": "cannot be had", "until": None}


class Stage(Protocol):
    """Where a world is played: it holds the tables and an app that looks at them."""

    app: App

    def write(self, table: str, day: date, cell: Cell | None) -> None:
        """What a table holds of a date now."""
        ...

    def ready(self, now: datetime) -> None:
        """It is `now`, and all that was written is there to be seen."""
        ...


def pipeline_of(world: World) -> Pipeline:
    """The world's file, read as any file is. JSON is YAML, too."""
    return spec.parse(json.dumps(document(world)))


class MemoryStage:
    """Tables, ledger, claims and publisher as doubles."""

    def __init__(self, world: World) -> None:
        pipeline = pipeline_of(world)
        self._clock = FrozenClock(world.now)
        self._doubles = Doubles(pipeline, self._clock)
        self._dated = {table.name for _, table in world.tables() if table.updated_column}
        for _, table in world.tables():
            self._doubles.warehouse.facts[table.name] = TableFacts(retention=table.kept)
        self.app = watched(build(pipeline, **self._doubles.ports))

    def write(self, table: str, day: date, cell: Cell | None) -> None:
        """What a table holds of a date now."""
        if cell is None:
            self._doubles.warehouse.drop(table, day)
        else:
            written = cell.written if table in self._dated else None
            self._doubles.warehouse.put(table, day, cell.rows, cell.entities, written)

    def ready(self, now: datetime) -> None:
        """It is `now`."""
        self._clock.moment = now

    def with_file(self, pipeline: Pipeline) -> App:
        """The same world under another file."""
        self._doubles.warehouse.pipeline = self._doubles.ledger.pipeline = pipeline
        return watched(build(pipeline, **self._doubles.ports))


def accept(app: App, phase: str, day: date, at: datetime) -> None:
    """What `gapheal accept` writes down: under the transition that feeds the phase, or the phase's own name."""
    name = app.pipeline.feeder(phase) or phase
    row = {"transition": name, "observed_at": at.isoformat(), "decision": "accept", "partition_date": str(day), **WHO}
    app.loop.ledger.decide([row])


@dataclass(frozen=True)
class Watched(Loop):
    """The loop, and what it said of each date when it last looked."""

    said: dict[str, list[Verdict]] = field(default_factory=dict)

    def look(self, name: str, request: Request, pass_id: str = "") -> Pass:
        """As any loop, and keep the verdicts."""
        done = Loop.look(self, name, request, pass_id)
        self.said[name] = done.settled
        return done


def watched(app: App) -> App:
    """The same app, whose verdicts can be read after each pass."""
    ports = {port.name: getattr(app.loop, port.name) for port in fields(Loop)}
    return replace(app, loop=Watched(**ports))


def verdicts(app: App, transition: str) -> list[Verdict]:
    """What the last pass said, date by date."""
    assert isinstance(app.loop, Watched)
    return app.loop.said[transition]


def scan(app: App, transition: str) -> dict[str, Any]:
    """What Cloud Scheduler posts, through the HTTP door; the report."""
    body = io.BytesIO(json.dumps({"scan_for_gaps": True}).encode())
    with redirect_stdout(io.StringIO()):  # its line of log
        answer = Door(transition, lambda: app).answer(Call("POST", {}, body, {}))
    if answer.status != 200:
        raise AssertionError(f"expected status 200 from {transition}, found {answer.status}: {answer.body}")
    return dict(answer.body)
