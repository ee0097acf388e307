"""From the rows of `counts.sql` to what an observation may stand on."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import Any

from gapheal.model.passes import Count, Counted, Remembered

KEPT = timedelta(days=32)
"""An older count is forgotten: every date is counted once in 30 days, unless nobody looked."""


def counted(rows: Iterable[Mapping[str, Any]]) -> Counted:
    """By table and date, from rows whose dates and times are `date` and `datetime`."""
    found: dict[str, dict[date, Remembered]] = defaultdict(dict)
    for row in rows:
        held = Count(row["row_count"], row["entity_count"], row["written_at"])
        found[row["spec_hash"]][row["partition_date"]] = Remembered(held, row["stamp"], row["observed_at"])
    return found
