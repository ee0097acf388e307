"""A pipeline at work in simulated time: workers that take their time, and a backfill that waits for them."""

from __future__ import annotations

import heapq
import json
import math
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import count, pairwise
from typing import Any

import pytest

from gapheal.app import App, build
from gapheal.backfill import Desk, Order, Plan, Round, Run, Wish, Work, chosen, lifted
from gapheal.intervals import Interval
from gapheal.judge.excuses import excuse_for
from gapheal.model.passes import Count, Message, Request, Source
from gapheal.model.pipeline import Pipeline
from gapheal.spec import validated
from gapheal.testing import World

FIRST = date(2024, 3, 1)


def days(number: int, first: date = FIRST) -> list[date]:
    return [first + timedelta(days=index) for index in range(number)]


def chain(*phases: Sequence[str], **policy: Any) -> Pipeline:
    """p2 → p3 → …, each phase of the tables named, all of entity `game`; shipped as it is: mode observe."""
    names = [f"phase{number}" for number in range(2, 2 + len(phases))]
    return validated(
        {
            "version": 1,
            "pipeline": "chain",
            "location": "us-west2",
            "timezone": "UTC",
            "ledger_dataset": "gapheal_chain",
            "phases": {
                name: {
                    "completion_topic": None if name == names[0] else f"{name}-complete",
                    "tables": [
                        {"table": f"d.{table}", "date_column": "day", "entity_column": "game"} for table in tables
                    ],
                }
                for name, tables in zip(names, phases, strict=True)
            },
            "transitions": {
                f"{up}_to_{down}": {
                    "upstream": [up],
                    "downstream": down,
                    "trigger": {"pubsub": {"topic": f"{down}-trigger"}},
                    "policy": {"mode": "observe", **policy},
                }
                for up, down in pairwise(names)
            },
        }
    )


class Crash(BaseException):
    """The process ends here: no `except Exception` may notice it."""


class Line:
    """A port at the end of a line: each call takes a moment, and at some call the process may die, before or after."""

    def __init__(self, port: Any, step: Callable[[], None]) -> None:
        self._port, self._step = port, step

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._port, name)

        def call(*args: Any, **kwargs: Any) -> Any:
            self._step()
            answer = found(*args, **kwargs)
            self._step()
            return answer

        return call if callable(found) else found


