"""Judging: a pure function of the file, what was seen, what is remembered, and the question asked.

`judge(pipeline, transition, seen, memory, request, mode)` gives one verdict per date that upstream has.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from gapheal.judge.actions import Actions, attempts_used
from gapheal.judge.conditions import Conditions
from gapheal.judge.excuses import excuse_for
from gapheal.judge.reasons import reason
from gapheal.judge.watermark import same_data
from gapheal.judge.whole import Tables
from gapheal.model.passes import (
    OPEN,
    Action,
    Condition,
    Entry,
    Memory,
    Observations,
    Request,
    Source,
    TableKey,
    Verdict,
)
from gapheal.model.pipeline import Mode, Pipeline, Transition

__all__ = ["judge"]


def judge(
    pipeline: Pipeline, name: str, seen: Observations, memory: Memory, request: Request, mode: Mode
) -> list[Verdict]:
    """One verdict, with its reason, for every observed date that upstream has; in order of dates.

    Args:
        pipeline: the file in its normal form.
        name: the transition to judge.
        seen: what BigQuery held, and when.
        memory: what the ledger remembers of these dates, and of every open or leased one.
        request: whose question it is; it moves room and what is due, never what a due date's verdict is.
        mode: the transition's effective mode; `observe` turns heal into would_heal.
    """
    case = _Case(pipeline, pipeline.transitions[name], seen, memory, request)
    days = case.upstream_days()
    verdicts = [case.verdict(day) for day in days] + [case.gone(day) for day in case.open_days() - days]
    verdicts.sort(key=lambda verdict: verdict.day)
    return Actions(case.transition.policy, memory, request, mode, seen.now).decide(verdicts)


@dataclass
class _Case:
    """One transition, one observation, one question."""

    pipeline: Pipeline
    transition: Transition
    seen: Observations
    memory: Memory
    request: Request

    def __post_init__(self) -> None:
        self.conditions = Conditions(self.pipeline, self.transition, Tables(self.pipeline, self.seen))
        today = self.seen.now.astimezone(self.pipeline.zone).date()
        self.newest_due = today - timedelta(days=self.transition.policy.lag_days)

    def upstream_days(self) -> set[date]:
        """Every date of which a table that upstream is required to have there has a row."""
        start = self.transition.policy.start_date or date.min
        return {
            day
            for phase in self.transition.upstream
            for table in self.pipeline.phases[phase].tables
            if table.required
            for day, count in self.seen.counts[TableKey(phase, table.table)].items()
            if count.rows and day >= start and not excuse_for(table.excuses, day, self.pipeline.seasons)
        }

    def open_days(self) -> set[date]:
        """Every date that is remembered as open: a pass always looks at these."""
        start = self.transition.policy.start_date or date.min
        return {day for day, entry in self.memory.entries.items() if entry.condition in OPEN and day >= start}

    def gone(self, day: date) -> Verdict:
        """What closes an open date whose upstream is no longer there; its rows may come back and open it again."""
        why = reason("upstream_gone")
        now = self.seen.now
        return Verdict(day, Condition.EXCUSED, Action.NONE, why, watermark="", first_seen_at=now, arrived_at=now)

    def verdict(self, day: date) -> Verdict:
        """What this pass says of `day`, before anything is done about it."""
        entry = self.memory.entries.get(day, Entry())
        condition, why = self.conditions.of(day, due=self.is_due(day, entry))
        watermark = self.conditions.watermark(day)
        rows, entities = self.conditions.downstream(day)
        delivered = [attempt for attempt in entry.attempts if attempt.delivered]
        healed = condition is Condition.COMPLETE and delivered
        seen_before = entry.condition in OPEN and (healed or same_data(entry.watermark, watermark))
        return Verdict(
            day=day,
            condition=condition,
            action=Action.NONE,
            reason=why,
            watermark=watermark,
            rows=rows,
            entities=entities,
            attempts=attempts_used(entry, watermark),
            first_seen_at=(entry.first_seen_at if seen_before else None) or self.seen.now,
            arrived_at=self.arrived_at(day, entry, watermark),
            triggered_at=delivered[-1].claimed_at if healed else None,
        )

    def is_due(self, day: date, entry: Entry) -> bool:
        """Old enough, named by this event, or due already because an earlier event named it."""
        named_before = entry.condition not in {None, Condition.EXCUSED}
        return day <= self.newest_due or day in self.request.dates or named_before

    def arrived_at(self, day: date, entry: Entry, watermark: str) -> datetime:
        """When this data came: at first sight; what a first scan finds is as old as its date."""
        if entry.arrived_at and same_data(entry.watermark, watermark):
            return entry.arrived_at
        baseline = self.memory.baseline and self.request.source is not Source.EVENT
        if baseline or self.transition.policy.age_from == "date":
            return datetime.combine(day, time(), self.pipeline.zone)
        return self.seen.now
