"""What tables held at an earlier moment, and the way back to it: plain values."""

from __future__ import annotations

from datetime import date, datetime
from typing import NamedTuple


class Reach(NamedTuple):
    """How far back one table can be read."""

    earliest: datetime
    """Nothing before this moment, UTC."""
    why: str
    """What sets that limit."""
    refusal: str | None = None
    """Why its dates cannot be put back at all; None: they can."""


class Back(NamedTuple):
    """One date of one table on its way back."""

    day: date
    at: datetime
    """The moment whose rows are wanted."""
    now: int
    """Rows that it was seen to hold now: with any other number nothing is done."""
    then: int
    """Rows that it was seen to hold at that moment: with any other number nothing is done."""
