"""Hypothesis chooses what happens next; the laws of the simulator hold after every step, and calm ends all."""

from __future__ import annotations

from datetime import date

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from tests.simulation.stage import STEP, Stage
from tests.simulation.trail import untrue

from gapheal.model.passes import Request, Source

DAYS = 6
PLACES = st.sampled_from(
    ["after recall", "after observe", "before claim", "after claim", "before publish", "after publish", "before insert"]
)


class World(RuleBasedStateMachine):
    """One transition, a few dates, and everything that may happen to them."""

    @initialize(
        attempts=st.integers(1, 3),
        room=st.integers(1, 6),
        breaker_after=st.integers(1, 4),
        stale=st.sampled_from(["ignore", "heal"]),
        http=st.booleans(),
        poison=st.integers(0, 2),
    )
    def begin(self, attempts, room, breaker_after, stale, http, poison) -> None:
        self.stage = Stage(
            DAYS, http=http, max_attempts=attempts, max_in_flight=room, breaker_after=breaker_after, stale=stale,
            stale_after_minutes=0, lease_minutes=60, facts={"poison": poison, "workers": 2, "single_flight": http},
        )  # fmt: skip

    def day(self, number: int) -> date:
        return self.stage.facts.days[number]

    @rule()
    def scan(self) -> None:
        self.stage.scan(STEP, Request(Source.SCAN))

    @rule(number=st.integers(0, DAYS - 1))
    def event(self, number) -> None:
        self.stage.event(STEP, self.stage.body("p1", (self.day(number),)))

    @rule(minutes=st.sampled_from([0.02, 1, 15, 59, 61, 300]))
    def wait(self, minutes) -> None:
        self.stage.go(minutes=minutes)

    @rule(where=PLACES)
    def crash_next(self, where) -> None:
        self.stage.crash_at(where)

    @rule(where=PLACES, seconds=st.sampled_from([30, 200]))
    def hold_next(self, where, seconds) -> None:
        self.stage.hold(lambda run: True, where, seconds)

    @rule(number=st.integers(0, DAYS - 1))
    def delete(self, number) -> None:
        self.stage.world.warehouse.drop("d.p1a", self.day(number))

    @rule(number=st.integers(0, DAYS - 1), rows=st.integers(20, 99))
    def fill(self, number, rows) -> None:
        self.stage.world.put("d.p0a", self.day(number), rows, 12)

    @precondition(lambda self: self.stage.ledger.rows["verdicts"])
    @rule(number=st.integers(0, DAYS - 1))
    def retry(self, number) -> None:
        self.stage.retry(self.day(number))

    @invariant()
    def ledger_and_claims_explain_every_message(self) -> None:
        if hasattr(self, "stage"):
            assert untrue(self.stage.witness, self.stage.ledger.rows) is None

    def teardown(self) -> None:
        if not hasattr(self, "stage"):
            return
        stage = self.stage
        stage.line.meddle = lambda _run, _where: None
        stage.go(minutes=30)
        stage.calm(stage.bound())
        assert untrue(stage.witness, stage.ledger.rows) is None


World.TestCase.settings = settings(
    max_examples=40, stateful_step_count=25, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
TestMachine = World.TestCase