@dataclass
class Plant:
    """A world in memory whose jobs run, each phase's so many at a time; time passes only where somebody waits."""

    pipeline: Pipeline
    servers: int = 10
    """Jobs at a time of each phase, unless `servers_of` says another number."""
    servers_of: dict[str, int] = field(default_factory=dict)
    seconds: Callable[[str, date], float] = lambda _phase, _day: 5.0
    """Of one date."""
    tells_writes: bool = False
    log: list[tuple[str, date]] = field(default_factory=list)
    """Every date that a job began, by phase."""
    events: list[dict[str, Any]] = field(default_factory=list)
    """Completion events that the backfill has published."""
    observed: int = 0
    """How many tables were found whole when a job was asked to read them; one that was not ends the test."""
    broken: set[tuple[str, date]] = field(default_factory=set)
    """Phase and date on which the job writes nothing."""
    lacking: dict[str, set[date]] = field(default_factory=dict)
    """By table, the dates that its job leaves out."""
    moment: float = 0.02
    """Seconds that half a call of a port takes."""
    crash_in: int | None = None
    """After so many half calls the process dies."""

    def __post_init__(self) -> None:
        self.world = World(self.pipeline)
        self.start = self.world.clock.now()
        self.world.publisher.answer = self._take
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = count()
        self._queues: dict[str, list[Message]] = defaultdict(list)
        self._running: dict[str, int] = defaultdict(int)

    @property
    def elapsed(self) -> float:
        return (self.world.clock.now() - self.start).total_seconds()

    @property
    def app(self) -> App:
        ports = {name: port if name == "clock" else Line(port, self._step) for name, port in self.world.ports.items()}
        return build(self.pipeline, **ports)

    def _step(self) -> None:
        self.sleep(self.moment)
        if self.crash_in is not None:
            self.crash_in -= 1
            if self.crash_in < 0:
                self.crash_in = None
                raise Crash

    def fill(self, phase: str, some: Sequence[date], games: int = 5) -> None:
        for table in self.pipeline.phases[phase].tables:
            for day in some:
                written_at = self.world.clock.now() if self.tells_writes else None
                self.world.warehouse.put(table.table, day, games * 10, games, written_at)

    def held(self, table: str) -> set[date]:
        return set(self.world.warehouse.tables[f"d.{table}"])

    def tables(self) -> dict[str, dict[date, tuple[int, int | None]]]:
        """Rows and entities of everything."""
        found = self.world.warehouse.tables
        return {name: {day: (c.rows, c.entities) for day, c in held.items()} for name, held in sorted(found.items())}

    def sleep(self, seconds: float) -> None:
        """Let time pass, and the jobs run."""
        until = self.world.clock.now().timestamp() + seconds
        while self._due and self._due[0][0] <= until:
            moment, _, act = heapq.heappop(self._due)
            self._move(moment)
            act()
        self._move(until)

    def _move(self, moment: float) -> None:
        self.world.clock.advance(seconds=max(moment - self.world.clock.now().timestamp(), 0))

    def _take(self, message: Message) -> None:
        if "transition" not in message.attributes:
            self.events.append(json.loads(message.data))
            return
        phase = self.pipeline.transitions[message.attributes["transition"]].downstream
        self._check(message, phase)
        self._queues[phase].append(message)
        self._begin(phase)

    def _check(self, message: Message, phase: str) -> None:
        """The observer: no job is asked for a date whose input is not whole, in rows and in entities."""
        for before in self.pipeline.feeding(phase).upstream:
            for day in message.days:
                for table, games, needed in self._input(before, day):
                    said = f"{phase} was asked for {day} with {games} of {needed} games in {table}"
                    assert games >= max(needed, 1), said
                    self.observed += 1

    def _input(self, phase: str, day: date) -> Iterator[tuple[str, int, int]]:
        """Of each table that the file requires of the phase on that day: its games, and how many it needs.

        Counted here from the tables alone, by the rule and not by gapheal's code for it.
        """
        feeder = self.pipeline.feeding(phase)
        yardsticks = feeder.upstream if feeder else (phase,)
        most = max(self._games(table.table, day) for each in yardsticks for table in self.pipeline.phases[each].tables)
        needed = math.ceil(most * feeder.policy.min_completeness) if feeder else most
        for table in self.pipeline.phases[phase].tables:
            if table.required and not excuse_for(table.excuses, day, self.pipeline.seasons):
                yield table.table, self._games(table.table, day), needed

    def _games(self, table: str, day: date) -> int:
        return self.world.warehouse.tables[table].get(day, Count()).entities or 0

    def _begin(self, phase: str) -> None:
        while self._queues[phase] and self._running[phase] < self.servers_of.get(phase, self.servers):
            message = self._queues[phase].pop(0)
            self._running[phase] += 1
            self.log += [(phase, day) for day in message.days]
            took = sum(self.seconds(phase, day) for day in message.days)
            moment = self.world.clock.now().timestamp() + took
            heapq.heappush(self._due, (moment, next(self._numbers), lambda m=message: self._finish(phase, m)))

    def _finish(self, phase: str, message: Message) -> None:
        self._running[phase] -= 1
        step = self.pipeline.feeding(phase)
        for day in message.days:
            if (phase, day) not in self.broken:
                self._write(phase, step.upstream, day)
        self._begin(phase)

    def _write(self, phase: str, upstream: Sequence[str], day: date) -> None:
        tables = self.world.warehouse.tables
        games = max(
            (tables[table.table].get(day, Count()).entities or 0)
            for before in upstream
            for table in self.pipeline.phases[before].tables
        )
        for table in self.pipeline.phases[phase].tables:
            if day not in self.lacking.get(table.table, ()):
                written_at = self.world.clock.now() if self.tells_writes else None
                self.world.warehouse.put(table.table, day, games * 10, games, written_at)

    # The backfill, as the command does it.

    def wish(self, first: date, last: date, phases: str | None = None, **options: Any) -> Wish:
        return Wish(
            Interval.inclusive(first, last), options.pop("dates", None), chosen(self.pipeline, phases), **options
        )

    def plan(self, wish: Wish, order: Order | None = None) -> Plan:
        return Desk(self.app).plan(wish, order)

    def backfill(self, wish: Wish, watch: Callable[[Round], None] = lambda _: None, **more: Any) -> dict[str, Work]:
        """Begin and run to the end."""
        return self.go(self.begin(wish), watch, **more)

    def begin(self, wish: Wish, who: str = "ada") -> Order:
        return Desk(self.app).begin(self.plan(wish), who, "history")

    def go(self, order: Order, watch: Callable[[Round], None] = lambda _: None, **more: Any) -> dict[str, Work]:
        """Run an order, or what is left of it, and keep its end."""
        app = more.pop("app", None) or self.app
        desk = Desk(app)
        run = Run(lifted(app, order.wish), order, desk.plan(order.wish, order), sleep=self.sleep, watch=watch, **more)
        works = run.go()
        desk.finish(order, works, order.who)
        return works

    def scans(self, rounds: int = 400) -> None:
        """Heal by scans, each step after the other, until nothing changes."""
        for _ in range(rounds):
            before = len(self.log)
            reports = [self.app.run(name, Request(Source.SCAN)) for name in self.pipeline.transitions]
            self.sleep(60)
            if len(self.log) == before and not any(r["actions"]["leased"] or r["triggered"] for r in reports):
                return


@pytest.fixture
def plant() -> Iterator[type[Plant]]:
    return Plant
