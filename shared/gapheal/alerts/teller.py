"""Tells people what changed: claim the change, write down that it is told, send, write down what came of it."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any

from gapheal.alerts import words
from gapheal.alerts.changes import Changes, changes
from gapheal.alerts.changes import told as after_telling
from gapheal.alerts.state import ANNOUNCED, Message, State, Try
from gapheal.alerts.targets import Target, deliver, masked, targets
from gapheal.errors import GaphealError
from gapheal.model.findings import Finding
from gapheal.model.passes import Limited, Lost, Won
from gapheal.model.pipeline import Pipeline
from gapheal.ports import Claims, Ledger, Row

NO_DAY = date(1970, 1, 1)
"""Of an alert's claim; no date so early is ever healed."""
DEAD_AFTER = timedelta(minutes=10)
"""Whoever claimed a change so long ago and wrote nothing down has died over it."""
TRIED_NUMBERS = 100
"""Claims in a row that a ledger which took no rows may have left behind; with fewer it would silence for a week."""

Deliver = Callable[[Sequence[tuple[Target, Sequence[Message]]]], Mapping[str, Sequence[str | None]]]


@dataclass(frozen=True, slots=True)
class Teller:
    """The real alerts: what was told is in the ledger, and a claim decides which of two passes tells a change.

    The row that a change is being told is written before anything is sent, so a ledger that takes no rows cannot make
    people hear the same thing each hour; a process that dies in between is finished by the next pass, which may say
    something twice, but never loses it.
    """

    pipeline: Pipeline
    ledger: Ledger
    claims: Claims
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)
    deliver: Deliver = deliver

    @property
    def targets(self) -> list[Target]:
        """Where messages go, as the environment has it now."""
        return targets(self.pipeline.alerts, self.environ)

    def tell(
        self,
        transition: str | None,
        findings: Sequence[Finding],
        *,
        now: datetime,
        baseline: bool,
        pass_id: str,
        told: Row | None = None,
    ) -> list[str]:
        """As `ports.Alerts`. Without a target nothing is read, claimed or written."""

        def step(state: State) -> _Step:
            changed = changes(transition, findings, state, now=now, baseline=baseline)
            return self._step(transition, state, changed, now)

        return self._safely(transition, step, now, pass_id, told)

    def announce(self, title: str, text: str, *, now: datetime, pass_id: str) -> list[str]:
        """As `ports.Alerts`."""

        def step(state: State) -> _Step:
            if title in state.announced:
                return _Step(state, ())
            announced = (*state.announced, title)[-ANNOUNCED:]
            return _Step(replace(state, announced=announced), (Message(title, text, "info", now),))

        return self._safely(None, step, now, pass_id, None)

    def _step(self, transition: str | None, state: State, changed: Changes, now: datetime) -> _Step:
        if not changed.worth_telling:
            quiet = after_telling(state, changed, now)
            return _Step(quiet, ())
        name = self.pipeline.pipeline
        page = words.page(name, transition, changed, now)
        called = page is not None and page.mood != "success"
        paged = [finding.key for finding in changed.news if finding.kind is words.PAGED] if called else []
        messages = [words.note(name, transition, changed, now), *([page] if page else [])]
        return _Step(after_telling(state, changed, now, paged), tuple(messages))

    def _safely(
        self,
        transition: str | None,
        step: Callable[[State], _Step],
        now: datetime,
        pass_id: str,
        told: Row | None,
    ) -> list[str]:
        everyone = self.targets
        if not everyone:
            return []
        try:
            state = State.read(told if told is not None else self.ledger.told(transition))
            return _Telling(self, transition, everyone, now, pass_id).run(state, step(state))
        except GaphealError as error:
            return [masked(f"alerts: {error}", everyone)]
        except Exception as error:  # noqa: BLE001 - whatever breaks in telling people, healing must not
            return [masked(f"alerts: unexpected {type(error).__name__}: {error}", everyone)]


@dataclass(frozen=True, slots=True)
class _Step:
    """What the state becomes, and what is to be said."""

    state: State
    messages: tuple[Message, ...]


