"""The words that a backfill says of its dates, as a person would: retry, again, and on cancelling neither."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import Any

from gapheal.backfill.order import Order
from gapheal.model.passes import Action, Condition, Entry, Verdict
from gapheal.reconcile.records import Pass

AGAIN, RETRY, CANCEL = "again", "retry", "cancel"
AFTER = timedelta(microseconds=1)
"""Words are told from what a pass has seen by their moment: both are by BigQuery's clock."""


def words(order: Order, done: Pass, asked_anew: Iterable[date]) -> dict[date, str]:
    """What has to be said before the dates of this pass are triggered; nothing is said twice.

    `retry` only where an earlier life of the date stands in the way, and never after this backfill has tried it.

    Args:
        order: the backfill.
        done: a pass over its dates.
        asked_anew: those of which it has said `again` before.
    """
    anew = frozenset(asked_anew)
    found = {}
    for verdict in done.settled:
        entry = done.memory.entries.get(verdict.day, Entry())
        if order.wish.again and verdict.day not in anew and _may_be_made(verdict):
            found[verdict.day] = AGAIN
        elif verdict.is_gap and verdict.condition in order.wish.conditions and _is_old(order, entry, verdict):
            found[verdict.day] = RETRY
    return found


def rows(order: Order, name: str, said: Mapping[date, str], now: datetime) -> list[dict[str, Any]]:
    """For the ledger's `decisions`; `now` is BigQuery's."""
    common = {"observed_at": (now + AFTER).isoformat(), "transition": name, "until": None, "backfill_id": order.id}
    why = f"backfill {order.id}: {order.why}"
    about = {**common, "who": order.who, "why": why}
    return [{**about, "decision": word, "partition_date": str(day)} for day, word in sorted(said.items())]


def _may_be_made(verdict: Verdict) -> bool:
    return verdict.condition not in {Condition.EXCUSED, Condition.WAITING}


def _is_old(order: Order, entry: Entry, verdict: Verdict) -> bool:
    """Whether what was tried or decided before this backfill stands in its way."""
    if entry.retried_at and entry.retried_at > order.started_at:
        return False
    if any(attempt.claimed_at > order.started_at for attempt in entry.attempts):
        return False
    return bool(entry.attempts) or verdict.action in {Action.HELD, Action.STALLED}
