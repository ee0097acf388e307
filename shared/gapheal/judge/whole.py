"""Whether a phase holds a date whole: enough rows, and enough of what its yardstick has."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import ROUND_CEILING, Decimal
from functools import cached_property, lru_cache
from typing import NamedTuple

from gapheal.judge.excuses import excuse_for
from gapheal.judge.needs import expected_key
from gapheal.model.excuses import Excuse
from gapheal.model.passes import Count, Memory, Observations, TableFacts, TableKey
from gapheal.model.pipeline import Pipeline, Table, Transition

NOTHING, NO_FACTS = Count(), TableFacts()


class Shortfall(NamedTuple):
    """Why one table is not whole on one date."""

    phase: str
    table: str
    found: int
    needed: int
    unit: str
    """`rows`, or the entity that is counted."""
    yardstick: int

    @property
    def measure(self) -> str:
        """`rows` or `entities`: the end of the reason's code."""
        return "rows" if self.unit == "rows" else "entities"


@lru_cache(maxsize=4096)
def needed(yardstick: int, ratio: Decimal) -> int:
    """The least count that is at least `ratio` of `yardstick`, in exact decimals: 0.55 of 100 is 55."""
    return int((ratio * yardstick).to_integral_value(ROUND_CEILING))


def together(counts: Iterable[Count]) -> tuple[int, int | None]:
    """Rows and entities of several tables; None where none counts entities."""
    rows, entities = 0, None
    for count in counts:
        rows += count.rows
        if count.entities is not None:
            entities = (entities or 0) + count.entities
    return rows, entities


