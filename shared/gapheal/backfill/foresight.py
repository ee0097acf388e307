"""What upstream will hold once the steps before are done: so a plan reaches through phases that are empty now."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date

from gapheal.model.passes import Count, Observations, TableKey
from gapheal.model.pipeline import Pipeline, Transition

NOTHING = Count()


@dataclass
class Foresight:
    """Counts that tables will have, as far as the plan has been made."""

    pipeline: Pipeline
    coming: dict[TableKey, dict[date, Count]] = field(default_factory=dict)

    def onto(self, name: str, seen: Observations) -> Observations:
        """What was seen, with what is coming upstream."""
        downstream = self.pipeline.transitions[name].downstream
        counts = {
            key: {**held, **self.coming.get(key, {})} if key.phase != downstream else held
            for key, held in seen.counts.items()
        }
        return seen._replace(counts=counts)

    def expect(self, name: str, seen: Observations, days: Iterable[date]) -> None:
        """From now on the downstream of `name` is expected to be whole on these days.

        Args:
            name: the transition.
            seen: what its plan was made by.
            days: the dates that will be done.
        """
        step = self.pipeline.transitions[name]
        wanted = list(days)
        for table in self.pipeline.phases[step.downstream].tables:
            if not table.required:
                continue
            key = TableKey(step.downstream, table.table)
            held = seen.counts.get(key, {})
            self.coming.setdefault(key, {}).update(
                {day: _whole(held.get(day, NOTHING), table.min_rows, self._most(step, seen, day)) for day in wanted}
            )

    def _most(self, step: Transition, seen: Observations, day: date) -> int:
        """The largest count of anything upstream: enough for whatever the yardstick is."""
        counts = _upstream(step, seen.counts)
        return max((held.get(day, NOTHING).entities or 0 for held in counts), default=0)


def _whole(count: Count, min_rows: int, entities: int) -> Count:
    return Count(max(count.rows, min_rows), max(count.entities or 0, entities))


def _upstream(step: Transition, counts: Mapping[TableKey, Mapping[date, Count]]) -> list[Mapping[date, Count]]:
    return [held for key, held in counts.items() if key.phase in step.upstream]
