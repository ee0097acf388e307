"""The past of a memory warehouse: what `put` and `drop` did to it, and the way back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from gapheal.errors import ConfigError
from gapheal.model.passes import Count
from gapheal.model.past import Back, Reach
from gapheal.testing.doubles import MemoryWarehouse


@dataclass
class MemoryPast:
    """Reads a warehouse's history; `hours` is its time travel, `refusals` are of tables that cannot be put back."""

    warehouse: MemoryWarehouse
    hours: int = 168
    refusals: dict[str, str] = field(default_factory=dict)
    fails: Exception | None = None
    """What the next `restore` raises, before anything is done."""

    def reach(self, transition: str) -> dict[str, Reach]:
        """As long as `hours` says, for every table."""
        earliest = self.warehouse.clock.now() - timedelta(hours=self.hours)
        why = f"the dataset d keeps {self.hours} hours (max_time_travel_hours)"
        return {name: Reach(earliest, why, self.refusals.get(name)) for name in self._tables(transition)}

    def held(self, transition: str, moments: Mapping[date, datetime]) -> dict[str, dict[date, Count]]:
        """What the last write before each moment left."""
        return {
            name: {day: self._then(name, day, at) for day, at in moments.items()} for name in self._tables(transition)
        }

    def restore(self, transition: str, table: str, days: Sequence[Back]) -> None:  # noqa: ARG002 (the port's words)
        """Put the dates back, if they hold what was seen."""
        if self.fails:
            fault, self.fails = self.fails, None
            raise fault
        then = {back.day: self._then(table, back.day, back.at) for back in days}
        for back in days:
            if self.warehouse.tables[table].get(back.day, Count()).rows != back.now:
                raise ConfigError(f"putting back {table}: somebody has written since. Nothing of it was changed")
            if then[back.day].rows != back.then:
                raise ConfigError(f"putting back {table}: its history is not as it was read")
        for day, count in then.items():
            if count.rows:
                self.warehouse.put(table, day, *count)
            else:
                self.warehouse.drop(table, day)

    def _then(self, table: str, day: date, at: datetime) -> Count:
        known = self.warehouse.history
        written = [count for moment, name, of, count in known if (name, of) == (table, day) and moment <= at]
        return written[-1] if written else Count()

    def _tables(self, transition: str) -> list[str]:
        pipeline = self.warehouse.pipeline
        return [table.table for table in pipeline.phases[pipeline.transitions[transition].downstream].tables]
