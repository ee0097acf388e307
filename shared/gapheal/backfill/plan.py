"""What a backfill would do, step by step, and what would stop it. Nothing is sent or written."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from statistics import median
from types import MappingProxyType
from typing import Any

from gapheal.app import App
from gapheal.app.plan import Group, grouped
from gapheal.backfill.foresight import Foresight
from gapheal.backfill.kept import Kept
from gapheal.backfill.order import Wish
from gapheal.errors import ConfigError
from gapheal.intervals import fold
from gapheal.judge import Case, judge
from gapheal.messages import runs
from gapheal.model.order import feeders
from gapheal.model.passes import Action, Condition, Reason, Request, Source, Verdict

SHORT = ("upstream_", "stuck_")
"""Reasons of dates that wait for upstream itself, and not for a date before."""


@dataclass(frozen=True, slots=True)
class Holder:
    """Another backfill, and which of the dates it holds."""

    id: str
    who: str
    days: frozenset[date]

    def plain(self) -> dict[str, Any]:
        """As JSON values."""
        return {"id": self.id, "who": self.who, "dates": len(self.days), "runs": [str(run) for run in fold(self.days)]}


@dataclass(frozen=True, slots=True)
class Step:
    """One transition of a plan."""

    transition: str
    phase: str
    verdicts: Sequence[Verdict] = ()
    """Of every date asked for, as they will be once the steps before are done."""
    todo: frozenset[date] = frozenset()
    """The dates that will be asked of the phase's job, if all goes well."""
    coming: frozenset[date] = frozenset()
    """Those of them that upstream gets in this backfill, and not before."""
    short: frozenset[date] = frozenset()
    """Dates that upstream does not have whole, with nothing on the way that would change it."""
    touched: frozenset[date] = frozenset()
    """Complete dates whose upstream this backfill writes anew: they are looked at again."""
    left: frozenset[date] = frozenset()
    """Gaps of a kind that was not asked for."""
    elsewhere: Sequence[Holder] = ()
    messages: int = 0
    seconds: float | None = None
    """From history; None: there is none."""
    latency: float | None = None
    """How long a date took from trigger to rows."""
    faults: Sequence[str] = ()
    """Why the gate before this phase would stop it."""

    @property
    def complete(self) -> int:
        """Dates that are as they should be."""
        return sum(v.condition is Condition.COMPLETE for v in self.verdicts if v.day not in self.todo)

    def groups(self) -> list[Group]:
        """The verdicts by runs of dates, without the complete ones that stay."""
        stay = {v.day for v in self.verdicts if v.condition is Condition.COMPLETE} - self.todo
        return grouped(v for v in self.verdicts if v.day not in stay)

    def plain(self) -> dict[str, Any]:
        """As JSON values."""
        counted = Counter(str(verdict.condition) for verdict in self.verdicts)
        return {
            "transition": self.transition,
            "phase": self.phase,
            "to_do": len(self.todo),
            "runs": [str(run) for run in fold(self.todo)],
            "after_the_step_before": len(self.coming),
            "messages": self.messages,
            "seconds": None if self.seconds is None else round(self.seconds),
            "complete": self.complete,
            "excused": counted["excused"],
            "upstream_not_whole": [str(day) for day in sorted(self.short)],
            "left": len(self.left),
            "elsewhere": [holder.plain() for holder in self.elsewhere],
            "faults": list(self.faults),
            "verdicts": [group.plain() for group in self.groups()],
        }


