"""What is done about a gap: the first action that fits, and how many dates there is room for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from gapheal.judge.reasons import reason
from gapheal.judge.watermark import same_data
from gapheal.model.passes import Action, Attempt, Condition, Entry, Memory, Reason, Request, Verdict
from gapheal.model.pipeline import Mode, Policy

BRAKE = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Actions:
    """Decides for the gaps of one transition."""

    policy: Policy
    memory: Memory
    request: Request
    mode: Mode
    now: datetime

    def decide(self, verdicts: Iterable[Verdict]) -> list[Verdict]:
        """The verdicts of the dates asked for, with their actions filled in; room is given last, in order."""
        seen = list(verdicts)
        decided = [self._alone(v) if v.is_gap else v for v in seen if self._asked(v.day)]
        candidates = [v for v in decided if v.is_gap and v.action is Action.NONE]
        in_flight = self._in_flight(seen)
        given = {v.day: v for v in self._fill(self._ordered(candidates), in_flight, self._room(seen))}
        return [given.get(v.day, v) for v in decided]

    def _alone(self, verdict: Verdict) -> Verdict:
        """The action that follows from the date itself, whatever the others do."""
        entry = self.memory.entries.get(verdict.day, Entry())
        blocked = self._leased(entry) or self._stalled(entry, verdict) or self._held(verdict)
        if blocked is None:
            return verdict
        action, code, numbers = blocked
        return replace(verdict, action=action, reason=_because(verdict, code, **numbers))

    def _in_flight(self, seen: Iterable[Verdict]) -> int:
        """Dates under a lease and not seen complete, whatever else is said of them now."""
        complete = {verdict.day for verdict in seen if verdict.condition is Condition.COMPLETE}
        entries = self.memory.entries.items()
        return sum(day not in complete and self._leased(entry) is not None for day, entry in entries)

    def _leased(self, entry: Entry) -> Blocked | None:
        for attempt in reversed(entry.attempts):
            until = self._lease_until(attempt)
            if attempt.delivered and until > self.now:
                numbers = {"n": attempt.n, "claimed_at": _iso(attempt.claimed_at), "lease_until": _iso(until)}
                return Action.LEASED, "leased", numbers
        return None

    def _lease_until(self, attempt: Attempt) -> datetime:
        """A working queue is not a dead one: a heal of an earlier trigger renews the later ones' wait."""
        earlier = (h.healed_at for h in self.memory.heals if h.triggered_at < attempt.claimed_at)
        return max([attempt.claimed_at, *earlier]) + timedelta(minutes=self.policy.lease_minutes)

    def _stalled(self, entry: Entry, verdict: Verdict) -> Blocked | None:
        most = self.policy.max_attempts
        if verdict.attempts >= most:
            return Action.STALLED, "attempts_used", {"attempts": verdict.attempts, "max_attempts": most}
        vain = [a for a in fruitless(entry.attempts, verdict) if a.claimed_at > self.now - BRAKE]
        if len(vain) >= most:
            numbers = {"attempts": len(vain), "max_attempts": most, "since": _iso(vain[0].claimed_at)}
            return Action.STALLED, "braked", numbers
        return None

    def _held(self, verdict: Verdict) -> Blocked | None:
        limit = self.policy.max_age_days
        if limit is None or verdict.first_seen_at is None or verdict.arrived_at is None:
            return None
        age = (verdict.first_seen_at - verdict.arrived_at).days
        return (Action.HELD, "too_old", {"age_days": age, "max_age_days": limit}) if age > limit else None

    def _asked(self, day: date) -> bool:
        """Leased dates outside a request's window are looked at for the room they use, and for nothing else."""
        return self.request.window is None or day in self.request.window

    def _ordered(self, candidates: Sequence[Verdict]) -> list[Verdict]:
        """An event's own dates first: tonight's date must not queue behind a backlog."""
        ordered = sorted(candidates, key=lambda v: v.day, reverse=self.policy.order == "newest")
        return sorted(ordered, key=lambda v: v.day not in self.request.dates)

    def _room(self, seen: Iterable[Verdict]) -> tuple[int, str]:
        if self.memory.healed_before or any(v.triggered_at for v in seen):
            return self.policy.max_in_flight, "no_room"
        return min(self.policy.breaker_after, self.policy.max_in_flight), "slow_start"

    def _fill(self, ordered: list[Verdict], in_flight: int, room: tuple[int, str]) -> Iterable[Verdict]:
        limit, full = room
        free = max(limit - in_flight, 0)
        for verdict in ordered[:free]:
            if self.request.dry_run or self.mode != "heal":
                code = "dry_run" if self.request.dry_run else "observe"
                yield replace(verdict, action=Action.WOULD_HEAL, reason=_because(verdict, code))
            else:
                yield replace(verdict, action=Action.HEAL)
        for verdict in ordered[free:]:
            why = _because(verdict, full, in_flight=in_flight + min(free, len(ordered)), room=limit)
            yield replace(verdict, action=Action.DEFERRED, reason=why)


Blocked = tuple[Action, str, dict[str, Any]]


def attempts_used(entry: Entry, watermark: str) -> int:
    """Delivered claims for the present watermark since the date was last seen complete."""
    return sum(attempt.delivered and same_data(attempt.watermark, watermark) for attempt in entry.attempts)


def fruitless(attempts: Sequence[Attempt], verdict: Verdict) -> list[Attempt]:
    """The delivered attempts after which neither rows nor entities of the downstream grew."""
    delivered = [attempt for attempt in attempts if attempt.delivered]
    after = [(attempt.rows, attempt.entities) for attempt in delivered[1:]] + [(verdict.rows, verdict.entities)]
    return [
        attempt
        for attempt, (rows, entities) in zip(delivered, after, strict=False)
        if rows <= attempt.rows and (entities or 0) <= (attempt.entities or 0)
    ]


def _because(verdict: Verdict, code: str, **numbers: Any) -> Reason:
    """The action's reason on top of the gap's own: its numbers stay, its sentence leads."""
    return reason(code, **{**verdict.reason.numbers, **numbers, "gap": verdict.reason.sentence})


def _iso(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")
