"""What the data alone says of one date: the first condition that fits, with its reason."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import NamedTuple

from gapheal.intervals import DAY
from gapheal.judge.case import Case
from gapheal.judge.reasons import moment, reason
from gapheal.judge.stale import Stale
from gapheal.judge.whole import Shortfall, together
from gapheal.model.passes import Action, Condition, Reason

PATIENCE = timedelta(hours=48)
"""How long a date waits for the dates before it, and for upstream before it is called stuck."""
SETTLED_AT_LATEST = timedelta(hours=6)


Rule = Callable[[date], Reason | None]


class Previous(NamedTuple):
    """The nearest earlier date that upstream has, if it is neither excused nor whole."""

    day: date
    condition: Condition


class Conditions:
    """Judges the dates of one transition from one observation."""

    def __init__(self, case: Case) -> None:
        self._case = case
        self._tables = case.tables
        self._transition = case.transition
        self.stale = Stale(case)

    def of(self, day: date, previous: Previous | None = None) -> tuple[Condition, Reason]:
        """The condition of `day` and why.

        Args:
            day: a date that upstream has.
            previous: the date before it, where the policy depends on it.
        """
        for condition, rule in self.rules(previous):
            if why := rule(day):
                return condition, why
        return Condition.COMPLETE, reason("complete", rows=self.downstream(day)[0], upstream_rows=self.upstream(day))

    def rules(self, previous: Previous | None = None) -> tuple[tuple[Condition, Rule], ...]:
        """The rules in their order: each says why it fits, or None."""
        return (
            (Condition.EXCUSED, self.excused),
            (Condition.WAITING, lambda day: self.waiting(day, previous)),
            (Condition.SETTLING, self.settling),
            (Condition.MISSING, self.missing),
            (Condition.PARTIAL, self.partial),
            (Condition.STALE, self.stale.of),
        )

    def excused(self, day: date) -> Reason | None:
        """Why the downstream may be empty here."""
        return next(self._excuses(day), None)

    def _excuses(self, day: date) -> Iterator[Reason]:
        transition, tables, case = self._transition, self._tables, self._case
        if transition.policy.excuses and (excuse := tables.excuse(transition, day)):
            yield reason("excuse", excuse=excuse.reason)
        if word := case.memory.accepted.get(transition.downstream, {}).get(day):
            yield reason("accepted", who=word.who, why=word.why)
        if not tables.required(transition.downstream, day):
            yield reason("tables_excused", excuse=self._table_excuses(day) or "no table is required")
        for phase in transition.upstream if len(transition.upstream) > 1 else ():
            if not any(count.rows for count in tables.counts(phase, day)) and not tables.demanded(phase, day):
                yield reason("upstream_not_required", phase=phase)
        for phase in (*transition.upstream, transition.downstream):
            for table, kept in tables.expired(phase, day):
                yield reason("expired", table=table.table, retention_days=kept / DAY, last_day=str(day + kept))
        if not case.is_due(day):
            lag = case.policy.lag_days
            yield reason("not_due", due_from=str(day + timedelta(days=lag)), lag_days=lag)

    def _table_excuses(self, day: date) -> str:
        phase = self._transition.downstream
        required = [table for table in self._case.pipeline.phases[phase].tables if table.required]
        found = (self._tables.table_excuse(phase, table, day) for table in required)
        return ", ".join(sorted({excuse.reason for excuse in found if excuse}))

    def waiting(self, day: date, previous: Previous | None) -> Reason | None:
        """What `day` waits for: upstream, or a date before it."""
        for shortfall in self._upstream_shortfalls(day):
            return self._stuck(day, shortfall) or _short("upstream", shortfall)
        if previous is None and not self._case.policy.lookback_days:
            return None
        until = self._case.first_seen_at(day) + PATIENCE
        if until <= self._case.now or self._was_complete(day):
            return None
        return self._lookback(day, moment(until)) or self._past(previous, moment(until))

    def _was_complete(self, day: date) -> bool:
        """Whether `day` has waited its time out, and was complete with this data: else it would wait again for ever."""
        entry = self._case.entry(day)
        return entry.condition is Condition.COMPLETE and entry.watermark == self._case.watermark(day)

    def settling(self, day: date) -> Reason | None:
        """Whether upstream was written so lately that whoever else listens may still be at work."""
        case, settle = self._case, timedelta(minutes=self._case.policy.settle_minutes)
        if not settle:
            return None
        entry, written = case.entry(day), case.arrived_at(day)
        longest = max(4 * settle, SETTLED_AT_LATEST)
        since = entry.first_seen_at if entry.condition is Condition.SETTLING else None
        if case.now >= written + settle or (since and case.now >= since + longest):
            return None
        return reason("settling", written_at=moment(written), settled_at=moment(written + settle))

    def missing(self, day: date) -> Reason | None:
        """Required downstream tables without rows."""
        phase = self._transition.downstream
        tables = self._tables
        absent = [table.table for table, count in tables.due(phase, day) if not count.rows]
        return reason("missing", table=", ".join(absent), upstream_rows=self.upstream(day)) if absent else None

    def partial(self, day: date) -> Reason | None:
        """A required downstream table that has rows, but not whole."""
        for shortfall in self._tables.shortfalls(self._transition.downstream, day, self._transition):
            return _short("partial", shortfall)
        return None

    def upstream(self, day: date) -> int:
        """Rows of all required upstream tables together."""
        return sum(count.rows for phase in self._transition.upstream for count in self._tables.counts(phase, day))

    def downstream(self, day: date) -> tuple[int, int | None]:
        """Rows and entities of all required downstream tables together; None where none counts entities."""
        return together(self._tables.counts(self._transition.downstream, day))

    def _upstream_shortfalls(self, day: date) -> Iterator[Shortfall]:
        for phase in self._transition.upstream:
            yield from self._tables.shortfalls(phase, day, self._transition)

    def _stuck(self, day: date, shortfall: Shortfall) -> Reason | None:
        since = self._case.arrived_at(day)
        if self._case.now - since <= PATIENCE:
            return None
        whose = self._case.pipeline.feeder(shortfall.phase) or shortfall.phase
        command = f"gapheal accept {whose} {day} --why …"
        return _short("stuck", shortfall, since=moment(since), command=command)

    def _lookback(self, day: date, until: str) -> Reason | None:
        for n in range(1, self._case.policy.lookback_days + 1):
            before = day - n * DAY
            if not self._can_hold_back(before):
                continue
            for shortfall in self._upstream_shortfalls(before):
                return _short("lookback", shortfall, before=str(before), until=until)
        return None

    def _past(self, previous: Previous | None, until: str) -> Reason | None:
        if previous is None or not self._can_hold_back(previous.day):
            return None
        return reason("past_open", before=str(previous.day), condition=str(previous.condition), until=until)

    def _can_hold_back(self, day: date) -> bool:
        """Only what somebody is still working on is worth waiting for."""
        case = self._case
        if day not in case.upstream_days or self.excused(day) or case.entry(day).action is Action.STALLED:
            return False
        return not any(day in case.memory.stalled.get(phase, ()) for phase in self._transition.upstream)


def _short(role: str, shortfall: Shortfall, **more: str) -> Reason:
    return reason(
        f"{role}_{shortfall.measure}",
        table=shortfall.table,
        found=shortfall.found,
        needed=shortfall.needed,
        yardstick=shortfall.yardstick,
        unit=shortfall.unit,
        **more,
    )
