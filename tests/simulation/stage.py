"""A simulated world without chance, for histories that are told by name; the laws hold in it all the same."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from tests.simulation.engine import Crash
from tests.simulation.facts import TODAY, Facts
from tests.simulation.history import HOUR, History
from tests.simulation.witness import Run

from gapheal.model.passes import Message, Request, Source

STEP = "p0_to_p1"
POLICY: dict[str, Any] = {"mode": "heal", "lag_days": 0, "max_age_days": None, "stale": "ignore"}


def before(*days_ago: int) -> tuple[date, ...]:
    """Dates, so many days before today; oldest first."""
    return tuple(sorted(TODAY - timedelta(days=n) for n in days_ago))


class Stage(History):
    """One transition or more, their jobs, and an hour hand."""

    def __init__(
        self,
        days: Iterable[date] | int,
        *,
        steps: int = 1,
        http: bool = False,
        whole: bool = False,
        facts: dict[str, Any] | None = None,
        **policy: Any,
    ) -> None:
        """Upstream has all `days` (a number: so many, to today); downstream none, or all where it is `whole`."""
        exact = before(*range(days)) if isinstance(days, int) else tuple(days)
        policies = ({**POLICY, **policy},) * steps
        quiet = Facts(1, exact=exact, steps=steps, policies=policies, http=(http,) * steps, missing=float(not whole))
        super().__init__(replace(quiet, **{"job_minutes": (10, 10), **(facts or {})}))
        self.told: list[tuple[str, Message]] = []
        for name, consumer in self.consumers.items():
            self._listen(name, consumer)

    def _listen(self, name: str, consumer: Any) -> None:
        take = consumer.take

        def heard(message: Message) -> None:
            self.told.append((name, message))
            take(message)

        consumer.take = heard

    @property
    def days(self) -> list[date]:
        """Every date that was asked for, once a message, in order of sending."""
        return [day for _, message in self.told for day in message.days]

    @property
    def breakers(self) -> set[str]:
        """What scans and sweeps have said of the breaker."""
        return {row["breaker"] for row in self.ledger.rows["passes"] if row["breaker"]}

    def word(self, day: date, name: str = STEP) -> tuple[str, str, str]:
        """The ledger's last word of a date: condition, action, code."""
        row = self.ends.latest(name)[day]
        return row["condition"], row["action"], row["code"]

    def ask(self, name: str = STEP, source: Source = Source.SCAN, **more: Any) -> Run:
        """One scan, to its end where nobody holds it up."""
        self.scan(name, Request(source, **more))
        run = self.witness.runs[-1]
        self.go(minutes=4)
        return run

    def hint(self, *days: date, name: str = STEP) -> Run:
        """One event."""
        phase = self.pipeline.transitions[name].downstream
        known = len(self.witness.runs)
        for consumer in self.pipeline.transitions:
            if consumer == name:
                self.event(name, self.body(phase, days))
        run = self.witness.runs[known]
        self.go(minutes=4)
        return run

    def go(self, **by: float) -> None:
        """Let time pass, and all that is due in it."""
        self.hub.advance(self.hub.now + timedelta(**by))

    def hours(self, number: int, every: int = 1, act: Callable[[], None] = lambda: None) -> None:
        """So many hours with a scan of each transition in them; `act` comes before each."""
        for _ in range(0, number, every):
            end = self.hub.now + every * HOUR
            act()
            for name in self.pipeline.transitions:
                self.scan(name, Request(Source.SCAN))
            self.hub.advance(end)

    def retry(self, *days: date, name: str = STEP) -> None:
        """A person's word."""
        self.hub.spawn(lambda: self.desk.decide("retry", name, map(str, days), who="ann", why="mended"))
        self.go(minutes=1)

    def crash_at(self, where: str) -> None:
        """The next pass that comes there ends."""

        def meddle(run: Run | None, at: str) -> None:
            if run and at.startswith(where):
                self.line.meddle = lambda _run, _at: None
                run.crashed = at
                raise Crash(at)

        self.line.meddle = meddle

    def hold(self, run_named: Callable[[Run], bool], where: str, seconds: float) -> None:
        """Every pass that fits is held up there for so long, once."""
        held: set[str] = set()

        def meddle(run: Run | None, at: str) -> None:
            if run and at.startswith(where) and run.name not in held and run_named(run):
                held.add(run.name)
                self.hub.pause(seconds)

        self.line.meddle = meddle
