"""What BigQuery says of the tables that the file names: that they are there, where, and of which type."""

from __future__ import annotations

from collections.abc import Iterable
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
    where = f"phases.{key.phase}: table {table.table}"
    try:
        with translated(where):
            found = connection.client.get_table(full_name(connection, table.table), retry=RETRY, timeout=CALL_SECONDS)
    except ConfigError as error:
        if isinstance(error.__cause__, google.NotFound):
            return "", [f"{where} was not found. {_nearest_tables(connection, table.table)}"]
        raise
    return _date_type(found, table, where, _misplaced(connection, found, where))


def _date_type(found: bigquery.Table, table: Table, where: str, faults: list[str]) -> tuple[str, list[str]]:
    types = {field.name.lower(): field.field_type for field in found.schema}
    named = {
        "date_column": table.date_column,
        "entity_column": table.entity_column,
        "updated_column": table.updated_column,
    }
    for key, column in named.items():
        if column and column.lower() not in types:
            nearest = get_close_matches(column, types, n=1)
            mend = f"did you mean {nearest[0]}?" if nearest else f"it has {', '.join(sorted(types)) or 'none'}"
            faults.append(f"{where} has no column {column} ({key}); {mend}")
    date_type = types.get(table.date_column.lower(), "DATE")
    if date_type not in DATE_TYPES:
        faults.append(f"{where}: date_column {table.date_column} is {date_type}, expected {', '.join(DATE_TYPES)}")
    return date_type, faults


def _misplaced(connection: Connection, found: bigquery.Table, where: str) -> list[str]:
    location = found.location or connection.location
    if connection.emulator and location == EMULATOR_DEFAULT_LOCATION:
        return []
    if location.lower() == connection.location.lower():
        return []
    return [
        (
            f"{where} is in location {location}, the file says location: {connection.location}; "
            f"mend `location` in the file (one pipeline reads one location)"
        )
    ]


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
