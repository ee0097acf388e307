"""Whether the ledger and the claims tell, of every message that went out, who sent it and when."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from typing import Any

from tests.simulation.witness import Witness


def untrue(witness: Witness, rows: dict[str, list[dict[str, Any]]]) -> str | None:
    """What the ledger says wrongly or leaves out, or None.

    A message that the ledger lacks must come from a pass that ended before it could write, and have its claim; a row
    that says `published` must have its message.
    """
    told: dict[tuple[str, date, int], set[str]] = defaultdict(set)
    for row in rows["triggers"]:
        day = date.fromisoformat(row["partition_date"])
        told[row["transition"], day, row["n"]].add(row["outcome"])
        if (row["transition"], day, row["n"]) not in witness.owners:
            return f"{row['transition']} {day}: the ledger knows number {row['n']}, but no such claim was made"
        if row["message_id"] and not witness.arrived[row["trigger_id"]]:
            return f"{row['transition']} {day}: the ledger says published, but {row['trigger_id']} was never sent"
    for (name, day), taken in witness.taken.items():
        for message in taken:
            if (name, day, message.n) not in witness.owners:
                return f"{name} {day}: message {message.n} has no claim"
            outcomes = told[name, day, message.n]
            if not outcomes and "triggers" in message.run.inserted:
                return f"{name} {day}: {message.run.name} wrote its triggers, but not number {message.n}"
            if outcomes and not outcomes & {"published", "unknown"}:
                return f"{name} {day}: number {message.n} was sent, the ledger says {', '.join(outcomes)}"
    return None
