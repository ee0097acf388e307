"""Plays Cloud Scheduler: asks each function for a scan, every so often, and the detector for a sweep once a day."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from http import HTTPStatus
from typing import NamedTuple, Self
from zoneinfo import ZoneInfo

from gapheal.local.calls import FAULTS, call

BODY = b'{"scan_for_gaps": true}'
SWEEP = b'{"scan_for_gaps": true, "sweep": true}'
TICKS_A_DAY = 24
DEADLINE = 180.0
"""Seconds that a job waits for its answer; Scheduler's own default for HTTP."""


class Job(NamedTuple):
    """One job, and when it is asked for."""

    name: str
    url: str
    body: bytes
    first: float
    """Seconds until the first time."""
    seconds: float
    """Between two starts."""


class Ticker:
    """One job per function, each in a thread; a job is never sent twice at once.

    Args:
        urls: job name (the transition) to function URL.
        seconds: between two starts of one job; a job that took longer starts again at once.
        zone: in which the schedule is told; the schedule time carries its offset, as Scheduler's does.
        say: takes a line about a job that failed.
        daily: as `urls`, of jobs that ask for a sweep: first after one tick, then every 24 ticks.
    """

    def __init__(
        self,
        urls: Mapping[str, str],
        seconds: float,
        zone: ZoneInfo,
        say: Callable[[str], None] = lambda _: None,
        daily: Mapping[str, str] | None = None,
    ) -> None:
        self._zone, self._say = zone, say
        self._over = threading.Event()
        hourly = [Job(name, url, BODY, 0, seconds) for name, url in urls.items()]
        sweeps = [Job(name, url, SWEEP, seconds, TICKS_A_DAY * seconds) for name, url in (daily or {}).items()]
        jobs = [*hourly, *sweeps]
        self._jobs = [threading.Thread(target=self._keep_asking, args=(job,), daemon=True) for job in jobs]

    def __enter__(self) -> Self:
        for job in self._jobs:
            job.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()  # a request that is out is not waited for: its function ends next

    def _keep_asking(self, job: Job) -> None:
        due = time.monotonic() + job.first
        self._over.wait(job.first)
        while not self._over.is_set():
            self._ask(job)
            due = max(due + job.seconds, time.monotonic())
            self._over.wait(due - time.monotonic())

    def _ask(self, job: Job) -> None:
        what = f"the {'scan' if job.body == BODY else 'sweep'} of {job.name}"
        try:
            status = call(
                "POST", job.url, job.body, headers(job.name, datetime.now(self._zone)), timeout=DEADLINE
            ).status
        except FAULTS as fault:
            self._tell(f"{what} was not answered: {fault}")
        else:
            if status != HTTPStatus.OK:
                self._tell(f"{what} was answered {status}")

    def _tell(self, line: str) -> None:
        if not self._over.is_set():
            self._say(line)


def headers(job: str, moment: datetime) -> dict[str, str]:
    """What Cloud Scheduler sends with an HTTP job."""
    return {
        "Content-Type": "application/json",
        "User-Agent": "Google-Cloud-Scheduler",
        "X-CloudScheduler": "true",
        "X-CloudScheduler-JobName": job,
        "X-CloudScheduler-ScheduleTime": moment.isoformat(timespec="seconds"),
    }
