"""Runs of days. Half-open inside the code; inclusive dates only at the rim."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from typing import NamedTuple, Self

DAY = timedelta(days=1)
EARLIEST, LATEST = date(1990, 1, 1), date(2159, 12, 31)
"""The days that are looked at: nothing older is believed, and BigQuery partitions nothing later."""


class Interval(NamedTuple):
    """A half-open run of days: `start` belongs to it, `end` does not."""

    start: date
    end: date

    @classmethod
    def inclusive(cls, first: date, last: date) -> Self:
        """The run from `first` to `last`, both included, as files and messages write it."""
        return cls(first, last + DAY)

    @property
    def last(self) -> date:
        """The last day that belongs to the run."""
        return self.end - DAY

    @property
    def days(self) -> int:
        """How many days the run has."""
        return (self.end - self.start).days

    def __contains__(self, day: object) -> bool:
        return isinstance(day, date) and self.start <= day < self.end

    def __str__(self) -> str:
        """`2024-04-16`, or `2024-04-16..2024-04-30` (inclusive): the form of keys and attributes."""
        return str(self.start) if self.days == 1 else f"{self.start}..{self.last}"


def unfold(runs: Iterable[Interval]) -> Iterator[date]:
    """Every day of every run, in the order given."""
    for run in runs:
        day = run.start
        while day < run.end:
            yield day
            day += DAY


def fold(days: Iterable[date]) -> list[Interval]:
    """The fewest runs that hold exactly these days, in order; doubled days count once."""
    runs: list[Interval] = []
    for day in sorted(set(days)):
        if runs and runs[-1].end == day:
            runs[-1] = Interval(runs[-1].start, day + DAY)
        else:
            runs.append(Interval(day, day + DAY))
    return runs
