"""How well gaps are healed, from the ledger alone: read for people, never by a pass."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

from gapheal.bigquery import Parameter
from gapheal.ports import Row

COSTS = ("passes", "queries", "bytes_billed")
SHARES = {
    "share_1h": ("healed_1h", "due_1h"),
    "share_24h": ("healed_24h", "due_24h"),
    "share_alone_24h": ("alone_24h", "due_24h"),
}
"""Part and whole, by the share's name."""
NONE_YET: Mapping[str, Any] = {
    **dict.fromkeys(("gaps", "healed", "triggered", "excused", "decided"), 0),
    **dict.fromkeys(("due_1h", "healed_1h", "due_24h", "healed_24h", "alone_24h"), 0),
    **dict.fromkeys(("detect_p50_seconds", "detect_p95_seconds", "heal_p50_seconds", "heal_p95_seconds")),
    **dict.fromkeys(("baseline_gaps", "baseline_healed", "open_now"), 0),
}
"""The figures of a transition that never had a gap."""
CLOCKS_DIFFER = timedelta(days=1)
"""A row's own moment may be its writer's; it is stored under BigQuery's."""

Read = Callable[[str, Mapping[str, Parameter]], Sequence[Row]]
"""The rows of the statement of that name."""


def slo(read: Read, since: datetime, until: datetime) -> Mapping[str, Any]:
    """The figures of the gaps that were seen from `since` to `until`, and each of its days."""
    moments: dict[str, Parameter] = {"since": since, "until": until}
    asked = {"slo": moments, "slo_days": {**moments, "recorded_since": since - CLOCKS_DIFFER}}
    with ThreadPoolExecutor(max_workers=len(asked)) as pool:
        gaps, days = pool.map(read, asked, asked.values())
    return told(since, until, gaps, days)


def told(since: datetime, until: datetime, gaps: Sequence[Row], days: Sequence[Row]) -> Mapping[str, Any]:
    """The same, put together: shares, what the looking cost, and the whole pipeline first; keys are only ever added."""
    spent: dict[str | None, dict[str, int]] = defaultdict(lambda: dict.fromkeys(COSTS, 0))
    for row in days:
        for name in (row["transition"], None):
            for cost in COSTS:
                spent[name][cost] += row[cost]
    found = {row["transition"]: row for row in gaps}
    names = [None, *sorted({row["transition"] for row in days} | {name for name in found if name})]
    figures = [{"transition": name, **(found.get(name) or NONE_YET), **spent[name]} for name in names]
    return {
        "since": since.isoformat(),
        "until": until.isoformat(),
        "figures": [{**each, **_shares(each)} for each in figures],
        "days": [dict(row) for row in days],
    }


def _shares(figures: Row) -> dict[str, float | None]:
    """None where nothing was due yet: no gap is no failure."""
    return {name: figures[part] / figures[whole] if figures[whole] else None for name, (part, whole) in SHARES.items()}
