"""The jobs of Cloud Scheduler that ask for scans and sweeps: found, paused, resumed, run; for people only.

There is no emulator. Where CLOUD_SCHEDULER_EMULATOR_HOST is set, whatever answers there is asked, without credentials.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

from google.api_core import exceptions as google
from google.auth.credentials import AnonymousCredentials
from google.auth.exceptions import DefaultCredentialsError, RefreshError, TransportError

from gapheal import emulators
from gapheal.errors import ConfigError, Unavailable, brief
from gapheal.model.pipeline import DETECTOR, Pipeline

if TYPE_CHECKING:
    from google.cloud.scheduler_v1 import CloudSchedulerClient, Job

Kind = Literal["scan", "sweep"]
EMULATOR = emulators.SCHEDULER
CALL_SECONDS = 20.0
NO_CREDENTIALS = "no Google credentials: run `gcloud auth application-default login`"
MULTI_REGIONS = frozenset({"us", "eu"})
"""Where BigQuery's data may be, and no job of Scheduler can."""


def job_id(pipeline: str, transition: str, kind: Kind = "scan") -> str:
    """The name of a transition's job: `nba-props-phase2-to-phase3-scan`. Terraform names it by the same rule."""
    return f"{pipeline}-{transition.replace('_', '-')}-{kind}"


@dataclass(frozen=True, slots=True)
class ScheduledJob:
    """One job as it stands."""

    transition: str
    kind: Kind
    job: str
    """Its id in the location."""
    state: str
    """`enabled`, `paused`, `disabled` (by the service), `update_failed`."""
    schedule: str
    """Cron, in `timezone`."""
    timezone: str
    last_attempt: datetime | None
    last_error: str | None
    """What the last attempt came to; None: it was answered well, or there was none yet."""
    next_run: datetime | None
    """None while it is paused."""
    url: str
    method: str = "POST"
    body: str = ""
    """What is sent, as text."""
    account: str | None = None
    """Whose ID token a call carries; None: nobody's."""

    def plain(self) -> dict[str, Any]:
        """As JSON values."""
        moments = {name: moment and moment.isoformat() for name, moment in self._moments.items()}
        return {**asdict(self), **moments}

    @property
    def _moments(self) -> Mapping[str, datetime | None]:
        return {"last_attempt": self.last_attempt, "next_run": self.next_run}


