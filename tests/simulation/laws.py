"""The invariants that hold at every single trigger; each is judged by what the pass could know."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from tests.simulation.engine import Violation
from tests.simulation.known import Known
from tests.simulation.oracle import Oracle
from tests.simulation.probes import Probes
from tests.simulation.witness import Run, Taken, Witness

from gapheal.ledger.recall import Fact  # a ledger row
from gapheal.model.passes import Message

BRAKE = timedelta(hours=24)


class Laws:
    """Raises `Violation` where one is broken."""

    def __init__(self, witness: Witness, oracle: Oracle, rows: dict[str, list[dict[str, Any]]]) -> None:
        self._witness = witness
        self._oracle = oracle
        self._known = Known(rows)
        self._probes = Probes(witness, oracle)

    def published(self, run: Run, messages: Sequence[Message]) -> None:
        """Before anything of it is sent."""
        policy, request = self._oracle.policy(run.transition), run.request
        if policy.mode != "heal" or request is None or request.dry_run or request.quiet:
            raise Violation("sends only in mode heal", f"{run.name} published in mode {policy.mode}: {request}")
        if not run.answered:
            raise Violation("fails closed", f"{run.name} published, though it could not observe")
        days = sorted({day for message in messages for day in message.days})
        for day in days:
            if day not in run.won or self._witness.owners.get((run.transition, day, run.won[day][0])) is not run:
                raise Violation("claims explain every message", f"{run.name} published {day} without its claim")
            if request.window and day not in request.window:
                raise Violation("nothing outside the window", f"{run.name} published {day}")
            if why := self._oracle.why_not(run, day):
                raise Violation("only gaps are triggered", f"{run.name} published {day}: {why}")
            self._leased(run, day)
            self._braked(run, day)
        for message in messages:
            if message.trigger_id in self._witness.ids:
                raise Violation("equal trigger ids only for repeats", f"{run.name} {message.attributes['partition']}")
            self._witness.ids[message.trigger_id] = run
        self._room(run, days)
        run.messages |= {message.days for message in messages}
        known = self._known.of(run, "triggers"), self._known.of(run, "verdicts")
        if refused := self._probes.refused(run, *known, len(run.messages)):
            raise Violation("an open breaker lets one probe through", f"{run.name} published {days}: {refused}")
        run.published += days

    def taken(self, run: Run, message: Message) -> None:
        """A message is about to reach its target."""
        name, step = run.transition, self._oracle.step(run.transition)
        policy = step.policy
        tables = run.tables or {}
        for day in message.days:
            data = self._witness.data(tables, step.upstream, day, policy.lookback_days)
            n, claimed_at = run.won[day]
            if any(taken.n == n for taken in self._witness.taken[name, day]):
                continue  # another part of the same
            before = [taken for taken in self._witness.taken[name, day] if taken.data == data]
            complete = len(set(self._known.completed(name, day)))
            retries = len(self._witness.retried[name, day])
            most = policy.max_attempts * (1 + retries + complete) + self._witness.crashes(name, day)
            if len(before) + 1 > most:
                told = f"{day}: {len(before) + 1} on one watermark, at most {most} with {retries} retries"
                raise Violation("attempts are bounded", f"{told} and {complete} times complete")
            down = self._witness.down(tables, name, day)
            observed_at = run.observed_at or claimed_at
            taken = Taken(n, claimed_at, observed_at, data, down, run, message.trigger_id)
            self._witness.taken[name, day].append(taken)

    def recorded(self, run: Run, passes: Iterable[Fact]) -> None:
        """What a pass says of the breaker."""
        known = self._known.of(run, "triggers"), self._known.of(run, "verdicts")
        for row in passes:
            if row["breaker"] == "open" and (why := self._probes.must_be_closed(run, *known)):
                raise Violation("any growth closes the breaker", f"{run.name} says it is open, but {why}")

    def _leased(self, run: Run, day: date) -> None:
        """No second trigger within a lease, unless a pass saw the date complete after the first."""
        lease = timedelta(minutes=self._oracle.policy(run.transition).lease_minutes)
        for taken in self._witness.taken[run.transition, day]:
            if run.won[day][1] < taken.claimed_at + lease and not self._was_complete(run, day, taken.claimed_at):
                told = f"{run.name} published {day} again after {run.won[day][1] - taken.claimed_at}"
                raise Violation("leases hold", f"{told}, its lease is {lease}")

    def _braked(self, run: Run, day: date) -> None:
        """At most `max_attempts` in 24 hours after which nothing grew, since the last word or the last time whole."""
        name, now = run.transition, run.observed_at or run.won[day][1]
        said = [word for word in self._witness.retried[name, day] if run.recalled_at and word <= run.recalled_at]
        since = max([now - BRAKE, *said])
        taken = [t for t in self._witness.taken[name, day] if t.claimed_at > since]
        taken = [t for t in taken if not self._was_complete(run, day, t.claimed_at)]
        states = [t.down for t in taken[1:]] + [self._witness.down(run.tables or {}, name, day)]
        vain = sum(after[0] <= t.down[0] and after[1] <= t.down[1] for t, after in zip(taken, states, strict=False))
        most = self._oracle.policy(name).max_attempts + self._witness.crashes(name, day)
        if vain >= most:
            raise Violation("the brake holds", f"{run.name} published {day} after {vain} in vain in a day")

    def _room(self, run: Run, days: Sequence[date]) -> None:
        """What the ledger told as in flight, and what this pass adds."""
        policy, name, now = self._oracle.policy(run.transition), run.transition, run.observed_at
        lease = timedelta(minutes=policy.lease_minutes)
        verdicts, triggers = self._known.of(run, "verdicts"), self._known.of(run, "triggers")
        flying = set()
        for row in triggers:
            day, claimed_at = date.fromisoformat(row["partition_date"]), _moment(row["claimed_at"])
            if row["outcome"] not in {"published", "unknown"} or now is None or claimed_at + lease <= now:
                continue
            if not self._was_complete(run, day, claimed_at) and self._oracle.lacks(run.tables or {}, name, day):
                flying.add(day)
        healed = any(v["triggered_at"] for v in verdicts) or any(
            not self._oracle.lacks(run.tables or {}, name, date.fromisoformat(row["partition_date"]))
            for row in triggers
        )
        room = policy.max_in_flight if healed else min(policy.breaker_after, policy.max_in_flight)
        used = len((flying | run.delivered | set(days)) - {day for day in run.published if day not in run.delivered})
        if used > room:
            raise Violation("room is kept", f"{run.name} brings {name} to {used} dates in flight, room is {room}")

    def _was_complete(self, run: Run, day: date, after: datetime) -> bool:
        """Whether the ledger could tell this pass that the date was seen complete since."""
        return any(moment >= after for moment in self._known.completed(run.transition, day, run))


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
