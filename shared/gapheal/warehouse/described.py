"""What BigQuery says of one table, as far as reading it by day is concerned. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from gapheal.intervals import DAY
from gapheal.model.pipeline import Table

UTC = ZoneInfo("UTC")
INGESTION = {"_partitiondate": "DATE", "_partitiontime": "TIMESTAMP"}
"""Columns that only a table partitioned by ingestion time has; its schema does not list them."""
LONGEST = {"MONTH": timedelta(days=30), "YEAR": timedelta(days=365)}
"""How long after the beginning of its partition a date may begin."""
LEAST = {
    "DATE": "DATE '0001-01-01'",
    "DATETIME": "DATETIME '0001-01-01 00:00:00'",
    "TIMESTAMP": "TIMESTAMP '0001-01-01 00:00:00+00'",
    "INTEGER": "-9223372036854775808",
    "INT64": "-9223372036854775808",
}
"""The smallest value of each type that a table can be partitioned by."""


class Partitioning(NamedTuple):
    """How a table is cut."""

    unit: str
    """DAY, HOUR, MONTH, YEAR, or RANGE (of whole numbers)."""
    column: str | None
    """In lower case; None: the time of ingestion."""
    expiry: timedelta | None = None
    """How long after its beginning (UTC) a partition is kept."""


class Described(NamedTuple):
    """One table, as the catalogue tells it."""

    name: str
    """`project.dataset.table`."""
    kind: str
    """TABLE, VIEW, MATERIALIZED_VIEW, EXTERNAL, SNAPSHOT."""
    location: str
    columns: Mapping[str, str]
    """Types by name, names in lower case."""
    partitioning: Partitioning | None = None
    filter_required: bool = False
    """Whether a query without a predicate on the partitioning column is refused."""
    buffered: bool = False
    """Whether it had rows in the streaming buffer when it was looked up."""
    query: str | None = None
    """Of a view: its text."""

    def type_of(self, column: str) -> str | None:
        """The type of a column, or None where there is none; a pseudo-column counts where the table has it."""
        name = column.lower()
        if name in INGESTION:
            return INGESTION[name] if self.by_ingestion else None
        return self.columns.get(name)

    @property
    def by_ingestion(self) -> bool:
        """Whether it is partitioned by the time of ingestion."""
        return self.partitioning is not None and self.partitioning.column is None

    def cut_by(self, column: str) -> bool:
        """Whether `column` is what the table is partitioned by."""
        if self.partitioning is None:
            return False
        if self.partitioning.column is None:
            return column.lower() in INGESTION
        return self.partitioning.column == column.lower()


def quoted(column: str) -> str:
    """A column as SQL names it; the pseudo-columns are bare words (and no other column may be called so)."""
    return column.upper() if column.lower() in INGESTION else f"`{column}`"


def zone_of(table: Table, zone: ZoneInfo) -> ZoneInfo:
    """The zone in which the dates of `table` are read: the pipeline's, but partitions are cut in UTC."""
    return UTC if table.date_column.lower() in INGESTION else zone


def dates_are_partitions(found: Described, table: Table, zone: ZoneInfo) -> bool:
    """Whether the table's partitions are its dates (or hours of them), so that their metadata speaks of dates."""
    cut = found.partitioning
    if found.kind != "TABLE" or cut is None or cut.unit not in {"DAY", "HOUR"} or cut.column is None:
        return False
    in_utc = found.type_of(table.date_column) != "TIMESTAMP" or zone.key in {"UTC", "Etc/UTC"}
    return found.cut_by(table.date_column) and in_utc


def retention(found: Described, table: Table, zone: ZoneInfo) -> timedelta | None:
    """How long after the beginning (UTC) of a date its rows are kept for certain; None: for ever."""
    cut = found.partitioning
    if cut is None or cut.expiry is None or not found.cut_by(table.date_column):
        return None
    kept = cut.expiry - LONGEST.get(cut.unit, timedelta())
    local = zone_of(table, zone).key not in {"UTC", "Etc/UTC"}
    if local and found.type_of(table.date_column) == "TIMESTAMP":
        kept -= DAY  # east of Greenwich a day begins in the partition before
    return max(kept, timedelta())


def keeps_every_row(found: Described, table: Table) -> str | None:
    """A predicate that a table's filter policy asks for and that drops nothing.

    None where there is no such policy, or the predicate on the date column satisfies it.
    """
    cut = found.partitioning
    if cut is None or not found.filter_required or found.cut_by(table.date_column):
        return None
    column = "_PARTITIONTIME" if cut.column is None else cut.column
    least = LEAST[found.type_of(column) or "TIMESTAMP"]
    return f"{quoted(column)} >= {least} OR {quoted(column)} IS NULL"
