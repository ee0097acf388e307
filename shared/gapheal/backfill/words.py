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


def anew(looked: Pass, before: Iterable[date]) -> dict[date, str]:
    """The dates that are to be made once more, complete or not; said before any of them is triggered.

    Args:
        looked: a look at its dates that sent nothing.
        before: those of which it has said `again` before.
    """
    said = frozenset(before)
    kept = {Condition.EXCUSED, Condition.WAITING}
    return {v.day: AGAIN for v in looked.verdicts if v.day not in said and v.condition not in kept}


def retries(order: Order, done: Pass) -> dict[date, str]:
    """The gaps of this pass that an earlier life stands in the way of; never after this backfill has tried them."""
    return {
        verdict.day: RETRY
        for verdict in done.settled
        if verdict.is_gap
        and verdict.condition in order.wish.conditions
        and _is_old(order, done.memory.entries.get(verdict.day, Entry()), verdict)
    }


def rows(order: Order, name: str, said: Mapping[date, str], now: datetime) -> list[dict[str, Any]]:
    """For the ledger's `decisions`; `now` is BigQuery's."""
    common = {"observed_at": (now + AFTER).isoformat(), "transition": name, "until": None, "backfill_id": order.id}
    why = f"backfill {order.id}: {order.why}"
    about = {**common, "who": order.who, "why": why}
    return [{**about, "decision": word, "partition_date": str(day)} for day, word in sorted(said.items())]


def _is_old(order: Order, entry: Entry, verdict: Verdict) -> bool:
    """Whether what was tried or decided before this backfill stands in its way."""
    if entry.retried_at and entry.retried_at > order.started_at:
        return False
    if any(attempt.claimed_at > order.started_at for attempt in entry.attempts):
        return False
    return bool(entry.attempts) or verdict.action in {Action.HELD, Action.STALLED}
