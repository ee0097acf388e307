"""A backfill at work: the same passes as everybody's, step after step, round after round, until every date has ended.

It keeps nothing of its own. What it knows of a date is what the last pass said of it, so that after a crash, or on
another machine, the same rounds go on where they were.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import date, datetime, timedelta

from gapheal import completion
from gapheal.app import App
from gapheal.backfill.ends import GOOD, Kind, Seen, absent, blocked, broken, elsewhere, ended, given_up
from gapheal.backfill.kept import CANCELLED, find
from gapheal.backfill.order import Order
from gapheal.backfill.pace import Pace
from gapheal.backfill.plan import Plan
from gapheal.backfill.words import AGAIN, anew, retries, rows
from gapheal.backfill.work import Cancelled, Interrupted, Round, Work
from gapheal.errors import GaphealError, Unavailable
from gapheal.intervals import DAY, Interval, unfold
from gapheal.model.order import feeders
from gapheal.model.passes import Condition, Count, Request, Source
from gapheal.reconcile.records import Pass

PATIENCE = timedelta(minutes=10)
"""How long services may be away before the backfill gives up: it can be resumed."""
REFUSED_ROUNDS = 5
"""Rounds in which a target took nothing, and nothing was on its way."""
CANCELLED_SEEN_WITHIN = 10.0
"""Seconds."""


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
        sleep: Callable[[float], object],
        watch: Callable[[Round], None] = lambda _: None,
        is_over: Callable[[], bool] = lambda: False,
    ) -> None:
        self._app, self._order, self._sleep, self._watch, self._is_over = app, order, sleep, watch, is_over
        self._works = {
            name: Work(name, step.phase, set(step.todo | step.short | step.touched), step.elsewhere)
            for name, step in plan.steps.items()
            if not step.faults
        }
        self._pace = Pace(self._now)
        self._trouble_since: datetime | None = None
        self._asked_at = self._app.loop.clock.monotonic()

    def go(self) -> dict[str, Work]:
        """Round after round until every date has ended.

        Raises:
            Stopped: somebody has cancelled it, or this process is to end.
            ConfigError: the file, or the world it names, is wrong by now.
            Unavailable: a service was away for too long.
        """
        self._remember()
        while not all(work.is_closed for work in self._works.values()):
            self._check_cancelled()
            trouble = self._round()
            if self._todo and not trouble:
                self._give_up_what_nothing_can_help()
            if self._todo or trouble:
                self._sleep(self._pace.wait(self._now))
        return self._works

    @property
    def _now(self) -> datetime:
        return self._app.loop.clock.now()

    @property
    def _todo(self) -> int:
        return sum(len(work.todo) for work in self._works.values())

    def _before(self, work: Work) -> list[Work]:
        """The steps of this backfill that make what `work` reads."""
        return [self._works[name] for name in feeders(self._app.pipeline, work.name) if name in self._works]

    def _remember(self) -> None:
        """What an earlier process of this backfill has said."""
        if self._order.wish.again:
            for row in self._app.loop.ledger.backfill_words(self._order.id):
                if row["decision"] == AGAIN and row["transition"] in self._works:
                    self._works[row["transition"]].anew.add(date.fromisoformat(row["partition_date"]))

    def _round(self) -> str | None:
        """One pass over each step that has dates to look at; what was in the way of it."""
        began = self._now
        ended_before = {name: len(work.ends) for name, work in self._works.items()}
        triggered: dict[str, int] = {}
        heals: list[float] = []
        trouble = None
        for name, work in self._works.items():
            if self._is_over():
                raise Interrupted(self._order.id)
            try:
                triggered[name], took = self._step(work)
            except Unavailable as error:
                trouble = str(error)
                self._bear(error)
                break
            self._trouble_since = None
            heals += took
        ends = {name: list(work.ends.values())[ended_before[name] :] for name, work in self._works.items()}
        number = sum(map(len, ends.values()))
        self._pace.saw(began, self._now, heals, number, moved=bool(number or any(triggered.values())))
        left = self._pace.left(self._now, self._todo)
        self._watch(Round(self._now, self._works, triggered, ends, left, trouble))
        return trouble

    def _step(self, work: Work) -> tuple[int, list[float]]:
        """One pass over the dates of one step that are ready: how many it triggered, and how long each heal took."""
        self._block(work)
        triggered, took = 0, list[float]()
        if ready := frozenset(self._ready(work)):
            passes = self._pass(work, ready)
            healed = self._healed(passes, ready)
            self._sort(work, ready, passes[-1], healed)
            triggered, took = sum(len(done.healing.sent) for done in passes), list(healed.values())
        if not (work.todo or work.is_closed) and all(before.is_closed for before in self._before(work)):
            self._close(work)
        return triggered, took

    def _block(self, work: Work) -> None:
        """What was to be made anew and was not stops what depends on it: its old rows look whole to everybody else."""
        for before in self._before(work):
            failed = {day for day, end in before.ends.items() if end.kind not in GOOD}
            for day in sorted(failed & work.todo if self._order.wish.again else ()):
                work.end(blocked(day, before.name))

    def _ready(self, work: Work) -> Iterator[date]:
        """The dates whose steps before are done, on every date that is read."""
        lookback = self._app.pipeline.transitions[work.name].policy.lookback_days
        busy = set().union(*(before.todo for before in self._before(work)))
        for day in work.todo:
            if not any(day - n * DAY in busy for n in range(lookback + 1)):
                yield day

    def _pass(self, work: Work, ready: frozenset[date]) -> list[Pass]:
        """One pass, and another one where something had to be said first."""
        window = Interval.inclusive(min(ready), max(ready))
        request = Request(Source.BACKFILL, window=window, asked=ready, only=self._order.wish.conditions)
        if self._order.wish.again and not ready <= work.anew:
            looked = self._app.loop.look(work.name, request._replace(dry_run=True))
            said = anew(looked, work.anew)
            self._say(work, said, looked)
            work.anew.update(said)
        done, answer = self._app.loop.passed(work.name, request)
        passes = [done]
        if self._say(work, retries(self._order, done), done):
            done, answer = self._app.loop.passed(work.name, request)
            passes.append(done)
        work.errors = answer["errors"]
        return passes

    def _say(self, work: Work, said: Mapping[date, str], done: Pass) -> bool:
        """Keep the words, if there are any; but what was freed must not be asked for once more."""
        if said:
            self._check_cancelled(within=0)
            self._app.loop.ledger.decide(rows(self._order, work.name, said, done.now))
        return bool(said)

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
        """What has ended, and what is still open."""
        verdicts = {verdict.day: verdict for verdict in done.settled}
        for day in sorted(ready):
            before = {each.name: end.kind for each in self._before(work) if (end := each.ends.get(day))}
            verdict = verdicts.get(day)
            end = (
                ended(verdict, healed=day in healed)
                if verdict
                else absent(day, excused=Kind.EXCUSED in before.values())
            )
            failed = next((name for name, kind in before.items() if kind not in GOOD), None)
            if end and end.kind is Kind.WAITING and failed:
                work.end(blocked(day, failed))
            elif end:
                work.end(end)
            elif verdict:
                work.open[day] = verdict
        outcomes = {sent.outcome for sent in done.healing.sent}
        work.refused = work.refused + 1 if outcomes == {"failed"} else 0

    def _close(self, work: Work) -> None:
        """What follows a step's last date: what was seen done must still be there, and everybody is told, once."""
        ledger, wish = self._app.loop.ledger, self._order.wish
        self._look_once_more(work)
        rows = ledger.backfill_dates([work.name], wish.window, self._order.started_at)
        healed = {date.fromisoformat(row["partition_date"]) for row in rows if row["healed_at"]}
        failed = {day for day, end in work.ends.items() if end.kind not in GOOD}
        self._announce(work, sorted(day for day in healed - failed if day in wish))
        work.is_closed = True

    def _look_once_more(self, work: Work) -> None:
        """At what was seen done, and at what was left to others: they may have brought it by now."""
        done = {day for day, end in work.ends.items() if end.kind is Kind.DONE}
        left = {day: holder for holder in work.elsewhere for day in holder.days}
        if not (looked_at := frozenset(done | left.keys())):
            return
        window = Interval.inclusive(min(looked_at), max(looked_at))
        looked = self._app.loop.look(work.name, Request(Source.BACKFILL, window=window, asked=looked_at, dry_run=True))
        for verdict in looked.verdicts:
            if verdict.day in done and verdict.condition in {Condition.MISSING, Condition.PARTIAL}:
                work.end(broken(verdict, self._seen(work, looked, verdict.day)))
            elif verdict.condition in {Condition.COMPLETE, Condition.EXCUSED}:
                left.pop(verdict.day, None)
        for day, holder in left.items():
            work.end(elsewhere(day, holder.id, holder.who))

    def _seen(self, work: Work, looked: Pass, day: date) -> Seen | None:
        if looked.seen is None:
            return None
        tables = {
            key.table: held.get(day, Count()) for key, held in looked.seen.counts.items() if key.phase == work.phase
        }
        return Seen(looked.seen.now, tables)

    def _announce(self, work: Work, days: list[date]) -> None:
        """One completion event for all dates; nothing depends on it: whoever hears it looks at the rows.

        It names a range, days without data between its dates too, unless it would name one that is not done.
        """
        pipeline = self._app.pipeline
        if days and pipeline.phases[work.phase].completion_topic:
            run = Interval.inclusive(days[0], days[-1])
            gaps = any(end.kind not in GOOD and day in run for day, end in work.ends.items())
            named = days if gaps or self._order.wish.dates else unfold([run])
            try:
                said = completion.compose(pipeline, work.phase, tuple(named))
                work.announced = completion.publish(said, self._app.loop.publisher).message_id
            except GaphealError as error:
                work.unannounced = str(error)

    def _give_up_what_nothing_can_help(self) -> None:
        """With nothing on its way, a date that only waits for others, or behind an open breaker, waits for ever."""
        works = self._works.values()
        for work in works:
            if work.in_flight == 0:
                refused = work.errors if work.refused >= REFUSED_ROUNDS else []
                for verdict in list(work.open.values()):
                    if refused or verdict.reason.code == "breaker_open":
                        work.end(given_up(verdict, refused))
        pending = [verdict for work in works for verdict in work.open.values()]
        if pending and all(verdict.condition is Condition.WAITING for verdict in pending):
            for work in works:
                for verdict in list(work.open.values()):
                    work.end(given_up(verdict))

    def _bear(self, error: Unavailable) -> None:
        self._trouble_since = self._trouble_since or self._now
        if self._now - self._trouble_since > PATIENCE:
            raise error

    def _check_cancelled(self, within: float = CANCELLED_SEEN_WITHIN) -> None:
        """Now and then; a ledger that does not answer is found out by the passes."""
        clock = self._app.loop.clock
        if clock.monotonic() - self._asked_at < within:
            return
        self._asked_at = clock.monotonic()
        try:
            state = find(self._app.loop.ledger, self._order.id).state
        except Unavailable:
            return
        if state == CANCELLED:
            raise Cancelled(self._order.id)