class Tables:
    """One observation and what people have accepted, asked by phase and date."""

    def __init__(self, pipeline: Pipeline, seen: Observations, memory: Memory) -> None:
        self._pipeline = pipeline
        self._seen = seen
        self._memory = memory
        self._kept: dict[str, dict[date, tuple[list[tuple[Table, Count]], list[Count]]]] = defaultdict(dict)
        self._columns: dict[tuple[str, str | None], list[tuple[Table, Mapping[date, Count]]]] = {}

    def count(self, phase: str, table: Table, day: date) -> Count:
        """What `table` holds of `day`; a table that was never read is a fault of the caller."""
        return self.of(phase, table).get(day, NOTHING)

    def of(self, phase: str, table: Table) -> Mapping[date, Count]:
        """What `table` holds, by date."""
        return self._seen.counts[TableKey(phase, table.table)]

    def facts(self, phase: str, table: Table) -> TableFacts:
        """What is known of the table as a whole."""
        return self._seen.facts.get(TableKey(phase, table.table), NO_FACTS)

    def present(self, phase: str, day: date) -> Sequence[Table]:
        """The required tables of `phase` that the file does not excuse on `day`."""
        required = self._required[phase]
        if phase not in self._excusing:
            return required
        return [table for table in required if not (table.excuses and self.table_excuse(phase, table, day))]

    def required(self, phase: str, day: date) -> Sequence[Table]:
        """The tables that must hold `day` whole: one that is excused or accepted is required in neither role."""
        return () if day in self._memory.accepted.get(phase, ()) else self.present(phase, day)

    def counts(self, phase: str, day: date) -> Sequence[Count]:
        """What the present tables hold, in the file's order."""
        return self._held(phase, day)[1]

    def due(self, phase: str, day: date) -> Sequence[tuple[Table, Count]]:
        """The tables that must hold `day` whole, each with what it holds."""
        return () if day in self._memory.accepted.get(phase, ()) else self._held(phase, day)[0]

    def _held(self, phase: str, day: date) -> tuple[list[tuple[Table, Count]], list[Count]]:
        """The present tables with what they hold, and that alone; every rule asks, so it is kept."""
        known = self._kept[phase]
        if day not in known:
            columns = self._column(phase)
            if phase in self._excusing:
                present = self.present(phase, day)
                columns = [(table, column) for table, column in columns if table in present]
            counts = [column.get(day, NOTHING) for _, column in columns]
            known[day] = [(table, count) for (table, _), count in zip(columns, counts, strict=True)], counts
        return known[day]

    def table_excuse(self, phase: str, table: Table, day: date) -> Excuse | None:
        """The excuse of the table itself that covers `day`."""
        feeding = self._feeding[phase]
        upstream = feeding.upstream if feeding else ()
        return excuse_for(table.excuses, day, self._pipeline.seasons, lambda: self.entities(upstream, day))

    def excuse(self, transition: Transition, day: date) -> Excuse | None:
        """The excuse of the transition's policy that covers `day`."""
        excuses, seasons = transition.policy.excuses, self._pipeline.seasons
        return excuse_for(excuses, day, seasons, lambda: self.entities(transition.upstream, day))

    def demanded(self, phase: str, day: date) -> bool:
        """Whether anything says that `phase` should have `day`: not where it, or what feeds it, is excused."""
        if not self.required(phase, day):
            return False
        feeding = self._feeding[phase]
        if feeding is None:
            return True
        too_early = feeding.policy.start_date is not None and day < feeding.policy.start_date
        if too_early or self.excuse(feeding, day):
            return False
        return all(self.demanded(before, day) for before in feeding.upstream)

    def expired(self, phase: str, day: date) -> Iterator[tuple[Table, timedelta]]:
        """The present tables that no longer keep `day`, and how long they keep one."""
        if phase not in self._expiring:
            return
        age = self._seen.now - datetime.combine(day, time(), UTC)
        for table in self.present(phase, day):
            retention = self.facts(phase, table).retention
            if retention is not None and retention <= age:
                yield table, retention

    def shortfalls(self, phase: str, day: date, judged: Transition) -> Iterator[Shortfall]:
        """What keeps `phase` from being whole on `day`.

        Its yardstick is the phase before it, with the feeding transition's ratio and excuses; a phase that nothing
        feeds is measured by its `expected` table or its own tables, with the ratio of the transition being `judged`.
        """
        feeding = self._feeding[phase]
        if feeding and feeding.policy.excuses and self.excuse(feeding, day):
            return
        for table, count in self.due(phase, day):
            if count.rows < table.min_rows:
                yield Shortfall(phase, table.table, count.rows, table.min_rows, "rows", table.min_rows)
            elif unit := table.counts:
                yardstick = self.yardstick(feeding.upstream, unit, day) if feeding else self._first(phase, unit, day)
                enough = needed(yardstick, (feeding or judged).policy.min_completeness)
                if (count.entities or 0) < enough:
                    yield Shortfall(phase, table.table, count.entities or 0, enough, unit, yardstick)

    def yardstick(self, phases: tuple[str, ...], entity: str, day: date) -> int:
        """The largest count of `entity` among the tables of `phases`; 0 where none counts it."""
        largest = 0
        for phase in phases:
            for table, column in self._column(phase, entity):
                if not (table.excuses and self.table_excuse(phase, table, day)):
                    largest = max(largest, column.get(day, NOTHING).entities or 0)
        return largest

    def entities(self, phases: tuple[str, ...], day: date) -> int | None:
        """The largest count of anything that the tables of `phases` count; None where none of them has the date."""
        counts = (
            self._seen.counts.get(TableKey(phase, table.table), {}).get(day, NOTHING)
            for phase in phases
            for table in self._required[phase]
            if table.counts and not excuse_for(table.excuses, day, self._pipeline.seasons)
        )
        return max((count.entities or 0 for count in counts if count.rows), default=None)

    def _column(self, phase: str, entity: str | None = None) -> list[tuple[Table, Mapping[date, Count]]]:
        """The required tables of `phase` (that count `entity`), each with what was read of it."""
        if (phase, entity) not in self._columns:
            tables = [table for table in self._required[phase] if entity is None or table.counts == entity]
            self._columns[phase, entity] = [(table, self.of(phase, table)) for table in tables]
        return self._columns[phase, entity]

    def _first(self, phase: str, entity: str, day: date) -> int:
        """The yardstick of a phase that nothing feeds."""
        expected = self._pipeline.phases[phase].expected
        if expected and expected.as_table.counts == entity:
            counts = self._seen.counts[expected_key(phase, expected.table)]
            if due := counts.get(day, NOTHING).entities:
                return due
        return self.yardstick((phase,), entity, day)

    @cached_property
    def _required(self) -> dict[str, tuple[Table, ...]]:
        phases = self._pipeline.phases.items()
        return {name: tuple(t for t in phase.tables if t.required) for name, phase in phases}

    @cached_property
    def _feeding(self) -> dict[str, Transition | None]:
        return {phase: self._pipeline.feeding(phase) for phase in self._pipeline.phases}

    @cached_property
    def _excusing(self) -> frozenset[str]:
        """Phases of which a table has excuses of its own."""
        return frozenset(phase for phase, tables in self._required.items() if any(t.excuses for t in tables))

    @cached_property
    def some_buffered(self) -> bool:
        """Whether any table has rows in a streaming buffer."""
        return any(facts.buffered for facts in self._seen.facts.values())

    @cached_property
    def _expiring(self) -> frozenset[str]:
        """Phases of which a table does not keep its rows for ever."""
        return frozenset(key.phase for key, facts in self._seen.facts.items() if facts.retention is not None)
