"""What some worlds have besides: settling, lookback, dependence, several upstreams, schedules, decisions."""

from __future__ import annotations

from datetime import date
from itertools import pairwise

from tests.precision.shapes import shifts
from tests.precision.stories import HOUR, MINUTE, Stories
from tests.precision.world import DAY, Cell, Edge, Phase, Rule, Table


class Extras(Stories):
    """Stories that need a certain world, or a certain date."""

    def hidden(self) -> None:
        """A real gap beside a warm-up: on the first date after it, or in a table that needs none."""
        for edge in self.world.edges:
            for rule in [rule for table in edge.down.tables for rule in table.rules if rule.kind == "own_warm_up"]:
                for day in self.days(1, ok=rule.days.__contains__):
                    self.one_of_n(edge, day, "hidden")
            for rule in [rule for rule in edge.rules if rule.kind == "warm_up"]:
                last = max(rule.days & set(self.world.games), default=self.world.today)
                after = sorted(day for day in self.free if day > last)[:1]
                for day in self.days(1, ok=after.__contains__):
                    self.missing(edge, day, "hidden")

    def on_a_shift(self, edge: Edge) -> None:
        """A gap on a day of 23 or 25 hours."""
        days = shifts(self.world.zone)
        for day in self.days(1, ok=lambda day: day in days):
            self.missing(edge, day, "dst")

    def settling(self) -> None:
        """The source was written some minutes ago, and its job may still be at work."""
        edge = self.world.edges[0]
        for day in self.days(2):
            self.rewrite(self.upstream(edge, day), day, self.world.now - self.rng.randint(1, edge.settle - 5) * MINUTE)
            self.missing(edge, day, "settling")
        for day in self.days(1):
            self.rewrite(self.upstream(edge, day), day, self.world.now - edge.settle * MINUTE)
            self.missing(edge, day, "settled")

    def lookback(self) -> None:
        """A gap behind a date that the source has in part, until the source mends that."""
        edge = self.world.edges[0]
        source = edge.ups[0]
        ahead = {day: [day + n * DAY for n in range(1, edge.lookback + 1)] for day in self.free}
        for before in self.days(2, ok=lambda day: bool(self.free & set(ahead[day]) and self._parts(source, day))):
            table, part = self._parts(source, before)[0]
            self.later(1, table, before, self.cells[table.name][before]._replace(written=self.arrival(1), version=1))
            self.cells[table.name][before] = part._replace(written=self.world.now - 5 * HOUR)
            self.drop(self.world.later(source), before)
            self.note("source_partial", edge, before)
            near = ahead[before]
            for day in self.days(1, ok=near.__contains__):
                self.missing(edge, day, "lookback")

    def _parts(self, phase: Phase, day: date) -> list[tuple[Table, Cell]]:
        """Tables that can have the date in part, and what they have then."""
        tables = phase.needed(day, stated=False)
        return [(table, part) for table in tables if (part := self.short(phase, table, day))]

    def depends(self) -> None:
        """Two dates in a row are missing: the second waits for the first."""
        edge, games = self.world.edges[0], sorted(self.world.games)
        pairs = [(a, b) for a, b in pairwise(games) if {a, b} <= self.free]
        if pairs:
            pair = self.rng.choice(pairs)
            self.free -= set(pair)
            for day, kind in zip(pair, ("past", "depends"), strict=True):
                self.missing(edge, day, kind)

    def several(self) -> None:
        """The second upstream lacks a date, for a while or for good reason."""
        edge = self.world.edges[-1]
        side = edge.ups[1]
        for day in self.days(2):
            table = self.rng.choice(side.needed(day, stated=False))
            self.later(1, table, day, self.cells[table.name].pop(day)._replace(written=self.arrival(1), version=1))
            self.missing(edge, day, "several")
        excused = self.days(2)
        for table in side.tables if excused else []:
            line = {"reason": "no side data", "dates": [str(day) for day in sorted(excused)]}
            table.rules.append(Rule("side", frozenset(excused), line))
            for day in excused:
                self.cells[table.name].pop(day, None)
        for day in excused:
            self.drop([edge.down], day)
            self.note("several_excused", edge, day)

    def expected(self) -> None:
        """The schedule has what the source lacks, whole or in part; or lacks what the source has."""
        edge = self.world.edges[0]
        source, schedule = edge.ups[0], edge.ups[0].expected
        if schedule is None:
            return
        for day in self.days(2):
            self.drop([source, *self.world.later(source)], day)
            self.note("source_gap", edge, day)
        for day in self.days(1):
            del self.cells[schedule.name][day]
            self.note("unscheduled", edge, day)
        for day in self.days(2, ok=lambda day: bool(self._parts(source, day))):
            table, part = self._parts(source, day)[0]
            self.cells[table.name][day] = part
            self.drop(self.world.later(source), day)
            self.note("source_partial", edge, day)

    def accepted(self, edge: Edge) -> None:
        """A person takes an empty date as it is; or a partial source, so that the rest may go on."""
        for day in self.days(1):
            self.missing(edge, day, "accepted")
            self.world.accepted.setdefault(0, []).append((edge.down.name, day))
        source, first = self.world.phases[0], self.world.edges[0]
        for day in self.days(1, ok=lambda day: bool(self._parts(source, day))):
            table, part = self._parts(source, day)[0]
            self.cells[table.name][day] = part
            self.missing(first, day, "accepted_source")
            self.world.accepted.setdefault(1, []).append((source.name, day))