@dataclass(frozen=True, slots=True)
class _Telling:
    """One telling, by one pass."""

    teller: Teller
    transition: str | None
    targets: Sequence[Target]
    now: datetime
    pass_id: str

    def run(self, state: State, step: _Step) -> list[str]:
        """The errors."""
        ids = [target.id for target in self.targets]
        due = state.due(ids, self.now)
        if not (due or step.messages or state.n == 0 or step.state != state):
            return []
        n = self._claimed(state.n + 1)
        if not isinstance(n, int):
            return [n] if n else []
        addressed = [self._addressed(message) for message in step.messages]
        waiting = replace(step.state, n=n, waiting=(*step.state.waiting, *addressed)).trimmed(ids, self.now)
        send = due or bool(addressed)
        if errors := self._write(waiting, 0 if send else 1, step.messages, {}):
            return errors
        if not send:
            return []
        came = self.teller.deliver(self._wanted(waiting, everybody=bool(addressed)))
        after, outcomes = _delivered(waiting, came, self.now)
        failed = [error for results in came.values() for error in results if error]
        named = {target.id: target.name for target in self.targets}
        said = {named[target]: outcome for target, outcome in outcomes.items()}
        return [f"alerts: {error}" for error in failed] + self._write(after, 1, step.messages, said)

    def _claimed(self, n: int) -> int | str | None:
        """The number of this change; None: another pass is telling it. A text says why it cannot be known."""
        name = f"alerts_{self.transition}" if self.transition else "alerts"
        for number in range(n, n + TRIED_NUMBERS):
            match self.teller.claims.acquire(name, NO_DAY, number, ""):
                case Won():
                    return number
                case Limited(error):
                    return f"alerts: {error}"
                case Lost(created_at):
                    if self.now < created_at + DEAD_AFTER:
                        return None
        return f"alerts: {TRIED_NUMBERS} passes in a row have claimed a change and written nothing down"

    def _addressed(self, message: Message) -> Message:
        wanting = [target.id for target in self.targets if target.wants(message)]
        return replace(message, waits_for={target: Try(self.now) for target in wanting})

    def _wanted(self, state: State, *, everybody: bool) -> list[tuple[Target, list[Message]]]:
        """By target what it lacks, oldest first; without news only targets that have rested long enough."""
        found = []
        for target in self.targets:
            lacking = [message for message in state.waiting if target.id in message.waits_for]
            if lacking and (everybody or self.now >= lacking[0].waits_for[target.id].again_at):
                found.append((target, lacking))
        return found

    def _write(self, state: State, step: int, messages: Sequence[Message], outcomes: Mapping[str, Any]) -> list[str]:
        note = messages[0] if messages else None
        row = {
            "observed_at": self.now.isoformat(),
            "transition": self.transition,
            "pass_id": self.pass_id,
            "n": state.n,
            "step": step,
            "title": note.title if note else None,
            "body": note.body if note else None,
            "outcomes": dict(outcomes) or None,
            "state": state.plain(),
        }
        # Job ids are stable: a pass may write both steps, and the sweep's pass announces too.
        job = f"{self.pass_id}-{self.transition or 'pipeline'}-{state.n}-{step}"
        errors = self.teller.ledger.record(job, {"alerts": [row]})
        return [masked(f"alerts: {error}", self.targets) for error in errors]


def _delivered(state: State, came: Mapping[str, Sequence[str | None]], now: datetime) -> tuple[State, dict[str, str]]:
    """The state after these deliveries, and by target `delivered` or why not."""
    outcomes: dict[str, str] = {}
    left = {target: list(results) for target, results in came.items()}
    waiting = []
    for message in state.waiting:
        waits_for = dict(message.waits_for)
        for target, tried in message.waits_for.items():
            if results := left.get(target):
                error = results.pop(0)
                outcomes[target] = error or "delivered"
                waits_for.pop(target)
                if error:
                    waits_for[target] = Try(now, tried.tries + 1, error)
        if waits_for:
            waiting.append(replace(message, waits_for=waits_for))
    return replace(state, waiting=tuple(waiting)), outcomes
