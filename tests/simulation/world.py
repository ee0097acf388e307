"""The tables of a simulated world, and what people, upstream and accidents do to them."""

from __future__ import annotations

from datetime import date, timedelta

from tests.simulation.engine import Hub
from tests.simulation.facts import Facts
from tests.simulation.jobs import made_of
from tests.simulation.witness import Witness

from gapheal.model.passes import Count
from gapheal.model.pipeline import Pipeline
from gapheal.testing import MemoryWarehouse


class SimWorld:
    """Tables, and how they change."""

    def __init__(self, hub: Hub, facts: Facts, pipeline: Pipeline, witness: Witness) -> None:
        self.hub, self.facts, self.pipeline, self.witness = hub, facts, pipeline, witness
        self.warehouse = MemoryWarehouse(pipeline, hub.clock)
        random = hub.random
        days = facts.days
        self.poison = {
            (step, day)
            for step in pipeline.transitions
            for day in random.sample(days, min(facts.poison, len(days)))
            if facts.poison
        }
        self.moving_day = random.choice(days)
        for day in days:
            self._begin(day)

    def _begin(self, day: date) -> None:
        """As it was before gapheal came: upstream whole, then downstream made of it, or not."""
        random, facts = self.hub.random, self.facts
        rows, entities = random.randint(20, 90), random.randint(4, 12) if facts.entities else None
        names = self.tables("p0")
        for number, name in enumerate(names):
            lacks = facts.short and number and random.random() < facts.short
            self.put(name, day, rows, max(entities // 3, 1) if lacks and entities else entities, hours_ago=20)
        for step in self.pipeline.transitions:
            if random.random() < facts.missing:
                return
            self.write(step, day, None, 0.5 if random.random() < facts.partial else 1.0, hours_ago=19)

    def tables(self, phase: str) -> list[str]:
        """Names, in the file's order."""
        return [table.table for table in self.pipeline.phases[phase].tables]

    def put(self, name: str, day: date, rows: int, entities: int | None, hours_ago: float = 0) -> None:
        """Write one date of one table."""
        written_at = self.hub.now - timedelta(hours=hours_ago) if self.facts.tells_writes else None
        self.warehouse.put(name, day, rows, entities, written_at)

    def write(self, step: str, day: date, part: int | None, share: float, hours_ago: float = 0) -> bool:
        """A job writes a date from what upstream has; whether there was anything to write."""
        transition = self.pipeline.transitions[step]
        counts = [self.warehouse.tables[name].get(day, Count()) for name in self.tables(transition.upstream[0])]
        if (step, day) in self.poison or not any(count.rows for count in counts):
            return False
        best = max(counts, key=lambda count: (count.entities or 0, count.rows))
        names = self.tables(transition.downstream)
        for name in names if part is None else names[part : part + 1]:
            self.put(name, day, *made_of(best, share), hours_ago)
        return True

    def fill(self) -> date:
        """Upstream gets what was late: all of its tables become whole, with some rows more."""
        random = self.hub.random
        day = random.choice(self.facts.days)
        names = self.tables("p0")
        counts = [self.warehouse.tables[name].get(day, Count()) for name in names]
        entities = max((count.entities or 0 for count in counts), default=0) + random.choice([0, 1])
        for name, count in zip(names, counts, strict=True):
            self.put(name, day, count.rows + 5, entities if self.facts.entities else None)
        self.hub.say(f"upstream is filled: {day}")
        return day

    def move(self) -> None:
        """The date that changes between any two passes."""
        name = self.tables("p0")[0]
        count = self.warehouse.tables[name].get(self.moving_day, Count())
        self.put(name, self.moving_day, count.rows + 1, count.entities)

    def rebuild(self) -> None:
        """CREATE OR REPLACE: all is written again, nothing has changed."""
        for name in self.tables("p0"):
            for day, count in self.warehouse.tables[name].items():
                self.put(name, day, count.rows, count.entities)
        self.hub.say("upstream is rebuilt")

    def delete(self) -> None:
        """Somebody deletes one date of a downstream."""
        random = self.hub.random
        phase = random.choice([step.downstream for step in self.pipeline.transitions.values()])
        day = random.choice(self.facts.days)
        for name in self.tables(phase):
            self.warehouse.drop(name, day)
        self.hub.say(f"{phase} loses {day}")

    def lose(self) -> None:
        """Most of the first downstream is gone."""
        self.witness.lost_at = self.hub.now
        for name in self.tables("p1"):
            for day in self.facts.days[: -(-len(self.facts.days) * 2 // 3)]:
                self.warehouse.drop(name, day)
        self.hub.say("p1 loses most of its dates")
