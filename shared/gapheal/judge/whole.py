"""Whether a phase holds a date whole: enough rows, and enough of what its yardstick has."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_CEILING, Decimal
from functools import cached_property

from gapheal.judge.excuses import excuse_for
from gapheal.model.passes import Count, Observations, TableKey
from gapheal.model.pipeline import Pipeline, Table, Transition

NOTHING = Count()


@dataclass(frozen=True, slots=True)
class Shortfall:
    """Why one table is not whole on one date."""

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


def needed(yardstick: int, ratio: Decimal) -> int:
    """The least count that is at least `ratio` of `yardstick`, in exact decimals: 0.55 of 100 is 55."""
    return int((ratio * yardstick).to_integral_value(ROUND_CEILING))


class Tables:
    """One observation, asked by phase and date."""

    def __init__(self, pipeline: Pipeline, seen: Observations) -> None:
        self._pipeline = pipeline
        self._seen = seen

    def count(self, phase: str, table: Table, day: date) -> Count:
        """What `table` holds of `day`; a table that was never read is a fault of the caller."""
        return self._seen.counts[TableKey(phase, table.table)].get(day, NOTHING)

    def required(self, phase: str, day: date) -> Iterator[Table]:
        """The tables of `phase` that must hold `day`: an excused table is required in neither role."""
        for table in self._required[phase]:
            if not (table.excuses and excuse_for(table.excuses, day, self._pipeline.seasons)):
                yield table

    def shortfalls(self, phase: str, day: date, judged: Transition) -> Iterator[Shortfall]:
        """What keeps `phase` from being whole on `day`.

        Its yardstick is the phase before it, with the feeding transition's ratio and excuses; a phase that
        nothing feeds is measured by its own tables, with the ratio of the transition being `judged`.
        """
        feeding = self._pipeline.feeding(phase)
        if feeding and excuse_for(feeding.policy.excuses, day, self._pipeline.seasons):
            return
        ratio = (feeding or judged).policy.min_completeness
        for table in self.required(phase, day):
            count = self.count(phase, table, day)
            if count.rows < table.min_rows:
                yield Shortfall(table.table, count.rows, table.min_rows, "rows", table.min_rows)
            elif unit := table.counts:
                yardstick = self.yardstick(feeding.upstream if feeding else (phase,), unit, day)
                enough = needed(yardstick, ratio)
                if (count.entities or 0) < enough:
                    yield Shortfall(table.table, count.entities or 0, enough, unit, yardstick)

    def yardstick(self, phases: tuple[str, ...], entity: str, day: date) -> int:
        """The largest count of `entity` among the required tables of `phases`; 0 where none counts it."""
        return max(
            (
                self.count(phase, table, day).entities or 0
                for phase in phases
                for table in self.required(phase, day)
                if table.counts == entity
            ),
            default=0,
        )

    @cached_property
    def _required(self) -> dict[str, tuple[Table, ...]]:
        phases = self._pipeline.phases.items()
        return {name: tuple(t for t in phase.tables if t.required) for name, phase in phases}
