"""SQLMesh: both snapshots' missing intervals, and their difference."""

from __future__ import annotations

import time
from collections.abc import Iterable
from datetime import UTC, date, datetime

from contender import DAY, Pair, run

began = time.process_time()
import sqlmesh  # noqa: E402
from sqlglot import parse_one  # noqa: E402
from sqlmesh.core.model import IncrementalByTimeRangeKind, SqlModel  # noqa: E402
from sqlmesh.core.snapshot import Snapshot  # noqa: E402
from sqlmesh.core.snapshot.definition import merge_intervals  # noqa: E402

imported = time.process_time() - began


def milliseconds(day: date) -> int:
    """Of the day's beginning, since 1970."""
    return int(datetime.combine(day, datetime.min.time(), UTC).timestamp() * 1000)


def snapshot(name: str, start: date, days: list[date]) -> Snapshot:
    """A daily model whose intervals are `days`."""
    model = SqlModel(
        name=f"d.{name}",
        kind=IncrementalByTimeRangeKind(time_column="ds"),
        query=parse_one("SELECT 1 AS x, @start_ds AS ds"),
        start=str(start),
        cron="@daily",
    )
    made = Snapshot.from_node(model, nodes={})
    made.intervals = merge_intervals([(milliseconds(day), milliseconds(day + DAY)) for day in days])
    return made


def prepare(pair: Pair) -> tuple[Pair, Snapshot, Snapshot]:
    """Two snapshots."""
    sides = snapshot("upstream", pair.start, pair.upstream), snapshot("downstream", pair.start, pair.downstream)
    return pair, *sides


def find(form: tuple[Pair, Snapshot, Snapshot]) -> Iterable[date]:
    """What the downstream misses and upstream does not."""
    pair, upstream, downstream = form
    absent, missing = (
        {start for start, _ in side.missing_intervals(pair.start, pair.end - DAY, execution_time=pair.end + DAY)}
        for side in (upstream, downstream)
    )
    return [datetime.fromtimestamp(start / 1000, UTC).date() for start in missing - absent]


if __name__ == "__main__":
    run(sqlmesh.__version__, imported, prepare, find)
