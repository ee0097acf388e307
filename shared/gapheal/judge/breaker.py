"""The breaker: after so many messages in a row that brought nothing, one probe at a time, ever more rarely."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import NamedTuple

from gapheal.judge.case import Case
from gapheal.judge.leases import fruitless, lease_until
from gapheal.judge.reasons import moment
from gapheal.model.passes import GAPS, Attempt, Condition, Verdict

HOUR = timedelta(hours=1)
RAREST = timedelta(days=1)
"""The longest time from one probe to the next."""


class Breaker(NamedTuple):
    """An open breaker."""

    failed: int
    """Messages in a row that brought nothing."""
    since: datetime
    """When the one that was too many had failed."""
    probe_at: datetime
    """When the next date may be tried."""


class Result(NamedTuple):
    """One message whose time is over, and that brought nothing."""

    message: str
    failed_at: datetime


def breaker(case: Case, verdicts: Iterable[Verdict]) -> Breaker | None:
    """The breaker, if it is open.

    It is judged by what the ledger remembers of every date that is still a gap, and by what there is of it now. Any
    growth of a triggered date closes it, so does a person's `retry`: only what failed later counts.
    """
    by_day = {verdict.day: verdict for verdict in verdicts}
    good = _last_good(case, by_day)
    failures = sorted(
        (failure for failure in _failures(case, by_day) if good is None or failure.failed_at > good),
        key=lambda failure: failure.failed_at,
    )
    enough = case.policy.breaker_after
    if len(failures) < enough:
        return None
    since = failures[enough - 1].failed_at
    probes = sorted(attempt.claimed_at for attempt in _attempts(case) if attempt.claimed_at > since)
    rest = min(HOUR * 2 ** min(len(probes) - 1, 5), RAREST) if probes else timedelta(0)
    return Breaker(len(failures), since, (probes[-1] if probes else since) + rest)


def _last_good(case: Case, verdicts: Mapping[date, Verdict]) -> datetime | None:
    """When a trigger was last seen to bring something, or a person said to try again."""
    moments = [heal.healed_at for heal in case.memory.heals]
    for entry in case.memory.entries.values():
        moments += [moment for moment in (entry.grew_at, entry.retried_at) if moment]
    for verdict in verdicts.values():
        moments += [case.now] if verdict.triggered_at or verdict.grew_at == case.now else []
    return max(moments, default=None)


def _failures(case: Case, verdicts: Mapping[date, Verdict]) -> Iterator[Result]:
    """Each message that brought nothing to any of its dates; one that is no gap any more has its own answer."""
    taken = max((attempt.claimed_at for attempt in _attempts(case) if attempt.delivered), default=None)
    healed = {heal.message for heal in case.heals}
    brought: dict[str, list[datetime | None]] = {}
    for day, entry in case.memory.entries.items():
        verdict = verdicts.get(day)
        if (verdict.condition if verdict else entry.condition) not in GAPS:
            continue
        rows, entities = (verdict.rows, verdict.entities) if verdict else (entry.rows or 0, entry.entities)
        vain = fruitless(entry.attempts, rows, entities)
        for attempt in entry.attempts:
            message = attempt.message or f"{day}/{attempt.n}"
            brought.setdefault(message, []).append(_failed_at(case, attempt, vain, taken))
    for message, times in brought.items():
        known = [moment for moment in times if moment]
        if message not in healed and len(known) == len(times):
            yield Result(message, max(known))


def _failed_at(case: Case, attempt: Attempt, vain: Collection[Attempt], taken: datetime | None) -> datetime | None:
    """When the attempt had failed; None for one that has not, or not yet.

    Busy is no failure, unless it stays so for a whole lease time: `taken` is when the target last took anything.
    """
    if attempt.outcome == "busy":
        over = attempt.claimed_at + timedelta(minutes=case.policy.lease_minutes)
        return over if over <= case.now and (taken is None or taken < attempt.claimed_at) else None
    over = lease_until(case, attempt)
    return over if attempt in vain and over <= case.now else None


def _attempts(case: Case) -> Iterator[Attempt]:
    """Every claim that was answered at all; what surely was not delivered says nothing of the target."""
    for entry in case.memory.entries.values():
        yield from (attempt for attempt in entry.attempts if attempt.outcome != "failed")


def breaker_state(case: Case, verdicts: Iterable[Verdict]) -> tuple[str, str | None]:
    """`open`, `slow_start` or `closed`; and of an open one what people should know."""
    verdicts = list(verdicts)
    if broken := breaker(case, verdicts):
        failed, since, probe_at = broken
        return "open", (
            f"the breaker is open since {moment(since)}: {failed} triggers in a row to {case.target} brought nothing. "
            f"Look whether anything listens there and writes; the next probe is due at {moment(probe_at)}"
        )
    healed = case.memory.healed_before or any(verdict.triggered_at for verdict in verdicts)
    return "closed" if healed else "slow_start", None


def order_of_probes(verdicts: Iterable[Verdict], named: Iterable[date]) -> list[Verdict]:
    """What to try first behind an open breaker: what an event has just named, then the newest untried date."""
    asked = frozenset(named)
    newest_first = sorted(verdicts, key=lambda verdict: verdict.day, reverse=True)
    return sorted(newest_first, key=lambda verdict: (verdict.day not in asked, verdict.attempts > 0))


def is_growing(case: Case, verdict_rows: int, entities: int | None, day: date, condition: Condition) -> bool:
    """Whether a triggered date has more than when it was last looked at."""
    entry = case.entry(day)
    last = next((attempt for attempt in reversed(entry.attempts) if attempt.delivered), None)
    if last is None or condition not in GAPS:
        return False
    rows_before = max(entry.rows or 0, last.rows)
    entities_before = max(entry.entities or 0, last.entities or 0)
    return verdict_rows > rows_before or (entities or 0) > entities_before
