"""Sections of the benchmark: each is timed and bounded, and one that fails says why and leaves the others alone."""

from __future__ import annotations

import signal
import sys
import time as clock
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from tests.benchmarks.tables import Table, time

NOT_MEASURED = "not measured"


class Report:
    """What was said so far, what targets were found to be, and what went wrong."""

    def __init__(self, targets: dict[str, str]) -> None:
        self.told: list[str] = []
        self.problems: list[str] = []
        self.times: dict[str, float] = {}
        self._targets = {what: (target, NOT_MEASURED) for what, target in targets.items()}

    def say(self, text: str) -> None:
        """Print it, and keep it for the page."""
        self.told.append(text)
        sys.stdout.write(text + "\n")
        sys.stdout.flush()

    def show(self, *tables: Table) -> None:
        """Print tables, and keep them for the page."""
        for table in tables:
            self.say(table.markdown())

    def found(self, what: str, measured: str) -> None:
        """What came of a target."""
        self._targets[what] = self._targets[what][0], measured

    def targets(self) -> Table:
        """All of them, those that were not measured, too."""
        rows = [(what, target, measured) for what, (target, measured) in self._targets.items()]
        return Table("Targets", ("what", "target", "found"), rows)

    @contextmanager
    def section(self, name: str, seconds: int) -> Iterator[None]:
        """Measure in here: at most so long; whatever breaks is told, and the next section begins."""
        began = clock.monotonic()
        sys.stderr.write(f"measuring: {name}\n")
        try:
            with _bounded(name, seconds):
                yield
        except Exception as error:  # noqa: BLE001 - whatever it is, the others are still to be measured
            traceback.print_exc()
            self.problems.append(f"{name}: {error!r}")
            self.say(f"**{name} could not be measured**: {' '.join(str(error).split()) or type(error).__name__}\n")
        self.times[name] = clock.monotonic() - began

    def spent(self) -> str:
        """How long each section took."""
        each = ", ".join(f"{name} {time(seconds)}" for name, seconds in self.times.items())
        return f"All of it took {sum(self.times.values()):.0f} s: {each}."


@contextmanager
def _bounded(name: str, seconds: int) -> Iterator[None]:
    """Raise TimeoutError in here once the time is up. No such section within another."""

    def up(_signal: int, _frame: FrameType | None) -> None:
        raise TimeoutError(f"{name} took more than {seconds} s")

    before = signal.signal(signal.SIGALRM, up)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
