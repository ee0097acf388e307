"""From the rows of `recall.sql` to what a judge remembers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from gapheal.model.passes import Action, Attempt, Condition, Entry, Heal, Memory


def memory(rows: Iterable[Mapping[str, Any]], bytes_billed: int) -> Memory:
    """The memory that these rows tell."""
    dates: dict[date, list[Mapping[str, Any]]] = {}
    heals: list[Heal] = []
    flags: dict[str, bool] = {}
    for row in rows:
        if row["kind"] == "date":
            dates.setdefault(row["partition_date"], []).append(row)
        elif row["kind"] == "heal":
            heals.append(Heal(row["claimed_at"], row["healed_at"]))
        else:
            flags[row["kind"]] = row["flag"]
    return Memory(
        entries={day: _entry(some) for day, some in dates.items()},
        baseline=not flags["scanned_before"],
        healed_before=flags["healed_before"],
        heals=tuple(heals),
        bytes_billed=bytes_billed,
    )


def _entry(rows: list[Mapping[str, Any]]) -> Entry:
    first = rows[0]
    attempts = [
        Attempt(
            n=row["n"],
            claimed_at=row["claimed_at"],
            outcome=row["outcome"],
            watermark=row["claim_watermark"],
            rows=row["downstream_rows"] or 0,
            entities=row["downstream_entities"],
        )
        for row in rows
        if row["n"] is not None
    ]
    return Entry(
        n=first["highest_n"] or 0,
        attempts=tuple(sorted(attempts, key=lambda attempt: attempt.n)),
        condition=first["condition"] and Condition(first["condition"]),
        action=first["action"] and Action(first["action"]),
        watermark=first["watermark"],
        code=first["code"],
        first_seen_at=first["first_seen_at"],
        arrived_at=first["arrived_at"],
    )
