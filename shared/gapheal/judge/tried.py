"""Every rule that was tried on one date, in order, with what it compared; and what would change the verdict."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import NamedTuple

from gapheal.judge.actions import attempts_since_retry
from gapheal.judge.case import Case
from gapheal.judge.changes import change
from gapheal.judge.conditions import Conditions
from gapheal.judge.reasons import moment
from gapheal.judge.whole import needed
from gapheal.model.passes import Action, Condition, Verdict


class Tried(NamedTuple):
    """One rule on one date."""

    rule: str
    """A condition or an action, by its name."""
    fits: bool
    facts: tuple[str, ...]
    """What was compared, a sentence each; of the rule that fits, its reason."""


def tried(case: Case, verdict: Verdict) -> tuple[list[Tried], str]:
    """The rules that led to `verdict`, up to the one that decided, and what would change that one's word."""
    facts = _Facts(case, verdict)
    found: list[Tried] = []
    for condition in Condition:
        fits = condition is verdict.condition
        found.append(Tried(str(condition), fits, (verdict.reason.sentence,) if fits else tuple(facts.of(condition))))
        if fits:
            break
    for action in Action if verdict.is_gap else ():
        if action is not Action.NONE:
            fits = action is verdict.action
            found.append(Tried(str(action), fits, (verdict.reason.sentence,) if fits else tuple(facts.of(action))))
            if fits:
                break
    return found, change(verdict.reason, case.name, verdict.day)


class _Facts:
    """What each rule found where it did not fit."""

    def __init__(self, case: Case, verdict: Verdict) -> None:
        self._case = case
        self._day = verdict.day
        self._verdict = verdict
        self._conditions = Conditions(case)

    def of(self, rule: Condition | Action) -> Iterator[str]:
        """Sentences with the numbers that were compared."""
        rules: dict[Condition | Action, Callable[[], Iterator[str]]] = {
            Condition.EXCUSED: self._not_excused,
            Condition.WAITING: self._upstream,
            Condition.SETTLING: self._settled,
            Condition.MISSING: self._rows,
            Condition.PARTIAL: self._entities,
            Condition.STALE: self._fresh,
            Action.LEASED: self._not_leased,
            Action.STALLED: self._attempts,
            Action.HELD: self._age,
            Action.DEFERRED: lambda: iter(("there is room",)),
            Action.WOULD_HEAL: lambda: iter((f"mode {self._case.policy.mode}",)),
        }
        return rules[rule]()

    def _not_excused(self) -> Iterator[str]:
        case, number = self._case, len(self._case.policy.excuses)
        yield f"none of {number} excuses of the transition covers it" if number else "the transition has no excuses"
        due = self._day + timedelta(days=case.policy.lag_days)
        yield (
            f"due since {due} (lag_days {case.policy.lag_days})"
            if self._day <= case.newest_due
            else "made due by an event"
        )
        for phase in (*case.transition.upstream, case.transition.downstream):
            for table in case.tables.present(phase, self._day):
                if kept := case.tables.facts(phase, table).retention:
                    yield f"{table.table} keeps it until {self._day + kept}"

    def _upstream(self) -> Iterator[str]:
        case = self._case
        for phase in case.transition.upstream:
            feeding = case.pipeline.feeding(phase)
            for table in case.tables.required(phase, self._day):
                count = case.tables.count(phase, table, self._day)
                yield f"upstream {table.table}: {_counted(count.rows, count.entities, table.counts)}, whole" + (
                    f" against {', '.join(feeding.upstream)}" if feeding else ""
                )
        if case.policy.lookback_days:
            first = self._day - timedelta(days=case.policy.lookback_days)
            yield f"nothing from {first} on holds it back (lookback_days {case.policy.lookback_days})"

    def _settled(self) -> Iterator[str]:
        settle = self._case.policy.settle_minutes
        if not settle:
            yield "settle_minutes 0"
            return
        known = "last written" if self._case.last_write(self._day) else "first seen with this data"
        yield f"upstream was {known} at {moment(self._case.arrived_at(self._day))}, settle_minutes {settle}"

    def _rows(self) -> Iterator[str]:
        phase = self._case.transition.downstream
        for table in self._case.tables.required(phase, self._day):
            yield f"{table.table}: {self._case.tables.count(phase, table, self._day).rows} rows"

    def _entities(self) -> Iterator[str]:
        case, phase = self._case, self._case.transition.downstream
        ratio = case.policy.min_completeness
        for table in case.tables.required(phase, self._day):
            count = case.tables.count(phase, table, self._day)
            if table.counts is None:
                yield f"{table.table}: {count.rows} of at least {table.min_rows} rows; it counts no entities"
                continue
            yardstick = case.tables.yardstick(case.transition.upstream, table.counts, self._day)
            enough = needed(yardstick, ratio)
            yield f"{table.table}: {count.entities or 0} of {yardstick} {table.counts}, whole from {enough} ({ratio})"

    def _fresh(self) -> Iterator[str]:
        case, phase, day = self._case, self._case.transition.downstream, self._day
        if case.policy.stale == "ignore":
            yield "policy.stale is ignore"
            return
        written = case.last_write(day)
        for table in case.tables.required(phase, day):
            own = case.tables.count(phase, table, day).written_at
            if written and own:
                yield f"{table.table} was written at {moment(own)}, upstream at {moment(written)}"
            elif before := case.entry(day).seen_whole.get(table.table):
                yield f"{table.table} was last seen whole when upstream held {before[0]}; now {case.watermark(day)}"
            else:
                yield f"when {table.table} or its upstream was written is not known, and it was never seen whole before"

    def _not_leased(self) -> Iterator[str]:
        attempts = self._case.entry(self._day).attempts
        if not attempts:
            yield "no trigger is on its way"
        for attempt in attempts[-1:]:
            yield f"trigger {attempt.n} was claimed at {moment(attempt.claimed_at)} ({attempt.outcome}); no lease holds"

    def _attempts(self) -> Iterator[str]:
        entry, policy = self._case.entry(self._day), self._case.policy
        delivered = sum(attempt.delivered for attempt in attempts_since_retry(entry))
        yield f"{self._verdict.attempts} of {policy.max_attempts} triggers used for this data, {delivered} for any"

    def _age(self) -> Iterator[str]:
        if retried := self._case.entry(self._day).retried_at:
            yield f"a person said retry at {moment(retried)}"
            return
        limit, verdict = self._case.policy.max_age_days, self._verdict
        if verdict.arrived_at and verdict.first_seen_at:
            since = "no limit" if limit is None else f"max_age_days {limit}"
            arrived, seen = moment(verdict.arrived_at), moment(verdict.first_seen_at)
            yield f"its data arrived at {arrived}, the gap was first seen at {seen} ({since})"


def _counted(rows: int, entities: int | None, unit: str | None) -> str:
    return f"{rows} rows" if entities is None else f"{rows} rows, {entities} {unit}"
