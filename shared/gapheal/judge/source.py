"""Dates that never began: a first phase lacks what its `expected` table says it should have."""

from __future__ import annotations

from datetime import date

from gapheal.judge.case import Case
from gapheal.judge.needs import expected_key
from gapheal.model.passes import Memory, Observations, Request
from gapheal.model.pipeline import Pipeline


def source_gaps(pipeline: Pipeline, name: str, seen: Observations, memory: Memory, request: Request) -> list[date]:
    """Due and unexcused dates that `expected` has and the first phase lacks: reported, never triggered.

    Takes what `judge` takes.
    """
    case = Case(pipeline, name, seen, memory, request)
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
