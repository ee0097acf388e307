"""Claim, publish, and say what became of each date. Whatever breaks in between, the lease runs out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import NamedTuple

from gapheal.errors import GaphealError
from gapheal.messages import Dated, compose, runs
from gapheal.model.passes import Action, Delivery, Entry, Limited, Memory, Outcome, Request, Verdict, Won
from gapheal.model.pipeline import Pipeline, Trigger
from gapheal.ports import PUBLISH_SECONDS, Claims, Publisher

MESSAGES_A_GROUP = 10
"""Claimed and published together: a crash in between costs at most these a lease."""
MOST_RESERVED = 120
"""Seconds of a pass that are kept for the last answer; with more, a slow enough target would never be asked."""


class Sent(NamedTuple):
    """One claim of a date and one message that carried it; no message where another pass crashed before sending."""

    verdict: Verdict
    n: int
    claimed_at: datetime
    outcome: Outcome
    delivery: Delivery | None = None


@dataclass
class Healing:
    """What the healing of one pass came to."""

    actions: dict[date, Action] = field(default_factory=dict)
    """What became of each date that was to be healed."""
    sent: list[Sent] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    unreachable: bool = False
    """The target's service could not be reached."""
    stopped: bool = False
    """Nothing more is to be claimed in this pass; an error says why."""

    def stop(self, why: str) -> None:
        """Claim nothing more: the next pass goes on."""
        self.stopped = True
        self.errors.append(why)


class Healer:
    """Heals the gaps of one pass, in groups."""

    def __init__(
        self,
        pipeline: Pipeline,
        name: str,
        request: Request,
        memory: Memory,
        now: datetime,
        *,
        claims: Claims,
        publisher: Publisher,
    ) -> None:
        self._pipeline = pipeline
        self._name = name
        self._transition = pipeline.transitions[name]
        self._request = request
        self._memory = memory
        self._now = now
        self._claims = claims
        self._publisher = publisher

    def heal(self, verdicts: Sequence[Verdict], there: Iterable[date], seconds_left: Callable[[], float]) -> Healing:
        """Claim and publish every verdict whose action is `heal`, while enough is left to wait for an answer.

        Args:
            verdicts: of the dates that were asked for.
            there: the dates that upstream was seen to have, asked for or not: no message spans one that was not won.
            seconds_left: of the pass.
        """
        healing = Healing()
        batch = self._transition.policy.batch_size
        known = {verdict.day for verdict in verdicts}.union(there)
        chosen = {verdict.day: verdict for verdict in verdicts if verdict.action is Action.HEAL}
        healing.actions = dict.fromkeys(chosen, Action.DEFERRED)
        planned = self._in_order(runs(chosen, known, batch))
        size, reserve = _runs_a_group(self._transition.trigger), _seconds_to_publish(self._transition.trigger)
        for start in range(0, len(planned), size):
            group = [chosen[day] for run in planned[start : start + size] for day in run]
            won = self._claim(group, healing, lambda: seconds_left() < reserve)
            self._publish(runs(won, known, batch), won, healing)
            if healing.stopped or healing.unreachable:
                break
        return healing

    def _in_order(self, planned: Iterable[tuple[date, ...]]) -> list[tuple[date, ...]]:
        ordered = sorted(planned, reverse=self._transition.policy.order == "newest")
        return sorted(ordered, key=self._request.dates.isdisjoint)

    def _claim(self, group: Sequence[Verdict], healing: Healing, out_of_time: Callable[[], bool]) -> dict[date, _Held]:
        """The dates whose claim is ours; the others' actions say why not.

        Raises:
            GaphealError: claiming failed before anything was claimed or sent; later, what is ours is sent first.
        """
        held: dict[date, _Held] = {}
        lease = timedelta(minutes=self._transition.policy.lease_minutes)
        for verdict in group:
            if out_of_time():
                healing.stop("out of time: the next pass goes on")
                break
            n = self._memory.entries.get(verdict.day, Entry()).n + 1
            try:
                claim = self._claims.acquire(self._name, verdict.day, n, verdict.watermark)
            except GaphealError as error:
                if not held and not healing.sent:
                    raise
                healing.stop(str(error))
                break
            if isinstance(claim, Won):
                held[verdict.day] = _Held(verdict, n, claim.created_at)
            elif isinstance(claim, Limited):
                healing.stop(claim.error)
                break
            elif self._now - claim.created_at < lease:
                healing.actions[verdict.day] = Action.LEASED
            else:
                # Its owner crashed before it could record: whether it published, nobody knows.
                healing.sent.append(Sent(verdict, n, claim.created_at, "unknown"))
        return held

    def _publish(self, planned: Sequence[tuple[date, ...]], held: Mapping[date, _Held], healing: Healing) -> None:
        messages = [
            message
            for run in planned
            for message in compose(
                self._pipeline,
                self._name,
                [Dated(day, held[day].n, str(held[day].verdict.condition)) for day in run],
                self._request.source,
            )
        ]
        if not messages:
            return
        trigger = self._transition.trigger
        for delivery in self._publisher.publish(trigger, messages):
            healing.unreachable |= delivery.unreachable
            # The next date would be asked of the same URL: busy stays busy, a certificate or a token stays wrong.
            healing.stopped |= delivery.outcome == "busy" or (trigger.http is not None and delivery.outcome == "failed")
            if delivery.error:
                healing.errors.append(delivery.error)
            for day in delivery.message.days:
                verdict, n, claimed_at = held[day]
                healing.sent.append(Sent(verdict, n, claimed_at, delivery.outcome, delivery))
                if delivery.outcome in {"published", "unknown"}:
                    healing.actions[day] = Action.HEAL


def _runs_a_group(trigger: Trigger) -> int:
    """How many runs of dates are claimed before any is sent; at a URL one, since the first may find it busy."""
    return 1 if trigger.http else max(MESSAGES_A_GROUP // max(len(trigger.fan_out), 1), 1)


def _seconds_to_publish(trigger: Trigger) -> float:
    """How long sending one group may take: a topic gets it in one call, a URL one message after the other."""
    if trigger.http is None:
        return PUBLISH_SECONDS
    return min(trigger.http.timeout_seconds * max(len(trigger.fan_out), 1), MOST_RESERVED)


class _Held(NamedTuple):
    verdict: Verdict
    n: int
    claimed_at: datetime
