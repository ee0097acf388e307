"""Which dates are counted where `recount: changed`, and what then stands as it is remembered. Pure.

A count is remembered with a *stamp*: what partitions' metadata said of the date before it was counted. It stands in
while the stamp is the same. A table whose partitions are its dates has its own stamp; a view has that of the tables of
its phase and of the phases that feed it. What has neither is counted in every pass.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from hashlib import sha256
from typing import Any

from gapheal.intervals import Interval, unfold
from gapheal.model.passes import Count, Counted, Remembered, Scope, TableKey
from gapheal.model.pipeline import Pipeline
from gapheal.warehouse.plan import Plan
from gapheal.warehouse.reading import Answer, Reading
from gapheal.warehouse.sql import UNPARTITIONED

TURN_DAYS = 30
"""Every date is counted once in so many days, whatever its stamp says: a run of so many dates at a time."""
VIEWS = frozenset({"VIEW", "MATERIALIZED_VIEW"})
NOTHING: Mapping[date, Remembered] = {}


class Recount:
    """The dates of each counted table that one pass counts, and its reading when they are."""

    def __init__(self, pipeline: Pipeline, reading: Reading, counted: Counted, now: datetime) -> None:
        """Decide what to count.

        Args:
            pipeline: says which phase feeds which.
            reading: so far it knows what the partitions say.
            counted: what is remembered.
            now: by the query's own clock.
        """
        self._reading, self._now = reading, now
        self._identities = {key: identity(reading.plan, key) for key in reading.plan.counted}
        self._known = {key: counted.get(named, NOTHING) for key, named in self._identities.items()}
        self._stamps = {
            key: _stamps(reading, witnesses)
            for key in reading.plan.counted
            if (witnesses := _witnesses(pipeline, reading.plan, key)) and not _streams(reading, witnesses)
        }
        self._moved = {key: self._unlike(key) for key in self._stamps if self._known[key]}
        self.asked = dict(self._asked())

    def put(self, answer: Answer) -> None:
        """Take what was counted; what was not stands as it is remembered."""
        for key, scope in self.asked.items():
            self._reading.recount([key], scope, answer)
        for key, moved in self._moved.items():
            dates = self.asked[key].dates if key in self.asked else frozenset[date]()
            self._reading.partly[key] = dates
            stand = {day: known.held for day, known in self._known[key].items() if day not in dates}
            self._reading.counts[key] |= {
                day: count for day, count in stand.items() if count.rows and day in self._reading.scope
            }
            if self._contradicted(key, dates - moved - self._reading.scope.dates, dates):
                self.asked[key] = self._reading.scope

    @property
    def doubted(self) -> list[TableKey]:
        """Tables whose count belies what is remembered, though no stamp changed: all of them is to be counted."""
        return [key for key in self._moved if self.asked.get(key) == self._reading.scope]

    def put_whole(self, answer: Answer) -> None:
        """Take what was counted of the doubted tables."""
        self._reading.recount(self.doubted, self._reading.scope, answer)
        for key in self.doubted:
            del self._reading.partly[key]

    def learnt(self) -> Iterator[Mapping[str, Any]]:
        """What is worth remembering of this pass: rows of the ledger's table `counts`."""
        for key, stamps in self._stamps.items():
            if key not in self.asked:
                continue
            scope, known, counts = self.asked[key], self._known[key], self._reading.counts[key]
            days = scope.dates | {day for day in {*stamps, *known, *counts} if day in scope}
            for day in sorted(days):
                found = Remembered(counts.get(day, Count()), stamps.get(day, ""), self._now)
                if day not in known or found[:2] != known[day][:2] or known[day].at.date() < self._now.date():
                    yield {"table_name": key.table, "spec_hash": self._identities[key], **_row(day, found)}

    def _asked(self) -> Iterator[tuple[TableKey, Scope]]:
        scope = self._reading.scope
        for key in self._reading.plan.counted:
            if key not in self._moved:
                yield key, scope
            elif dates := self._moved[key] | self._in_turn(key) | scope.dates:
                yield key, Scope(dates=frozenset(dates))

    def _unlike(self, key: TableKey) -> set[date]:
        """Dates of which nothing is remembered, or another stamp."""
        known, stamps = self._known[key], self._stamps[key]
        return {
            day
            for day in {*known, *stamps}
            if day in self._reading.scope and (day not in known or known[day].stamp != stamps.get(day, ""))
        }

    def _in_turn(self, key: TableKey) -> set[date]:
        """Dates whose turn it is today; those between the first and the last that nobody knows of among them."""
        known, today = self._known[key], self._now.date()
        days = {*known, *self._stamps[key]}
        return {
            day
            for day in unfold([Interval.inclusive(min(days), max(days))])
            if in_turn(day, today) and day in self._reading.scope and (day not in known or known[day].at.date() < today)
        }

    def _contradicted(self, key: TableKey, unmoved: set[date] | frozenset[date], dates: frozenset[date]) -> bool:
        """Whether a date without a new stamp has another count, or none has rows that metadata has."""
        known, counts, plan = self._known[key], self._reading.counts[key], self._reading.plan
        if any(counts.get(day, Count()) != (known[day].held if day in known else Count()) for day in unmoved):
            return True
        own = self._reading.partitions[key].days if key in plan.dated and not plan.tables[key].where else {}
        return any(day not in counts and own.get(day, Count()).rows for day in dates)


