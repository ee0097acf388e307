"""The log of a job: the example's own witness.

What was there when a trigger arrived is read from the tables, so that a useless trigger shows, whatever its sender
believes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Arrival:
    """How many games of a date there were when its trigger arrived."""

    day: str
    upstream: int
    """In the tables that the phase reads; the fewest."""
    due: Mapping[str, int]
    """In each table of the phase, as far as upstream has them."""
    found: Mapping[str, int]
    """In each table of the phase already."""

    @property
    def useless(self) -> bool:
        """Nothing to compute, or nothing to compute it from."""
        return all(self.found[table] >= due for table, due in self.due.items())


@dataclass(frozen=True, slots=True)
class Entry:
    """One trigger in the log."""

    phase: str
    received_at: str
    attributes: Mapping[str, str]
    repeat: bool
    """Delivered again, and dropped for its trigger_id."""
    arrivals: tuple[Arrival, ...]
    seconds: float
    useless: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "useless", tuple(each.day for each in self.arrivals if each.useless))

    def as_json(self) -> dict[str, Any]:
        """As `GET /log` shows it."""
        return asdict(self)
