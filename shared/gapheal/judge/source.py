"""What upstream should have and lacks: dates that never began, and a source that has stopped."""

from __future__ import annotations

from datetime import date, timedelta

from gapheal.judge.case import Case
from gapheal.judge.needs import expected_key
from gapheal.model.passes import Source

STOPPED_FOR = timedelta(days=7)
"""A downstream that is so much further on was not made from this upstream."""


def source_gaps(case: Case) -> list[date]:
    """Due and unexcused dates that `expected` has and the first phase lacks: reported, never triggered."""
    return sorted({day for phase in case.transition.upstream for day in _gaps(case, phase)})


def _gaps(case: Case, phase: str) -> set[date]:
    expected = case.pipeline.phases[phase].expected
    if expected is None or case.pipeline.feeding(phase):
        return set()
    counts = case.seen.counts[expected_key(phase, expected.table)]
    return {day for day, count in counts.items() if count.rows and case.asked(day) and _lacking(case, phase, day)}


def _lacking(case: Case, phase: str, day: date) -> bool:
    if day < case.start or not case.is_due(day) or case.tables.excuse(case.transition, day):
        return False
    if not case.tables.demanded(phase, day) or any(True for _ in case.tables.expired(phase, day)):
        return False
    return not any(count.rows for count in case.tables.counts(phase, day))


def stopped(case: Case) -> str | None:
    """A warning where upstream has ended and the downstream goes on: a retired source, or the wrong table.

    It says nothing of single dates, nor of a window that somebody asked for. A scan that looks back `scan_days` speaks
    of these alone: an open date before them tells nothing of where upstream ends.
    """
    if case.request.source is Source.EVENT or case.request.window:
        return None
    looked = case.seen.judged.window if case.seen.judged else None
    downstream = case.transition.downstream
    made = {day for table in case.pipeline.phases[downstream].tables for day in case.tables.of(downstream, table)}
    last = max((day for day in case.upstream_days if looked is None or day in looked), default=None)
    newest = max((day for day in made if day <= case.newest_due), default=None)
    if last is None or newest is None or newest - last < STOPPED_FOR:
        return None
    return (
        f"upstream {', '.join(case.transition.upstream)} ends on {last}, {downstream} goes on to {newest}: "
        "if the source is retired, let a view join what replaced it"
    )
