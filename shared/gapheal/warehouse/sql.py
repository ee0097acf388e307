"""The one statement of an observation. Identifiers come from the validated file, values are parameters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from gapheal.bigquery import Parameter
from gapheal.intervals import DAY, EARLIEST, LATEST
from gapheal.model.passes import Scope
from gapheal.model.pipeline import Table


@dataclass(frozen=True, slots=True)
class Source:
    """One table to count."""

    number: int
    name: str
    """`project.dataset.table`."""
    table: Table
    date_type: str


def statement(sources: Sequence[Source], scope: Scope, zone: ZoneInfo) -> tuple[str, Mapping[str, Parameter]]:
    """The SQL that counts every source by day, and its parameters.

    Answers rows of `source, day, row_count, entity_count, observed_at`; one of them, with source -1, is there
    even when nothing else is, so that the query's clock is always told.
    """
    window = scope.window
    dates = sorted(day for day in scope.dates if window is None or day not in window)
    bounds = [*dates[:1], *dates[-1:]]
    if window is not None:
        bounds += [window.start, window.last]
    first, last = max(min(bounds), EARLIEST), min(max(bounds), LATEST)
    parameters: dict[str, Parameter] = {"first_day": first, "last_day": last}
    if dates:
        parameters["days"] = dates
    if dates and window is not None:
        parameters |= {"window_start": window.start, "window_end": window.last}
    for source in sources:
        parameters |= _bounds(source.date_type, first, last, zone)
    counted = "\n  UNION ALL\n".join(_count(source, parameters, zone) for source in sources)
    return (
        "SELECT source, day, row_count, entity_count, CURRENT_TIMESTAMP() AS observed_at\n"
        f"FROM (\n{counted}\n  UNION ALL\n  SELECT -1, NULL, 0, NULL\n)\n"
    ), parameters


def _count(source: Source, parameters: Mapping[str, Parameter], zone: ZoneInfo) -> str:
    column, entity = f"`{source.table.date_column}`", source.table.entity_column
    day, within = _day(column, source.date_type, zone)
    entities = f"COUNT(DISTINCT `{entity}`)" if entity else "NULL"
    lines = [
        (f"  SELECT {source.number} AS source, {day} AS day, COUNT(*) AS row_count, {entities} AS entity_count"),
        f"  FROM `{source.name}`",
        f"  WHERE {within}",
    ]
    if "window_start" in parameters:
        lines.append(f"    AND ({day} BETWEEN @window_start AND @window_end OR {day} IN UNNEST(@days))")
    elif "days" in parameters:
        lines.append(f"    AND {day} IN UNNEST(@days)")
    if source.table.where:
        lines.append(f"    AND ({source.table.where})")
    return "\n".join([*lines, "  GROUP BY 2"])


def _day(column: str, date_type: str, zone: ZoneInfo) -> tuple[str, str]:
    """The day of a row, and a predicate with the column alone on its side, so that partitions prune."""
    if date_type == "TIMESTAMP":
        return f"DATE({column}, '{zone.key}')", f"{column} >= @first_instant AND {column} < @end_instant"
    if date_type == "DATETIME":
        return f"DATE({column})", f"{column} >= @first_time AND {column} < @end_time"
    return column, f"{column} BETWEEN @first_day AND @last_day"


def _bounds(date_type: str, first: date, last: date, zone: ZoneInfo) -> dict[str, Parameter]:
    start, end = datetime.combine(first, time()), datetime.combine(last + DAY, time())
    if date_type == "TIMESTAMP":
        return {"first_instant": start.replace(tzinfo=zone), "end_instant": end.replace(tzinfo=zone)}
    if date_type == "DATETIME":
        return {"first_time": start, "end_time": end}
    return {}
