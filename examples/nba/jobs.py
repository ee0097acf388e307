"""What a phase's job does with triggers: look, compute, announce, and keep a log of all three.

Triggers that come one after the other are done together: one look, one script, one announcement.
"""

from __future__ import annotations

import json
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

import world
from triggers import Trigger
from warehouse import Span, Warehouse, bound, insert, replace, script, transaction
from witness import Arrival, Entry

QUIET = 1.0
"""Seconds without a further trigger after which work begins."""
AT_MOST = 5
"""It begins at last after so many times `QUIET`."""
TRIES = 5
"""After so many failures a trigger is dropped: its rows stay away, and somebody will ask again."""
Announce = Callable[[bytes], object]
"""Publishes a completion event."""
Asked = tuple[date, str]
"""A date, and the number of the request for it."""


@dataclass(slots=True, eq=False)
class Received:
    """A trigger, when it came in, and how often it was tried."""

    trigger: Trigger
    at: datetime = field(default_factory=lambda: datetime.now(UTC))
    started: float = field(default_factory=time.monotonic)
    tries: int = 0


class Job:
    """The job of one phase."""

    def __init__(self, phase: world.Phase, warehouse: Warehouse, publish: Announce, quiet: float = QUIET) -> None:
        self.phase = phase
        self.log: list[Entry] = []
        self._warehouse = warehouse
        self._publish = publish
        self._quiet = quiet
        days = world.calendar()
        self._due = {output: world.expected_games(days, output) for output in phase.outputs}
        self._waiting: list[Received] = []
        self._came = threading.Condition()
        self._working = threading.Lock()
        self._arrivals: dict[Asked, Arrival] = {}
        self._empty: set[tuple[world.Output, date]] = set()
        self._parts: dict[Asked, set[str]] = defaultdict(set)
        self._done: set[str] = set()

    def take(self, trigger: Trigger) -> None:
        """Keep a trigger for `work`."""
        with self._came:
            self._waiting.append(Received(trigger))
            self._came.notify()

    def keep_working(self) -> None:
        """Work for ever, on whatever comes."""
        while True:
            with self._came:
                self._came.wait_for(lambda: self._waiting)
                while not self._is_quiet():
                    self._came.wait(timeout=0.1)
            self.work()

    def work(self) -> None:
        """Compute the dates of all triggers that wait, and announce them; repeats are logged and dropped."""
        with self._working:
            self._work()

    def is_free(self, patience: float) -> bool:
        """Whether no work is being done, at last after so many seconds."""
        free = self._working.acquire(timeout=patience)
        if free:
            self._working.release()
        return free

    def due(self, day: date) -> int:
        """How many games the phase should make of a date, if upstream has them all."""
        return max(games.get(day, 0) for games in self._due.values())

    def upstream(self, span: Span) -> dict[date, int]:
        """How many games of each date all tables that the phase reads have."""
        games = self._games(self.phase.reads, span)
        days = {day for _, day in games}
        return {day: min(games.get((each.table, day), 0) for each in self.phase.reads) for day in days}

    def look(self, triggers: Iterable[Trigger]) -> list[Arrival]:
        """What is there of their dates. The first look counts: a later one would find what the trigger itself wrote."""
        asked = list(dict.fromkeys(trigger.asked(day) for trigger in triggers for day in trigger.days))
        if days := sorted({each[0] for each in asked if each not in self._arrivals}):
            games = self._games((*self.phase.outputs, *self.phase.reads), days)
            for day, attempt in asked:
                self._arrivals.setdefault((day, attempt), self._arrival(day, games))
        return [self._arrivals[each] for each in asked]

    def compute(self, triggers: Iterable[Trigger]) -> None:
        """Fill the tables that they ask for."""
        kinds: dict[tuple[str, ...], dict[world.Output, set[date]]] = defaultdict(lambda: defaultdict(set))
        for trigger in triggers:
            for output in trigger.outputs:
                kinds[trigger.export_types][output].update(trigger.days)
        for types, asked in kinds.items():
            self._write(types, asked)

    def announce(self, days: Iterable[date]) -> None:
        """Say that these dates are done, once for all of them."""
        dates = sorted(map(str, days))
        if not dates:
            return
        event = {
            "phase": self.phase.name,
            "start_date": dates[0],
            "end_date": dates[-1],
            "dates": dates,
            "processor_name": self.phase.outputs[0].table,
            "status": "success",
        }
        self._publish(json.dumps(event).encode())

    def note(self, received: Received, *, repeat: bool) -> Entry:
        """Write into the log what came, and what there was when it came."""
        entry = Entry(
            phase=self.phase.name,
            received_at=received.at.isoformat(timespec="milliseconds"),
            attributes=received.trigger.attributes,
            repeat=repeat,
            arrivals=() if repeat else tuple(self.look([received.trigger])),
            seconds=round(time.monotonic() - received.started, 3),
        )
        print(
            f"{entry.phase}: {len(received.trigger.days)} dates from {received.trigger.days[0]} in {entry.seconds} s",
            flush=True,
        )
        self.log.append(entry)
        return entry

    def _work(self) -> None:
        with self._came:
            together, self._waiting = self._waiting, []
        first = {each.trigger.name: each for each in reversed(together) if each.trigger.name not in self._done}
        triggers = [each.trigger for each in first.values()]
        try:
            self.look(triggers)
            self.compute(triggers)
            self.announce(self._finished(triggers))
        except Exception as fault:  # noqa: BLE001 - whatever it was, the next round may succeed
            self._try_again(together, fault)
            return
        self._done |= first.keys()
        for each in together:
            self.note(each, repeat=first.get(each.trigger.name) is not each)

    def _is_quiet(self) -> bool:
        now, times = time.monotonic(), [each.started for each in self._waiting]
        return now - max(times) > self._quiet or now - min(times) > AT_MOST * self._quiet

    def _try_again(self, together: Sequence[Received], fault: Exception) -> None:
        for each in together:
            each.tries += 1
        kept = [each for each in together if each.tries < TRIES]
        print(f"{self.phase.name}: {len(kept)} of {len(together)} triggers are tried again: {fault}", flush=True)
        with self._came:
            self._waiting = kept + self._waiting

    def _finished(self, triggers: Iterable[Trigger]) -> set[date]:
        """Dates of which every part has now been done."""
        finished: set[date] = set()
        for trigger in triggers:
            for day in trigger.days:
                parts = self._parts[trigger.asked(day)]
                parts.add(trigger.attributes.get("part", ""))
                if len(parts) >= trigger.parts:
                    finished.add(day)
        return finished

    def _games(self, tables: Iterable[world.Output], days: Sequence[date]) -> Mapping[tuple[str, date], int]:
        """Games by table and date."""
        counts = "\nUNION ALL\n".join(
            f"SELECT '{each.table}' AS name, {each.date_column} AS day, COUNT(DISTINCT game_id) AS games "
            f"FROM {each.table} WHERE {each.date_column} IN (@dates) GROUP BY day"
            for each in tables
        )
        return {(row["name"], row["day"]): row["games"] for row in self._warehouse.run(counts, dates=days)}

    def _arrival(self, day: date, games: Mapping[tuple[str, date], int]) -> Arrival:
        upstream = min(games.get((each.table, day), 0) for each in self.phase.reads)
        found = {output: games.get((output.table, day), 0) for output in self.phase.outputs}
        self._empty |= {(output, day) for output, number in found.items() if not number}
        return Arrival(
            day=str(day),
            upstream=upstream,
            due={output.name: min(due.get(day, 0), upstream) for output, due in self._due.items()},
            found={output.name: number for output, number in found.items()},
        )

    def _write(self, types: tuple[str, ...], asked: Mapping[world.Output, set[date]]) -> None:
        """One script for all of them; dates of which nothing is there need no transaction."""
        cells = {(output, day) for output, days in asked.items() for day in days}
        nothing_there = cells <= self._empty
        self._empty -= cells  # before it is tried: who tries again after a failure must not add to what is there
        statements = ""
        for output, days in asked.items():
            where = f"{output.date_column} IN (@dates)"
            if "@export_types" in output.select:
                where += " AND export_type IN (@export_types)"
            statement = insert(output.table, output.select)
            if not nothing_there:
                statement = replace(output.table, output.select, where)
            statements += bound(statement, dates=sorted(days), export_types=types)
        self._warehouse.run(script(statements) if nothing_there else transaction(statements))
