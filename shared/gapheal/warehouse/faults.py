"""What is wrong with a table that the file names: each fault with what was expected and the mend. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches

from gapheal.model.pipeline import Table
from gapheal.spec.grain import DAY_ALONE
from gapheal.warehouse.described import INGESTION, Described

DATE_TYPES = ("DATE", "DATETIME", "TIMESTAMP")
UNCOUNTABLE = ("GEOGRAPHY", "JSON")
"""Types without equality: BigQuery counts no distinct values of them."""


def faults_of(found: Described, table: Table, location: str) -> Iterator[str]:
    """Every fault, to be read behind the table's name.

    Args:
        found: what BigQuery says of the table.
        table: what the file says of it.
        location: the pipeline's.
    """
    if found.location.lower() != location.lower():
        yield (
            f"is in location {found.location}, the file says location: {location}; "
            "mend `location` in the file (one pipeline reads one location)"
        )
    yield from _absent_columns(found, table)
    yield from _wrong_types(found, table)
    yield from _longer_than_a_day(found, table)


def _absent_columns(found: Described, table: Table) -> Iterator[str]:
    for key in ("date_column", "entity_column", "updated_column"):
        column = getattr(table, key)
        if not column or found.type_of(column):
            continue
        if column.lower() in INGESTION:
            yield f"has no column {column} ({key}): it is not partitioned by ingestion time; {_columns(found)}"
            continue
        nearest = get_close_matches(column, found.columns, n=1)
        mend = f"did you mean {nearest[0]}?" if nearest else _columns(found)
        yield f"has no column {column} ({key}); {mend}"


def _wrong_types(found: Described, table: Table) -> Iterator[str]:
    date_type = found.type_of(table.date_column)
    if date_type and date_type not in DATE_TYPES:
        yield (
            f"has {table.date_column} (date_column) as {date_type}; expected {', '.join(DATE_TYPES)}: "
            f"read a view that makes it a DATE ({DAY_ALONE})"
        )
    entity = table.entity_column
    entity_type = entity and found.type_of(entity)
    if entity_type in UNCOUNTABLE:
        yield (
            f"has {entity} (entity_column) as {entity_type}; expected what can be counted, such as STRING: "
            "name another column, or read a view that makes it one"
        )
    updated = table.updated_column
    updated_type = updated and found.type_of(updated)
    if updated_type and updated_type != "TIMESTAMP":
        yield (
            f"has {updated} (updated_column) as {updated_type}; expected TIMESTAMP: "
            "name another column, or leave updated_column out"
        )


def _longer_than_a_day(found: Described, table: Table) -> Iterator[str]:
    cut = found.partitioning
    if cut is None or table.date_column.lower() not in INGESTION or not found.by_ingestion:
        return
    if cut.unit in {"MONTH", "YEAR"}:
        yield (
            f"is partitioned by the {cut.unit.lower()} of ingestion, so {table.date_column} tells no days: "
            f"name a date column ({DAY_ALONE})"
        )
    elif cut.unit == "HOUR" and table.date_column.lower() == "_partitiondate":
        yield "has no column _PARTITIONDATE (date_column): it is partitioned by hours; did you mean _PARTITIONTIME?"


def _columns(found: Described) -> str:
    return f"it has {', '.join(sorted(found.columns)) or 'none'}"
