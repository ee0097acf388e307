"""Dagster: one tick of an automation condition, `missing and no dependency missing`, over a pair of daily assets."""

from __future__ import annotations

import logging
import time
import warnings
from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import Any

from contender import DAY, Pair, run

warnings.simplefilter("ignore")  # it warns of its own beta parameters
began = time.process_time()
import dagster  # noqa: E402
from dagster import AutomationCondition as Condition  # noqa: E402
from dagster._core.storage.event_log.schema import SqlEventLogStorageTable as Events  # noqa: E402

imported = time.process_time() - began
logging.disable(logging.WARNING)
UPSTREAM, DOWNSTREAM = dagster.AssetKey("upstream"), dagster.AssetKey("downstream")


def prepare(pair: Pair) -> tuple[Any, Any, datetime]:
    """The assets, an instance in whose log both sides' materializations are, and a moment after them all."""
    daily = dagster.DailyPartitionsDefinition(start_date=str(pair.start), end_date=str(pair.end))
    condition = Condition.missing() & ~Condition.any_deps_missing()
    assets = [
        dagster.AssetSpec(UPSTREAM, partitions_def=daily),
        dagster.AssetSpec(DOWNSTREAM, partitions_def=daily, deps=[UPSTREAM], automation_condition=condition),
    ]
    instance = dagster.DagsterInstance.ephemeral()
    materialize(instance, UPSTREAM, pair.upstream)
    materialize(instance, DOWNSTREAM, pair.downstream)
    return dagster.Definitions(assets=assets), instance, datetime.combine(pair.end + DAY, datetime.min.time(), UTC)


def materialize(instance: Any, key: Any, days: list[date]) -> None:
    """Log a materialization of every day: first and last by the front door, copies of the first between them.

    One by one they would take minutes, and nobody times this.
    """
    for day in days[:1]:
        instance.report_runless_asset_event(dagster.AssetMaterialization(key, partition=str(day)))
    log = instance.event_log_storage
    row = log._event_to_row(instance.fetch_materializations(key, limit=1).records[0].event_log_entry) if days else {}
    if between := [{**row, "partition": str(day)} for day in days[1:-1]]:
        with log.index_connection() as connection:
            connection.execute(Events.insert(), between)
    for day in days[1:][-1:]:
        instance.report_runless_asset_event(dagster.AssetMaterialization(key, partition=str(day)))


def find(form: tuple[Any, Any, datetime]) -> Iterable[date]:
    """What the tick requests of the downstream."""
    defs, instance, later = form
    told = dagster.evaluate_automation_conditions(defs=defs, instance=instance, evaluation_time=later)
    return [date.fromisoformat(key) for key in told.get_requested_partitions(DOWNSTREAM)]


if __name__ == "__main__":
    find(prepare(Pair(date(2024, 4, 16), 2, [0, 1], [0])))  # what it imports late is no part of a tick
    run(dagster.__version__, imported, prepare, find)
