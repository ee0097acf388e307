"""What is done about a gap: the first action that fits, and how many dates there is room for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any

from gapheal.judge.breaker import Breaker, breaker, order_of_probes
from gapheal.judge.case import Case
from gapheal.judge.leases import fruitless, lease_until, leased
from gapheal.judge.loss import Loss, sudden_loss
from gapheal.judge.reasons import moment, reason
from gapheal.judge.stale import Stale
from gapheal.judge.watermark import same_data
from gapheal.model.passes import Action, Attempt, Condition, Entry, Reason, Verdict
from gapheal.model.pipeline import Mode

BRAKE = timedelta(hours=24)


class Actions:
    """Decides for the gaps of one transition."""

    def __init__(self, case: Case, mode: Mode, stale: Stale) -> None:
        self._case = case
        self._policy = case.policy
        self._mode = mode
        self._stale = stale
        self._loss: Loss | None = None
        self._breaker: Breaker | None = None

    def decide(self, verdicts: Iterable[Verdict]) -> list[Verdict]:
        """The verdicts of the dates asked for, with their actions filled in; room is given last, in order."""
        seen = [self._settled(verdict) for verdict in verdicts]
        self._loss = sudden_loss(self._case, seen)
        self._breaker = breaker(self._case, seen)
        decided = [self._alone(v) if v.is_gap else v for v in seen if self._case.is_about(v.day)]
        decided = [self._unasked(v) if self._is_unasked(v) else v for v in decided]
        candidates = [v for v in decided if v.is_gap and v.action is Action.NONE]
        in_flight = self._in_flight(seen)
        given = {v.day: v for v in self._fill(self._ordered(candidates), in_flight, self._room(seen))}
        return [given.get(v.day, v) for v in decided]

    def _settled(self, verdict: Verdict) -> Verdict:
        """A stale date that was made again already is complete, to the breaker as to everybody."""
        entry = self._case.entry(verdict.day)
        vain = self._reran(entry, verdict)
        if vain is None or self._leased(entry):
            return verdict
        whole = self._stale.seen_whole(verdict.day, Condition.COMPLETE)
        why = _because(verdict, "rerun", n=vain.n)
        return verdict._replace(condition=Condition.COMPLETE, reason=why, seen_whole=whole)

    def _alone(self, verdict: Verdict) -> Verdict:
        """The action that follows from the date itself, whatever the others do."""
        entry = self._case.entry(verdict.day)
        if leased := self._leased(entry):
            return self._blocked(verdict, leased)
        blocked = self._stalled(entry, verdict) or self._held(entry, verdict)
        if blocked and blocked[1] == "stale_reported":
            # Told once: the next pass takes it as it is.
            verdict = verdict._replace(seen_whole=self._stale.seen_whole(verdict.day, Condition.COMPLETE))
        return self._blocked(verdict, blocked) if blocked else verdict

    @staticmethod
    def _blocked(verdict: Verdict, blocked: Blocked) -> Verdict:
        action, code, numbers = blocked
        return verdict._replace(action=action, reason=_because(verdict, code, **numbers))

    def _in_flight(self, seen: Iterable[Verdict]) -> int:
        """Dates under a lease and not seen complete, whatever else is said of them now."""
        complete = {verdict.day for verdict in seen if verdict.condition is Condition.COMPLETE}
        entries = self._case.memory.entries.items()
        return sum(day not in complete and leased(self._case, entry) is not None for day, entry in entries)

    def _leased(self, entry: Entry) -> Blocked | None:
        attempt = leased(self._case, entry)
        if attempt is None:
            return None
        until = lease_until(self._case, attempt)
        numbers = {"n": attempt.n, "claimed_at": moment(attempt.claimed_at), "lease_until": moment(until)}
        return Action.LEASED, "leased", numbers

    @staticmethod
    def _reran(entry: Entry, verdict: Verdict) -> Attempt | None:
        """The trigger that has answered this very watermark already, of a date that is stale still.

        A claim whose pass crashed was perhaps never sent: the date would stay stale for ever.
        """
        if verdict.condition is not Condition.STALE:
            return None
        sent = (a for a in attempts_since_retry(entry) if a.outcome == "published" or (a.delivered and a.message))
        return next((a for a in sent if a.watermark == verdict.watermark), None)

    def _stalled(self, entry: Entry, verdict: Verdict) -> Blocked | None:
        most = self._policy.max_attempts
        if verdict.attempts >= most:
            return Action.STALLED, "attempts_used", {"attempts": verdict.attempts, "max_attempts": most}
        vain = fruitless(entry.attempts, verdict.rows, verdict.entities)
        vain = [attempt for attempt in vain if attempt.claimed_at > self._case.now - BRAKE]
        vain = [attempt for attempt in vain if attempt in attempts_since_retry(entry)]
        if len(vain) >= most:
            numbers = {"attempts": len(vain), "max_attempts": most, "since": moment(vain[0].claimed_at)}
            return Action.STALLED, "braked", numbers
        return None

    def _held(self, entry: Entry, verdict: Verdict) -> Blocked | None:
        """Why a person has to decide; one who said `retry` has."""
        if entry.retried_at:
            return None
        if entry.hold:
            return Action.HELD, "rolled_back", entry.hold._asdict()
        limit = self._policy.max_age_days
        age = self._age_days(verdict)
        if limit is not None and age > limit:
            return Action.HELD, "too_old", {"age_days": age, "max_age_days": limit}
        if self._loss:
            return Action.HELD, "sudden_loss", {"lost": self._loss.lost, "known": self._loss.known}
        if verdict.condition is Condition.STALE and self._policy.stale == "report":
            return Action.HELD, "stale_reported", {}
        return None

    def _age_days(self, verdict: Verdict) -> int:
        """How old the gap was when it was first seen."""
        by_date = self._policy.age_from == "date"
        since = self._case.midnight(verdict.day) if by_date else verdict.arrived_at
        return (verdict.first_seen_at - since).days if verdict.first_seen_at and since else 0

    def _is_unasked(self, verdict: Verdict) -> bool:
        """Whether it is a gap of a kind that this backfill was told to leave."""
        free = verdict.is_gap and verdict.action is Action.NONE
        return free and verdict.condition not in self._case.request.only

    def _unasked(self, verdict: Verdict) -> Verdict:
        only = ", ".join(sorted(self._case.request.only))
        return verdict._replace(action=Action.DEFERRED, reason=_because(verdict, "not_asked", only=only))

    def _ordered(self, candidates: Sequence[Verdict]) -> list[Verdict]:
        """An event's own dates first: tonight's date must not queue behind a backlog."""
        if self._breaker:
            return order_of_probes(candidates, self._case.request.dates)
        ordered = sorted(candidates, key=lambda v: v.day, reverse=self._policy.order == "newest")
        return sorted(ordered, key=lambda v: v.day not in self._case.request.dates)

    def _room(self, seen: Iterable[Verdict]) -> tuple[int, str, dict[str, Any]]:
        """How many dates may be in flight, and why no more."""
        if self._breaker:
            failed, since, probe_at = self._breaker
            numbers = {"failed": failed, "since": moment(since), "probe_at": moment(probe_at)}
            return int(self._case.now >= probe_at), "breaker_open", {**numbers, "target": self._case.target}
        if self._case.memory.healed_before or any(v.triggered_at for v in seen):
            return self._policy.max_in_flight, "no_room", {}
        return min(self._policy.breaker_after, self._policy.max_in_flight), "slow_start", {}

    def _fill(self, ordered: list[Verdict], in_flight: int, room: tuple[int, str, dict[str, Any]]) -> Iterable[Verdict]:
        limit, full, numbers = room
        free = max(limit - in_flight, 0)
        for verdict in ordered[:free]:
            if self._case.request.dry_run or self._mode != "heal":
                code = "dry_run" if self._case.request.dry_run else "observe"
                yield verdict._replace(action=Action.WOULD_HEAL, reason=_because(verdict, code))
            else:
                yield verdict._replace(action=Action.HEAL)
        for verdict in ordered[free:]:
            taken = in_flight + min(free, len(ordered))
            why = _because(verdict, full, in_flight=taken, room=limit, **numbers)
            yield verdict._replace(action=Action.DEFERRED, reason=why)


Blocked = tuple[Action, str, dict[str, Any]]


def attempts_since_retry(entry: Entry) -> list[Attempt]:
    """The claims since the date was last seen complete, or a person said `retry`."""
    return [a for a in entry.attempts if entry.retried_at is None or a.claimed_at > entry.retried_at]


def attempts_used(entry: Entry, watermark: str) -> int:
    """Those of them that were delivered, for the present watermark."""
    since = attempts_since_retry(entry)
    return sum(attempt.delivered and same_data(attempt.watermark, watermark) for attempt in since)


def _because(verdict: Verdict, code: str, **numbers: Any) -> Reason:
    """The action's reason on top of the gap's own: its numbers stay, its sentence leads."""
    return reason(code, **{**verdict.reason.numbers, **numbers, "gap": verdict.reason.sentence})
