"""What BigQuery says of the tables that the file names: that they are there, where, and of which type."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from difflib import get_close_matches

from google.api_core import exceptions as google
from google.cloud import bigquery

from gapheal.bigquery import CALL_SECONDS, RETRY, Connection, translated
from gapheal.errors import ConfigError
from gapheal.model.passes import TableKey
from gapheal.model.pipeline import Table

DATE_TYPES = ("DATE", "DATETIME", "TIMESTAMP")
EMULATOR_DEFAULT_LOCATION = "US"
"""bqemulator places a dataset there when its creator named no location: that says nothing."""

Types = dict[TableKey, str]


def date_types(connection: Connection, tables: Iterable[tuple[TableKey, Table]]) -> Types:
    """The type of each table's date column.

    Raises:
        ConfigError: naming every table or column that is absent, misplaced or of a wrong type, and the mend.
        Unavailable: BigQuery did not answer.
    """
    wanted = dict(tables)
    with ThreadPoolExecutor(max_workers=8) as pool:
        looked_up = pool.map(lambda item: _look_up(connection, *item), wanted.items())
        results = dict(zip(wanted, looked_up, strict=True))
    faults = [fault for found, faults in results.values() for fault in faults]
    if faults:
        raise ConfigError("; ".join(faults))
    return {key: found for key, (found, _) in results.items()}


def full_name(connection: Connection, table: str) -> str:
    """`project.dataset.table`."""
    return table if table.count(".") > 1 else f"{connection.project}.{table}"


def _look_up(connection: Connection, key: TableKey, table: Table) -> tuple[str, list[str]]:
    """The type of the date column, and every fault found on the way."""
    where = f"phases.{key.phase}: table {table.table}"
    try:
        with translated(where):
            found = connection.client.get_table(full_name(connection, table.table), retry=RETRY, timeout=CALL_SECONDS)
    except ConfigError as error:
        if isinstance(error.__cause__, google.NotFound):
            return "", [f"{where} was not found. {_nearest_tables(connection, table.table)}"]
        raise
    types = {field.name.lower(): field.field_type for field in found.schema}
    date_type = types.get(table.date_column.lower(), "")
    faults = [*_misplaced(connection, found), *_absent_columns(table, types)]
    if date_type and date_type not in DATE_TYPES:
        faults.append(f"has {table.date_column} (date_column) as {date_type}; expected {', '.join(DATE_TYPES)}")
    return date_type, [f"{where} {fault}" for fault in faults]


def _absent_columns(table: Table, types: Mapping[str, str]) -> Iterator[str]:
    for key in ("date_column", "entity_column", "updated_column"):
        column = getattr(table, key)
        if column and column.lower() not in types:
            nearest = get_close_matches(column, types, n=1)
            mend = f"did you mean {nearest[0]}?" if nearest else f"it has {', '.join(sorted(types)) or 'none'}"
            yield f"has no column {column} ({key}); {mend}"


def _misplaced(connection: Connection, found: bigquery.Table) -> Iterator[str]:
    location = found.location or _dataset_location(connection, found)
    says_nothing = connection.emulator and location == EMULATOR_DEFAULT_LOCATION
    if location.lower() != connection.location.lower() and not says_nothing:
        yield (
            f"is in location {location}, the file says location: {connection.location}; "
            "mend `location` in the file (one pipeline reads one location)"
        )


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