@dataclass(frozen=True, slots=True)
class Plan:
    """What would be done, in order."""

    wish: Wish
    now: datetime
    """By BigQuery's clock."""
    steps: Mapping[str, Step]
    notes: Sequence[str] = ()
    queries: int = 0
    bytes_billed: int = 0

    @property
    def faults(self) -> list[str]:
        """Why a gate would stop it, a sentence each."""
        return [f"{step.transition}: {fault}" for step in self.steps.values() for fault in step.faults]

    @property
    def dates(self) -> int:
        """Dates to be done, counted once for each phase."""
        return sum(len(step.todo) for step in self.steps.values())

    @property
    def seconds(self) -> float | None:
        """How long it may take: the slowest phase, and one date's way through the others."""
        busy = [step for step in self.steps.values() if step.todo]
        if not busy or any(step.seconds is None or step.latency is None for step in busy):
            return None
        slowest = max(busy, key=lambda step: step.seconds or 0)
        return (slowest.seconds or 0) + sum(step.latency or 0 for step in busy if step is not slowest)

    def plain(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            "window": {"start_date": str(self.wish.window.start), "end_date": str(self.wish.window.last)},
            **self.wish.asked(),
            "to_do": self.dates,
            "seconds": None if self.seconds is None else round(self.seconds),
            "preflight": {"passed": not self.faults, "faults": self.faults},
            "notes": list(self.notes),
            "steps": [step.plain() for step in self.steps.values()],
            "queries": self.queries,
            "bytes_billed": self.bytes_billed,
        }


def plan(
    app: App, wish: Wish, others: Iterable[Kept] = (), asked_anew: Mapping[str, Collection[date]] = MappingProxyType({})
) -> Plan:
    """Look at every step of the wish, each as it will be once the one before is done.

    Args:
        app: lifted for this wish.
        wish: what is asked.
        others: open backfills that came first: what they hold is left to them.
        asked_anew: by transition, the complete dates of which this backfill has said `again` before.

    Raises:
        Unavailable: a service did not answer.
    """
    return _Planning(app, wish, list(others), asked_anew).plan()


