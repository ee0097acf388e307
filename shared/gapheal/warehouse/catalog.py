"""What BigQuery says of the tables that the file names: that they are there, where, and how they are cut."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from difflib import get_close_matches
from typing import NamedTuple

from google.api_core import exceptions as google
from google.cloud import bigquery

from gapheal.bigquery import CALL_SECONDS, RETRY, Connection, translated
from gapheal.errors import ConfigError
from gapheal.model.passes import TableKey
from gapheal.model.pipeline import Table
from gapheal.warehouse.described import Described, Partitioning
from gapheal.warehouse.faults import faults_of

EMULATOR_DEFAULT_LOCATION = "US"
"""bqemulator places a dataset there when its creator named no location: that says nothing."""
REMEMBERED_SECONDS = 3600
"""Expiry, policies and streaming buffers change while a process lives."""


class Survey(NamedTuple):
    """What was found of some tables."""

    tables: dict[TableKey, Described]
    """Those that are there."""
    faults: list[str]
    """Everything that is wrong with any of them."""


class Catalogue:
    """The tables of one pipeline, remembered for an hour."""

    def __init__(self, connection: Connection, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._connection = connection
        self._monotonic = monotonic
        self._known: dict[TableKey, tuple[float, Described]] = {}

    def of(self, tables: Mapping[TableKey, Table]) -> dict[TableKey, Described]:
        """Every one of `tables`.

        Raises:
            ConfigError: naming every table or column that is absent, misplaced or of a wrong type, and the mend.
            Unavailable: BigQuery did not answer.
        """
        # Requests share this object: another one may forget everything at any moment.
        known, now = self._known, self._monotonic()
        fresh = {key: found for key, (read_at, found) in known.items() if now - read_at < REMEMBERED_SECONDS}
        if unknown := {key: table for key, table in tables.items() if key not in fresh}:
            looked_up = survey(self._connection, unknown)
            if looked_up.faults:
                raise ConfigError("\n".join(looked_up.faults))
            self._known = {**known, **{key: (now, found) for key, found in looked_up.tables.items()}}
            fresh |= looked_up.tables
        return {key: fresh[key] for key in tables}

    def forget(self) -> None:
        """Look everything up again next time."""
        self._known = {}

    def rows_now(self, found: Described) -> int:
        """How many rows the table's metadata has at this moment, without its streaming buffer."""
        with translated(f"reading table {found.name}"):
            return _get(self._connection, found.name).num_rows or 0


def survey(connection: Connection, tables: Mapping[TableKey, Table]) -> Survey:
    """Look up every one of `tables`, and tell all faults at once.

    Raises:
        Unavailable: BigQuery did not answer.
    """
    with ThreadPoolExecutor(max_workers=8) as pool:
        results = list(pool.map(lambda item: _look_up(connection, *item), tables.items()))
    found = {key: described for key, (described, _) in zip(tables, results, strict=True) if described}
    return Survey(found, [fault for _, faults in results for fault in faults])


def full_name(connection: Connection, table: str) -> str:
    """`project.dataset.table`."""
    return table if table.count(".") > 1 else f"{connection.project}.{table}"


def called(key: TableKey) -> str:
    """A table as a fault names it, with where it stands in the file."""
    return f"phases.{key.phase}: table {key.table}"


def _look_up(connection: Connection, key: TableKey, table: Table) -> tuple[Described | None, list[str]]:
    """The table, if it is there, and every fault found on the way."""
    where = called(key)
    try:
        with translated(where):
            found = _described(connection, _get(connection, full_name(connection, table.table)))
    except ConfigError as error:
        if isinstance(error.__cause__, google.NotFound):
            return None, [f"{where} was not found. {_nearest_tables(connection, table.table)}"]
        raise
    return found, [f"{where} {fault}" for fault in faults_of(found, table, connection.location)]


def _get(connection: Connection, name: str) -> bigquery.Table:
    return connection.client.get_table(name, retry=RETRY, timeout=CALL_SECONDS)


def _described(connection: Connection, found: bigquery.Table) -> Described:
    location = found.location or _dataset_location(connection, found)
    if connection.emulator and location == EMULATOR_DEFAULT_LOCATION:
        location = connection.location
    time_cut = found.time_partitioning
    # The emulator tells the policy where BigQuery told it once.
    nested = bool(time_cut and time_cut.to_api_repr().get("requirePartitionFilter"))
    return Described(
        name=f"{found.project}.{found.dataset_id}.{found.table_id}",
        kind=found.table_type or "TABLE",
        location=location,
        columns={field.name.lower(): _type(field) for field in found.schema},
        partitioning=_partitioning(found),
        filter_required=bool(found.require_partition_filter) or nested,
        buffered=found.streaming_buffer is not None,
        query=found.mview_query or found.view_query,
    )


def _type(field: bigquery.SchemaField) -> str:
    return "ARRAY" if field.mode == "REPEATED" else field.field_type


def _partitioning(found: bigquery.Table) -> Partitioning | None:
    if ranges := found.range_partitioning:
        return Partitioning("RANGE", str(ranges.field).lower())
    cut = found.time_partitioning
    if cut is None:
        return None
    expiry = timedelta(milliseconds=cut.expiration_ms) if cut.expiration_ms else None
    return Partitioning(cut.type_, cut.field.lower() if cut.field else None, expiry)


def _dataset_location(connection: Connection, found: bigquery.Table) -> str:
    """For a table that does not tell its own; BigQuery's do, the emulator's do not."""
    name = f"{found.project}.{found.dataset_id}"
    with translated(f"reading dataset {name}"):
        dataset = connection.client.get_dataset(name, retry=RETRY, timeout=CALL_SECONDS)
    return dataset.location or connection.location


def _nearest_tables(connection: Connection, table: str) -> str:
    project, dataset, name = full_name(connection, table).rsplit(".", 2)
    try:
        listed = connection.client.list_tables(f"{project}.{dataset}", retry=RETRY, timeout=CALL_SECONDS)
        names = sorted(item.table_id for item in listed)
    except google.NotFound:
        return f"There is no dataset {project}.{dataset}; check `table`, `project` and the dataset's name"
    except google.GoogleAPICallError:
        return "Check `table` and `project` in the file"
    nearest = get_close_matches(name, names, n=3) or names[:3]
    return f"Nearest in {dataset}: {', '.join(nearest) or 'the dataset is empty'}"
