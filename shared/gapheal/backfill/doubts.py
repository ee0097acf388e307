"""Why a date of a backfill may not be put back to what it was. Pure: it is told everything."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from gapheal.backfill.kept import Kept
from gapheal.model.moments import second
from gapheal.model.passes import Count
from gapheal.model.past import Reach
from gapheal.ports import Row


@dataclass(frozen=True, slots=True)
class Asked:
    """What is known of one transition whose dates are to be put back."""

    found: Kept
    """The backfill; it has ended."""
    transition: str
    lease_minutes: int
    reach: Mapping[str, Reach]
    """By table."""
    others: Sequence[Kept]
    """Backfills of the same transition that are at work."""
    now: datetime
    """By BigQuery's clock."""


def doubt(asked: Asked, day: date, end: Mapping[str, Any], row: Row | None, now: Mapping[str, Count]) -> str | None:
    """The first reason that speaks against it; None: nothing does.

    Args:
        asked: the transition.
        day: the date.
        end: what the backfill's report says of it.
        row: what the ledger's `backfill_dates` says of it.
        now: what each table that is to be put back holds of it now.
    """
    return next(_doubts(asked, day, end, row, now), None) if now else None


def _doubts(
    asked: Asked, day: date, end: Mapping[str, Any], row: Row | None, now: Mapping[str, Count]
) -> Iterator[str]:
    if row is None or row["first_at"] is None:
        yield "this backfill has not triggered it: there is no moment to go back to"
        return
    for other in asked.others:
        if day in other.order.wish:
            yield f"backfill {other.order.id} by {other.order.who} is at work on it"
    first, last = (datetime.fromisoformat(row[key]) for key in ("first_at", "last_at"))
    healed = datetime.fromisoformat(row["healed_at"]) if row["healed_at"] else None
    lease_until = last + timedelta(minutes=asked.lease_minutes)
    ended_at = asked.found.finished_at
    if ended_at and last > ended_at:
        yield f"it was triggered again at {second(last)}, after the backfill had ended"
    if lease_until > asked.now and (healed is None or healed < last):
        yield f"a trigger of {second(last)} is on its way until {second(lease_until)}: its job may still write"
    if "tables" not in end:
        yield "the report of this backfill does not say what its tables held: whether somebody wrote since is unknown"
        return
    seen_at = datetime.fromisoformat(end["seen_at"])
    own_until = min(max(lease_until, healed or lease_until), seen_at)
    for table, held in now.items():
        yield from _of_table(table, asked.reach[table], first, own_until, end, held)


def _of_table(
    table: str, reach: Reach, first: datetime, own_until: datetime, end: Mapping[str, Any], held: Count
) -> Iterator[str]:
    if reach.refusal:
        yield f"{table} cannot be put back: {reach.refusal}"
    if first < reach.earliest:
        yield (
            f"{table} can be read back to {second(reach.earliest)}, the date was first triggered at {second(first)}: "
            f"{reach.why}"
        )
    if held.written_at and held.written_at > own_until:
        yield (
            f"something else wrote {table} at {second(held.written_at)}; what this backfill has asked for was written "
            f"until {second(own_until)}"
        )
    before = end["tables"].get(table)
    if before is None:
        yield f"the post-check did not look at {table}: whether somebody wrote it since is unknown"
    elif (before["rows"], before["entities"]) != (held.rows, held.entities):
        yield (
            f"something else wrote {table}: the post-check saw {_said(before['rows'], before['entities'])}, "
            f"now it has {_said(held.rows, held.entities)}"
        )


def _said(rows: int, entities: int | None) -> str:
    return f"{rows} rows" if entities is None else f"{rows} rows ({entities} entities)"
