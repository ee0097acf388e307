"""What is true of a world, step by step, from what was planted: labels and times of writing, never counts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from tests.precision.world import DAY, Edge, Phase, Reality, Table, Truth, World, covers

OPEN = {"waiting", "settling", "missing", "partial", "stale"}
UNJUDGED = "unjudged"


@dataclass
class Notes:
    """What earlier steps leave behind of one date of one edge."""

    versions: tuple[int, ...] = ()
    arrived: datetime | None = None
    gap_since: datetime | None = None
    triggers: int = 0
    """For the present versions."""
    made_from: dict[str, tuple[tuple[int, ...], int]] = field(default_factory=dict)
    """By table, from when it was last complete: upstream's versions, and its own."""
    told: bool = False
    """Whether its staleness was reported."""


class Oracle:
    """Knows the truth of every step before anything is asked."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.reality = Reality(world)
        self.notes: dict[tuple[str, date], Notes] = {}
        self.accepted: set[tuple[str, date]] = set()
        self.zone = ZoneInfo(world.zone)

    def foretell(self) -> None:
        """Write the truth of every step into the world, with jobs that answer every true trigger."""
        for step in range(len(self.world.times)):
            self.accepted |= set(self.world.accepted.get(step, []))
            self.reality.happen(step)
            truth = {edge.name: self.look(step, edge) for edge in self.world.edges}
            self.world.truth.append(truth)
            for edge in self.world.edges:
                for day, true in truth[edge.name].items():
                    if true.action == "trigger":
                        self.reality.work(edge, day, step)
            self.world.source_gaps |= set(self._source_gaps(step))

    def look(self, step: int, edge: Edge) -> dict[date, Truth]:
        """The truth of every date of an edge."""
        found: dict[date, Truth] = {}
        previous = ""
        for day in sorted(self.world.games):
            if not any(self._holds(phase, day) for phase in edge.ups) or (edge.start and day < edge.start):
                continue
            conditions = self._conditions(step, edge, day, previous)
            true = self._settle(step, edge, day, conditions)
            found[day] = true
            if not true.conditions & {"excused", UNJUDGED}:
                previous = conditions[0]
        return found

    # Conditions: the first is the strict reading, others are allowed too.

    def _conditions(self, step: int, edge: Edge, day: date, previous: str) -> tuple[str, ...]:
        now = self.world.times[step]
        tables = [table for phase in (*edge.ups, edge.down) for table in phase.needed(day, stated=True)]
        if any(table.expired(day, now) for table in tables):
            return ("excused", UNJUDGED)
        if self._excused(step, edge, day):
            return ("excused",)
        if len(edge.ups) > 1 and any(self._rightly_empty(phase, day) for phase in edge.ups):
            return ("excused", "waiting")
        if not all(self._whole(phase, day) for phase in edge.ups) or self._held_back(step, edge, day):
            return ("waiting",)
        own = self._own(step, edge, day)
        if edge.depends and previous in OPEN:
            return ("waiting", own) if own == "complete" else ("waiting",)
        return (own,)

    def _own(self, step: int, edge: Edge, day: date) -> str:
        """What the date is when nothing excuses it and it waits for nothing."""
        written = self._last_write(edge, day)
        if edge.settle and written and self.world.times[step] - written < timedelta(minutes=edge.settle):
            return "settling"
        cells = [self.reality.cells[table.name].get(day) for table in self._required(edge.down, day)]
        if None in cells:
            return "missing"
        if not all(cell.whole for cell in cells if cell):
            return "partial"
        return "stale" if self._stale(edge, day) else "complete"

    def _excused(self, step: int, edge: Edge, day: date) -> bool:
        if covers(edge.rules, day, stated=True) or (edge.down.name, day) in self.accepted:
            return True
        due = day <= self.world.today_at(step) - edge.lag * DAY
        nothing = len(edge.ups) > 1 and any(self._unasked(phase, day) for phase in edge.ups)
        return not due or not edge.down.needed(day, stated=True) or nothing

    def _unasked(self, phase: Phase, day: date) -> bool:
        """Whether a phase has no rows of a date, and need not have any."""
        feeder = self.world.feeder(phase)
        closed = feeder is not None and covers(feeder.rules, day, stated=True)
        return not self._holds(phase, day) and (closed or not self._required(phase, day))

    def _rightly_empty(self, phase: Phase, day: date) -> bool:
        """The same, or what it is made from is so: how far up one looks, the rules leave open."""
        feeder = self.world.feeder(phase)
        above = feeder is not None and any(self._rightly_empty(up, day) for up in feeder.ups)
        return self._unasked(phase, day) or (above and not self._holds(phase, day))

    def _held_back(self, step: int, edge: Edge, day: date) -> bool:
        for n in range(1, edge.lookback + 1):
            before = day - n * DAY
            if any(self._holds(phase, before) for phase in edge.ups) and not self._excused(step, edge, before):
                gone = any(t.expired(before, self.world.times[step]) for up in edge.ups for t in up.tables)
                if not gone and not all(self._whole(phase, before) for phase in edge.ups):
                    return True
        return False

    def _stale(self, edge: Edge, day: date) -> bool:
        if edge.stale == "ignore":
            return False
        notes, versions = self._notes(edge, day), self._versions(edge, day)
        for table in self._required(edge.down, day):
            cell = self.reality.cells[table.name][day]
            if edge.timed():
                written = self._last_write(edge, day)
                if written and written - cell.written > timedelta(minutes=edge.stale_after):
                    return True
            elif table.name in notes.made_from:
                made_from, own = notes.made_from[table.name]
                if made_from != versions and own == cell.version:
                    return True
        return False

    # Actions.

    def _settle(self, step: int, edge: Edge, day: date, conditions: tuple[str, ...]) -> Truth:
        """The action of a date, and what later steps need to know of it."""
        notes, condition, now = self._notes(edge, day), conditions[0], self.world.times[step]
        moved = notes.versions != self._versions(edge, day)
        self._arrive(step, edge, day, moved=moved)
        if moved:
            notes.triggers, notes.told = 0, False
        if condition == "stale" and edge.stale == "heal" and notes.triggers:
            conditions, condition = ("complete",), "complete"
        if condition == "stale" and edge.stale == "report":
            told, notes.told = notes.told, True
            return Truth(frozenset({"complete", "stale"} if told else {"stale"}), "none" if told else "held")
        if condition in OPEN:
            notes.gap_since = now if moved or notes.gap_since is None else notes.gap_since
        if condition in {"complete", "excused"}:
            notes.gap_since, notes.triggers = None, notes.triggers if (edge.name, day) in self.world.idle else 0
        if condition == "complete":
            self._remember(edge, day)
        return Truth(frozenset(conditions), self._action(edge, notes, condition))

    def _action(self, edge: Edge, notes: Notes, condition: str) -> str:
        if condition not in {"missing", "partial", "stale"}:
            return "none"
        if notes.triggers >= edge.max_attempts:
            return "stalled"
        if edge.max_age is not None and notes.gap_since and notes.arrived:
            age = notes.gap_since - notes.arrived
            if age.days > edge.max_age:
                return "held"
        notes.triggers += 1
        return "trigger"

    def _arrive(self, step: int, edge: Edge, day: date, *, moved: bool) -> None:
        notes, now = self._notes(edge, day), self.world.times[step]
        if written := self._last_write(edge, day):
            notes.arrived = written
        elif moved:
            notes.arrived = now if step else datetime.combine(day, time(), self.zone)
        notes.versions = self._versions(edge, day)

    def _remember(self, edge: Edge, day: date) -> None:
        versions = self._versions(edge, day)
        for table in self._required(edge.down, day):
            self._notes(edge, day).made_from[table.name] = (versions, self.reality.cells[table.name][day].version)

    # Looking things up.

    def _notes(self, edge: Edge, day: date) -> Notes:
        return self.notes.setdefault((edge.name, day), Notes())

    def _required(self, phase: Phase, day: date) -> list[Table]:
        return [] if (phase.name, day) in self.accepted else phase.needed(day, stated=True)

    def _holds(self, phase: Phase, day: date) -> bool:
        """Whether a table that should has rows of the date; an accepted one counts with what it has."""
        return any(day in self.reality.cells[table.name] for table in phase.needed(day, stated=True))

    def _whole(self, phase: Phase, day: date) -> bool:
        feeder = self.world.feeder(phase)
        if feeder and covers(feeder.rules, day, stated=True):
            return True
        cells = [self.reality.cells[table.name].get(day) for table in self._required(phase, day)]
        return all(cell is not None and cell.whole for cell in cells)

    def _inputs(self, edge: Edge, day: date) -> Iterator[tuple[Table, date]]:
        for n in range(edge.lookback + 1):
            before = day - n * DAY
            for phase in edge.ups:
                yield from ((table, before) for table in phase.needed(before, stated=True))

    def _versions(self, edge: Edge, day: date) -> tuple[int, ...]:
        """What upstream's data of the date now is; -1 where there is none."""
        cells = [self.reality.cells[table.name].get(before) for table, before in self._inputs(edge, day)]
        return tuple(cell.version if cell else -1 for cell in cells)

    def _last_write(self, edge: Edge, day: date) -> datetime | None:
        if not all(table.updated_column for phase in edge.ups for table in phase.tables):
            return None
        cells = [self.reality.cells[table.name].get(before) for table, before in self._inputs(edge, day)]
        return max((cell.written for cell in cells if cell), default=None)

    def _source_gaps(self, step: int) -> Iterator[tuple[int, str, date]]:
        for edge in self.world.edges:
            for phase in edge.ups:
                for day in self.reality.cells[phase.expected.name] if phase.expected else ():
                    gone = any(table.expired(day, self.world.times[step]) for table in phase.tables)
                    if not self._holds(phase, day) and not gone and not self._excused(step, edge, day):
                        yield step, edge.name, day
