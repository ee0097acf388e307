"""What is in the datasets that a person names: every table, how it is cut, which dates it has. Reads only."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, timedelta
from statistics import median

from google.api_core import exceptions as google
from google.cloud import bigquery

from gapheal.app.draft.found import Found
from gapheal.bigquery import CALL_SECONDS, RETRY, Connection, Parameter, translated
from gapheal.errors import ConfigError
from gapheal.warehouse.catalog import full_name
from gapheal.warehouse.described import LEAST, quoted

SAMPLE = timedelta(days=30)
"""Entities are counted over the last dates only."""
AT_ONCE = 8


def location_of(connection: Connection, datasets: Iterable[str]) -> str:
    """Where they are, all of them.

    Raises:
        ConfigError: one is absent, or they are in several places.
    """
    places: dict[str, str] = {}
    for name in datasets:
        with translated(f"reading dataset {name}"):
            try:
                found = connection.client.get_dataset(_dataset(connection, name), retry=RETRY, timeout=CALL_SECONDS)
            except google.NotFound:
                raise ConfigError(
                    f"--dataset: expected a dataset of project {connection.project}, found none called {name}; "
                    "check the name, and --project"
                ) from None
        places[name] = found.location or connection.location
    if len(set(places.values())) > 1:
        told = ", ".join(f"{name} in {place}" for name, place in places.items())
        raise ConfigError(f"expected datasets of one location, found {told}: no query can read across locations")
    return next(iter(places.values()))


def tables_in(connection: Connection, phase: str, dataset: str) -> list[Found]:
    """Every table of a dataset, by name; its dates are not read yet.

    Raises:
        Unavailable: BigQuery did not answer.
    """
    with translated(f"listing the tables of {dataset}"):
        listed = connection.client.list_tables(_dataset(connection, dataset), retry=RETRY, timeout=CALL_SECONDS)
        names = sorted(item.table_id for item in listed)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(lambda name: _table(connection, phase, f"{dataset}.{name}"), names))


def with_dates(connection: Connection, tables: Iterable[Found], zone: str, candidates: Iterable[str]) -> list[Found]:
    """The same tables with their dates, and of `candidates` how many a day has; a fault leaves a table out."""
    wanted = set(candidates)

    def read(found: Found) -> Found:
        if found.left_out or found.date_column is None:
            return found
        counted = [name for name in found.columns if name in wanted]
        try:
            return _counted(connection, _dated(connection, found, zone), zone, counted)
        except ConfigError as error:
            return replace(found, left_out=f"it could not be read: {error}")

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(read, tables))


def _table(connection: Connection, phase: str, name: str) -> Found:
    with translated(f"reading table {name}"):
        told = connection.client.get_table(full_name(connection, name), retry=RETRY, timeout=CALL_SECONDS)
    cut = told.time_partitioning
    column = next((c.name for c in told.schema if cut and cut.field and c.name.lower() == cut.field.lower()), None)
    expiry = cut.expiration_ms if cut else None
    return Found(
        phase=phase,
        table=name,
        kind=told.table_type or "TABLE",
        columns={column.name: column.field_type for column in told.schema if column.mode != "REPEATED"},
        cut_by=column or ("_PARTITIONDATE" if cut and not cut.field else None),
        unit=cut.type_ if cut else None,
        kept_days=int(expiry) // 86_400_000 if expiry else None,
        expires=told.expires.astimezone(UTC) if told.expires else None,
        filter_required=_filtered(told),
    )


def _filtered(told: bigquery.Table) -> bool:
    """The emulator tells the policy where BigQuery told it once."""
    cut = told.time_partitioning
    return bool(told.require_partition_filter) or bool(cut and cut.to_api_repr().get("requirePartitionFilter"))


def _dated(connection: Connection, found: Found, zone: str) -> Found:
    sql = f"SELECT DISTINCT day FROM ({_days(connection, found)}) WHERE day IS NOT NULL ORDER BY day"
    with translated(f"reading the dates of {found.table}"):
        rows = connection.query(sql, _zone(found, zone)).rows
    return replace(found, dates=tuple(row["day"] for row in rows))


def _counted(connection: Connection, found: Found, zone: str, candidates: list[str]) -> Found:
    if not candidates or not found.dates:
        return found
    counts = ", ".join(f"COUNT(DISTINCT {quoted(name)}) AS count_{at}" for at, name in enumerate(candidates))
    sql = f"SELECT day, {counts} FROM ({_days(connection, found, candidates)}) WHERE day >= @first GROUP BY day"
    with translated(f"counting the last dates of {found.table}"):
        rows = connection.query(sql, {**_zone(found, zone), "first": found.dates[-1] - SAMPLE}).rows
    usual = {name: median(row[f"count_{at}"] for row in rows) for at, name in enumerate(candidates)}
    return replace(found, entities=usual)


def _days(connection: Connection, found: Found, also: Iterable[str] = ()) -> str:
    """Each row's date, and other columns of it; with the predicate that the table's filter policy asks for."""
    column = quoted(found.date_column or "")
    match found.type_of(found.date_column or ""):
        case "TIMESTAMP":
            day = f"DATE({column}, @zone)"
        case "DATETIME":
            day = f"DATE({column})"
        case _:
            day = column
    needed = ""
    if found.filter_required and found.cut_by:
        cut = quoted(found.cut_by)
        needed = f" WHERE {cut} >= {LEAST[found.type_of(found.cut_by)]} OR {cut} IS NULL"
    columns = ", ".join([f"{day} AS day", *(quoted(name) for name in also)])
    return f"SELECT {columns} FROM `{full_name(connection, found.table)}`{needed}"


def _zone(found: Found, zone: str) -> dict[str, Parameter]:
    """The parameter, where the statement has it."""
    return {"zone": zone} if found.type_of(found.date_column or "") == "TIMESTAMP" else {}


def _dataset(connection: Connection, name: str) -> str:
    """`project.dataset`."""
    return name if "." in name else f"{connection.project}.{name}"
