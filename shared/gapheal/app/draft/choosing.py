"""What columns and dates suggest: the date column, what to count, when a season was. Pure; guesses, no more."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date
from itertools import pairwise

from gapheal.app.draft.found import Found
from gapheal.intervals import Interval
from gapheal.model.moments import minute

TIMES = frozenset({"TIMESTAMP", "DATETIME"})
COUNTED = frozenset({"STRING", "INTEGER", "INT64"})
HOLE_DAYS = 31
"""A hole in the dates longer than this divides two seasons."""
MONTHS_ENOUGH = 3
"""So many dates, each the first of a month: the table moves by the month."""

_ENTITY = re.compile(r"(?:.+_)?(?:id|key|code|uuid)", re.IGNORECASE)
_WRITTEN = re.compile(
    r"(?:processed|updated|modified|inserted|ingested|loaded|written|last_updated|last_modified)(?:_at|_on|_time)?",
    re.IGNORECASE,
)


def with_date_columns(tables: Sequence[Found]) -> list[Found]:
    """Each with the column that its dates are probably in, or the reason why it has none that could be taken."""
    cuts = Counter(found.cut_by for found in tables if found.cut_by and found.columns.get(found.cut_by) == "DATE")
    usual = cuts.most_common(1)[0][0] if cuts else None
    return [_with_date_column(found, usual) for found in tables]


def _with_date_column(found: Found, usual: str | None) -> Found:
    if found.kind != "TABLE":
        kind = found.kind.lower().replace("_", " ")
        return replace(found, left_out=f"a {kind}: name it if its rows are a phase's own")
    if found.expires:
        return replace(found, left_out=f"the table expires at {minute(found.expires)}")
    dates = [name for name, kind in found.columns.items() if kind == "DATE"]
    if found.cut_by in dates:
        return replace(found, date_column=found.cut_by)
    if dates:
        return replace(found, date_column=usual if usual in dates else dates[0])
    if found.cut_by:
        return replace(found, date_column=found.cut_by)
    times = [name for name, kind in found.columns.items() if kind in TIMES]
    also = f"; is the day of {' or '.join(times)} what a row belongs to?" if times else ""
    return replace(found, left_out=f"it has no DATE column and is not partitioned by time{also}")


def judged(found: Found) -> Found:
    """Left out for what its dates say: none, or one a month."""
    if found.left_out:
        return found
    if not found.dates:
        why = f"all older than the {found.kept_days} days it keeps, or never any" if found.kept_days else "it is empty"
        return replace(found, left_out=f"no dates in {found.date_column}: {why}")
    if len(found.dates) >= MONTHS_ENOUGH and all(day.day == 1 for day in found.dates):
        return replace(found, left_out="every date is the first of a month: gapheal's grain is a day")
    return found


def candidates(tables: Iterable[Found]) -> list[str]:
    """Columns that may name what a row is about, and that stand in at least two phases: those can be compared."""
    phases: dict[str, set[str]] = {}
    for found in tables:
        for name, kind in found.columns.items():
            if kind in COUNTED and _ENTITY.fullmatch(name):
                phases.setdefault(name, set()).add(found.phase)
    return [name for name, some in phases.items() if len(some) > 1]


def entity(tables: Sequence[Found]) -> str | None:
    """What to count: the candidate that most tables have; of equals the coarser one, of which a day has fewer."""
    having = Counter(name for found in tables for name, usual in found.entities.items() if usual > 1)
    if not having:
        return None
    return min(having, key=lambda name: (-having[name], usual_day(tables, name), name))


def usual_day(tables: Iterable[Found], name: str) -> float:
    """How many of an entity a day has, in the table that has most."""
    return max((found.entities.get(name, 0) for found in tables), default=0)


def written_at(found: Found) -> str | None:
    """The column that may hold the time of each row's writing."""
    return next(
        (name for name, kind in found.columns.items() if kind == "TIMESTAMP" and _WRITTEN.fullmatch(name)), None
    )


def other_dates(found: Found) -> list[str]:
    """DATE columns that were not taken."""
    return [name for name, kind in found.columns.items() if kind == "DATE" and name != found.date_column]


def seasons(days: Iterable[date]) -> list[Interval]:
    """The windows between long holes; one window alone is no season."""
    ordered = sorted(set(days))
    if not ordered:
        return []
    holes = [(before, after) for before, after in pairwise(ordered) if (after - before).days > HOLE_DAYS]
    starts = [ordered[0], *(after for _, after in holes)]
    ends = [*(before for before, _ in holes), ordered[-1]]
    return [Interval.inclusive(first, last) for first, last in zip(starts, ends, strict=True)] if holes else []
