"""How often to look, and how long it will still take: from the completions that were seen."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from statistics import median

SHARE = 0.1
"""Of a job's time: looking more often shows little sooner."""
LEAST, MOST = 0.5, 60.0
"""Seconds between two rounds of passes."""
KEPT = 50


@dataclass
class Pace:
    """Learns from each heal how long a date takes."""

    started_at: datetime
    took: deque[float] = field(default_factory=lambda: deque(maxlen=KEPT))
    ended: int = 0
    """Dates that came to an end since the start."""

    def __post_init__(self) -> None:
        self._moved_at = self.started_at
        self._round = 0.0

    def saw(self, began: datetime, now: datetime, heals: Iterable[float], ended: int, *, moved: bool) -> None:
        """Take in what a round of passes has seen.

        Args:
            began: when it began.
            now: after it.
            heals: seconds from trigger to rows, of each date seen healed.
            ended: how many dates came to an end.
            moved: whether anything was sent or ended.
        """
        self._round = (now - began).total_seconds()
        self.took.extend(heals)
        self.ended += ended
        if moved:
            self._moved_at = now

    def wait(self, now: datetime) -> float:
        """Seconds until the next round: a tenth of what a date takes, or of how long nothing has happened.

        Never less than half of what the round took: services have others to answer, too.
        """
        quiet = (now - self._moved_at).total_seconds()
        usual = median(self.took) if self.took else 0
        return min(max(SHARE * usual, SHARE * quiet, self._round / 2, LEAST), MOST)

    def left(self, now: datetime, todo: int) -> float | None:
        """Seconds until all is done, if it goes on as it has; None: nothing is known yet."""
        elapsed = (now - self.started_at).total_seconds()
        return todo * elapsed / self.ended if self.ended and elapsed else None
