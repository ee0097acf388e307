"""The job of phase 5 behind a URL: it takes one date a call, and runs one batch at a time.

Its answers: 202, the date is in the next batch; 409, a batch runs; 503, upstream is incomplete; 404, there is nothing
to do.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from threading import Lock
from typing import NamedTuple

from jobs import Job
from triggers import read
from warehouse import Span

PATIENCE = 10.0
"""Seconds that a call waits for the batch that runs, before it is told to come back."""
AHEAD = timedelta(days=90)
"""Who asks for a date will ask for the next ones: whether upstream is ready is seen for all of them at once."""


class Answer(NamedTuple):
    """Of a call."""

    status: int
    body: Mapping[str, str]


class Coordinator:
    """Takes the dates that it is called for, as long as no batch runs."""

    def __init__(self, job: Job, patience: float = PATIENCE) -> None:
        self._job = job
        self._patience = patience
        self._upstream: dict[date, int] = {}
        self._lock = Lock()

    def start(self, data: bytes, attributes: Mapping[str, str]) -> Answer:
        """Answer a call; what it asks for is done later.

        Raises:
            ValueError: the call names no date.
        """
        trigger = read(self._job.phase.name, data, attributes)
        (day,) = trigger.days
        if not self._job.is_free(self._patience):
            return Answer(409, {"error": "a batch runs; come back"})
        due, upstream = self._job.due(day), self._ready(day)
        if not due or not upstream:
            return Answer(404, {"error": f"nothing to do on {day}"})
        if upstream < due:
            return Answer(503, {"error": f"upstream has {upstream} games of {due} on {day}"})
        self._job.take(trigger)
        return Answer(202, {"started": str(day)})

    def _ready(self, day: date) -> int:
        """How many games of a date upstream has. Once they are all there, they stay; before, it looks each time."""
        with self._lock:
            if self._upstream.get(day, 0) < max(self._job.due(day), 1):
                self._upstream |= self._job.upstream(Span(day, day + AHEAD))
            return self._upstream.get(day, 0)
