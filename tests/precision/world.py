"""A planted world as plain values: what the file says, what the tables hold, and what is true. Nothing of gapheal."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from fractions import Fraction
from math import ceil
from random import Random
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

DAY = timedelta(days=1)


class Cell(NamedTuple):
    """What one table holds of one date."""

    rows: int
    entities: int | None
    written: datetime
    whole: bool = True
    """Planted so, never worked out from the counts."""
    version: int = 0
    """Grows with every write."""


@dataclass
class Rule:
    """Why dates are really empty downstream, and how a file would say so."""

    kind: str
    days: frozenset[date]
    line: dict[str, Any]
    withheld: bool = False
    """Whether the file leaves it out."""


def covers(rules: list[Rule], day: date, *, stated: bool = False) -> bool:
    """Whether a rule covers `day`; only those that the file states, or all."""
    return any(day in rule.days and not (stated and rule.withheld) for rule in rules)


@dataclass
class Table:
    """One table of a phase."""

    name: str
    date_column: str
    kind: str
    """DATE, DATETIME or TIMESTAMP."""
    entity_column: str | None = None
    entity: str | None = None
    """What its entity column counts."""
    updated_column: str | None = None
    flag_column: str | None = None
    """Rows count only where it is true: the table has a `where`."""
    required: bool = True
    min_rows: int = 1
    retention_days: int | None = None
    """How long a partition is kept, as the table declares it."""
    lost_early: int = 0
    """Days by which a date goes earlier: where its first hours are in the partition of the day before, in UTC."""
    rules: list[Rule] = field(default_factory=list)

    def expired(self, day: date, now: datetime) -> bool:
        """Whether its rows of `day` are no longer kept."""
        return self.kept is not None and datetime.combine(day, time(), UTC) + self.kept <= now

    @property
    def kept(self) -> timedelta | None:
        """How long after its beginning (UTC) a date is whole."""
        return None if self.retention_days is None else (self.retention_days - self.lost_early) * DAY


@dataclass
class Phase:
    """A stage: its tables, and the schedule it is measured by, if any."""

    name: str
    tables: list[Table]
    expected: Table | None = None

    def needed(self, day: date, *, stated: bool) -> list[Table]:
        """The required tables that no rule covers."""
        return [t for t in self.tables if t.required and not covers(t.rules, day, stated=stated)]


@dataclass
class Edge:
    """A transition: what feeds what, with the policy that the file states."""

    name: str
    ups: list[Phase]
    down: Phase
    ratio: str = "1.0"
    lag: int = 1
    settle: int = 0
    stale: str = "report"
    stale_after: int = 60
    lookback: int = 0
    depends: bool = False
    max_age: int | None = None
    max_attempts: int = 3
    start: date | None = None
    rules: list[Rule] = field(default_factory=list)

    def timed(self) -> bool:
        """Whether every table of both sides tells its last write."""
        return all(t.updated_column for phase in (*self.ups, self.down) for t in phase.tables)


class Plant(NamedTuple):
    """One thing that was planted."""

    kind: str
    edge: str
    day: date


class Event(NamedTuple):
    """What changes before a step: a table's date, or a person's word on a phase's date."""

    where: str
    day: date
    cell: Cell | None = None


class Truth(NamedTuple):
    """What is true of a date; several conditions where the rules leave it open."""

    conditions: frozenset[str]
    action: str
    """`trigger`, `held`, `stalled` or `none`."""


Cells = dict[str, dict[date, Cell]]
"""By table, by date."""


