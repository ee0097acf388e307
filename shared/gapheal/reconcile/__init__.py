"""The loop: observe, judge, claim, publish, record. Events, scans, sweeps and backfills all come through here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from gapheal.errors import ConfigError, Unavailable
from gapheal.judge import Case, judge, source_gaps, stopped
from gapheal.judge.breaker import breaker_state
from gapheal.model.passes import Request
from gapheal.model.pipeline import Pipeline
from gapheal.ports import Alerts, Claims, Clock, Ledger, Publisher, Silent, Warehouse
from gapheal.reconcile.findings import failing, findings_of
from gapheal.reconcile.healing import Healer
from gapheal.reconcile.reads import Reads, Together
from gapheal.reconcile.records import Pass, failed_rows, ledger_rows, report, unjudged

__all__ = ["Loop", "Pass", "Together", "findings_of", "report"]

PASS_SECONDS = 240
"""A pass stops claiming then, well inside the deadline of the slowest caller."""


@dataclass(frozen=True, slots=True)
class Loop:
    """The ports of one pipeline, and the one way in."""

    pipeline: Pipeline
    warehouse: Warehouse
    ledger: Ledger
    claims: Claims
    publisher: Publisher
    clock: Clock
    new_id: Callable[[], str]
    alerts: Alerts = field(default_factory=Silent)
    seconds: float = PASS_SECONDS
    """A pass claims nothing more after that."""
    together: Together | None = None
    """Reads ledger and warehouse by one job, where that is possible; None: each is asked by itself."""

    def run(self, name: str, request: Request) -> dict[str, Any]:
        """One pass over the transition `name`; its report.

        Raises:
            ConfigError: the file, or a table that it names, is wrong; nothing was claimed.
            Unavailable: a service did not answer, and nothing was sent.
        """
        return self.passed(name, request)[1]

    def passed(self, name: str, request: Request) -> tuple[Pass, dict[str, Any]]:
        """As `run`: the pass with its verdicts, and its report."""
        pass_id = self.new_id()
        try:
            done = self.look(name, request, pass_id)
        except ConfigError as error:
            # It fails until a person mends it: the ledger shows since when. What is merely down, the log tells.
            if not request.dry_run:
                now = self.clock.now()
                self.ledger.record(pass_id, failed_rows(self.pipeline, name, request, now, pass_id, error))
                self.alerts.tell(name, [failing(name, error, now)], now=now, baseline=False, pass_id=pass_id)
            raise
        rows = {} if request.dry_run else ledger_rows(done)
        unrecorded = self.ledger.record(done.pass_id, rows) if rows else []
        answer = report(done)
        answer["errors"] += unrecorded
        if untold := self._tell(done):
            answer["warnings"] = [*answer.get("warnings", []), *untold]
        if done.healing.unreachable and not answer["triggered"]:
            raise Unavailable("; ".join(answer["errors"]))
        return done, answer

    def look(self, name: str, request: Request, pass_id: str = "") -> Pass:
        """The pass without its record: what `run` does before it writes."""
        started = self.clock.monotonic()
        policy = self.pipeline.transitions[name].policy
        empty = Pass(pass_id, self.pipeline, name, request, self.clock.now())
        if policy.mode == "paused" or request.quiet:
            return empty
        reads = Reads(self.pipeline, self.ledger, self.warehouse, self.together)
        memory, seen = reads.read(name, request, today=empty.now.astimezone(self.pipeline.zone).date())
        if seen is None:
            return replace(empty, memory=memory, duration_ms=self._since(started))
        case = Case(self.pipeline, name, seen, memory, request)
        verdicts = judge(case, policy.mode)
        breaker, broken = breaker_state(case, verdicts)
        healer = Healer(self.pipeline, name, request, memory, seen.now, claims=self.claims, publisher=self.publisher)
        healing = healer.heal(verdicts, case.upstream_days, lambda: self.seconds - (self.clock.monotonic() - started))
        return replace(
            empty,
            now=seen.now,
            memory=memory,
            seen=seen,
            verdicts=verdicts,
            healing=healing,
            duration_ms=self._since(started),
            source_gaps=source_gaps(case),
            breaker=breaker,
            warnings=[*filter(None, [broken, stopped(case)]), *unjudged(seen)],
        )

    def _tell(self, done: Pass) -> list[str]:
        """Tell people what this pass knows, once it is on record; what has seen nothing knows nothing."""
        if done.request.dry_run or done.seen is None:
            return []
        return self.alerts.tell(
            done.transition,
            findings_of(done),
            now=done.now,
            baseline=done.memory.baseline,
            pass_id=done.pass_id,
            told=done.memory.told,
        )

    def _since(self, started: float) -> int:
        return round((self.clock.monotonic() - started) * 1000)
