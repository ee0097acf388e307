"""What truly happened in a history, kept apart from what gapheal says of it."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from gapheal.model.passes import Count, Request, Scope
from gapheal.model.pipeline import Pipeline

Data = tuple[Any, ...]
"""Rows and entities of some tables, without the time of writing."""
Tables = dict[str, dict[date, Count]]


class Seen(NamedTuple):
    """What one pass was shown of one date."""

    run: Run
    at: datetime
    up: Data
    down: Data
    written: datetime | None = None
    """Upstream's last write, where it is told."""


@dataclass
class Run:
    """One pass, or one try of it."""

    name: str
    transition: str
    started: datetime
    request: Request | None = None
    known: dict[str, int] | None = None
    """Of each ledger table, how many rows there were when this pass read it."""
    recalled_at: datetime | None = None
    tables: Tables | None = None
    """All tables at the moment of observing, whether or not the answer arrived."""
    observed_at: datetime | None = None
    answered: bool = False
    """Whether what was observed arrived."""
    scope: Scope | None = None
    won: dict[date, tuple[int, datetime]] = field(default_factory=dict)
    """Claims whose creation was told to this pass: number and moment."""
    messages: set[tuple[date, ...]] = field(default_factory=set)
    published: list[date] = field(default_factory=list)
    delivered: set[date] = field(default_factory=set)
    """Dates whose message was told as published or unknown."""
    inserted: set[str] = field(default_factory=set)
    """Ledger tables that this pass's rows have reached."""
    crashed: str | None = None
    ended: bool = False
    error: str | None = None


class Taken(NamedTuple):
    """One message that its target has got, or that Pub/Sub has accepted, by date."""

    n: int
    claimed_at: datetime
    observed_at: datetime
    data: Data
    """Upstream's, when it was decided."""
    down: Data
    """Downstream's rows and entities then."""
    run: Run
    trigger_id: str


@dataclass
class Witness:
    """All of it."""

    pipeline: Pipeline
    runs: list[Run] = field(default_factory=list)
    owners: dict[tuple[str, date, int], Run] = field(default_factory=dict)
    """Who created each claim, told or not."""
    ids: dict[str, Run] = field(default_factory=dict)
    """Who published each trigger id."""
    taken: dict[tuple[str, date], list[Taken]] = field(default_factory=lambda: defaultdict(list))
    arrived: Counter[str] = field(default_factory=Counter)
    """Messages that reached a topic or a URL, by trigger id."""
    seen: dict[tuple[str, date], list[Seen]] = field(default_factory=lambda: defaultdict(list))
    named: set[tuple[str, date]] = field(default_factory=set)
    """Dates that an event has named: these are due."""
    retried: dict[tuple[str, date], list[datetime]] = field(default_factory=lambda: defaultdict(list))
    accepted: dict[tuple[str, date], datetime] = field(default_factory=dict)
    """By phase and date."""
    lost_at: datetime | None = None
    """When most of a table was deleted."""
    active: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    met: set[str] = field(default_factory=set)
    """The troubles of which the coverage is counted."""

    def crashes(self, transition: str, day: date) -> int:
        """Passes that published the date and never told the ledger."""
        runs = {id(each.run): each.run for each in self.taken[transition, day]}.values()
        return sum("triggers" not in run.inserted for run in runs)

    def data(self, tables: Tables, phases: tuple[str, ...], day: date, before: int = 0) -> Data:
        """Rows and entities of all tables of these phases; with a lookback, and of the dates before together."""
        names = [table.table for phase in phases for table in self.pipeline.phases[phase].tables]
        own = [tables.get(name, {}).get(day, Count())[:2] for name in names]
        past = [
            tables.get(name, {}).get(day - timedelta(days=n), Count())[:2]
            for name in names
            for n in range(1, before + 1)
        ]
        return (*own, sum(rows for rows, _ in past), sum(entities or 0 for _, entities in past))

    def down(self, tables: Tables, transition: str, day: date) -> tuple[int, int]:
        """Rows and entities downstream, all tables together."""
        phase = self.pipeline.phases[self.pipeline.transitions[transition].downstream]
        counts = [tables.get(table.table, {}).get(day, Count()) for table in phase.tables]
        return sum(count.rows for count in counts), sum(count.entities or 0 for count in counts)
