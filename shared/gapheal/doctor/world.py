"""What is looked at: a pipeline's file, and the places where the rest of it stands."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property

from gapheal.app.wiring import project_of
from gapheal.bigquery import Connection, connect
from gapheal.doctor.topics import Topics
from gapheal.emulators import emulated, scheduled
from gapheal.errors import GaphealError
from gapheal.model.pipeline import DETECTOR, Pipeline
from gapheal.publisher.tokens import IdTokens
from gapheal.scheduler import ScheduledJob, Scheduler


@dataclass
class World:
    """One deployment, and the way to each of its pieces."""

    pipeline: Pipeline
    connection: Connection
    topics: Topics
    scheduler: Callable[[], Scheduler] | None
    """None: there is no Cloud Scheduler here."""
    local: bool
    """Whether it runs on this machine, where nobody asks who calls."""
    tokens: Callable[[str], str] = field(default_factory=IdTokens)
    """An ID token for an audience."""
    environment: Mapping[str, str] = field(default_factory=lambda: os.environ)
    now: datetime = field(default_factory=lambda: datetime.now(UTC))

    @cached_property
    def ledger(self) -> str:
        """`project.dataset`."""
        return f"{self.connection.project}.{self.pipeline.ledger_dataset}"

    @cached_property
    def jobs(self) -> list[ScheduledJob] | GaphealError:
        """Every job of the pipeline, or why they could not be read."""
        if self.scheduler is None:
            return []
        try:
            return self.scheduler().every(self.pipeline.transitions)
        except GaphealError as error:
            return error

    def job(self, transition: str, kind: str) -> ScheduledJob | None:
        """One job, where it is there and may be seen."""
        if isinstance(self.jobs, GaphealError):
            return None
        return next((job for job in self.jobs if (job.transition, job.kind) == (transition, kind)), None)

    def url(self, transition: str) -> str | None:
        """Where a transition's function is: where its scans go to, else where its events go to. The detector's, too."""
        if transition == DETECTOR:
            job = self.job(DETECTOR, "sweep")
            return job.url if job else None
        if job := self.job(transition, "scan"):
            return job.url
        for topic, phase in self.pipeline.hears(transition).items():
            try:
                found = self.topics.subscriptions(topic)
            except GaphealError:
                continue
            for subscription in found:
                if subscription.name in names(self.pipeline.pipeline, transition, phase) and subscription.endpoint:
                    return subscription.endpoint
        return None


def names(pipeline: str, transition: str, phase: str) -> tuple[str, str]:
    """What a transition's subscription to a phase is called: by Terraform, and on the local stack."""
    return f"{pipeline}-{transition.replace('_', '-')}-on-{phase}", f"{transition}-hears-{phase}"


def opened(pipeline: Pipeline, location: str | None = None) -> World:
    """The world that the environment names.

    Args:
        pipeline: the file in its normal form.
        location: the region of Scheduler's jobs; by default GAPHEAL_REGION, else the pipeline's location.

    Raises:
        ConfigError: no project, or no credentials.
    """
    project = project_of(pipeline)
    region = location or os.environ.get("GAPHEAL_REGION")
    return World(
        pipeline=pipeline,
        connection=connect(pipeline.pipeline, project, pipeline.location),
        topics=Topics(project),
        scheduler=(lambda: Scheduler(pipeline, project, region)) if scheduled() else None,
        local=emulated(),
    )
