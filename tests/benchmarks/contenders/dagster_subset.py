"""Dagster: the difference of the partitions that were materialized on each side."""

from __future__ import annotations

import time
from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import Any

from contender import DAY, Pair, run

began = time.process_time()
import dagster  # noqa: E402

imported = time.process_time() - began


def prepare(pair: Pair) -> tuple[Pair, Any, list[str], list[str]]:
    """A daily definition, and both sides' keys as the event log would list them."""
    daily = dagster.DailyPartitionsDefinition(start_date=str(pair.start), end_date=str(pair.end))
    return pair, daily, [str(day) for day in pair.upstream], [str(day) for day in pair.downstream]


def find(form: tuple[Pair, Any, list[str], list[str]]) -> Iterable[date]:
    """Keys become subsets, as they do from the log's rows; then upstream less downstream."""
    pair, daily, upstream, downstream = form
    later = datetime.combine(pair.end + DAY, datetime.min.time(), UTC)
    with dagster.partition_loading_context(effective_dt=later):  # or it knows no partition of the future
        missing = daily.subset_with_partition_keys(upstream) - daily.subset_with_partition_keys(downstream)
        return [date.fromisoformat(key) for key in missing.get_partition_keys()]


if __name__ == "__main__":
    run(dagster.__version__, imported, prepare, find)
