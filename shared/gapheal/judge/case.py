"""What a pass judges by: one transition of the file, one observation, one memory, one question."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from typing import Self

from gapheal.intervals import DAY
from gapheal.judge.needs import spec_hash
from gapheal.judge.watermark import last_write, same_data, watermark
from gapheal.judge.whole import Tables
from gapheal.model.passes import OPEN, Condition, Count, Entry, Heal, Memory, Observations, Request, Source, Verdict
from gapheal.model.pipeline import Pipeline

UNKNOWN = Entry()
REBUILT_AT_LEAST = 10
"""Dates; that a few were all written again says nothing of the table."""


@dataclass
class Case:
    """One transition, one observation, one memory, one question."""

    pipeline: Pipeline
    """The file in its normal form."""
    name: str
    """The transition to judge."""
    seen: Observations
    """What BigQuery held, and when."""
    memory: Memory
    """What the ledger remembers of these dates, and of every open or leased one."""
    request: Request
    """Whose question it is; it moves room and what is due, never what a due date's verdict is."""

    def __post_init__(self) -> None:
        self.transition = self.pipeline.transitions[self.name]
        self.policy = self.transition.policy
        self.tables = Tables(self.pipeline, self.seen, self.memory)
        self.spec = spec_hash(self.pipeline, self.name)
        self.now = self.seen.now
        self.newest_due = self.now.astimezone(self.pipeline.zone).date() - timedelta(days=self.policy.lag_days)
        self.heals = self.memory.heals
        self._watermarks: dict[date, str] = {}

    def saw(self, verdicts: Iterable[Verdict]) -> Self:
        """Count the heals that this very look shows with those that are remembered; the case itself.

        Only of dates that this request is about: the others' are not written down, and would be new in every pass.
        """
        about = (verdict for verdict in verdicts if self.is_about(verdict.day))
        shown = (Heal(v.triggered_at, self.now, v.trigger_id) for v in about if v.triggered_at)
        self.heals = (*self.memory.heals, *shown)
        return self

    @property
    def start(self) -> date:
        """Nothing earlier is looked at."""
        return self.policy.start_date or date.min

    @property
    def target(self) -> str:
        """Where its triggers go, in words."""
        trigger = self.transition.trigger
        return f"topic {trigger.pubsub.topic}" if trigger.pubsub else trigger.http.url if trigger.http else ""

    def entry(self, day: date) -> Entry:
        """What is remembered of `day`."""
        return self.memory.entries.get(day, UNKNOWN)

    def asked(self, day: date) -> bool:
        """Whether `day` is to be judged, or was only seen because a later date depends on it."""
        return self.seen.judged is None or day in self.seen.judged

    def is_about(self, day: date) -> bool:
        """Leased dates outside a request's window are looked at for the room they use, and for nothing else."""
        window, asked = self.request.window, self.request.asked
        return (window is None or day in window) and (asked is None or day in asked)

    @cached_property
    def upstream_days(self) -> frozenset[date]:
        """Every date of which a table that upstream should have there has a row."""
        return frozenset(
            day
            for phase in self.transition.upstream
            for table in self.pipeline.phases[phase].tables
            if table.required
            for day, count in self.tables.of(phase, table).items()
            if count.rows and day >= self.start and not (table.excuses and self.tables.table_excuse(phase, table, day))
        )

    @cached_property
    def open_days(self) -> frozenset[date]:
        """Every date that is remembered as open: a pass always looks at these."""
        entries = self.memory.entries.items()
        return frozenset(day for day, entry in entries if entry.condition in OPEN and day >= self.start)

    def is_due(self, day: date) -> bool:
        """Old enough, named by this event, or due already because an earlier event named it."""
        if day <= self.newest_due or day in self.request.dates:
            return True
        return self.entry(day).condition not in {None, Condition.EXCUSED}

    def watermark(self, day: date) -> str:
        """What upstream's data for `day` now is; with a lookback, and of the dates before."""
        if day not in self._watermarks:
            before = self._before(day) if self.policy.lookback_days else None
            self._watermarks[day] = watermark(self._own(day), before)
        return self._watermarks[day]

    def last_write(self, day: date) -> datetime | None:
        """When that data was last written; None where a table does not tell."""
        return last_write((*self._own(day), *self._before(day)))

    def arrived_at(self, day: date) -> datetime:
        """When that data came: its last write, or its first sight; what a first scan finds is as old as its date.

        Not what was seen before with other data: that came since, though no scan could be recorded so far.
        """
        entry = self.entry(day)
        if entry.arrived_at and not self._has_moved(day):
            return entry.arrived_at
        found = self.memory.baseline and self.request.source is not Source.EVENT and entry.watermark is None
        return self.last_write(day) or (self.midnight(day) if found else self.now)

    def first_seen_at(self, day: date) -> datetime:
        """Since when `day` has been open with this data."""
        entry = self.entry(day)
        if entry.condition not in OPEN or entry.first_seen_at is None:
            return self.now
        kept = self.policy.age_from == "date" or not self._has_moved(day)
        return entry.first_seen_at if kept else self.now

    def midnight(self, day: date) -> datetime:
        """The beginning of `day` where the pipeline is; in UTC, as the ledger gives it back."""
        return datetime.combine(day, time(), self.pipeline.zone).astimezone(UTC)

    @cached_property
    def rebuilt(self) -> frozenset[date]:
        """The dates of a table that was written anew as a whole, with nothing in it changed."""
        judged = [day for day in self.upstream_days if self.asked(day)]
        again = [day for day in judged if self._written_again(day)]
        return frozenset(again if len(again) >= REBUILT_AT_LEAST and 2 * len(again) > len(judged) else ())

    def _written_again(self, day: date) -> bool:
        entry, now = self.entry(day), self.watermark(day)
        return entry.spec == self.spec and entry.watermark != now and same_data(entry.watermark, now)

    def _has_moved(self, day: date) -> bool:
        entry, now = self.entry(day), self.watermark(day)
        if entry.watermark == now:
            return False
        if not same_data(entry.watermark, now):
            return True
        return "@" in now and self._written_again(day) and day not in self.rebuilt

    def _own(self, day: date) -> Sequence[Count]:
        counts, phases = self.tables.counts, self.transition.upstream
        return (
            counts(phases[0], day) if len(phases) == 1 else [count for phase in phases for count in counts(phase, day)]
        )

    def _before(self, day: date) -> Sequence[Count]:
        if not self.policy.lookback_days:
            return ()
        days = [day - n * DAY for n in range(1, self.policy.lookback_days + 1)]
        return [count for before in days if before >= self.start for count in self._own(before)]
