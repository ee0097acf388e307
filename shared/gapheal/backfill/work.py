"""What is left to do of each step of a backfill, and what has ended; a round of passes as whoever watches sees it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from gapheal.backfill.ends import End
from gapheal.backfill.plan import Holder
from gapheal.model.passes import Action, Verdict

UNDER_WAY = frozenset({Action.LEASED, Action.HEAL})


@dataclass
class Work:
    """One transition: its dates end one by one, then it is closed."""

    name: str
    phase: str
    todo: set[date]
    elsewhere: Sequence[Holder] = ()
    """Whose the other dates are that were asked for."""
    ends: dict[date, End] = field(default_factory=dict)
    open: dict[date, Verdict] = field(default_factory=dict)
    """What the last pass said of the dates that have not ended."""
    anew: set[date] = field(default_factory=set)
    """Dates of which this backfill has said `again`."""
    errors: list[str] = field(default_factory=list)
    """Of the last pass."""
    refused: int = 0
    """Passes in a row in which the target took nothing at all, and was not just busy."""
    is_closed: bool = False
    """All dates have ended, and were looked at once more."""
    announced: str | None = None
    """The id of the completion event for all of them."""
    unannounced: str | None = None
    """Why that event could not be published."""

    @property
    def in_flight(self) -> int:
        """Dates under way."""
        return sum(verdict.action in UNDER_WAY for verdict in self.open.values())

    def count(self, kind: str) -> int:
        """Dates that ended so."""
        return sum(end.kind == kind for end in self.ends.values())

    def end(self, end: End) -> None:
        """The date needs no pass any more."""
        self.ends[end.day] = end
        self.todo.discard(end.day)
        self.open.pop(end.day, None)


@dataclass(frozen=True, slots=True)
class Round:
    """What one round of passes came to."""

    now: datetime
    works: Mapping[str, Work]
    triggered: Mapping[str, int]
    """Dates, by transition."""
    ended: Mapping[str, list[End]]
    seconds_left: float | None
    """None: nothing has ended yet."""
    trouble: str | None = None
    """What did not answer; the next round asks it again."""


class Stopped(Exception):
    """The backfill goes no further for now; no error, somebody wanted it."""


class Cancelled(Stopped):
    """Somebody has cancelled it."""


class Interrupted(Stopped):
    """This process is to end; another one may go on."""
