"""What people should know: a state of affairs that stands open until it is over. Plain values, no I/O."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any, NamedTuple

TOLD_ONCE = "stale_reported"
"""The reason code of what is told once and over with the next pass: nobody needs to hear that it is over."""


class Kind(StrEnum):
    """What is the matter. The first eight are told by any pass of a transition, the others by the daily sweep."""

    GAPS = "gaps"
    """Open gaps that are being healed, or would be."""
    MANY_GAPS = "many_gaps"
    """More of them than `page_above`: somebody is called."""
    STALLED = "stalled"
    HELD = "held"
    STUCK = "stuck"
    BREAKER = "breaker"
    SOURCE_GAPS = "source_gaps"
    FAILING = "failing"
    """Passes end in an error that only a person can mend."""
    NO_SCAN = "no_scan"
    REJECTIONS = "rejections"
    UNFILLED = "unfilled"
    """Triggers were sent, and nothing ever came of them."""
    SCHEDULE = "schedule"
    """A scheduled job is paused, absent or failing."""
    SEASON_OVER = "season_over"
    """The upstream has dates that only `outside` excuses, after the last window of a season."""
    SOURCE_STOPPED = "source_stopped"
    """The upstream has no new dates any more, where there used to be some each week."""


OF_A_PASS = frozenset(
    {
        Kind.GAPS,
        Kind.MANY_GAPS,
        Kind.STALLED,
        Kind.HELD,
        Kind.STUCK,
        Kind.BREAKER,
        Kind.SOURCE_GAPS,
        Kind.FAILING,
    }
)
"""What a pass of a transition tells; all other kinds are told by the daily sweep."""


class Finding(NamedTuple):
    """One state of affairs. Two with the same key are the same one, seen at two moments."""

    kind: Kind
    transition: str | None
    """None: of the pipeline as a whole."""
    sentence: str
    """What was expected and what was found."""
    command: str
    """The command, ready to be pasted, that helps or shows more."""
    dates: tuple[date, ...] = ()
    """The dates concerned, ascending."""
    since: datetime | None = None
    """When the oldest of it was first seen, UTC."""
    numbers: Mapping[str, Any] = MappingProxyType({})
    """Counts and timestamps that the sentence rests on, never elapsed time; `codes` counts dates by reason code."""

    @property
    def key(self) -> str:
        """`<transition>/<kind>`, or `pipeline/<kind>`."""
        return f"{self.transition or 'pipeline'}/{self.kind}"