@dataclass
class _Planning:
    app: App
    wish: Wish
    others: list[Kept]
    asked_anew: Mapping[str, Collection[date]]
    steps: dict[str, Step] = field(default_factory=dict)

    def plan(self) -> Plan:
        self._foresight = Foresight(self.app.pipeline)
        self._latencies = latencies(self.app, self.wish.transitions)
        now, queries, billed = self.app.loop.clock.now(), 0, 0
        for number, name in enumerate(self.wish.transitions):
            request = Request(Source.BACKFILL, window=self.wish.window, only=self.wish.conditions, dry_run=True)
            step = Step(name, self.app.pipeline.transitions[name].downstream)
            try:
                done = self.app.loop.look(name, request)
            except ConfigError as error:
                self.steps[name] = replace(step, faults=[str(error)])
                continue
            queries, billed = queries + done.queries, billed + done.bytes_billed
            if number == 0 and done.seen:
                now = done.now
            if done.seen:
                seen = self._foresight.onto(name, done.seen)
                verdicts = judge(Case(self.app.pipeline, name, seen, done.memory, request), "heal")
                step = self._sorted(step, [v for v in verdicts if v.day in self.wish])
                self._foresight.expect(name, seen, step.todo)
            self.steps[name] = self._gated(step)
        return Plan(self.wish, now, self.steps, list(self._notes()), queries, billed)

    def _sorted(self, step: Step, verdicts: list[Verdict]) -> Step:
        before = [self.steps[name] for name in feeders(self.app.pipeline, step.transition) if name in self.steps]
        given = frozenset().union(*(each.todo for each in before))
        short = {v.day for v in verdicts if v.condition is Condition.WAITING and v.reason.code.startswith(SHORT)}
        elsewhere = self._elsewhere(step.transition, verdicts, short, before)
        away = frozenset().union(*(holder.days for holder in elsewhere))
        verdicts = [self._of_the_data(v, coming=v.day in given) for v in verdicts if v.day not in away]
        left = {v.day for v in verdicts if v.is_gap and v.condition not in self.wish.conditions}
        stay = {v.day for v in verdicts if v.condition is Condition.COMPLETE and not self._made_anew(step, v)}
        excused = {v.day for v in verdicts if v.condition is Condition.EXCUSED}
        todo = frozenset(v.day for v in verdicts) - short - left - stay - excused
        transition = self.app.pipeline.transitions[step.transition]
        batches = runs(todo, [v.day for v in verdicts], transition.policy.batch_size)
        latency = self._latencies.get(step.transition)
        return replace(
            step,
            verdicts=verdicts,
            todo=todo,
            coming=todo & given,
            short=frozenset(short - away),
            touched=frozenset(stay & given),
            left=frozenset(left),
            elsewhere=elsewhere,
            messages=len(batches) * max(len(transition.trigger.fan_out), 1),
            latency=latency,
            seconds=None if latency is None else math.ceil(len(todo) / transition.policy.max_in_flight) * latency,
        )

    def _made_anew(self, step: Step, verdict: Verdict) -> bool:
        return self.wish.again and verdict.day not in self.asked_anew.get(step.transition, ())

    @staticmethod
    def _of_the_data(verdict: Verdict, *, coming: bool) -> Verdict:
        """What the data says of a gap: that it is old, or held, is no matter here, and what is coming is a guess."""
        if not verdict.is_gap:
            return verdict
        numbers = verdict.reason.numbers
        told = "upstream has it once the step before is done" if coming else numbers.get("gap", verdict.reason.sentence)
        return verdict._replace(action=Action.NONE, reason=Reason(str(verdict.condition), numbers, told))

    def _elsewhere(
        self, name: str, verdicts: Iterable[Verdict], short: set[date], before: Iterable[Step]
    ) -> list[Holder]:
        """What other backfills hold here, and what can only follow once they have done the step before."""
        open_here = {v.day for v in verdicts if v.condition not in {Condition.COMPLETE, Condition.EXCUSED}}
        found = {}
        for kept in self.others:
            if name in kept.order.wish.transitions:
                found[kept.order.id] = {day for day in open_here if day in kept.order.wish}
        judged = {v.day for v in verdicts}
        for holder in (holder for step in before for holder in step.elsewhere):
            coming = holder.days - judged if holder.id in found else frozenset[date]()
            found.setdefault(holder.id, set()).update(short & holder.days, coming)
        who = {kept.order.id: kept.order.who for kept in self.others}
        return [Holder(name, who[name], frozenset(days)) for name, days in found.items() if days]

    def _gated(self, step: Step) -> Step:
        """With what the gate before the phase says: only a phase that has something to do is asked."""
        policy = self.app.pipeline.transitions[step.transition].policy
        if policy.mode == "paused":
            fault = "mode paused: nothing is looked at; `policy.mode: observe` or `heal` in the file lets it go on"
            return replace(step, faults=[fault])
        if not step.todo:
            return step
        faults = []
        if policy.mode == "observe":
            faults.append("GAPHEAL_MODE is observe, which nothing overrules: unset it where the backfill is typed")
        try:
            faults += filter(None, [self.app.unheard(step.transition)])
        except ConfigError as error:
            faults.append(str(error))
        return replace(step, faults=faults)

    def _notes(self) -> Iterable[str]:
        for name, transition in self.app.pipeline.transitions.items():
            if transition.policy.mode == "paused" and name not in self.wish.transitions:
                yield f"{name} is paused: {transition.downstream} is left as it is"
        if self.wish.again and "stale" in self.wish.only:
            yield "--again makes complete dates anew, whatever --only says"


def latencies(app: App, transitions: Sequence[str]) -> dict[str, float]:
    """How many seconds a date took from trigger to rows, by transition: the median of the last heals."""
    found: dict[str, list[float]] = {}
    for row in app.loop.ledger.heal_times(transitions) if transitions else ():
        took = datetime.fromisoformat(row["healed_at"]) - datetime.fromisoformat(row["triggered_at"])
        found.setdefault(row["transition"], []).append(took.total_seconds())
    return {name: median(seconds) for name, seconds in found.items()}
