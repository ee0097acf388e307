"""What the rows of a statement say: counts by date, last writes, and what belongs to no date. Pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from gapheal.intervals import EARLIEST, LATEST
from gapheal.judge.excuses import excuse_for
from gapheal.judge.needs import expected_key
from gapheal.model.passes import Count, Scope, TableFacts, TableKey
from gapheal.model.pipeline import Pipeline
from gapheal.warehouse.described import retention
from gapheal.warehouse.plan import Plan
from gapheal.warehouse.sql import NULL, UNPARTITIONED

OUT_OF_RANGE = "out of range"
"""Dates before 1990 or after 2159."""

Answer = Iterable[Mapping[str, Any]]


@dataclass
class Metadata:
    """What the partitions of one table say."""

    days: dict[date, Count] = field(default_factory=dict)
    elsewhere: Counter[str] = field(default_factory=Counter)
    """Rows that belong to no date."""

    def add(self, partition: str, rows: int, written_at: datetime | None) -> None:
        """One partition: a day, an hour of it, or one of those that hold what has no date."""
        day = _day(partition)
        if day is None:
            # The streaming buffer may show twice, once for each tier of storage.
            self.elsewhere[partition if partition in {NULL, UNPARTITIONED} else OUT_OF_RANGE] += rows
            return
        before = self.days.get(day, Count())
        written = max(filter(None, (before.written_at, written_at)), default=None)
        self.days[day] = Count(before.rows + rows, None, written)


class Reading:
    """One observation while it is made: what metadata says, corrected by what is counted."""

    def __init__(self, plan: Plan, scope: Scope, answer: Answer) -> None:
        self.plan = plan
        self.scope = scope
        self.partitions = _metadata(plan, answer)
        self._metadata = {key: self.partitions[key] for key in plan.partitioned}
        self.partly: dict[TableKey, frozenset[date]] = {}
        """Tables of which only these dates are counted in this pass: the others stand as they are remembered."""
        self.counts: dict[TableKey, dict[date, Count]] = {key: {} for key in plan.tables}
        for key in plan.uncounted:
            days = self._metadata[key].days.items()
            self.counts[key] = {day: count for day, count in days if count.rows and day in scope}
        self._counted = set(plan.counted)
        self._put(plan.counted, answer)

    @property
    def streaming(self) -> list[TableKey]:
        """Uncounted tables of which rows are in no partition yet: metadata alone would show gaps."""
        return [key for key in self.plan.uncounted if self._metadata[key].elsewhere[UNPARTITIONED]]

    def recount(self, keys: Iterable[TableKey], scope: Scope, answer: Answer) -> None:
        """Put what was counted in the place of what metadata says of the same dates; last writes stay."""
        keys = list(keys)
        for key in keys:
            self.counts[key] = {day: count for day, count in self.counts[key].items() if day not in scope}
        if scope == self.scope:
            self._counted.update(keys)
        self._put(keys, answer)

    def facts(self) -> dict[TableKey, TableFacts]:
        """What is special about each table."""
        plan = self.plan
        facts = {}
        for key, table in plan.tables.items():
            found, metadata = plan.described[key], self._metadata.get(key)
            elsewhere = {place: rows for place, rows in metadata.elsewhere.items() if rows} if metadata else {}
            # The catalogue is remembered for an hour; the metadata is of this moment.
            buffered = UNPARTITIONED in elsewhere if metadata else found.buffered
            facts[key] = TableFacts(retention(found, table, plan.zone), buffered, elsewhere)
        return {key: told for key, told in facts.items() if told != TableFacts()}

    def empty(self) -> Iterator[tuple[TableKey, int]]:
        """Tables of whose rows none was counted, and how many their partitions have of the scope."""
        for key in self.plan.tables:
            if key in self._counted and not self.plan.tables[key].where and not self.counts[key]:
                days = self._metadata[key].days.items() if key in self._metadata else ()
                yield key, sum(count.rows for day, count in days if day in self.scope)

    def _put(self, keys: Iterable[TableKey], answer: Answer) -> None:
        wanted = set(keys)
        numbers = {number: key for number, key in enumerate(self.plan.tables) if key in wanted}
        for row in answer:
            key, day = numbers.get(row["source"]), row["day"]
            if key is None or day is None:
                continue
            told = self._metadata[key].days.get(day, Count()).written_at if key in self._metadata else None
            self.counts[key][day] = Count(row["row_count"], row["entity_count"], row.get("written_at") or told)


def suspects(pipeline: Pipeline, transition: str, reading: Reading) -> dict[TableKey, set[date]]:
    """Dates that a table lacks by its metadata alone, though another table of the transition has them.

    What was remembered of a table is doubted as its metadata is. Dates that the file excuses are no suspects: nobody
    will ask for them.
    """
    step = pipeline.transitions[transition]
    required = {
        TableKey(phase, table.table): table
        for phase in (*step.upstream, step.downstream)
        for table in pipeline.phases[phase].tables
        if table.required
    }
    schedules = [
        expected_key(phase, here.expected.table)
        for phase in step.upstream
        if (here := pipeline.phases[phase]).expected and pipeline.feeding(phase) is None
    ]
    held = {day for key in (*required, *schedules) for day in reading.counts.get(key, ())}
    found = {}
    streaming = reading.streaming
    for key in (*reading.plan.uncounted, *reading.partly):
        if (table := required.get(key)) and key not in streaming:
            excuses = (*step.policy.excuses, *table.excuses)
            counts = reading.counts[key]
            lacking = {day for day in held if counts.get(day, Count()).rows < table.min_rows}
            lacking -= reading.partly.get(key, frozenset())
            found[key] = {day for day in lacking if not excuse_for(excuses, day, pipeline.seasons)}
    return {key: days for key, days in found.items() if days}


def _metadata(plan: Plan, answer: Answer) -> dict[TableKey, Metadata]:
    datasets = {each.number: each.dataset for each in plan.partitions()}
    tables: dict[str, Metadata] = defaultdict(Metadata)
    for row in answer:
        if dataset := datasets.get(row["source"]):
            name, _, partition = row["place"].partition("$")
            tables[f"{dataset}.{name}"].add(partition, row["row_count"] or 0, row["written_at"])
    return {key: tables[plan.described[key].name] for key in (plan.dated if plan.stamped else plan.partitioned)}


def _day(partition: str) -> date | None:
    """The day of a partition `yyyymmdd` or `yyyymmddhh`; None for all others, and for days that are not judged."""
    try:
        day = date(int(partition[:4]), int(partition[4:6]), int(partition[6:8]))
    except ValueError:
        return None
    return day if EARLIEST <= day <= LATEST else None
