"""Plays Cloud Scheduler: asks each function for a scan, every so often."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from http import HTTPStatus
from typing import Self
from zoneinfo import ZoneInfo

from gapheal.local.calls import FAULTS, call

BODY = b'{"scan_for_gaps": true}'
DEADLINE = 180.0
"""Seconds that a job waits for its answer; Scheduler's own default for HTTP."""


class Ticker:
    """One job per function, each in a thread; a job is never sent twice at once.

    Args:
        urls: job name (the transition) to function URL.
        seconds: between two starts of one job; a job that took longer starts again at once.
        zone: in which the schedule is told; the schedule time carries its offset, as Scheduler's does.
    """

    def __init__(
        self, urls: Mapping[str, str], seconds: float, zone: ZoneInfo, say: Callable[[str], None] = lambda _: None
    ) -> None:
        self._seconds, self._zone, self._say = seconds, zone, say
        self._over = threading.Event()
        self._jobs = [threading.Thread(target=self._keep_asking, args=job, daemon=True) for job in urls.items()]

    def __enter__(self) -> Self:
        for job in self._jobs:
            job.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()  # a request that is out is not waited for: its function ends next

    def _keep_asking(self, job: str, url: str) -> None:
        due = time.monotonic()
        while not self._over.is_set():
            self._ask(job, url)
            due = max(due + self._seconds, time.monotonic())
            self._over.wait(due - time.monotonic())

    def _ask(self, job: str, url: str) -> None:
        try:
            status = call("POST", url, BODY, headers(job, datetime.now(self._zone)), timeout=DEADLINE).status
        except FAULTS as fault:
            self._tell(f"the scan of {job} was not answered: {fault}")
        else:
            if status != HTTPStatus.OK:
                self._tell(f"the scan of {job} was answered {status}")

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