@dataclass
class World:
    """Everything that was planted from one seed."""

    seed: int
    rng: Random
    name: str
    zone: str
    times: list[datetime]
    """When each step's scans run, UTC."""
    lease: int
    seasons: dict[str, list[tuple[date, date]]]
    phases: list[Phase]
    edges: list[Edge]
    games: dict[date, int]
    """How many entities each date really has."""
    initial: Cells = field(default_factory=dict)
    events: dict[int, list[Event]] = field(default_factory=dict)
    accepted: dict[int, list[tuple[str, date]]] = field(default_factory=dict)
    """By step: phases and dates that a person accepts before it."""
    idle: set[tuple[str, date]] = field(default_factory=set)
    """Edges and dates whose job never writes."""
    plants: list[Plant] = field(default_factory=list)
    source_gaps: set[tuple[int, str, date]] = field(default_factory=set)
    truth: list[dict[str, dict[date, Truth]]] = field(default_factory=list)
    """By step, by edge, by date."""

    @property
    def now(self) -> datetime:
        """The first scan."""
        return self.times[0]

    @property
    def today(self) -> date:
        """Where the pipeline is, at the first scan."""
        return self.today_at(0)

    def today_at(self, step: int) -> date:
        """Where the pipeline is, at that step."""
        return self.times[step].astimezone(ZoneInfo(self.zone)).date()

    def tables(self) -> Iterator[tuple[Phase, Table]]:
        """Every table of every phase."""
        return ((phase, table) for phase in self.phases for table in phase.tables)

    def feeder(self, phase: Phase) -> Edge | None:
        """The edge that feeds a phase."""
        return next((edge for edge in self.edges if edge.down is phase), None)

    def later(self, phase: Phase) -> list[Phase]:
        """The phases that are made from it, directly or not."""
        found = [edge.down for edge in self.edges if phase in edge.ups]
        return found + [each for after in found for each in self.later(after)]

    def count(self, table: Table, day: date) -> int:
        """How many of the table's entities the date really has."""
        return self.games[day] * (7 if table.entity == "player" else 1)

    def cell(self, table: Table, day: date, written: datetime, version: int = 0) -> Cell:
        """All that a table should hold of a date; where nothing tells the last write, a new version has new rows."""
        found = self.count(table, day)
        rows = max(found * 2, table.min_rows) + (0 if table.updated_column else version)
        return Cell(rows, found if table.entity else None, written, whole=True, version=version)

    def usually(self, phase: Phase, day: date) -> datetime:
        """When a phase usually writes a date: in order, ten minutes apart, and not in the last thirty hours."""
        morning = datetime.combine(day + DAY, time(3), ZoneInfo(self.zone)).astimezone(UTC)
        return min(morning, self.now - timedelta(hours=30)) + self.phases.index(phase) * timedelta(minutes=10)

    def yardstick(self, cells: Cells, phase: Phase, table: Table, day: date) -> int:
        """The most entities that a table is measured by; 0 where nothing counts them."""
        feeder = self.feeder(phase)
        schedule = phase.expected
        scheduled = cells[schedule.name].get(day) if schedule and schedule.entity == table.entity else None
        if scheduled:
            return scheduled.entities or 0
        measures = [t for each in (feeder.ups if feeder else [phase]) for t in each.needed(day, stated=True)]
        counted = [cells[t.name].get(day) for t in measures if t.entity == table.entity and t is not table]
        return max((cell.entities or 0 for cell in counted if cell), default=0)

    def ratio(self, phase: Phase) -> Fraction:
        """Which share of the yardstick is whole."""
        edge = self.feeder(phase) or next(each for each in self.edges if phase in each.ups)
        return Fraction(edge.ratio)

    def enough(self, cells: Cells, phase: Phase, table: Table, day: date) -> int:
        """The least entities that are whole; 0 where nothing measures."""
        return ceil(self.ratio(phase) * self.yardstick(cells, phase, table, day)) if table.entity else 0


class Reality:
    """What the tables hold, as it changes."""

    def __init__(self, world: World, changed: Callable[[str, date, Cell | None], None] = lambda *_: None) -> None:
        self._world = world
        self._changed = changed
        self.cells: Cells = {name: dict(days) for name, days in world.initial.items()}

    def happen(self, step: int) -> None:
        """What changes before a step's scans, whoever scans."""
        for event in self._world.events.get(step, []):
            self._put(event.where, event.day, event.cell)

    def work(self, edge: Edge, day: date, step: int) -> None:
        """The job of an edge: writes what belongs there, unless it is idle or the date is really empty."""
        if (edge.name, day) in self._world.idle or covers(edge.rules, day):
            return
        at = self._world.times[step] + timedelta(minutes=5 + self._world.edges.index(edge))
        for table in edge.down.needed(day, stated=False):
            before = self.cells[table.name].get(day)
            version = before.version + 1 if before else 0
            self._put(table.name, day, self._world.cell(table, day, at, version))

    def _put(self, table: str, day: date, cell: Cell | None) -> None:
        if cell is None:
            self.cells[table].pop(day, None)
        else:
            self.cells[table][day] = cell
        self._changed(table, day, cell)


def merged(*parts: Mapping[str, Any]) -> dict[str, Any]:
    """Mappings as one, without what is None."""
    return {key: value for part in parts for key, value in part.items() if value is not None}
