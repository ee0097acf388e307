"""Cloud Scheduler's jobs: there, enabled, asking for the right thing, answered lately."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta

from gapheal.doctor.check import Check, Group, hidden
from gapheal.doctor.world import World
from gapheal.errors import ConfigError, GaphealError
from gapheal.model.moments import minute
from gapheal.model.pipeline import DETECTOR
from gapheal.scheduler import ScheduledJob, job_id

group = Group("schedule")
ROLE = "roles/cloudscheduler.viewer"
LATELY = {"scan": timedelta(hours=26), "sweep": timedelta(hours=50)}
"""An hourly scan is late after three hours, which the heartbeat tells; here a daily one is no fault either."""
ELSEWHERE = "gapheal doctor --location <the jobs' region>"
BODIES = {"scan": {"scan_for_gaps": True}, "sweep": {"scan_for_gaps": True, "sweep": True}}


def checks(world: World) -> Iterator[Check]:
    """The scan and the sweep of each transition, the detector's sweep."""
    if world.scheduler is None:
        yield group.skipped(
            "jobs", "all transitions", "there is no Cloud Scheduler here; `gapheal local up --tick 60` stands in"
        )
        return
    if isinstance(world.jobs, GaphealError):
        yield _unread(world.jobs)
        return
    if not world.jobs:
        first = job_id(world.pipeline.pipeline, next(iter(world.pipeline.transitions)))
        sentence = f"expected jobs such as {first}, found none: only events ask for anything"
        yield group.fail("jobs", "all transitions", sentence, f"make plan, make deploy; or {ELSEWHERE}")
        return
    detector = [job for job in world.jobs if job.transition == DETECTOR]
    for transition, step in world.pipeline.transitions.items():
        for kind in ("scan", "sweep"):
            job = world.job(transition, kind)
            if job:
                yield from _job(world, job)
            elif kind == "scan":
                resource = f'google_cloud_scheduler_job.pass["{transition}/scan"]'
                sentence = f"expected a job that asks {transition} for scans, found none: only events ask for it"
                yield group.fail("job", f"{transition} scan", sentence, f"make plan, make deploy ({resource})")
            elif not detector:
                seen = f"the last {step.policy.scan_days} days" if step.policy.scan_days else "everything all the same"
                yield group.warn(
                    "job",
                    f"{transition} sweep",
                    f"expected a daily sweep of {transition}, or the {DETECTOR}'s, found none: scans look at {seen}",
                    "make plan, make deploy (google_cloud_scheduler_job)",
                )
    for job in detector:
        yield from _job(world, job)


def _unread(error: GaphealError) -> Check:
    """Where they are is not known, or what they are may not be."""
    if isinstance(error, ConfigError) and not hidden(error):
        return group.unknown("jobs", "all transitions", str(error), ELSEWHERE)
    return group.error("jobs", "all transitions", error, ROLE)


def _job(world: World, job: ScheduledJob) -> Iterator[Check]:
    about = f"{job.transition} {job.kind}"
    wrong = [*_state(about, job), *_asks(world, about, job), *_lately(world, about, job)]
    last = f"last call {minute(job.last_attempt)} answered well" if job.last_attempt else ""
    yield from wrong or [group.ok("job", about, f"{job.job}: {job.schedule} ({job.timezone}); {last}")]


def _state(about: str, job: ScheduledJob) -> Iterator[Check]:
    if job.state == "enabled":
        return
    paused = job.state == "paused"
    mend = f"gapheal schedule resume {job.transition}" if paused else f"gcloud scheduler jobs resume {job.job}"
    yield group.fail("job state", about, f"expected {job.job} to be enabled, found it {job.state}", mend)


def _asks(world: World, about: str, job: ScheduledJob) -> Iterator[Check]:
    mend, expected = "make plan, make deploy (google_cloud_scheduler_job)", BODIES[job.kind]
    try:
        body = json.loads(job.body)
    except ValueError:
        body = None
    if job.method != "POST" or body != expected:
        found = f"{job.method} {job.body[:200] or 'nothing'}"
        yield group.fail("job body", about, f"expected {job.job} to POST {json.dumps(expected)}, found {found}", mend)
    if job.url.startswith("https:") and not job.account:
        yield group.fail(
            "job identity",
            about,
            f"expected {job.job} to call with an identity (OIDC), found none: the function refuses it",
            mend,
        )
    url = world.url(job.transition) if job.transition in world.pipeline.transitions else None
    if url and job.url.rstrip("/") != url.rstrip("/"):
        yield group.fail(
            "job target", about, f"expected {job.job} to call {url}, where scans go, found {job.url}", mend
        )


def _lately(world: World, about: str, job: ScheduledJob) -> Iterator[Check]:
    if job.last_error:
        sentence = (
            f"the last call of {job.job}, {minute(job.last_attempt)}, came to: {job.last_error}"
            if job.last_attempt
            else f"{job.job}: {job.last_error}"
        )
        yield group.fail(
            "job answer",
            about,
            sentence,
            f"gapheal schedule run {job.transition}, and read the function's log",
        )
    elif job.last_attempt is None:
        yield group.warn(
            "job answer",
            about,
            f"{job.job} has not run yet",
            f"gapheal schedule run {job.transition}",
        )
    elif job.state == "enabled" and world.now - job.last_attempt > LATELY[job.kind]:
        yield group.fail(
            "job answer",
            about,
            f"expected a call of {job.job} lately, found the last on {minute(job.last_attempt)}",
            f"gapheal schedule run {job.transition}",
        )
