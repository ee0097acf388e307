"""Whether a date may be triggered, worked out anew from the tables: nothing of gapheal's judge is asked.

The oracle says no only where the rules leave no doubt; what depends on what a pass may have remembered is allowed.
"""

from __future__ import annotations

import math
from datetime import date, datetime, time, timedelta
from fractions import Fraction
from operator import eq

from tests.simulation.witness import Run, Seen, Tables, Witness

from gapheal.model.passes import Count
from gapheal.model.pipeline import Pipeline, Policy, Transition

PATIENCE = timedelta(hours=48)
SETTLED_AT_LATEST = timedelta(hours=6)


class Oracle:
    """Answers from tables as they truly were at a moment."""

    def __init__(self, pipeline: Pipeline, witness: Witness) -> None:
        self._pipeline = pipeline
        self._witness = witness

    def policy(self, transition: str) -> Policy:
        return self._pipeline.transitions[transition].policy

    def step(self, transition: str) -> Transition:
        return self._pipeline.transitions[transition]

    def why_not(self, run: Run, day: date) -> str | None:  # noqa: PLR0911 - one answer for each rule
        """Why `day` was no gap that may be triggered when `run` decided, or None."""
        name, tables, now = run.transition, run.tables or {}, run.observed_at
        if now is None:
            return "nothing was observed"
        policy, step = self.policy(name), self._pipeline.transitions[name]
        if not self.has_upstream(tables, name, day):
            return "upstream has no rows"
        if why := self.excused(run, day, now):
            return why
        if short := self.short(tables, step.upstream[0], day, name, run.recalled_at):
            return f"upstream is not whole: {short}"
        if policy.settle_minutes and (why := self._unsettled(run, day, now)):
            return why
        if policy.lookback_days and (why := self._looks_back(run, day, now)):
            return why
        if self.lacks(tables, name, day, run.recalled_at):
            return None
        if policy.stale == "report" and not self._witness.retried[name, day]:
            return "downstream is whole, and stale dates are only reported"
        if self.may_be_stale(tables, name, day):
            return None
        return "downstream is whole"

    def has_upstream(self, tables: Tables, name: str, day: date) -> bool:
        phase = self._pipeline.phases[self._pipeline.transitions[name].upstream[0]]
        start = self.policy(name).start_date
        return any(_count(tables, table.table, day).rows for table in phase.tables) and not (start and day < start)

    def excused(self, run: Run, day: date, now: datetime) -> str | None:
        """By the file, by a person, or not due; `run.recalled_at` tells which words it may know."""
        name = run.transition
        if self.in_file(name, day):
            return "the file excuses it"
        said = self._witness.accepted.get((self._pipeline.transitions[name].downstream, day))
        if said and run.recalled_at and said < run.recalled_at:
            return "a person has accepted it"
        named = (name, day) in self._witness.named or (run.request and day in run.request.dates)
        if not named and day > self.newest_due(name, now):
            return "not due"
        return None

    def in_file(self, name: str, day: date) -> bool:
        return any(day in excuse.dates for excuse in self.policy(name).excuses)

    def newest_due(self, name: str, now: datetime) -> date:
        return now.astimezone(self._pipeline.zone).date() - timedelta(days=self.policy(name).lag_days)

    def short(self, tables: Tables, phase: str, day: date, judged: str, at: datetime | None = None) -> str | None:
        """What a phase lacks of `day`, by its yardstick; `at` is when a pass read what people have accepted."""
        feeder = next((n for n, t in self._pipeline.transitions.items() if t.downstream == phase), None)
        if feeder and self.in_file(feeder, day):
            return None
        said = self._witness.accepted.get((phase, day))
        if said and (at is None or said < at):
            return None
        ratio = Fraction(str(self.policy(feeder or judged).min_completeness))
        measured_by = self._pipeline.transitions[feeder].upstream[0] if feeder else phase
        most = max(_count(tables, t.table, day).entities or 0 for t in self._pipeline.phases[measured_by].tables)
        for table in self._pipeline.phases[phase].tables:
            count = _count(tables, table.table, day)
            if not count.rows:
                return f"{table.table} has no rows"
            if table.entity_column and (count.entities or 0) < math.ceil(ratio * most):
                return f"{table.table} has {count.entities} of {most} games"
        return None

    def lacks(self, tables: Tables, name: str, day: date, at: datetime | None = None) -> str | None:
        """What downstream lacks: missing or partial."""
        return self.short(tables, self._pipeline.transitions[name].downstream, day, name, at)

    def may_be_stale(self, tables: Tables, name: str, day: date) -> bool:
        """Whether upstream has changed since a pass saw this very downstream, or was written after it."""
        policy = self.policy(name)
        if policy.stale == "ignore":
            return False
        step, late = self._pipeline.transitions[name], timedelta(minutes=policy.stale_after_minutes)
        upstream = [t.table for t in self._pipeline.phases[step.upstream[0]].tables]
        days = [day - timedelta(days=n) for n in range(policy.lookback_days + 1)]
        up = [_count(tables, table, before).written_at for table in upstream for before in days]
        down = [_count(tables, t.table, day).written_at for t in self._pipeline.phases[step.downstream].tables]
        written, made = [m for m in up if m], [m for m in down if m]
        if written and made:
            return max(written) - min(made) > late
        up, now = self._up(tables, name, day), self._witness.data(tables, (step.downstream,), day)
        # Each table for itself: of a fan-out, one part may have been made anew and the other not.
        return any(seen.up != up and any(map(eq, seen.down[:-2], now[:-2])) for seen in self._witness.seen[name, day])

    def _up(self, tables: Tables, name: str, day: date) -> tuple[object, ...]:
        return self._witness.data(
            tables, self._pipeline.transitions[name].upstream, day, self.policy(name).lookback_days
        )

    def _unsettled(self, run: Run, day: date, now: datetime) -> str | None:
        name, settle = run.transition, timedelta(minutes=self.policy(run.transition).settle_minutes)
        told = [seen for seen in self._witness.seen[name, day] if seen.run is run or "verdicts" in seen.run.inserted]
        since = _since(told)
        if since in {told[0].at, told[0].written}:
            return None  # in the first scan a date is as old as its name says; a table only rebuilt is no news
        if now - since < settle and now - told[0].at < SETTLED_AT_LATEST:
            return f"upstream was written less than {settle} ago"
        return None

    def _looks_back(self, run: Run, day: date, now: datetime) -> str | None:
        name, tables = run.transition, run.tables or {}
        first = self._witness.seen[name, day][0].at
        if now - first >= PATIENCE:
            return None
        phase = self._pipeline.transitions[name].upstream[0]
        feeder = next((n for n, t in self._pipeline.transitions.items() if t.downstream == phase), None)
        for n in range(1, self.policy(name).lookback_days + 1):
            before = day - timedelta(days=n)
            if not self.has_upstream(tables, name, before) or self.excused(run, before, now):
                continue
            if feeder is None and (short := self.short(tables, phase, before, name)):
                return f"{before} before it is not whole: {short}"
        return None

    def midnight(self, day: date) -> datetime:
        return datetime.combine(day, time(), self._pipeline.zone)


def _since(seen: list[Seen]) -> datetime:
    """Since when upstream looks as it does now: its last write as it was when it was first seen so, else that sight."""
    last = first = seen[-1]
    for one in reversed(seen):
        if one.up[:-2] != last.up[:-2]:
            break
        first = one
    return first.written or first.at


def _count(tables: Tables, name: str, day: date) -> Count:
    return tables.get(name, {}).get(day, Count())
