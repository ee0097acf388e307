"""What a verdict means to the one who looks: is it well, does it heal by itself, or does it wait for somebody? Pure."""

from __future__ import annotations

from enum import StrEnum

from gapheal.model.findings import TOLD_ONCE
from gapheal.model.passes import GAPS, Action, Condition


class Standing(StrEnum):
    """The one thing to know of a date; it decides the colour, the condition decides the shape."""

    WHOLE = "whole"
    EXCUSED = "excused"
    WAITING = "waiting"
    """For its upstream, or for a write to settle: nobody needs to do anything."""
    HEALING = "healing"
    """Triggered, or next in the line."""
    WOULD = "would heal"
    """A gap that mode observe only reports."""
    REPORTED = "reported"
    """Made from older input; the policy says to tell, and no more."""
    PERSON = "needs a person"
    """Held, stalled or stuck: nothing happens until somebody says a word."""


OPEN = frozenset({Standing.HEALING, Standing.WOULD, Standing.REPORTED, Standing.PERSON})
"""What the table of open gaps lists."""

_OF_ACTION = {
    Action.HELD: Standing.PERSON,
    Action.STALLED: Standing.PERSON,
    Action.WOULD_HEAL: Standing.WOULD,
}


def standing(condition: str, action: str, code: str, mode: str = "heal") -> Standing:
    """What a verdict's three words mean together, in the transition's mode."""
    if condition == Condition.COMPLETE:
        return Standing.WHOLE
    if condition == Condition.EXCUSED:
        return Standing.EXCUSED
    if condition not in GAPS:
        return Standing.PERSON if code.startswith("stuck") else Standing.WAITING
    if code == TOLD_ONCE:
        return Standing.REPORTED
    if code == "observe" or (action == Action.DEFERRED and mode != "heal"):
        return Standing.WOULD  # whoever only observes counts its room, too, and will never have any
    return _OF_ACTION.get(Action(action), Standing.HEALING)


def commands(kind: Standing, *, stuck: bool = False) -> list[tuple[str, str]]:
    """What to type, and what for; `{transition}` and `{date}` are still to be filled in.

    A stuck date waits for its upstream: to ask for it again brings nothing.
    """
    told = [("Every rule that is tried, and what would change the verdict", "gapheal explain {transition} {date}")]
    if kind in {Standing.PERSON, Standing.REPORTED}:
        again = 'gapheal retry {transition} {date} --why "the job is mended"'
        told += [] if stuck else [("Ask for it again, once that is mended", again)]
        told.append(("Let it stay as it is", 'gapheal accept {transition} {date} --why "the provider has no data"'))
    if kind in OPEN:
        told.append(("Take it through every phase now", "gapheal backfill --start-date {date} --end-date {date}"))
    if kind is Standing.HEALING:
        told.append(("Do not wait for the next scan", "gapheal scan --transition {transition}"))
    if kind is Standing.WHOLE:
        told.append(
            ("Make it anew, though it is whole", "gapheal backfill --again --start-date {date} --end-date {date}")
        )
    return told
