"""One history: hours of unrest, then calm, in which all that can heal must heal within a number of passes."""

from __future__ import annotations

import json
from base64 import b64encode
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import count
from random import Random

from tests.simulation import bounds
from tests.simulation.ends import Ends
from tests.simulation.engine import Crash, Hub, RoughClock, Violation
from tests.simulation.facts import START, Facts, pipeline_of
from tests.simulation.jobs import Consumer, late
from tests.simulation.laws import Laws
from tests.simulation.oracle import Oracle
from tests.simulation.ports import Line, SimClaims, SimPublisher, SimWarehouse, ledger
from tests.simulation.trail import untrue
from tests.simulation.witness import Run, Seen, Witness
from tests.simulation.world import SimWorld

from gapheal.app import build
from gapheal.app.core import App
from gapheal.errors import GaphealError
from gapheal.intervals import Interval
from gapheal.model.passes import Request, Scope, Source
from gapheal.testing import MemoryClaims

HOUR = timedelta(hours=1)
TRIES = 5
"""Of a push, before it expires."""


@dataclass
class Outcome:
    """What a history came to."""

    met: set[str] = field(default_factory=set)
    passes: int = 0
    calm_scans: int = 0
    bound: int = 0
    triggers: int = 0


class History:
    """All parts of one simulated world, and its course."""

    def __init__(self, facts: Facts) -> None:
        self.facts = facts
        self.pipeline = pipeline_of(facts)
        self.hub = Hub(START, Random(facts.seed))  # noqa: S311 - chance, not secrets
        self.witness = Witness(self.pipeline)
        self.line = Line(self.hub, facts, self.witness)
        self.world = SimWorld(self.hub, facts, self.pipeline, self.witness)
        self.ledger = ledger(self.pipeline, self.line)
        self.oracle = Oracle(self.pipeline, self.witness)
        laws = self.ledger.laws = Laws(self.witness, self.oracle, self.ledger.rows)
        self.ends = Ends(self.witness, self.oracle, self.ledger.rows)
        self.consumers = {
            name: Consumer(name, self.line, self._write, self._announce) for name in self.pipeline.transitions
        }
        warehouse = SimWarehouse(self.line, self.world.warehouse, self._looked)
        claims = SimClaims(self.line, MemoryClaims(self.hub.clock), self.witness, laws)
        publisher = SimPublisher(self.line, self.witness, laws, self.consumers)
        ports = {"warehouse": warehouse, "ledger": self.ledger, "claims": claims, "publisher": publisher}

        def instance(skew: float) -> App:
            return build(self.pipeline, **ports, clock=RoughClock(self.hub, timedelta(seconds=skew)))

        self.apps = [instance(self.hub.random.uniform(-1, 1) * facts.skew_seconds) for _ in range(facts.instances)]
        self.desk = instance(0)
        """Where people decide; their words carry its time, which is taken for true."""
        self._numbers = count(1)

    def run(self) -> Outcome:
        """The whole course.

        Raises:
            Violation: an invariant did not hold.
        """
        for hour in range(self.facts.hours):
            self.hub.at(START + hour * HOUR, self._hour)
        if self.facts.loss:
            self.hub.at(START + self.hub.random.uniform(1, self.facts.hours) * HOUR, self.world.lose)
        self.hub.advance(START + self.facts.hours * HOUR)
        self.line.calm = True
        self.hub.say("calm")
        self.hub.advance(self.hub.now + HOUR / 2)
        before, bound = len(self.witness.runs), self.bound()
        calm_scans = self.calm(bound)
        if wrong := untrue(self.witness, self.ledger.rows):
            raise Violation("ledger and claims explain every message", wrong)
        self._count()
        triggers = sum(map(len, self.witness.taken.values()))
        return Outcome(self.witness.met, before + calm_scans, calm_scans, bound, triggers)

    def bound(self) -> int:
        """Of the scans that calm may take, all transitions together."""
        facts, tables = self.facts, self.world.warehouse.tables
        job_hours, workers = facts.job_minutes[1] / 60, 1 if facts.single_flight else facts.workers
        works, before = [], set[date]()
        for name, step in self.pipeline.transitions.items():
            policy = step.policy
            days = [day for day in facts.days if not self.oracle.in_file(name, day)]
            open_days = {
                day
                for day in days
                if day in before or self.oracle.lacks(tables, name, day) or self.oracle.may_be_stale(tables, name, day)
            }
            sick = sum((name, day) in self.world.poison for day in open_days)
            slow = bounds.is_slow(policy, job_hours, workers)
            works.append(bounds.Work(policy, len(open_days), len(open_days) if slow else sick, job_hours, workers))
            before = open_days
        return sum(work.scans for work in works)

    def calm(self, bound: int) -> int:
        """Scans, ever more rarely while nothing happens, until all is settled; how many there were."""
        step, scans = HOUR, 0
        while True:
            before = sum(self.witness.arrived.values()), self._written
            for name in self.pipeline.transitions:
                source = Source.SWEEP if scans % 3 == 0 else Source.SCAN
                self.scan(name, Request(source))
            self.hub.advance(self.hub.now + HOUR / 60)
            scans += 1
            tables, now = self.world.warehouse.tables, self.hub.now
            left = [why for name in self.pipeline.transitions for why in self.ends.unsettled(name, tables, now)]
            if not left:
                return scans
            if scans >= bound:
                told = f"after {scans} passes in calm: {'; '.join(left[:3])}"
                raise Violation("every gap ends healed or with a reason", told)
            happened = before != (sum(self.witness.arrived.values()), self._written)
            step = HOUR if happened else min(step * 2, 24 * HOUR)
            self.hub.advance(self.hub.now + step)

    def _hour(self) -> None:
        line, random = self.line, self.hub.random
        for name in self.pipeline.transitions:
            if line.chance("scan_missed"):
                continue
            for _ in range(2 if line.chance("scan_doubled") else 1):
                self.hub.after(random.uniform(0, 30), lambda name=name: self.scan(name, self._question()))
        for odd, act in (("fills", self._fill), ("rebuilt", self.world.rebuild), ("deleted", self.world.delete)):
            if line.chance(odd):
                self.hub.after(random.uniform(0, 3600), act)
        for odd, word in (("retries", "retry"), ("accepts", "accept")):
            if line.chance(odd):
                self.hub.after(random.uniform(0, 3600), lambda word=word: self._decide(word))

    def _question(self) -> Request:
        chance, days = self.hub.random.random(), self.facts.days
        if chance < 0.04:
            return Request(Source.SCAN, dry_run=True)
        if chance < 0.08:
            return Request(Source.SCAN, window=Interval.inclusive(days[0], days[len(days) // 2]))
        return Request(Source.SWEEP if chance < 0.2 else Source.SCAN)

    def scan(self, name: str, request: Request) -> None:
        """One call of the Scheduler."""

        def task() -> None:
            run = self._begin(name)
            run.request = request
            self._pass(run, self._app())

        self.hub.spawn(task)

    def event(self, name: str, body: bytes, tries: int = TRIES) -> None:
        """One push; without a good answer it comes again."""

        def task() -> None:
            run = self._begin(name)
            app = self._app()
            try:
                run.request = app.read(name, {}, body)
            except GaphealError as error:
                self.hub.say(f"{run.name} rejects: {error}")
                self._end(run)
                return
            self.witness.named |= {(name, day) for day in run.request.dates}
            if not self._pass(run, app) and tries > 1 and not self.line.chance("event_lost"):
                self.hub.after(self.hub.random.uniform(10, 600), lambda: self.event(name, body, tries - 1))

        self.hub.spawn(task)

    def _begin(self, name: str) -> Run:
        run = Run(f"r{next(self._numbers)}", name, self.hub.now)
        self.hub.call_current(run)
        self.witness.runs.append(run)
        active = self.witness.active[name]
        active.add(run.name)
        if len(active) > 1:
            self.witness.met.add("overlapping passes")
        return run

    def _app(self) -> App:
        return self.hub.random.choice(self.apps)

    def _pass(self, run: Run, app: App) -> bool:
        """Whether the caller got a good answer."""
        request = run.request
        assert request is not None
        self.hub.say(
            f"{run.name} begins: {run.transition} {request.source} {', '.join(map(str, sorted(request.dates)))}"
        )
        try:
            report = app.run(run.transition, request, run.name)
        except Crash:
            self._crashed(run)
            return False
        except GaphealError as error:
            run.error = str(error)
            self.hub.say(f"{run.name} fails: {error}")
            return False
        finally:
            self._end(run)
        if missed := [day for day in request.dates if run.scope and day not in run.scope]:
            raise Violation("an event's dates are looked at", f"{run.name} left out {missed}")
        if run.scope is None:  # no event of this world asks to be left alone
            raise Violation("an event's dates are looked at", f"{run.name} did not look")
        told = {key: report[key] for key in ("conditions", "actions")}
        self.hub.say(f"{run.name} ends: {_short(told)} {'; '.join(report['errors'])}")
        return True

    def _end(self, run: Run) -> None:
        run.ended = True
        self.witness.active[run.transition].discard(run.name)

    def _crashed(self, run: Run) -> None:
        if set(run.won) - set(run.published) or (run.won and "before publish" in (run.crashed or "")):
            self.witness.met.add("crash between claim and publish")
        if run.delivered and "triggers" not in run.inserted:
            self.witness.met.add("crash between publish and record")

    def _looked(self, scope: Scope) -> None:
        """A pass is about to be shown these dates."""
        run: Run = self.hub.current
        if self.facts.moving and not self.line.calm:
            self.world.move()
            self.witness.met.add("watermark moving each pass")
        name, tables = run.transition, self.world.warehouse.tables
        step = self.pipeline.transitions[name]
        for day in {day for table in self.world.tables(step.upstream[0]) for day in tables[table] if day in scope}:
            up = self.witness.data(tables, step.upstream, day, step.policy.lookback_days)
            self.witness.seen[name, day].append(
                Seen(
                    run,
                    self.hub.now,
                    up,
                    self.witness.data(tables, (step.downstream,), day),
                    self._last_write(name, day),
                )
            )

    def _last_write(self, name: str, day: date) -> datetime | None:
        tables = self.world.tables(self.pipeline.transitions[name].upstream[0])
        written = [
            self.world.warehouse.tables[table][day].written_at
            for table in tables
            if day in self.world.warehouse.tables[table]
        ]
        return max((moment for moment in written if moment), default=None)

    _written = 0

    def _write(self, name: str, day: date, part: int | None, share: float) -> None:
        lease = timedelta(minutes=self.pipeline.transitions[name].policy.lease_minutes)
        if self.world.write(name, day, part, share):
            self._written += 1
            late(self.witness, name, day, lease, self.hub)
            self.hub.say(f"job of {name} wrote {day}{'' if share == 1 else ' in part'}")

    def _announce(self, name: str, days: tuple[date, ...]) -> None:
        self._tell(self.pipeline.transitions[name].downstream, days)

    def _fill(self) -> None:
        day = self.world.fill()
        self._tell("p0", (day,))

    def _tell(self, phase: str, days: tuple[date, ...]) -> None:
        """A completion event, to all who listen."""
        random, body = self.hub.random, self.body(phase, days)
        for name, step in self.pipeline.transitions.items():
            if phase not in {*step.upstream, step.downstream} or self.line.chance("event_lost"):
                continue
            for _ in range(2 if self.line.chance("event_doubled") else 1):
                later = random.uniform(60, 7200) if self.line.chance("event_late") else random.uniform(0.1, 20)
                self.hub.after(later, lambda name=name: self.event(name, body))

    def body(self, phase: str, days: tuple[date, ...]) -> bytes:
        """A push about these dates. Its status says nothing true."""
        status = self.hub.random.choice(["success", "failed"])
        said = {"phase": phase, "dates": [str(day) for day in days], "status": status}
        data = b64encode(json.dumps(said).encode()).decode()
        return json.dumps({"message": {"data": data}, "subscription": "s"}).encode()

    def _decide(self, word: str) -> None:
        """A person looks at what is stalled or held, and says something about some of it."""
        random = self.hub.random
        name = random.choice(list(self.pipeline.transitions))
        latest = self.ends.latest(name)
        wanted = {"stalled", "held"} if word == "retry" else {"stalled", "held", "heal", "leased"}
        days = [day for day, row in latest.items() if row["action"] in wanted]
        if not days:
            return
        days = random.sample(days, min(len(days), random.choice([1, 1, 3])))

        def task() -> None:
            try:
                self.desk.decide(word, name, map(str, days), who="ann", why="looked at it")  # type: ignore[arg-type]
            except GaphealError as error:
                self.hub.say(f"ann cannot say {word}: {error}")

        stalled = any(latest[day]["action"] == "stalled" for day in days)
        before = len(self.ledger.rows["decisions"])
        self.hub.spawn(task)
        self.hub.say(f"ann says {word}: {name} {', '.join(map(str, sorted(days)))} ({before})")
        if word == "retry" and stalled:
            self.witness.met.add("retry of a stalled date")

    def _count(self) -> None:
        """What only the ledger tells."""
        states = [row["breaker"] for row in self.ledger.rows["passes"] if row.get("breaker")]
        opened = next((n for n, state in enumerate(states) if "open" in str(state)), None)
        if opened is not None and any("open" not in str(state) for state in states[opened:]):
            self.witness.met.add("breaker opened and closed")


def _short(counts: dict[str, dict[str, int]]) -> str:
    return ", ".join(f"{number} {key}" for some in counts.values() for key, number in some.items() if number)
