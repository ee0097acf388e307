"""The statements of a rollback: what a table held of a date at an earlier moment, and the way back to it. Pure.

A script takes no parameters in some engines, and `FOR SYSTEM_TIME AS OF` wants a constant: days, moments and numbers
stand in these statements as literals, made from dates, timestamps and integers, never from text.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from importlib.resources import files
from string import Template
from zoneinfo import ZoneInfo

from gapheal.intervals import DAY
from gapheal.model.past import Back
from gapheal.model.pipeline import Table
from gapheal.warehouse.described import quoted

RESTORE = Template((files("gapheal.warehouse") / "restore.sql").read_text())


@dataclass(frozen=True, slots=True)
class Held:
    """One table whose dates are to be put back."""

    name: str
    """`project.dataset.table`."""
    table: Table
    date_type: str
    columns: Sequence[str]
    zone: ZoneInfo
    """In which a TIMESTAMP has its date."""
    keeps_every_row: str | None = None
    """A predicate that drops nothing, for a table that refuses to be read without it."""

    def within(self, day: date) -> str:
        """The rows of one date; the file's `where` is part of it: rows of others are left alone."""
        also = [f" AND ({each})" for each in (self.keeps_every_row, self.table.where) if each]
        return self._on(day) + "".join(also)

    def _on(self, day: date) -> str:
        column = quoted(self.table.date_column)
        if self.date_type == "DATE":
            return f"{column} = DATE '{day.isoformat()}'"
        first, end = (datetime.combine(each, time()) for each in (day, day + DAY))
        if self.date_type == "DATETIME":
            return f"{column} >= DATETIME '{first.isoformat()}' AND {column} < DATETIME '{end.isoformat()}'"
        first, end = first.replace(tzinfo=self.zone), end.replace(tzinfo=self.zone)
        return f"{column} >= {instant(first)} AND {column} < {instant(end)}"


def count_then(held: Held, day: date, at: datetime) -> str:
    """How much the table held of the date at that moment."""
    entity = held.table.entity_column
    entities = f"COUNT(DISTINCT {quoted(entity)})" if entity else "CAST(NULL AS INT64)"
    return (
        f"SELECT COUNT(*) AS row_count, {entities} AS entity_count\n"
        f"FROM `{held.name}` FOR SYSTEM_TIME AS OF {instant(at)}\n"
        f"WHERE {held.within(day)}\n"
    )


def restore(held: Held, days: Sequence[Back], token: str) -> str:
    """The script that puts the dates back; its last statement tells what it found.

    Args:
        held: the table.
        days: what was seen of each date, and the moment that is wanted.
        token: letters and digits that no other script has: temporary tables are named by it.
    """
    columns = ", ".join(quoted(column) for column in held.columns)
    copies, inserts = [], []
    for number, back in enumerate(days):
        copy = f"before_{token}_{number}"
        copies.append(
            f"CREATE TEMP TABLE {copy} AS\nSELECT {columns}\n"
            f"FROM `{held.name}` FOR SYSTEM_TIME AS OF {instant(back.at)}\nWHERE {held.within(back.day)};"
        )
        inserts.append(f"INSERT INTO `{held.name}` ({columns})\nSELECT {columns} FROM {copy};")
    return RESTORE.substitute(
        table=held.name,
        copies="\n".join(copies),
        inserts="\n".join(inserts),
        within="\n  OR ".join(f"({held.within(back.day)})" for back in days),
        as_seen=_counts(held, [(back.day, back.now) for back in days]),
        as_it_was=_counts(held, [(back.day, back.then) for back in days]),
    )


def instant(moment: datetime) -> str:
    """A moment as a literal."""
    return f"TIMESTAMP '{moment.astimezone(UTC).strftime('%Y-%m-%d %H:%M:%S.%f')}+00:00'"


def _counts(held: Held, wanted: Sequence[tuple[date, int]]) -> str:
    return "\n  AND ".join(
        f"(SELECT COUNT(*) FROM `{held.name}` WHERE {held.within(day)}) = {number:d}" for day, number in wanted
    )
