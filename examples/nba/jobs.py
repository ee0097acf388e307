"""What a phase's worker does with one trigger: look, compute, announce, and keep a log of all three.

The log is the example's own witness: what was there when the trigger arrived is read from the tables, so that a
useless trigger shows, whatever its sender believes.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from world import Phase, Warehouse, fill

AT_ONCE = 2
"""Jobs of one phase that run at the same time; the others wait."""


@dataclass(frozen=True, slots=True)
class Trigger:
    """A request to compute some dates, as it came over Pub/Sub."""

    days: tuple[date, ...]
    attributes: Mapping[str, str]

    @classmethod
    def read(cls, data: bytes, attributes: Mapping[str, str]) -> Trigger:
        """From a message; its dates are `dates`, or all from `start_date` to `end_date`.

        Raises:
            ValueError: the message names no dates; it never will, however often it is delivered.
        """
        try:
            body = json.loads(data)
            named = body.get("dates") or _days(body["start_date"], body["end_date"])
            return cls(tuple(sorted(date.fromisoformat(day) for day in named)), attributes)
        except (AttributeError, KeyError, TypeError) as fault:
            raise ValueError(f"expected dates, or start_date and end_date; found {data[:200]!r}") from fault


def _days(first: str, last: str) -> list[str]:
    start, end = date.fromisoformat(first), date.fromisoformat(last)
    return [str(start + timedelta(days=n)) for n in range((end - start).days + 1)]


@dataclass(frozen=True, slots=True)
class Arrival:
    """How many games of a date there were when its trigger arrived."""

    day: str
    upstream: int
    """In the phase before."""
    due: int
    """That this phase would make of them."""
    found: int
    """In this phase already."""

    @property
    def useless(self) -> bool:
        """Nothing to compute, or nothing to compute it from."""
        return self.found >= self.due


@dataclass(frozen=True, slots=True)
class Entry:
    """One trigger in the log."""

    phase: int
    received_at: str
    attributes: Mapping[str, str]
    repeat: bool
    """Delivered again, and dropped for its trigger_id."""
    arrivals: tuple[Arrival, ...] = ()
    seconds: float = 0.0
    useless: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "useless", tuple(each.day for each in self.arrivals if each.useless))

    def as_json(self) -> dict[str, Any]:
        """As `GET /log` shows it."""
        return asdict(self)


class Worker:
    """The job of one phase."""

    def __init__(self, phase: Phase, warehouse: Warehouse, announce: Callable[[bytes], None]) -> None:
        self.phase = phase
        self.log: list[Entry] = []
        self._warehouse = warehouse
        self._announce = announce
        self._slots = threading.Semaphore(AT_ONCE)
        self._looked: dict[str, tuple[Arrival, ...]] = {}
        self._done: set[str] = set()

    def perform(self, trigger: Trigger) -> Entry:
        """Compute the trigger's dates and announce them; a repeat is logged and dropped."""
        received, started = datetime.now(UTC), time.monotonic()
        name = trigger.attributes.get("trigger_id") or f"unnamed, {received}"
        with self._slots:
            repeat = name in self._done
            if not repeat:
                # The first look counts: a delivery that failed half-way would find its own rows the next time.
                if name not in self._looked:
                    self._looked[name] = self._look(trigger.days)
                self._compute(trigger.days)
                self._announce(self._completion(trigger.days))
                self._done.add(name)
            entry = Entry(
                phase=self.phase.number,
                received_at=received.isoformat(timespec="milliseconds"),
                attributes=trigger.attributes,
                repeat=repeat,
                arrivals=() if repeat else self._looked[name],
                seconds=round(time.monotonic() - started, 3),
            )
            self.log.append(entry)
        return entry

    def _look(self, days: tuple[date, ...]) -> tuple[Arrival, ...]:
        within = "game_date BETWEEN @start_date AND @end_date"
        sources = {
            "upstream": f"{self.phase.upstream} WHERE {within}",
            "due": f"(\n{self.phase.select}\n)",
            "found": f"{self.phase.table} WHERE {within}",
        }
        counts = "\nUNION ALL\n".join(
            f"SELECT '{what}' AS what, game_date, COUNT(DISTINCT game_id) AS games FROM {source} GROUP BY game_date"
            for what, source in sources.items()
        )
        rows = self._warehouse.run(counts, start_date=days[0], end_date=days[-1])
        games = {(row["what"], row["game_date"]): row["games"] for row in rows}
        return tuple(Arrival(str(day), *(games.get((what, day), 0) for what in sources)) for day in days)

    def _compute(self, days: tuple[date, ...]) -> None:
        script = fill(self.phase.table, self.phase.select, "game_date BETWEEN @start_date AND @end_date")
        self._warehouse.run(script, start_date=days[0], end_date=days[-1])

    def _completion(self, days: tuple[date, ...]) -> bytes:
        event = {
            "phase": self.phase.number,
            "start_date": str(days[0]),
            "end_date": str(days[-1]),
            "dates": [str(day) for day in days],
            "processor_name": self.phase.table,
            "status": "success",
        }
        return json.dumps(event).encode()
