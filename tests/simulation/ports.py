"""The ports of a simulated world: the memory doubles, behind a line that is slow, breaks, and loses answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, TypeVar

from tests.simulation.engine import Crash, Hub
from tests.simulation.facts import Facts
from tests.simulation.laws import Laws
from tests.simulation.witness import Run, Witness

from gapheal.errors import Unavailable
from gapheal.model.passes import Claim, Counted, Delivery, Limited, Memory, Message, Observations, Scope, Won
from gapheal.model.pipeline import Pipeline, Trigger
from gapheal.ports import Row
from gapheal.testing import MemoryClaims, MemoryLedger, MemoryWarehouse

T = TypeVar("T")
INSERTED_LATE = 600
"""Seconds after its caller has given up."""


@dataclass
class Line:
    """What lies between a pass and every service."""

    hub: Hub
    facts: Facts
    witness: Witness
    calm: bool = False
    meddle: Callable[[Run | None, str], None] = lambda _run, _where: None
    """What a test does to a pass at a step of its way: it may pause it, or crash it."""

    def chance(self, rate: str) -> bool:
        """Whether this trouble strikes now."""
        value: float = getattr(self.facts, rate)
        return value > 0 and not self.calm and self.hub.random.random() < value

    def step(self, where: str) -> None:
        """Others go on; this pass perhaps never does."""
        run: Run | None = self.hub.current
        random = self.hub.random
        self.meddle(run, where)
        self.hub.pause(random.uniform(5, 150) if self.chance("slow") else random.uniform(0.01, 2))
        if run and self.chance("crash"):
            run.crashed = where
            self.hub.say(f"{run.name} crashes {where}")
            raise Crash(where)

    def lost(self, what: str) -> bool:
        """Whether the answer to a call that was done gets lost."""
        if self.chance("lost_reply"):
            self.witness.met.add("lost reply")
            self.hub.say(f"{self.hub.current and self.hub.current.name}: the answer to {what} is lost")
            return True
        return False

    def read(self, what: str, effect: Callable[[], T]) -> T:
        """A call that may be refused, and whose answer may get lost."""
        self.step(f"before {what}")
        if self.chance("fails"):
            raise Unavailable(f"{what}: refused")
        answer = effect()
        self.step(f"after {what}")
        if self.lost(what):
            raise Unavailable(f"{what}: timed out")
        return answer


class SimWarehouse:
    """Reads the tables; the witness keeps what they held at that moment."""

    def __init__(self, line: Line, memory: MemoryWarehouse, before: Callable[[Scope], None]) -> None:
        self._line, self._memory, self._before = line, memory, before

    def observe(self, transition: str, scope: Scope, counted: Counted | None = None) -> Observations:
        run = self._line.hub.current or Run("", transition, self._line.hub.now)

        def look() -> Observations:
            self._before(scope)
            seen = self._memory.observe(transition, scope, counted)
            run.tables = {name: dict(days) for name, days in self._memory.tables.items()}
            run.observed_at, run.scope = seen.now, scope
            return seen

        seen = self._line.read("observe", look)
        run.answered = True
        return seen


class SimLedger(MemoryLedger):
    """The ledger: one INSERT a table, each of which may fail, be late, or lose its answer."""

    line: Line
    laws: Laws

    def recall(self, transition: str, dates: frozenset[date] | None) -> Memory:
        run = self.line.hub.current

        def look() -> Memory:
            if run:
                run.known = {table: len(rows) for table, rows in self.rows.items()}
                run.recalled_at = self.line.hub.now
            return super(SimLedger, self).recall(transition, dates)

        return self.line.read("recall", look)

    def record(self, pass_id: str, rows: Mapping[str, Sequence[Row]]) -> list[str]:
        line, run, errors = self.line, self.line.hub.current, []
        if run:
            self.laws.recorded(run, rows.get("passes", ()))

        def insert(table: str) -> None:
            super(SimLedger, self).record(pass_id, {table: rows[table]})
            if run:
                run.inserted.add(table)

        tables = [table for table, some in rows.items() if some]
        line.hub.random.shuffle(tables)
        for table in tables:
            line.step(f"before insert {table}")
            if line.chance("fails"):
                errors.append(f"{table}: refused")
            elif line.chance("late_insert"):
                line.hub.after(INSERTED_LATE, lambda table=table: insert(table))
                errors.append(f"{table}: timed out")
            else:
                insert(table)
                line.step(f"after insert {table}")
                errors += [f"{table}: timed out"] if line.lost(f"insert {table}") else []
        if not rows.get("triggers") and run:
            run.inserted.add("triggers")
        return errors

    def decide(self, rows: Sequence[Row]) -> None:
        def keep() -> None:
            super(SimLedger, self).decide(rows)
            witness = self.line.witness
            for row in rows:
                name, day = row["transition"], date.fromisoformat(row["partition_date"])
                phase = self.pipeline.transitions[name].downstream
                if row["decision"] == "retry":
                    witness.retried[name, day].append(datetime.fromisoformat(row["observed_at"]))
                    witness.accepted.pop((phase, day), None)
                else:
                    witness.accepted[phase, day] = self.line.hub.now

        self.line.read("decide", keep)


class SimClaims:
    """Claims: after a lost answer the client reads the owner back, if it still can."""

    def __init__(self, line: Line, memory: MemoryClaims, witness: Witness, laws: Laws) -> None:
        self._line, self._memory, self._witness, self._laws = line, memory, witness, laws

    def acquire(self, transition: str, day: date, n: int, watermark: str) -> Claim:
        line, run = self._line, self._line.hub.current
        line.step(f"before claim {day}/{n}")
        if line.chance("fails"):
            if line.hub.random.random() < 0.5:
                return Limited("claims: rate limit")
            raise Unavailable("claims: refused")
        claim = self._memory.acquire(transition, day, n, watermark)
        if isinstance(claim, Won):
            self._witness.owners[transition, day, n] = run
        line.step(f"after claim {day}/{n}")
        if line.lost(f"claim {day}/{n}") and line.hub.random.random() < 0.5:
            raise Unavailable("claims: timed out, and who owns it cannot be read")
        if isinstance(claim, Won) and run:
            run.won[day] = n, claim.created_at
        return claim


class SimPublisher:
    """Topics and URLs; what arrives goes to the consumer of the transition."""

    def __init__(self, line: Line, witness: Witness, laws: Laws, targets: Mapping[str, Any]) -> None:
        self._line, self._witness, self._laws, self._targets = line, witness, laws, targets

    def publish(self, trigger: Trigger, messages: Sequence[Message]) -> list[Delivery]:
        run: Run = self._line.hub.current
        self._laws.published(run, messages)
        deliveries: list[Delivery] = []
        refused: Delivery | None = None
        for message in messages:
            if refused and trigger.http:
                delivery = Delivery(message, refused.outcome, error="not sent after another")
            else:
                delivery = self._send(run, trigger, message)
            if delivery.outcome in {"busy", "failed"}:
                refused = delivery
            else:
                run.delivered.update(message.days)
            deliveries.append(delivery)
        return deliveries

    def subscriptions(self, topic: str) -> int | None:
        return 1

    def _send(self, run: Run, trigger: Trigger, message: Message) -> Delivery:
        line, hub = self._line, self._line.hub
        line.step(f"before publish {message.attributes['partition']}")
        what = f"{run.name} publishes {message.attributes['partition']} attempt {message.attributes['attempt']}"
        if line.chance("fails"):
            hub.say(f"{what}: failed")
            return Delivery(message, "failed", error="refused", unreachable=True)
        if line.chance("lost_reply"):
            # The call itself got lost: nobody can tell that from a lost answer.
            hub.say(f"{what}: timed out")
            return Delivery(message, "unknown", error="timed out")
        target = self._targets[run.transition]
        if trigger.http and target.is_busy():
            hub.say(f"{what}: busy")
            return Delivery(message, "busy", error="busy")
        self._witness.arrived[message.trigger_id] += 1
        self._laws.taken(run, message)
        hub.say(what)
        target.take(message)
        line.step(f"after publish {message.attributes['partition']}")
        if line.lost("publish"):
            return Delivery(message, "unknown", error="timed out")
        return Delivery(message, "published", message_id=f"m{len(self._witness.arrived)}")


def ledger(pipeline: Pipeline, line: Line) -> SimLedger:
    """An empty ledger on this line."""
    made = SimLedger(pipeline, line.hub.clock)
    made.line = line
    return made
