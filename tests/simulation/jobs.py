"""The jobs that the triggers start: slow, half-done, dead for a while, one at a time; they announce what they did."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Protocol

from tests.simulation.engine import Hub
from tests.simulation.facts import START, Facts
from tests.simulation.ports import Line
from tests.simulation.witness import Witness

from gapheal.model.passes import Count, Message


class Written(Protocol):
    """How a job writes."""

    def __call__(self, transition: str, day: date, part: int | None, share: float) -> None: ...


class Consumer:
    """One transition's jobs."""

    def __init__(
        self, transition: str, line: Line, write: Written, announce: Callable[[str, tuple[date, ...]], None]
    ) -> None:
        self._transition, self._line, self._write, self._announce = transition, line, write, announce
        self._queue: list[Message] = []
        self._running = 0
        self._known: set[str] = set()

    @property
    def _hub(self) -> Hub:
        return self._line.hub

    @property
    def _facts(self) -> Facts:
        return self._line.facts

    def is_busy(self) -> bool:
        """What a single-flight URL answers."""
        return self._facts.single_flight and self._running > 0

    def take(self, message: Message) -> None:
        """From now on the message is on its way: it may be late, doubled or lost."""
        random, line = self._hub.random, self._line
        copies = 2 if line.chance("event_doubled") else 1
        if line.chance("trigger_lost"):
            return
        for _ in range(copies):
            late = random.uniform(60, 3600) if line.chance("event_late") else random.uniform(0, 5)
            self._hub.after(late, lambda: self._arrive(message))

    def _arrive(self, message: Message) -> None:
        hours = (self._hub.now - START) / timedelta(hours=1)
        first, last = self._facts.dead_hours
        if first <= hours < last and not self._line.calm:
            return
        if self._facts.drops_repeats and message.trigger_id in self._known:
            return
        self._known.add(message.trigger_id)
        self._queue.append(message)
        self._start()

    def _start(self) -> None:
        while self._queue and self._running < (1 if self._facts.single_flight else self._facts.workers):
            message = self._queue.pop(0)
            self._running += 1
            minutes = self._hub.random.uniform(*self._facts.job_minutes)
            self._hub.after(60 * minutes, lambda message=message: self._finish(message))

    def _finish(self, message: Message) -> None:
        self._running -= 1
        part = message.attributes.get("part")
        share = 0.5 if self._line.chance("half") else 1.0
        for day in message.days:
            self._write(self._transition, day, int(part[0]) - 1 if part else None, share)
        self._announce(self._transition, message.days)
        self._start()


def made_of(upstream: Count, share: float) -> tuple[int, int | None]:
    """Rows and entities that a job makes of its input, or of a part of it."""
    entities = None if upstream.entities is None else int(upstream.entities * share)
    return max(int(upstream.rows * share), 1), entities


def late(witness: Witness, transition: str, day: date, lease: timedelta, hub: Hub) -> None:
    """Keep that rows came after the lease."""
    taken = witness.taken[transition, day]
    if taken and hub.now > taken[-1].claimed_at + lease:
        witness.met.add("rows after the lease")