def in_turn(day: date, today: date) -> bool:
    """Whether `day` is one of the thirtieth that is counted today: runs of dates, so that few partitions are read."""
    return day.toordinal() // TURN_DAYS % TURN_DAYS == today.toordinal() % TURN_DAYS


def identity(plan: Plan, key: TableKey) -> str:
    """A hash of all that the counts of a table depend on, apart from its rows."""
    table, found = plan.tables[key], plan.described[key]
    read = table.model_dump_json(include={"date_column", "entity_column", "updated_column", "where"})
    text = f"{key}{read}{found.name}{found.type_of(table.date_column)}{found.query}{plan.zone.key}"
    return sha256(text.encode()).hexdigest()[:16]


def _row(day: date, found: Remembered) -> Mapping[str, Any]:
    rows, entities, written_at = found.held
    return {
        "partition_date": day.isoformat(),
        "row_count": rows,
        "entity_count": entities,
        "written_at": written_at.isoformat() if written_at else None,
        "stamp": found.stamp,
    }


def _witnesses(pipeline: Pipeline, plan: Plan, key: TableKey) -> list[TableKey]:
    """The tables whose partitions tell when dates of this one change."""
    if key in plan.dated:
        return [key]
    if plan.described[key].kind not in VIEWS:
        return []
    feeding = pipeline.feeding(key.phase)
    near = {key.phase, *(feeding.upstream if feeding else ())}
    return [other for other in plan.dated if other.phase in near]


def _streams(reading: Reading, witnesses: list[TableKey]) -> bool:
    """Whether rows are in no partition yet: whose they are, no stamp tells."""
    return any(reading.partitions[key].elsewhere[UNPARTITIONED] for key in witnesses)


def _stamps(reading: Reading, witnesses: list[TableKey]) -> dict[date, str]:
    told = {key.table: reading.partitions[key].days for key in witnesses}
    days = {day for each in told.values() for day in each}
    return {day: _stamp({table: each.get(day) for table, each in told.items()}) for day in days}


def _stamp(told: Mapping[str, Count | None]) -> str:
    text = ", ".join(
        f"{table} {count.rows} {_said(count.written_at)}" for table, count in told.items() if count is not None
    )
    return sha256(text.encode()).hexdigest()[:16]


def _said(moment: datetime | None) -> str:
    return moment.isoformat() if moment else ""
