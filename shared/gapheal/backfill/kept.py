"""The backfills that the ledger knows: which are open, whose they are, and which dates they hold."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from gapheal.backfill.order import Order, Wish
from gapheal.errors import ConfigError
from gapheal.model.moments import minute
from gapheal.ports import Ledger, Row
from gapheal.spec.faults import suggest

STARTED, RESUMED, INTERRUPTED, FINISHED, CANCELLED = "started", "resumed", "interrupted", "finished", "cancelled"
ROLLED_BACK = "rolled_back"
"""After it was finished: some of its dates are what they were before it."""
OPEN = frozenset({STARTED, RESUMED, INTERRUPTED})
"""States in which a backfill holds its dates."""


@dataclass(frozen=True, slots=True)
class State:
    """What a backfill became, when, and by whose word."""

    state: str
    at: datetime
    who: str


@dataclass(frozen=True, slots=True)
class Kept:
    """A backfill and everything that became of it."""

    order: Order
    states: list[State] = field(default_factory=list)
    report: Mapping[str, Any] | None = None
    """Of one that has ended."""

    @property
    def last(self) -> State:
        """What it is now: one that has ended stays so, whatever a process that was still at work says after that."""
        return next((each for each in reversed(self.states) if each.state not in OPEN), self.states[-1])

    @property
    def state(self) -> str:
        """The word for what it is now."""
        return self.last.state

    @property
    def is_open(self) -> bool:
        """Whether it holds its dates."""
        return self.state in OPEN

    def must_be_open(self) -> None:
        """Refuse one that has ended.

        Raises:
            ConfigError: it has.
        """
        if not self.is_open:
            raise ConfigError(
                f"expected a backfill that is open, found {self.order.id}, {self.state} at "
                f"{minute(self.last.at)}: type the command anew for what is left"
            )

    @property
    def ended_at(self) -> datetime | None:
        """When it was finished or cancelled."""
        return None if self.is_open else next(each.at for each in self.states if each.state not in OPEN)

    @property
    def finished_at(self) -> datetime | None:
        """When it came to its own end; None: it has not, or was cancelled."""
        return next((each.at for each in self.states if each.state == FINISHED), None)


def every(ledger: Ledger) -> list[Kept]:
    """All of them, the oldest first.

    Raises:
        GaphealError: the ledger cannot be read.
    """
    return _told(ledger.backfills())


def find(ledger: Ledger, name: str) -> Kept:
    """The backfill of that name.

    Raises:
        ConfigError: there is none.
        GaphealError: the ledger cannot be read.
    """
    known = {each.order.id: each for each in every(ledger)}
    if name in known:
        return known[name]
    if not known:
        raise ConfigError(f"expected the id of a backfill, found {name}; the ledger knows none yet")
    raise ConfigError(f"expected the id of a backfill (`gapheal backfill list`), found {name}; {suggest(name, known)}")


def before(order: Order, all_of_them: Iterable[Kept]) -> list[Kept]:
    """The open backfills that came first: by their beginning, and of two at one moment by name."""
    mine = order.started_at, order.id
    return [each for each in all_of_them if each.is_open and (each.order.started_at, each.order.id) < mine]


def same(wish: Wish, all_of_them: Iterable[Kept]) -> Kept | None:
    """The open backfill that was asked for in the same words."""
    return next((each for each in all_of_them if each.is_open and each.order.wish == wish), None)


def _told(rows: Sequence[Row]) -> list[Kept]:
    found: dict[str, Kept] = {}
    for row in rows:
        name, at = row["backfill_id"], datetime.fromisoformat(row["observed_at"])
        if name not in found:
            order = Order(name, Wish.kept(row), row["who"], row["why"], at)
            found[name] = Kept(order)
        kept = found[name]
        kept.states.append(State(row["state"], at, row["who"]))
        if row["report"] is not None:
            found[name] = Kept(kept.order, kept.states, row["report"])
    return list(found.values())
