"""How a date of a backfill ends, and what a round of passes leaves open."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from gapheal.backfill.plan import SHORT
from gapheal.model.passes import Action, Condition, Count, Verdict


class Kind(StrEnum):
    """What became of a date."""

    DONE = "done"
    """Its rows were seen."""
    EXCUSED = "excused"
    LEFT = "left"
    """A gap of a kind that was not asked for."""
    WAITING = "waiting"
    """Upstream is not whole, and nothing of this backfill will change that."""
    FAILED = "failed"
    BLOCKED = "blocked"
    """The phase before failed on it."""
    ELSEWHERE = "elsewhere"
    """Another backfill holds it, and has not brought it yet."""


GOOD = frozenset({Kind.DONE, Kind.EXCUSED, Kind.LEFT})


POST_CHECK = "post_check"
"""The code of a date that was seen done and was not there when its phase was closed."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What each table of the phase held of a date, and when that was looked at."""

    at: datetime
    """By BigQuery's clock."""
    tables: Mapping[str, Count]

    def plain(self) -> dict[str, Any]:
        """As JSON values."""
        tables = {name: {"rows": held.rows, "entities": held.entities} for name, held in self.tables.items()}
        return {"seen_at": self.at.isoformat(), "tables": tables}


@dataclass(frozen=True, slots=True)
class End:
    """What became of one date of one transition, and why."""

    day: date
    kind: Kind
    code: str
    sentence: str
    healed: bool = False
    """Whether a trigger was seen to bring the rows."""
    seen: Seen | None = None
    """Of one that failed its post-check: a rollback tells by it whether somebody has written since."""

    def plain(self) -> dict[str, Any]:
        """As JSON values."""
        said = {"date": str(self.day), "kind": str(self.kind), "code": self.code, "sentence": self.sentence}
        return said | (self.seen.plain() if self.seen else {})


def ended(verdict: Verdict, *, healed: bool) -> End | None:
    """The end that a verdict is, or None while something may still come of the date."""
    kind = _kind(verdict)
    if kind is None:
        return None
    return End(verdict.day, kind, verdict.reason.code, verdict.reason.sentence, healed)


def blocked(day: date, before: str) -> End:
    """The end of a date on which an earlier step has failed."""
    return End(day, Kind.BLOCKED, "blocked", f"{before} did not get this date whole: what follows it is not asked for")


def absent(day: date, *, excused: bool) -> End:
    """The end of a date that upstream was to have by now, and does not: unless it was excused there."""
    kind = Kind.EXCUSED if excused else Kind.WAITING
    return End(day, kind, "absent", "upstream has no rows of this date, so there is nothing to make it from")


def broken(verdict: Verdict, seen: Seen | None) -> End:
    """The end of a date that was seen done, and is a gap again."""
    why = f"seen whole before, and no more: {verdict.reason.sentence}"
    return End(verdict.day, Kind.FAILED, POST_CHECK, why, seen=seen)


def elsewhere(day: date, name: str, who: str) -> End:
    """The end of a date that was left to another backfill, which has not brought it by now."""
    return End(day, Kind.ELSEWHERE, "elsewhere", f"backfill {name} by {who} holds this date, and it is not done yet")


def given_up(verdict: Verdict, errors: Iterable[str] = ()) -> End:
    """The end of a date of which nothing more is to be expected."""
    why = "; ".join([verdict.reason.sentence, *errors])
    kind = Kind.WAITING if verdict.condition is Condition.WAITING else Kind.FAILED
    return End(verdict.day, kind, verdict.reason.code, why)


def _kind(verdict: Verdict) -> Kind | None:
    code = verdict.reason.code
    if verdict.condition is Condition.WAITING:
        return Kind.WAITING if code.startswith(SHORT) else None
    if verdict.is_gap:
        over = verdict.action in {Action.STALLED, Action.HELD, Action.WOULD_HEAL}
        return Kind.LEFT if code == "not_asked" else Kind.FAILED if over else None
    return {Condition.COMPLETE: Kind.DONE, Condition.EXCUSED: Kind.EXCUSED}.get(verdict.condition)
