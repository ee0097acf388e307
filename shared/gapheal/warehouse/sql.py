"""The statement of an observation. Identifiers come from the validated file, values are parameters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time
from typing import NamedTuple
from zoneinfo import ZoneInfo

from gapheal.bigquery import Parameter
from gapheal.intervals import DAY, EARLIEST, LATEST
from gapheal.model.passes import Scope
from gapheal.model.pipeline import Table
from gapheal.warehouse.described import quoted, zone_of

UNPARTITIONED = "__UNPARTITIONED__"
NULL = "__NULL__"


class Source(NamedTuple):
    """One table to count."""

    number: int
    name: str
    """`project.dataset.table`."""
    table: Table
    date_type: str
    keeps_every_row: str | None = None
    """A predicate that drops nothing, for a table that refuses to be read without it."""
    dates: frozenset[date] | None = None
    """Only these are counted; None: all of the statement's scope."""


class Partitions(NamedTuple):
    """Tables of one dataset whose partitions' metadata is to be read."""

    number: int
    dataset: str
    """`project.dataset`."""
    tables: tuple[str, ...]


def statement(
    sources: Sequence[Source], scope: Scope, zone: ZoneInfo, partitions: Sequence[Partitions] = ()
) -> tuple[str, Mapping[str, Parameter]]:
    """The SQL that counts every source by day, reads the partitions' metadata, and its parameters.

    Answers rows of `source, day, row_count, entity_count, observed_at`; with a last write to tell also of
    `written_at`, with partitions also of `place` (`table$partition`, in BigQuery's own notation). One row, with
    source -1, is there even when nothing else is, so that the query's clock is always told.
    """
    told = columns(sources, partitions)
    more = told[4:-1]
    builder = _Builder(scope, zone, more)
    selects = [builder.of(source).count(source) for source in sources]
    selects += [builder.metadata(each) for each in partitions]
    counted = "\n  UNION ALL\n".join([*selects, f"  SELECT -1, NULL, 0, NULL{', NULL' * len(more)}"])
    sql = f"SELECT {', '.join(told[:-1])}, CURRENT_TIMESTAMP() AS observed_at\nFROM (\n{counted}\n)\n"
    return sql, builder.parameters


def columns(sources: Sequence[Source], partitions: Sequence[Partitions] = ()) -> tuple[str, ...]:
    """What a row of that statement tells, in its order."""
    written = any(source.table.updated_column for source in sources) or bool(partitions)
    more = ("written_at",) * written + ("place",) * bool(partitions)
    return ("source", "day", "row_count", "entity_count", *more, "observed_at")


class _Builder:
    """Writes the branches of one statement, and gathers the parameters that they name."""

    def __init__(self, scope: Scope, zone: ZoneInfo, more: Sequence[str], suffix: str = "") -> None:
        window = scope.window
        self._window = window
        self._dates = sorted(day for day in scope.dates if window is None or day not in window)
        bounds = [*self._dates[:1], *self._dates[-1:]]
        if window is not None:
            bounds += [window.start, window.last]
        self._first, self._last = max(min(bounds), EARLIEST), min(max(bounds), LATEST)
        self._zone = zone
        self._more = more
        self._suffix = suffix
        self.parameters: dict[str, Parameter] = {}

    def of(self, source: Source) -> _Builder:
        """What writes the branch of this source: another one, where it has dates of its own."""
        if source.dates is None:
            return self
        own = _Builder(Scope(dates=source.dates), self._zone, self._more, f"_{source.number}")
        own.parameters = self.parameters
        return own

    def count(self, source: Source) -> str:
        """Rows and entities of one table by day."""
        table, entity = source.table, source.table.entity_column
        day, within = self._day(table, source.date_type)
        entities = f"COUNT(DISTINCT `{entity}`)" if entity else "NULL"
        select = f"  SELECT {source.number} AS source, {day} AS day, COUNT(*) AS row_count, {entities} AS entity_count"
        if "written_at" in self._more:
            written_at = f"MAX(`{table.updated_column}`)" if table.updated_column else "NULL"
            select += f", {written_at} AS written_at"
        if "place" in self._more:
            select += ", NULL AS place"
        lines = [select, f"  FROM `{source.name}`", f"  WHERE {within}"]
        if self._dates and self._window is not None:
            start, end = self._put("window_start", self._window.start), self._put("window_end", self._window.last)
            lines.append(f"    AND ({day} BETWEEN {start} AND {end} OR {day} IN UNNEST({self._days()}))")
        elif self._dates:
            lines.append(f"    AND {day} IN UNNEST({self._days()})")
        lines += [f"    AND ({also})" for also in (source.keeps_every_row, table.where) if also]
        return "\n".join([*lines, "  GROUP BY 2"])

    def metadata(self, partitions: Partitions) -> str:
        """Rows and last writes of partitions, as BigQuery keeps them."""
        names = ", ".join(
            self._put(f"table_{partitions.number}_{place}", name) for place, name in enumerate(partitions.tables)
        )
        # What lies outside the days that are judged is told, too, where everything is looked at.
        first = "00010101" if self._first == EARLIEST else f"{self._first:%Y%m%d}"
        last = "9999123123" if self._last == LATEST else f"{self._last:%Y%m%d}23"
        between = f"{self._put('first_partition', first)} AND {self._put('last_partition', last)}"
        return (
            f"  SELECT {partitions.number} AS source, NULL AS day, total_rows AS row_count, NULL AS entity_count,"
            " last_modified_time AS written_at, CONCAT(table_name, '$', partition_id) AS place\n"
            f"  FROM `{partitions.dataset}.INFORMATION_SCHEMA.PARTITIONS`\n"
            f"  WHERE table_name IN ({names})\n"
            f"    AND (partition_id BETWEEN {between} OR partition_id IN ('{NULL}', '{UNPARTITIONED}'))"
        )

    def _put(self, name: str, value: Parameter) -> str:
        name += self._suffix
        self.parameters[name] = value
        return f"@{name}"

    def _days(self) -> str:
        return self._put("days", self._dates)

    def _day(self, table: Table, date_type: str) -> tuple[str, str]:
        """The day of a row, and a predicate with the column alone on its side, so that partitions prune."""
        column = quoted(table.date_column)
        start, end = datetime.combine(self._first, time()), datetime.combine(self._last + DAY, time())
        if date_type == "TIMESTAMP":
            zone = zone_of(table, self._zone)
            suffix = "" if zone is self._zone else "_utc"
            first = self._put(f"first_instant{suffix}", start.replace(tzinfo=zone))
            last = self._put(f"end_instant{suffix}", end.replace(tzinfo=zone))
            return f"DATE({column}, '{zone.key}')", f"{column} >= {first} AND {column} < {last}"
        if date_type == "DATETIME":
            first, last = self._put("first_time", start), self._put("end_time", end)
            return f"DATE({column})", f"{column} >= {first} AND {column} < {last}"
        return column, f"{column} BETWEEN {self._put('first_day', self._first)} AND {self._put('last_day', self._last)}"
