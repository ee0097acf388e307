"""What the dashboard asks of the ledger, from rows in lists: its statements in Python."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

Rows = Mapping[str, list[dict[str, Any]]]
_VERDICT = (
    *("transition", "partition_date", "condition", "action", "code", "sentence", "attempts"),
    *("first_seen_at", "observed_at"),
)
_PASS = (
    *("transition", "pass_id", "source", "mode", "window_start", "window_end", "observed_at", "gaps_found"),
    *("triggered", "queries", "bytes_billed", "duration_ms", "breaker", "error"),
)


def board(latest: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """As `board.sql`; `latest` are the last verdicts, one a date."""
    found = [_only(row, _VERDICT) for row in latest]
    return sorted(found, key=lambda row: (row["transition"], row["partition_date"]))


def passes(rows: Rows, since: datetime, most: int) -> list[dict[str, Any]]:
    """As `passes.sql`."""
    of: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in sorted(rows["passes"], key=_when, reverse=True):
        if _when(row) >= since:
            of[row["transition"]].append(_only(row, _PASS))
    found = [row for name in sorted(of) for row in of[name][:most]]
    return sorted(found, key=_when, reverse=True)


def _only(row: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    return {name: row.get(name) for name in names}


def _when(row: Mapping[str, Any]) -> datetime:
    return datetime.fromisoformat(row["observed_at"])
