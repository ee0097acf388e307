"""Which dates a pass asks the ledger and the warehouse about."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from datetime import date, timedelta

from gapheal.intervals import DAY, EARLIEST, LATEST, Interval, unfold
from gapheal.model.passes import OPEN, Memory, Request, Scope, Source
from gapheal.model.pipeline import Policy


def remembered(policy: Policy, request: Request) -> frozenset[date] | None:
    """The dates to recall: an event's own (and always the open ones), or all of them.

    A batch may bridge dates that nobody named; to be judged they must be remembered, or their numbers would restart.
    So must all that a date depends on.
    """
    if request.source is not Source.EVENT or policy.batch_size > 1 or policy.depends_on_past:
        return None
    return request.dates | _before(request.dates, policy.lookback_days)


def scope_of(policy: Policy, request: Request, memory: Memory, today: date) -> Scope | None:
    """What to judge: the request's dates or window, and every date that is open, leased or retried; None: nothing.

    Args:
        policy: of the transition.
        request: whose question it is.
        memory: what the ledger remembers.
        today: by the rough clock; the judge decides what is due by the query's own.
    """
    pending = {
        day for day, entry in memory.entries.items() if entry.condition in OPEN or entry.attempts or entry.retried_at
    }
    if request.source is Source.EVENT:
        dates = _bridged(request.dates | pending, policy.batch_size)
        return _from(policy.start_date, Scope(dates=frozenset(dates)))
    if request.window:
        return _from(policy.start_date, Scope(request.window, frozenset(pending)))
    start = EARLIEST
    if policy.scan_days and request.source is Source.SCAN:
        start = today - timedelta(days=policy.scan_days)
    return _from(policy.start_date, Scope(Interval.inclusive(start, LATEST), frozenset(pending)))


def reach(policy: Policy, scope: Scope) -> Scope:
    """`scope`, and the earlier dates that judging it depends on; these are seen, not judged."""
    start = policy.start_date or EARLIEST
    dates = scope.dates | {day for day in _before(scope.dates, policy.lookback_days) if day >= start}
    if policy.depends_on_past:
        # The date before may be months back: between two seasons there is none.
        last = max([*scope.dates, *([scope.window.last] if scope.window else [])])
        return Scope(Interval.inclusive(min(start, last), last), dates)
    if scope.window is None:
        return Scope(None, dates)
    first = max(scope.window.start - policy.lookback_days * DAY, start, EARLIEST)
    return Scope(Interval(min(first, scope.window.start), scope.window.end), dates)


def unseen(policy: Policy, seen: Scope, needed: Scope) -> Scope | None:
    """What of `needed` is to be read after `seen` was; None: nothing.

    Single dates can be added to what was seen. A longer window cannot, nor can dates that depend on earlier ones, since
    those may have changed meanwhile: then it is all of `needed`.
    """
    dates = frozenset(day for day in needed.dates if day not in seen)
    window, read = needed.window, seen.window
    if window and (read is None or window.start < read.start or window.end > read.end):
        return needed
    if dates and policy.lookback_days:
        return needed
    return Scope(dates=dates) if dates else None


def _before(days: Iterable[date], lookback_days: int) -> frozenset[date]:
    return frozenset(day - n * DAY for day in days for n in range(1, lookback_days + 1))


def _bridged(days: Iterable[date], batch_size: int) -> set[date]:
    """The days, and those between two that one message may span: what lies there must be known."""
    ordered = sorted(days)
    between = {
        day
        for before, after in itertools.pairwise(ordered)
        if (after - before).days < batch_size
        for day in unfold([Interval(before, after)])
    }
    return between | set(ordered)


def _from(start: date | None, scope: Scope) -> Scope | None:
    """Nothing before `start` is looked at."""
    window, dates = scope.window, scope.dates
    if start:
        dates = frozenset(day for day in dates if day >= start)
        window = Interval(max(window.start, start), max(window.end, start)) if window else None
    if window and window.start >= window.end:
        window = None
    return Scope(window, dates) if window or dates else None
