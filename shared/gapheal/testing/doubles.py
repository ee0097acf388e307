"""Doubles with state for the warehouse, the claims and the publisher."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import count

from gapheal.judge.needs import tables_of
from gapheal.model.passes import (
    Claim,
    Count,
    Counted,
    Delivery,
    Lost,
    Message,
    Observations,
    Scope,
    TableFacts,
    TableKey,
    Won,
)
from gapheal.model.pipeline import Pipeline, Trigger
from gapheal.testing.clock import FrozenClock


@dataclass
class MemoryWarehouse:
    """Tables as dicts: `put("dataset.table", day, rows, entities)`, `drop(...)`; `fails` raises when observed.

    Tables go by their names alone: what the file says of `where` or columns plays no part.
    """

    pipeline: Pipeline
    clock: FrozenClock
    tables: dict[str, dict[date, Count]] = field(default_factory=lambda: defaultdict(dict))
    facts: dict[str, TableFacts] = field(default_factory=dict)
    """What is special about a table, by its name: `warehouse.facts["d.raw"] = TableFacts(buffered=True)`."""
    fails: Exception | None = None
    observed: list[Scope] = field(default_factory=list)
    history: list[tuple[datetime, str, date, Count]] = field(default_factory=list)
    """Every `put` and `drop`, oldest first: when, and what the table held of the day from then on."""

    def put(
        self, table: str, day: date, rows: int = 1, entities: int | None = None, written_at: datetime | None = None
    ) -> None:
        """Write what `table` holds of `day`; its last write is known only where it is told."""
        self.tables[table][day] = Count(rows, entities, written_at)
        self.history.append((self.clock.now(), table, day, self.tables[table][day]))

    def drop(self, table: str, day: date) -> None:
        """Delete a day."""
        self.tables[table].pop(day, None)
        self.history.append((self.clock.now(), table, day, Count()))

    def observe(self, transition: str, scope: Scope, counted: Counted | None = None) -> Observations:  # noqa: ARG002
        """What the tables hold in `scope`, now; counting costs nothing here."""
        if self.fails:
            raise self.fails
        self.observed.append(scope)
        counts: dict[TableKey, Mapping[date, Count]] = {}
        for key, table in tables_of(self.pipeline, transition):
            held = self.tables[table.table].items()
            counts[key] = {day: count for day, count in held if count.rows and day in scope}
        return Observations(
            self.clock.now(), counts, {key: self.facts[key.table] for key in counts if key.table in self.facts}
        )


@dataclass
class MemoryClaims:
    """Names in a dict; the first to create one wins."""

    clock: FrozenClock
    created: dict[tuple[str, date, int], datetime] = field(default_factory=dict)

    def acquire(self, transition: str, day: date, n: int, watermark: str) -> Claim:  # noqa: ARG002 (the port's words)
        """Won by the first, lost by everyone after."""
        name = (transition, day, n)
        if name in self.created:
            return Lost(self.created[name])
        self.created[name] = self.clock.now()
        return Won(self.created[name])


@dataclass
class MemoryPublisher:
    """Keeps every message; `answer` may say that one fails, is unknown, or cannot be delivered."""

    sent: list[Message] = field(default_factory=list)
    answer: Callable[[Message], Delivery | None] = lambda _message: None
    listeners: dict[str, int] = field(default_factory=dict)
    """Subscriptions by topic; one for a topic that is not named."""
    _ids: Iterable[int] = field(default_factory=lambda: count(1))

    def publish(self, trigger: Trigger, messages: Sequence[Message]) -> list[Delivery]:  # noqa: ARG002 (the port's words)
        """Deliver all, unless `answer` has another word for a message."""
        return [self.answer(message) or self._deliver(message) for message in messages]

    def subscriptions(self, topic: str) -> int | None:
        """How many listen to `topic`."""
        return self.listeners.get(topic, 1)

    @property
    def days(self) -> list[date]:
        """Every date that was triggered, in order of sending."""
        return [day for message in self.sent for day in message.days]

    def _deliver(self, message: Message) -> Delivery:
        self.sent.append(message)
        return Delivery(message, "published", message_id=str(next(iter(self._ids))))
