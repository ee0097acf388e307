"""What a person could write into the file: excuses that would fit the dates which nothing fills. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from gapheal.intervals import fold
from gapheal.judge.case import Case
from gapheal.judge.hints import Hint, Stalled, hints
from gapheal.model.passes import Action, Condition, Verdict
from gapheal.reconcile import Pass


def advice(done: Pass, day: date | None = None) -> list[str]:
    """The excuses that would fit the stalled dates of a pass, a sentence each; with `day` those that cover it."""
    found = [hint for hint in _hints(done) if day is None or day in hint.days]
    return [_sentence(done.transition, hint) for hint in found]


def _hints(done: Pass) -> list[Hint]:
    case = done.case
    if case is None:
        return []
    stalled = list(_stalled(done, case))
    whole: dict[date, int | None] = {
        day: None for day, entry in done.memory.entries.items() if entry.condition is Condition.COMPLETE
    }
    for verdict in done.verdicts:
        if verdict.condition is Condition.COMPLETE:
            whole[verdict.day] = case.tables.entities(case.transition.upstream, verdict.day)
    return hints(done.pipeline.seasons, stalled, whole) if stalled else []


def _stalled(done: Pass, case: Case) -> Iterator[Stalled]:
    step, tables = case.transition, case.tables
    for verdict in done.verdicts:
        if verdict.action is Action.STALLED:
            absent = _absent(verdict)
            required = {table.table for table in tables.required(step.downstream, verdict.day)}
            some = () if absent == required else tuple(sorted(absent))
            yield Stalled(verdict.day, tables.entities(step.upstream, verdict.day), some)


def _absent(verdict: Verdict) -> set[str]:
    return set(str(verdict.reason.numbers.get("table", "")).split(", "))


def _sentence(transition: str, hint: Hint) -> str:
    days = ", ".join(str(run).replace("..", " .. ") for run in fold(hint.days))
    where = f"`excuses` of {', '.join(hint.tables)}" if hint.tables else f"transitions.{transition}.policy.excuses"
    return f"if {days} may stay empty, this fits under {where}: {hint.line}"
