"""Whether a phase is whole in a window: the gate for scripts. It looks, and sends and writes nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from gapheal.app.plan import grouped
from gapheal.errors import ConfigError
from gapheal.intervals import Interval, fold
from gapheal.judge import Case, judge
from gapheal.model.passes import GAPS, Action, Condition, Reason, Request, Source, TableKey, Verdict
from gapheal.model.pipeline import Pipeline
from gapheal.reconcile import Loop
from gapheal.reconcile.records import Pass
from gapheal.spec.names import phase_named

WHOLE = frozenset({Condition.COMPLETE, Condition.STALE, Condition.EXCUSED})
ITSELF = "itself?"
"""A phase that no file can name."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What was found of one phase."""

    phase: str
    transition: str
    """By which it was judged: the one that feeds it, or for a first phase one that reads it."""
    window: Interval | None
    verdicts: list[Verdict]
    """Of every date in the window that upstream has; for a first phase, that it has itself. None asks for anything."""
    source_gaps: list[date]
    """Dates that an `expected` table has and the first phase lacks."""
    first: bool
    """Whether nothing feeds the phase: then its source gaps are its own."""
    notes: list[str]

    @property
    def short(self) -> list[Verdict]:
        """The dates on which the phase is not whole."""
        return [verdict for verdict in self.verdicts if verdict.condition not in WHOLE]

    @property
    def whole(self) -> bool:
        """Whether a script may go on."""
        return not self.short and not (self.first and self.source_gaps)

    def plain(self) -> dict[str, Any]:
        """As JSON values; dates by runs of which the same is said."""
        counted = Counter(str(verdict.condition) for verdict in self.verdicts)
        return {
            "phase": self.phase,
            "transition": self.transition,
            "window": {
                "start_date": str(self.window.start) if self.window else None,
                "end_date": str(self.window.last) if self.window else None,
            },
            "whole": self.whole,
            "dates": len(self.verdicts),
            "conditions": {str(condition): counted[condition] for condition in Condition},
            "not_whole": [group.plain() for group in grouped(self.short)],
            "verdicts": [group.plain() for group in grouped(self.verdicts)],
            "source_gaps": [
                {"start_date": str(run.start), "end_date": str(run.last), "dates": run.days}
                for run in fold(self.source_gaps)
            ],
            "notes": self.notes,
        }


def check(loop: Loop, asked: str, window: Interval | None) -> Checked:
    """Judge the phase that `asked` names, `3` or `phase3`, whatever the mode of its transition.

    Raises:
        ConfigError: there is no such phase, or no transition touches it; and whatever a pass raises.
    """
    phase = phase_named(loop.pipeline, asked)
    name, first = _judged_by(loop.pipeline, phase)
    looking = replace(loop, pipeline=_looking(loop.pipeline, name, phase))
    request = Request(Source.SCAN, window=window, dry_run=True)
    done = looking.look(name, request)
    told = _of_first(phase) if first else _of_the_data
    judged = _by_itself(looking.pipeline, phase, done) if first else done.verdicts
    verdicts = [told(verdict) for verdict in judged if window is None or verdict.day in window]
    gaps = [day for day in done.source_gaps if window is None or day in window]
    found = Checked(phase, name, window, verdicts, gaps, first, [])
    return replace(found, notes=list(_notes(loop.pipeline, found)))


def _judged_by(pipeline: Pipeline, phase: str) -> tuple[str, bool]:
    """The transition to judge by, and whether nothing feeds the phase."""
    if feeder := pipeline.feeder(phase):
        return feeder, False
    for name, transition in pipeline.transitions.items():
        if phase in transition.upstream:
            return name, True
    raise ConfigError(f"--phase: expected a phase that a transition feeds or reads, found {phase}, which none touches")


def _looking(pipeline: Pipeline, name: str, phase: str) -> Pipeline:
    """The file, but looking where it is paused; a first phase is asked about alone, and each date by itself."""
    transition = pipeline.transitions[name]
    policy: dict[str, Any] = {"mode": "observe"}
    ends: dict[str, Any] = {}
    if transition.downstream != phase:
        policy |= {"lookback_days": 0, "depends_on_past": False, "settle_minutes": 0}
        ends = {"upstream": (phase,)}
    changed = transition.model_copy(update={**ends, "policy": transition.policy.model_copy(update=policy)})
    return pipeline.model_copy(update={"transitions": {**pipeline.transitions, name: changed}})


def _by_itself(pipeline: Pipeline, phase: str, done: Pass) -> list[Verdict]:
    """A first phase judged as if it were made from itself: what the next one may lack excuses nothing here."""
    if done.seen is None:
        return []
    step = pipeline.transitions[done.transition].model_copy(update={"downstream": ITSELF})
    phases = {**pipeline.phases, ITSELF: pipeline.phases[phase]}
    alone = pipeline.model_copy(
        update={"phases": phases, "transitions": {**pipeline.transitions, done.transition: step}}
    )
    counts = {TableKey(ITSELF, key.table): count for key, count in done.seen.counts.items() if key.phase == phase}
    seen = done.seen._replace(counts={**done.seen.counts, **counts})
    return judge(Case(alone, done.transition, seen, done.memory, done.request), "observe")


def _of_the_data(verdict: Verdict) -> Verdict:
    """What the data says of the date, without what a pass would do about it."""
    numbers = verdict.reason.numbers
    if verdict.condition not in GAPS or "gap" not in numbers:
        return verdict._replace(action=Action.NONE)
    why = Reason(str(verdict.condition), numbers, numbers["gap"])
    return verdict._replace(action=Action.NONE, reason=why)


def _of_first(phase: str) -> Callable[[Verdict], Verdict]:
    """What a verdict of the next phase says of this one: what waits for it, and for nothing else, shows it short."""

    def told(verdict: Verdict) -> Verdict:
        condition, why = Condition.COMPLETE, Reason("complete", {}, f"{phase} has these dates whole")
        if verdict.condition is Condition.EXCUSED:
            condition, why = verdict.condition, verdict.reason
        elif verdict.condition is Condition.WAITING:
            condition, why = Condition.PARTIAL if verdict.reason.numbers["found"] else Condition.MISSING, verdict.reason
        return verdict._replace(condition=condition, action=Action.NONE, reason=why)

    return told


def _notes(pipeline: Pipeline, found: Checked) -> Iterator[str]:
    """What a script should not take for granted."""
    policy, window = pipeline.transitions[found.transition].policy, found.window
    if policy.mode == "paused":
        yield f"{found.transition} is paused: it was looked at for this answer, and nothing heals it"
    if policy.start_date and (window is None or window.start < policy.start_date):
        yield f"nothing before policy.start_date ({policy.start_date}) is looked at"
    if not found.verdicts:
        yield f"{found.phase if found.first else 'upstream'} has no dates there: nothing was judged"
    if early := sum(verdict.reason.code == "not_due" for verdict in found.verdicts):
        yield f"{early} of the excused are not due yet (lag_days {policy.lag_days}): not judged"
    if found.source_gaps and not found.first:
        yield f"upstream itself lacks {len(found.source_gaps)} dates that it is expected to have"