class Scheduler:
    """The jobs of one pipeline in one location.

    Args:
        pipeline: whose transitions are asked about.
        project: where the jobs are.
        location: a region; by default the pipeline's own.
        seconds: how long one call may take.

    Raises:
        ConfigError: the extra `cli` is absent, there are no credentials, or the location is no region; or everything
            else is an emulator, and nothing stands for Scheduler.
    """

    def __init__(
        self, pipeline: Pipeline, project: str, location: str | None = None, seconds: float = CALL_SECONDS
    ) -> None:
        if not emulators.scheduled():
            raise ConfigError("there is no Cloud Scheduler beside an emulator")
        self._pipeline = pipeline
        self._location = (location or pipeline.location).lower()
        if self._location in MULTI_REGIONS:
            raise ConfigError(
                f"--location: expected a region of Cloud Scheduler such as us-west2, found {self._location}, "
                "which only BigQuery knows"
            )
        self._parent = f"projects/{project}/locations/{self._location}"
        self._client = _client()
        self._seconds = seconds

    def jobs(self, transitions: Iterable[str]) -> list[ScheduledJob]:
        """The jobs of these transitions that are there: each one's scan, then its sweep.

        Raises:
            ConfigError: there is not one, or no permission to look.
            Unavailable: Scheduler did not answer.
        """
        names = list(transitions)
        there = self._there()
        found = self._found(names, there)
        if not found:
            raise ConfigError(
                f"expected jobs such as {job_id(self._pipeline.pipeline, names[0])} in {self._parent}, found "
                f"{f'only {len(there)} others' if there else 'none'}: apply the Terraform module, or name the "
                "region with --location"
            )
        return found

    def every(self, transitions: Iterable[str]) -> list[ScheduledJob]:
        """The same, and the detector's sweep under the name `DETECTOR`; that there is none is no fault here.

        Raises:
            ConfigError: no permission to look.
            Unavailable: Scheduler did not answer.
        """
        there = self._there()
        detector = there.get(f"{self._pipeline.pipeline}-{DETECTOR.replace('_', '-')}")
        return [*self._found(transitions, there), *([_told(DETECTOR, "sweep", detector)] if detector else [])]

    def pause(self, job: ScheduledJob) -> ScheduledJob:
        """Stop its schedule. One that is paused already stays so."""
        if job.state == "paused":
            return job
        with self._translated(f"pausing {job.job}", "roles/cloudscheduler.admin"):
            return _told(job.transition, job.kind, self._client.pause_job(**self._call(job)))

    def resume(self, job: ScheduledJob) -> ScheduledJob:
        """Let its schedule go on. One that is not paused stays as it is."""
        if job.state != "paused":
            return job
        with self._translated(f"resuming {job.job}", "roles/cloudscheduler.admin"):
            return _told(job.transition, job.kind, self._client.resume_job(**self._call(job)))

    def run(self, job: ScheduledJob) -> ScheduledJob:
        """Ask once now, whatever the schedule says; the answer is not waited for."""
        with self._translated(f"running {job.job}", "roles/cloudscheduler.jobRunner"):
            return _told(job.transition, job.kind, self._client.run_job(**self._call(job)))

    def _there(self) -> dict[str, Job]:
        with self._translated("reading the jobs", "roles/cloudscheduler.viewer"):
            listed = self._client.list_jobs(request={"parent": self._parent}, retry=None, timeout=self._seconds)
            return {job.name.rpartition("/")[2]: job for job in listed}

    def _found(self, transitions: Iterable[str], there: Mapping[str, Job]) -> list[ScheduledJob]:
        kinds: tuple[Kind, ...] = ("scan", "sweep")
        return [
            _told(name, kind, there[job])
            for name in transitions
            for kind in kinds
            if (job := job_id(self._pipeline.pipeline, name, kind)) in there
        ]

    def _call(self, job: ScheduledJob) -> dict[str, Any]:
        return {"name": f"{self._parent}/jobs/{job.job}", "retry": None, "timeout": self._seconds}

    @contextmanager
    def _translated(self, doing: str, role: str) -> Iterator[None]:
        where = f"{doing} in {self._parent}"
        try:
            yield
        except google.Forbidden as error:
            mend = (
                "enable it with `gcloud services enable cloudscheduler.googleapis.com`"
                if "SERVICE_DISABLED" in str(error) or "has not been used" in str(error)
                else f"grant yourself {role}"
            )
            raise ConfigError(f"{where}: no permission: {brief(error)}; {mend}") from error
        except google.NotFound as error:
            raise ConfigError(f"{where}: {brief(error)}; is --location right?") from error
        except (google.ServerError, google.RetryError, google.TooManyRequests, TransportError, RefreshError) as error:
            raise Unavailable(f"{where}: Cloud Scheduler did not answer: {brief(error)}") from error
        except google.GoogleAPICallError as error:
            raise ConfigError(f"{where}: {brief(error)}") from error


def _client() -> CloudSchedulerClient:
    try:
        from google.cloud.scheduler_v1 import CloudSchedulerClient  # noqa: PLC0415 - an extra
    except ImportError as missing:
        raise ConfigError(
            "Cloud Scheduler needs gapheal's extra `cli` (google-cloud-scheduler is absent): install it with that"
        ) from missing
    if host := os.environ.get(EMULATOR):
        import grpc  # noqa: PLC0415
        from google.cloud.scheduler_v1.services.cloud_scheduler.transports import (  # noqa: PLC0415
            CloudSchedulerGrpcTransport,
        )

        anonymous = AnonymousCredentials()  # type: ignore[no-untyped-call]  # google-auth has no types
        return CloudSchedulerClient(
            transport=CloudSchedulerGrpcTransport(channel=grpc.insecure_channel(host), credentials=anonymous)
        )
    try:
        return CloudSchedulerClient()
    except DefaultCredentialsError as error:
        raise ConfigError(NO_CREDENTIALS) from error


def _told(transition: str, kind: Kind, job: Job) -> ScheduledJob:
    """What the service says, in our words. Its timestamps are 0 where there is none."""
    return ScheduledJob(
        transition=transition,
        kind=kind,
        job=job.name.rpartition("/")[2],
        state=job.state.name.lower(),
        schedule=job.schedule,
        timezone=job.time_zone,
        last_attempt=_moment(job.last_attempt_time),
        last_error=f"{job.status.message or 'failed'} (code {job.status.code})" if job.status.code else None,
        next_run=_moment(job.schedule_time) if job.state.name == "ENABLED" else None,
        url=job.http_target.uri,
        method=job.http_target.http_method.name,
        body=job.http_target.body.decode(errors="replace"),
        account=job.http_target.oidc_token.service_account_email or None,
    )


def _moment(told: Any) -> datetime | None:
    return datetime.fromtimestamp(told.timestamp(), tz=told.tzinfo) if told and told.timestamp() > 0 else None
