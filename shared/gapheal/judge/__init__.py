"""Judging: a pure function of the file, what was seen, what is remembered, and the question asked.

`judge(case, mode)` gives one verdict per date that upstream has. A `Case` keeps what it has looked up; one serves all.
"""

from __future__ import annotations

from datetime import date, datetime

from gapheal.judge.actions import Actions, attempts_used
from gapheal.judge.breaker import is_growing
from gapheal.judge.case import Case
from gapheal.judge.conditions import Conditions, Previous
from gapheal.judge.reasons import reason
from gapheal.judge.source import source_gaps, stopped
from gapheal.model.passes import Action, Condition, Verdict
from gapheal.model.pipeline import Mode

__all__ = ["Case", "judge", "source_gaps", "stopped"]


def judge(case: Case, mode: Mode) -> list[Verdict]:
    """One verdict, with its reason, for every date to be judged that upstream has; in order of dates.

    Args:
        case: the transition, what was seen of it, what is remembered, and whose question it is.
        mode: the transition's effective mode; `observe` turns heal into would_heal.
    """
    judging = _Judging(case)
    verdicts = judging.verdicts()
    return Actions(case.saw(verdicts), mode, judging.conditions.stale).decide(verdicts)


class _Judging:
    """Conditions of all dates, in order: a date may depend on the one before it."""

    def __init__(self, case: Case) -> None:
        self._case = case
        self.conditions = Conditions(case)

    def verdicts(self) -> list[Verdict]:
        """Before anything is done about them."""
        case, previous, found = self._case, None, list[Verdict]()
        for day in sorted(case.upstream_days | case.open_days):
            if day not in case.upstream_days:
                found.append(self._gone(day))
            elif case.policy.depends_on_past or case.asked(day):
                verdict = self._verdict(day, previous)
                found += [verdict] if case.asked(day) else []
                if case.policy.depends_on_past and verdict.condition is not Condition.EXCUSED:
                    previous = Previous(day, verdict.condition) if self._is_open(verdict) else None
        return found

    def _verdict(self, day: date, previous: Previous | None) -> Verdict:
        case, conditions = self._case, self.conditions
        entry, watermark = case.entry(day), case.watermark(day)
        condition, why = conditions.of(day, previous)
        rows, entities = conditions.downstream(day)
        delivered = [attempt for attempt in entry.attempts if attempt.delivered]
        healing = delivered[-1] if condition is Condition.COMPLETE and delivered else None
        first_seen_at = case.first_seen_at(day)
        if condition is Condition.SETTLING and entry.condition is Condition.SETTLING and entry.first_seen_at:
            first_seen_at = entry.first_seen_at
        if healing and entry.first_seen_at:
            first_seen_at = entry.first_seen_at
        return Verdict(
            day=day,
            condition=condition,
            action=Action.NONE,
            reason=why,
            watermark=watermark,
            rows=rows,
            entities=entities,
            attempts=attempts_used(entry, watermark),
            first_seen_at=first_seen_at,
            arrived_at=case.arrived_at(day),
            triggered_at=healing.claimed_at if healing else None,
            trigger_id=healing.message if healing else None,
            grew_at=self._grew_at(day, condition, rows, entities),
            spec=case.spec,
            seen_whole=conditions.stale.seen_whole(day, condition),
        )

    def _is_open(self, verdict: Verdict) -> bool:
        """Whether work is left to be done on it; a date may wait and yet have all its rows."""
        return verdict.is_gap or bool(self.conditions.missing(verdict.day) or self.conditions.partial(verdict.day))

    def _grew_at(self, day: date, condition: Condition, rows: int, entities: int | None) -> datetime | None:
        if is_growing(self._case, rows, entities, day, condition):
            return self._case.now
        return None if condition is Condition.COMPLETE else self._case.entry(day).grew_at

    def _gone(self, day: date) -> Verdict:
        """What closes an open date whose upstream is no longer there; its rows may come back and open it again."""
        why, now = reason("upstream_gone"), self._case.now
        return Verdict(day, Condition.EXCUSED, Action.NONE, why, watermark="", first_seen_at=now, arrived_at=now)
