"""What goes wrong in a world, or only looks so: one story a date, each planted by its effect on the tables."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta

from tests.precision.world import DAY, Cell, Edge, Event, Phase, Plant, Table, World, covers

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


def plant_whole(world: World) -> None:
    """Every date as it is when nothing goes wrong: whole in every phase, up to where it is really empty."""
    for _, table in world.tables():
        world.initial[table.name] = {}
    sources_first = sorted(world.phases, key=lambda phase: world.feeder(phase) is not None)
    for day in world.games:
        for phase in sources_first:
            for table in phase.tables if _reaches(world, phase, day) else []:
                if not covers(table.rules, day) and not table.expired(day, world.now):
                    world.initial[table.name][day] = world.cell(table, day, world.usually(phase, day))
        if schedule := world.phases[0].expected:
            cell = world.cell(schedule, day, world.now - 30 * DAY)
            world.initial.setdefault(schedule.name, {})[day] = cell


def _reaches(world: World, phase: Phase, day: date) -> bool:
    """Whether a phase has a date: all that feeds it has, nothing closes it, and it was due yesterday or earlier."""
    edge = world.feeder(phase)
    if edge is None:
        return True
    made = day <= world.today - max(edge.lag, 1) * DAY
    return made and not covers(edge.rules, day) and all(_has(world, up, day) for up in edge.ups)


def _has(world: World, phase: Phase, day: date) -> bool:
    return any(day in world.initial[table.name] for table in phase.tables if table.required)


class Stories:
    """Plants stories on dates that nothing else happens to. Each says whether it could be planted."""

    def __init__(self, world: World) -> None:
        self.world, self.rng, self.cells = world, world.rng, world.initial
        newest = world.today - (max(edge.lag for edge in world.edges) + 1) * DAY
        self.free = {day for day in world.games if day <= newest and self._plain(day)}

    def _plain(self, day: date) -> bool:
        """Whole in every phase, and the rule of no edge about it."""
        needed = [table for phase in self.world.phases for table in phase.needed(day, stated=False)]
        closed = any(covers(edge.rules, day) for edge in self.world.edges)
        return not closed and all(day in self.cells[table.name] for table in needed)

    def days(self, most: int, *, ok: Callable[[date], bool] = lambda _: True) -> list[date]:
        """Some free dates, which are free no longer."""
        ordered = sorted(day for day in self.free if ok(day))
        chosen = self.rng.sample(ordered, min(most, len(ordered)))
        self.free -= set(chosen)
        return chosen

    def note(self, kind: str, edge: Edge, day: date) -> bool:
        """Say what was planted."""
        self.world.plants.append(Plant(kind, edge.name, day))
        return True

    def drop(self, phases: list[Phase], day: date) -> None:
        """No table of these phases has the date."""
        for phase in phases:
            for table in phase.tables:
                self.cells[table.name].pop(day, None)

    def later(self, step: int, table: Table, day: date, cell: Cell) -> None:
        """What the table holds from that step on."""
        self.world.events.setdefault(step, []).append(Event(table.name, day, cell))

    def arrival(self, step: int) -> datetime:
        """When something is written shortly before a step; where time stands still, some hours before."""
        return self.world.times[step] - (3 * HOUR if self.world.lease == 0 else 4 * MINUTE)

    def upstream(self, edge: Edge, day: date) -> Table:
        """A table that the edge reads."""
        return self.rng.choice(edge.ups[0].needed(day, stated=False))

    def rewrite(self, table: Table, day: date, at: datetime) -> None:
        """The same rows, written again."""
        self.cells[table.name][day] = self.cells[table.name][day]._replace(written=at)

    def missing(self, edge: Edge, day: date, kind: str = "missing") -> bool:
        """The job never wrote the date."""
        self.drop([edge.down, *self.world.later(edge.down)], day)
        return self.note(kind, edge, day)

    def partial(self, edge: Edge, day: date) -> bool:
        """One table of the downstream has one entity too few, or too few rows."""
        found = {t.name: cell for t in edge.down.needed(day, stated=False) if (cell := self.short(edge.down, t, day))}
        if not found:
            return False
        name = self.rng.choice(sorted(found))
        self.drop(self.world.later(edge.down), day)
        self.cells[name][day] = found[name]
        return self.note("partial", edge, day)

    def short(self, phase: Phase, table: Table, day: date) -> Cell | None:
        """Just not whole, in exact fractions; None where that cannot be."""
        before = self.cells[table.name][day]
        if table.min_rows > 1:
            few = table.min_rows - 1
            return before._replace(rows=few, entities=before.entities and min(before.entities, few), whole=False)
        found = self.world.enough(self.cells, phase, table, day) - 1
        return before._replace(rows=found, entities=found, whole=False) if found > 1 else None

    def just_whole(self, edge: Edge, day: date) -> bool:
        """Fewer than upstream has, and just enough."""
        for table in edge.down.needed(day, stated=False):
            enough = self.world.enough(self.cells, edge.down, table, day)
            if 1 < enough < self.world.count(table, day):
                before = self.cells[table.name][day]
                self.cells[table.name][day] = before._replace(rows=max(enough, table.min_rows), entities=enough)
                return self.note("just_whole", edge, day)
        return False

    def one_of_n(self, edge: Edge, day: date, kind: str = "one_of_n") -> bool:
        """One of several tables has nothing; what comes later may have been made all the same."""
        tables = edge.down.needed(day, stated=False)
        if len(tables) < 2:
            return False
        self.cells[self.rng.choice(tables).name].pop(day)
        after = [each for each in self.world.edges if edge.down in each.ups]
        # Without last writes the rules leave open what a waiting date was made from.
        if not all(each.timed() for each in after) or self.rng.random() < 0.5:
            self.drop(self.world.later(edge.down), day)
        return self.note(kind if len(edge.down.tables) < 5 else "one_of_five", edge, day)

    def optional(self, edge: Edge, day: date) -> bool:
        """An optional table has nothing, or more than all others."""
        for table in edge.down.tables:
            if not table.required and (cell := self.cells[table.name].pop(day, None)):
                if cell.entities and self.rng.random() < 0.3:
                    self.cells[table.name][day] = cell._replace(rows=cell.rows * 9, entities=cell.entities * 9)
                return self.note("optional", edge, day)
        return False

    def held(self, edge: Edge, day: date) -> bool:
        """Missing, and older than the policy heals; or as old, and its data arrived today."""
        if edge.max_age is None or (self.world.today - day).days < edge.max_age + 3:
            return False
        if edge.timed() and not edge.settle and self.rng.random() < 0.5:
            self.rewrite(self.upstream(edge, day), day, self.world.now - 5 * HOUR)
            return self.missing(edge, day, "old_but_arrived")
        return self.missing(edge, day, "held")

    def stale(self, edge: Edge, day: date) -> bool:
        """Upstream was written again, today or yesterday, and downstream was not."""
        if not edge.timed() or edge.settle:
            return False
        self.rewrite(self.upstream(edge, day), day, self.world.now - self.rng.randint(6, 20) * HOUR)
        return self.note(f"stale_{edge.stale}", edge, day)

    def fresh_enough(self, edge: Edge, day: date) -> bool:
        """Upstream was written again, as late as the policy allows and no minute later."""
        if not edge.timed() or edge.lookback:
            return False
        allowed = self.world.usually(edge.down, day) + edge.stale_after * MINUTE
        self.rewrite(self.upstream(edge, day), day, allowed)
        return self.note("fresh_enough", edge, day)

    def changed(self, edge: Edge, day: date) -> bool:
        """Upstream changes after a first scan has seen everything whole."""
        if edge.lookback or edge.settle:
            return False
        up = self.upstream(edge, day)
        self.later(1, up, day, self.world.cell(up, day, self.arrival(1), self.cells[up.name][day].version + 1))
        return self.note(f"{'late_edit' if edge.timed() else 'changed'}_{edge.stale}", edge, day)

    def idle(self, edge: Edge, day: date) -> bool:
        """Stale, from the beginning or later, and its job runs again and writes nothing."""
        if edge.stale != "heal" or edge.lookback or not (self.stale(edge, day) or self.changed(edge, day)):
            return False
        self.world.idle.add((edge.name, day))
        return self.note("idle", edge, day)

    def dead(self, edge: Edge, day: date) -> bool:
        """Missing, and its job never writes."""
        if any(each.lookback or each.depends for each in self.world.edges):
            return False
        self.world.idle.add((edge.name, day))
        return self.missing(edge, day, "dead")

    def late(self, edge: Edge, day: date) -> bool:
        """The source brings the date after a first scan."""
        source = self.world.phases[0]
        for table in source.tables:
            if cell := self.cells[table.name].get(day):
                self.later(1, table, day, cell._replace(written=self.arrival(1), version=1))
        self.drop([source, *self.world.later(source)], day)
        return self.note("late", self.world.edges[0], day)
