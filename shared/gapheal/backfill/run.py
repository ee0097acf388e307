"""A backfill at work: the same passes as everybody's, step after step, round after round, until every date has ended.

It keeps nothing of its own. What it knows of a date is what the last pass said of it, so that after a crash, or on
another machine, the same rounds go on where they were.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from gapheal.app import App
from gapheal.backfill.ends import GOOD, End, Kind, absent, blocked, broken, ended, given_up
from gapheal.backfill.kept import CANCELLED, find
from gapheal.backfill.order import Order, feeders
from gapheal.backfill.pace import Pace
from gapheal.backfill.plan import Plan
from gapheal.backfill.words import AGAIN, rows, words
from gapheal.errors import Unavailable
from gapheal.intervals import DAY, Interval
from gapheal.model.passes import Action, Condition, Request, Source, Verdict
from gapheal.reconcile.records import Pass

PATIENCE = timedelta(minutes=10)
"""How long services may be away before the backfill is: it can be resumed."""
VAIN_ROUNDS = 5
"""Rounds in which a target refused everything and nothing was on its way."""
CANCELLED_SEEN_WITHIN = 30.0
"""Seconds."""


@dataclass
class Work:
    """What is left of one transition, and what has ended."""

    name: str
    phase: str
    todo: set[date]
    ends: dict[date, End] = field(default_factory=dict)
    open: dict[date, Verdict] = field(default_factory=dict)
    """What the last pass said of the dates that have not ended."""
    anew: set[date] = field(default_factory=set)
    """Dates of which this backfill has said `again`."""
    errors: list[str] = field(default_factory=list)
    """Of the last pass."""
    vain: int = 0
    """Passes in a row with nothing but errors."""

    @property
    def in_flight(self) -> int:
        """Dates under way."""
        return sum(verdict.action in {Action.LEASED, Action.HEAL} for verdict in self.open.values())

    def count(self, kind: str) -> int:
        """Dates that ended so."""
        return sum(end.kind == kind for end in self.ends.values())

    def end(self, end: End) -> None:
        """The date needs no pass any more."""
        self.ends[end.day] = end
        self.todo.discard(end.day)
        self.open.pop(end.day, None)


@dataclass(frozen=True, slots=True)
class Round:
    """What one round of passes came to; for whoever watches."""

    now: datetime
    works: Mapping[str, Work]
    triggered: Mapping[str, int]
    ended: Mapping[str, list[End]]
    seconds_left: float | None
    trouble: str | None = None


class Stopped(Exception):
    """The backfill goes no further for now."""


class Cancelled(Stopped):
    """Somebody has cancelled it."""


class Interrupted(Stopped):
    """This process is to end; another one may go on."""


class Run:
    """One process's part of a backfill.

    Args:
        app: lifted for the wish.
        order: the backfill.
        plan: as it stands now; steps with faults are left out.
        sleep: waits so many seconds.
        watch: is told of every round.
        is_over: whether this process is to end; asked between two passes.
    """

    def __init__(
        self,
        app: App,
        order: Order,
        plan: Plan,
        *,
        sleep: Callable[[float], None],
        watch: Callable[[Round], None] = lambda _: None,
        is_over: Callable[[], bool] = lambda: False,
    ) -> None:
        self._app, self._order, self._sleep, self._watch, self._is_over = app, order, sleep, watch, is_over
        self._works = {
            name: Work(name, step.phase, set(step.todo | step.short | step.touched))
            for name, step in plan.steps.items()
            if not step.faults
        }
        self._pace = Pace(app.loop.clock.now())
        self._trouble_since: datetime | None = None
        self._asked_at = 0.0

    def go(self) -> dict[str, Work]:
        """Round after round until every date has ended.

        Raises:
            Stopped: somebody has cancelled it, or this process is to end.
            ConfigError: the file, or the world it names, is wrong by now.
            Unavailable: a service was away for too long.
        """
        self._remember()
        while self._todo:
            self._check_cancelled()
            trouble = self._round()
            if self._todo:
                if not trouble:
                    self._give_up_what_nothing_can_help()
                self._sleep(self._pace.wait(self._now))
        self._look_once_more()
        return self._works

    @property
    def _now(self) -> datetime:
        return self._app.loop.clock.now()

    @property
    def _todo(self) -> int:
        return sum(len(work.todo) for work in self._works.values())

    def _remember(self) -> None:
        """What an earlier process of this backfill has said."""
        if self._order.wish.again:
            for row in self._app.loop.ledger.backfill_words(self._order.id):
                if row["decision"] == AGAIN and row["transition"] in self._works:
                    self._works[row["transition"]].anew.add(date.fromisoformat(row["partition_date"]))

    def _round(self) -> str | None:
        """One pass over each step that has dates to look at; what was in the way of it."""
        triggered: dict[str, int] = {}
        before = {name: len(work.ends) for name, work in self._works.items()}
        heals: list[float] = []
        trouble = None
        for name, work in self._works.items():
            if self._is_over():
                raise Interrupted(self._order.id)
            self._block(work)
            if not (ready := frozenset(self._ready(work))):
                continue
            try:
                done = self._pass(work, ready)
            except Unavailable as error:
                trouble = str(error)
                self._bear(error)
                break
            self._trouble_since = None
            triggered[name] = len(done[-1].healing.sent)
            healed = self._healed(done, ready)
            heals += healed.values()
            self._sort(work, ready, done[-1], healed)
        ends = {name: list(work.ends.values())[before[name] :] for name, work in self._works.items()}
        number = sum(map(len, ends.values()))
        self._pace.saw(self._now, heals, number, moved=bool(number or any(triggered.values())))
        left = self._pace.left(self._now, self._todo)
        self._watch(Round(self._now, self._works, triggered, ends, left, trouble))
        return trouble

    def _look_once_more(self) -> None:
        """The check after each phase: what was seen done must still be there."""
        for name, work in self._works.items():
            done = {day for day, end in work.ends.items() if end.kind is Kind.DONE}
            if not done:
                continue
            window = Interval.inclusive(min(done), max(done))
            request = Request(Source.BACKFILL, window=window, asked=frozenset(done), dry_run=True)
            for verdict in self._app.loop.look(name, request).verdicts:
                if verdict.condition in {Condition.MISSING, Condition.PARTIAL}:
                    work.end(broken(verdict))

    def _block(self, work: Work) -> None:
        """A failed date stops what depends on it, and nothing else."""
        for feeder in feeders(self._app.pipeline, work.name):
            if feeder in self._works:
                failed = {day for day, end in self._works[feeder].ends.items() if end.kind not in GOOD}
                for day in sorted(failed & work.todo):
                    work.end(blocked(day, feeder))

    def _ready(self, work: Work) -> Iterator[date]:
        """The dates whose steps before are done, on every date that is read."""
        lookback = self._app.pipeline.transitions[work.name].policy.lookback_days
        before = [self._works[name].todo for name in feeders(self._app.pipeline, work.name) if name in self._works]
        for day in work.todo:
            read = [day - n * DAY for n in range(lookback + 1)]
            if not any(each in todo for todo in before for each in read):
                yield day

    def _pass(self, work: Work, ready: frozenset[date]) -> list[Pass]:
        """One pass, and another one where something had to be said first."""
        window = Interval.inclusive(min(ready), max(ready))
        only = self._order.wish.conditions
        request = Request(Source.BACKFILL, window=window, asked=ready, only=only)
        done, answer = self._app.loop.passed(work.name, request)
        passes = [done]
        if said := words(self._order, done, work.anew):
            self._app.loop.ledger.decide(rows(self._order, work.name, said, done.now))
            work.anew.update(day for day, word in said.items() if word == AGAIN)
            done, answer = self._app.loop.passed(work.name, request)
            passes.append(done)
        work.errors = answer["errors"]
        return passes

    @staticmethod
    def _healed(passes: list[Pass], ready: frozenset[date]) -> dict[date, float]:
        """How long each date took that was seen healed; what one pass has seen so, the next one only sees complete."""
        return {
            verdict.day: (done.now - verdict.triggered_at).total_seconds()
            for done in passes
            for verdict in done.verdicts
            if verdict.triggered_at and verdict.day in ready
        }

    def _sort(self, work: Work, ready: frozenset[date], done: Pass, healed: Collection[date]) -> None:
        verdicts = {verdict.day: verdict for verdict in done.settled}
        for day in sorted(ready):
            verdict = verdicts.get(day)
            end = (
                ended(verdict, healed=day in healed)
                if verdict
                else absent(day, excused=self._is_excused_before(work, day))
            )
            if end:
                work.end(end)
            elif verdict:
                work.open[day] = verdict
        outcomes = {sent.outcome for sent in done.healing.sent}
        work.vain = work.vain + 1 if outcomes == {"failed"} else 0

    def _is_excused_before(self, work: Work, day: date) -> bool:
        before = [
            self._works[name].ends.get(day) for name in feeders(self._app.pipeline, work.name) if name in self._works
        ]
        return any(end and end.kind is Kind.EXCUSED for end in before)

    def _give_up_what_nothing_can_help(self) -> None:
        """With nothing on its way, a date that only waits for others, or behind an open breaker, waits for ever."""
        works = self._works.values()
        for work in works:
            if work.in_flight == 0:
                refused = work.errors if work.vain >= VAIN_ROUNDS else []
                for verdict in list(work.open.values()):
                    if refused or verdict.reason.code == "breaker_open":
                        work.end(given_up(verdict, refused))
        pending = [verdict for work in works for verdict in work.open.values()]
        if pending and not any(work.in_flight for work in works) and all(map(_only_waits, pending)):
            for work in works:
                for verdict in list(work.open.values()):
                    work.end(given_up(verdict))

    def _bear(self, error: Unavailable) -> None:
        self._trouble_since = self._trouble_since or self._now
        if self._now - self._trouble_since > PATIENCE:
            raise error

    def _check_cancelled(self) -> None:
        clock = self._app.loop.clock
        if clock.monotonic() - self._asked_at >= CANCELLED_SEEN_WITHIN:
            self._asked_at = clock.monotonic()
            try:
                state = find(self._app.loop.ledger, self._order.id).state
            except Unavailable as error:
                self._bear(error)
                return
            if state == CANCELLED:
                raise Cancelled(self._order.id)


def _only_waits(verdict: Verdict) -> bool:
    return verdict.condition == "waiting"
