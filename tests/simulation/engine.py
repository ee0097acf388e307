"""A world of one thread and simulated time: tasks that step aside at every call, and a heap of what comes next."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import count
from random import Random
from typing import Any

from greenlet import getcurrent, greenlet

from gapheal.testing import FrozenClock


class Crash(BaseException):
    """The process ends here: no `except Exception` of the product may notice it."""


class Violation(AssertionError):
    """An invariant that did not hold: which one, and what was found."""

    def __init__(self, law: str, told: str) -> None:
        super().__init__(f"{law}: {told}")
        self.law = law


class Hub:
    """Runs whatever is due, in order of simulated time; every choice comes from one seeded source."""

    def __init__(self, start: datetime, random: Random) -> None:
        self.clock = FrozenClock(start)
        self.random = random
        self.trace: list[str] = []
        self._due: list[tuple[datetime, int, Callable[[], Any]]] = []
        self._numbers = count()
        self._main = getcurrent()

    @property
    def now(self) -> datetime:
        """The world's true time."""
        return self.clock.moment

    def say(self, text: str) -> None:
        """Keep a line of the history."""
        self.trace.append(f"{self.now:%d %H:%M:%S} {text}")

    def at(self, moment: datetime, act: Callable[[], Any]) -> None:
        """Do something then, or now if that is past."""
        heapq.heappush(self._due, (max(moment, self.now), next(self._numbers), act))

    def after(self, seconds: float, act: Callable[[], Any]) -> None:
        """Do something later."""
        self.at(self.now + timedelta(seconds=seconds), act)

    def spawn(self, task: Callable[[], Any]) -> None:
        """Start a task at once."""
        greenlet(task, parent=self._main).switch()

    def call_current(self, about: Any) -> None:
        """Say what the running task is about."""
        getcurrent().about = about

    @property
    def current(self) -> Any:
        """What the running task is about; None outside of tasks."""
        return getattr(getcurrent(), "about", None)

    def pause(self, seconds: float) -> None:
        """Let the others go on; outside of tasks only time passes."""
        task = getcurrent()
        if task is self._main:
            self.clock.moment += timedelta(seconds=seconds)
            return
        self.after(seconds, task.switch)
        self._main.switch()

    def advance(self, until: datetime) -> None:
        """Run all that is due until then."""
        while self._due and self._due[0][0] <= until:
            moment, _, act = heapq.heappop(self._due)
            self.clock.moment = max(self.clock.moment, moment)
            act()
        self.clock.moment = max(self.clock.moment, until)


class RoughClock:
    """The clock of one instance: some seconds or minutes off."""

    def __init__(self, hub: Hub, skew: timedelta) -> None:
        self._hub = hub
        self._skew = skew

    def now(self) -> datetime:
        """What this instance believes."""
        return self._hub.now + self._skew

    def monotonic(self) -> float:
        """Seconds; no skew moves them."""
        return self._hub.now.timestamp()
