"""Where the real parts meet: the only module that chooses an adapter or reads the environment for a setting."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast, get_args
from uuid import uuid4

from gapheal.app.core import App
from gapheal.errors import ConfigError
from gapheal.model.findings import Finding
from gapheal.model.pipeline import Mode, Pipeline
from gapheal.ports import Alerts, Claims, Clock, Ledger, Publisher, Row, Schedule, Warehouse
from gapheal.reconcile import Loop, Together
from gapheal.spec.faults import meant

MODES: tuple[Mode, ...] = get_args(Mode)
"""From the lowest to the highest."""


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """The present moment, UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Seconds from an arbitrary start."""
        return time.monotonic()


class People:
    """Who is told. The teller and its words are imported by the first pass that has come to its end."""

    def __init__(self, pipeline: Pipeline, ledger: Ledger, claims: Claims) -> None:
        self._about = pipeline, ledger, claims

    def tell(self, transition: str | None, findings: Sequence[Finding], **about: Any) -> list[str]:
        """As `ports.Alerts`."""
        return self._teller().tell(transition, findings, **about)

    def announce(self, title: str, text: str, **about: Any) -> list[str]:
        """As `ports.Alerts`."""
        return self._teller().announce(title, text, **about)

    def _teller(self) -> Alerts:
        from gapheal.alerts import Teller  # noqa: PLC0415 - not before the first answer

        return Teller(*self._about)


class CloudSchedule:
    """The jobs of Cloud Scheduler, asked when somebody wants to know."""

    def __init__(self, pipeline: Pipeline, project: str | None) -> None:
        self._pipeline = pipeline
        self._project = project

    def jobs(self) -> list[Row]:
        """The pipeline's jobs, the detector's among them.

        Raises:
            ConfigError: no permission to look; or everything else is an emulator, and nothing stands for Scheduler.
            Unavailable: Scheduler did not answer.
        """
        from gapheal.scheduler import Scheduler  # noqa: PLC0415 - slow to import, and asked once a day

        where = project_of(self._pipeline, self._project)
        scheduler = Scheduler(self._pipeline, where, os.environ.get("GAPHEAL_REGION"))
        return [job.plain() for job in scheduler.every(self._pipeline.transitions)]


def build(
    pipeline: Pipeline,
    *,
    project: str | None = None,
    warehouse: Warehouse | None = None,
    ledger: Ledger | None = None,
    claims: Claims | None = None,
    publisher: Publisher | None = None,
    clock: Clock | None = None,
    alerts: Alerts | None = None,
    schedule: Schedule | None = None,
    together: Together | None = None,
) -> App:
    """The pipeline with its ports: the real ones, except for those that are given.

    Args:
        pipeline: the file in its normal form.
        project: instead of the file's and of GOOGLE_CLOUD_PROJECT.
        warehouse: reads what exists.
        ledger: remembers.
        claims: decides who acts.
        publisher: sends triggers.
        clock: tells the time.
        alerts: tells people.
        schedule: knows what asks for scans and sweeps.
        together: reads ledger and warehouse at once; a `warehouse` or `ledger` that is given is read by itself.

    Raises:
        ConfigError: no project or no credentials, or GAPHEAL_MODE is not a mode.
    """
    highest = os.environ.get("GAPHEAL_MODE") or None
    effective, lowered = _with_mode(pipeline, highest)
    if not (warehouse and ledger and claims and publisher):
        from gapheal.app import adapters  # noqa: PLC0415 - slow to import, and doubles need none

        where = project_of(pipeline, project)
        connection = adapters.connect(pipeline.pipeline, where, pipeline.location)
        if not (warehouse or ledger):
            warehouse = adapters.BigQueryWarehouse(effective, connection)
            ledger = adapters.BigQueryLedger(effective, connection)
            together = together or adapters.BigQueryTogether(warehouse, ledger, connection)
        warehouse = warehouse or adapters.BigQueryWarehouse(effective, connection)
        ledger = ledger or adapters.BigQueryLedger(effective, connection)
        claims = claims or adapters.BigQueryClaims(effective, connection)
        publisher = publisher or adapters.TargetPublisher(where)
    alerts = alerts or People(effective, ledger, claims)
    ports = warehouse, ledger, claims, publisher, clock or SystemClock()
    loop = Loop(effective, *ports, lambda: uuid4().hex, alerts, together=together)
    return App(loop, lowered, cast("Mode | None", highest), schedule or CloudSchedule(effective, project))


def create_ledger(pipeline: Pipeline, project: str | None = None) -> str:
    """Create the ledger of `pipeline` where it is absent; its full name.

    Raises:
        ConfigError: no project or no credentials, or the dataset is another pipeline's.
        Unavailable: BigQuery did not answer.
    """
    from gapheal.bigquery import connect  # noqa: PLC0415 - Google's clients are slow to import
    from gapheal.ledger.create import create  # noqa: PLC0415

    where = project_of(pipeline, project)
    create(connect(pipeline.pipeline, where, pipeline.location), pipeline)
    return f"{where}.{pipeline.ledger_dataset}"


def find(beside: str) -> Path:
    """The pipeline file of a function: GAPHEAL_PIPELINE, else what lies beside its `main.py`.

    Raises:
        ConfigError: there is none.
    """
    if named := os.environ.get("GAPHEAL_PIPELINE"):
        return Path(named)
    folder = Path(beside).parent
    for name in ("pipeline.json", "pipeline.yaml"):
        if (folder / name).is_file():
            return folder / name
    raise ConfigError(
        f"expected a pipeline file, found none: set GAPHEAL_PIPELINE to its path, "
        f"or put pipeline.json or pipeline.yaml into {folder}"
    )


def _with_mode(pipeline: Pipeline, highest: str | None) -> tuple[Pipeline, frozenset[str]]:
    """The pipeline with no mode above `highest`, and the names of the transitions that this lowers."""
    if highest is None:
        return pipeline, frozenset()
    if highest not in MODES:
        raise ConfigError(f"GAPHEAL_MODE: expected {', '.join(MODES)}, found {highest!a}{meant(highest, MODES)}")
    lowered = {
        name: transition.model_copy(update={"policy": transition.policy.model_copy(update={"mode": highest})})
        for name, transition in pipeline.transitions.items()
        if MODES.index(transition.policy.mode) > MODES.index(highest)
    }
    effective = pipeline.model_copy(update={"transitions": {**pipeline.transitions, **lowered}})
    return effective, frozenset(lowered)


def project_of(pipeline: Pipeline, given: str | None = None) -> str:
    """The Google Cloud project: the one given, else the file's, else GOOGLE_CLOUD_PROJECT.

    Raises:
        ConfigError: there is none.
    """
    project = given or pipeline.project or os.environ.get("GOOGLE_CLOUD_PROJECT")
    if not project:
        raise ConfigError("no Google Cloud project: write `project` in the pipeline file, or set GOOGLE_CLOUD_PROJECT")
    return project


def known_project(pipeline: Pipeline) -> str | None:
    """The same; None where there is none."""
    try:
        return project_of(pipeline)
    except ConfigError:
        return None
