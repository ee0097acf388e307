"""A clock that stands still."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

NOON = datetime(2024, 7, 1, 16, tzinfo=UTC)


@dataclass
class FrozenClock:
    """Stands still until it is told to `advance`."""

    moment: datetime = NOON

    def now(self) -> datetime:
        """The moment it stands at, UTC."""
        return self.moment

    def monotonic(self) -> float:
        """Seconds, from the same moment."""
        return self.moment.timestamp()

    def advance(self, **by: float) -> None:
        """Go on by a timedelta's keywords: `advance(minutes=5)`."""
        self.moment += timedelta(**by)
