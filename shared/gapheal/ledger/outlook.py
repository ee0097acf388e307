"""What the ledger alone says of a transition, and what healed: read for people, never by a pass."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

from gapheal.bigquery import Parameter
from gapheal.ports import Row

LAST_DAY, LAST_30_DAYS = timedelta(days=1), timedelta(days=30)

Read = Callable[[str, Mapping[str, Parameter]], Sequence[Row]]
"""The rows of the statement of that name."""


def outlook(read: Read, transition: str, now: datetime) -> Mapping[str, Any]:
    """Dates by verdict, open gaps by reason, what healed lately, the breaker, and the last pass."""
    moments: dict[str, Parameter] = {"day_ago": now - LAST_DAY, "month_ago": now - LAST_30_DAYS}
    asked = {"status": {}, "gaps": {}, "healing": moments, "last_pass": {}}
    with ThreadPoolExecutor(max_workers=len(asked)) as pool:
        answers = {name: pool.submit(read, name, {"transition": transition, **more}) for name, more in asked.items()}
        dates, gaps, healing, passes = (list(answers[name].result()) for name in asked)
    return told(dates, gaps, healing[0], dict(passes[0]) if passes else None)


def told(
    dates: Sequence[Row], gaps: Sequence[Row], healing: Row, last_pass: dict[str, Any] | None
) -> Mapping[str, Any]:
    """The same, put together; keys are only ever added here."""
    breaker = last_pass.pop("breaker") if last_pass else None
    return {
        "dates": list(dates),
        "open_gaps": sum(row["dates"] for row in gaps),
        "oldest_gap": min((row["oldest"] for row in gaps), default=None),
        "open_since": min((row["first_seen_at"] for row in gaps if row["first_seen_at"]), default=None),
        "gaps": list(gaps),
        "healing": dict(healing),
        "breaker": breaker,
        "last_pass": last_pass,
    }
