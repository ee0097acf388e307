"""From the facts of `recall.sql` to what a judge remembers: what still counts, and of which phase it tells."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any, NamedTuple, TypeVar

from gapheal.bigquery import Parameter
from gapheal.errors import ConfigError
from gapheal.model.passes import Accepted, Action, Attempt, Condition, Entry, Heal, Memory
from gapheal.model.pipeline import Pipeline
from gapheal.ports import HOLD, RETRY_LASTS

W = TypeVar("W", bound=StrEnum)

Fact = Mapping[str, Any]
"""Plain JSON values: dates and timestamps are ISO 8601 text."""

RETRIES = frozenset({"retry", "again"})
"""Words that ask for a date once more; `again` asks for it though it is complete."""
NEVER_A_DAY = date(1, 1, 1)
"""An empty array parameter has no type in some engines; this one day matches nothing."""


class Question(NamedTuple):
    """Whose memory is asked for, at what moment, and of which dates besides the open ones (None: of all)."""

    pipeline: Pipeline
    transition: str
    now: datetime
    dates: frozenset[date] | None = None

    @property
    def phases(self) -> dict[str, str]:
        """The transition's phases, by the name that decisions about them are kept under.

        It is that of the transition that feeds the phase; a first phase has only its own.
        """
        step = self.pipeline.transitions[self.transition]
        upstream = {self.pipeline.feeder(phase) or phase: phase for phase in step.upstream}
        return {**upstream, self.transition: step.downstream}

    @property
    def heals_since(self) -> datetime:
        """An older heal prolongs no lease."""
        return self.now - timedelta(minutes=self.pipeline.transitions[self.transition].policy.lease_minutes)

    @property
    def retried_since(self) -> datetime:
        """An older `retry` is over."""
        return self.now - RETRY_LASTS

    @property
    def parameters(self) -> dict[str, Parameter]:
        """Of `recall.sql`."""
        return {
            "transition": self.transition,
            "names": ",".join(self.phases),
            "everything": self.dates is None,
            "recalled": sorted(self.dates or ()) or [NEVER_A_DAY],
            "heals_since": self.heals_since,
            "retried_since": self.retried_since,
        }


def facts(rows: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, Any]]:
    """The facts of rows of `kind, fact`, each after its kind."""
    return ((row["kind"], json.loads(row["fact"])) for row in rows)


def memory(question: Question, facts: Iterable[tuple[str, Any]], bytes_billed: int = 0) -> Memory:
    """The memory that these facts, each after its kind, tell at the moment of the question."""
    of: dict[str, list[Any]] = defaultdict(list)
    for kind, fact in facts:
        of[kind].append(fact)
    name, phases = question.transition, question.phases
    own = {_day(fact): fact for fact in of["verdict"] if fact["transition"] == name}
    claims: dict[date, list[Fact]] = defaultdict(list)
    for fact in of["claim"]:
        claims[_day(fact)].append(fact)
    retries = {_day(fact): fact for fact in of["word"] if fact["decision"] in RETRIES and fact["transition"] == name}
    holds = {_day(fact): fact for fact in of["word"] if fact["decision"] == HOLD and fact["transition"] == name}
    entries = {
        day: _entry(own.get(day), claims[day], retries.get(day), holds.get(day), question)
        for day in sorted({*own, *claims, *retries, *holds})
    }
    accepted: dict[str, dict[date, Accepted]] = defaultdict(dict)
    for fact in of["word"]:
        if fact["decision"] == "accept" and _lasts(fact, question.now):
            accepted[phases[fact["transition"]]][_day(fact)] = Accepted(fact["who"], fact["why"])
    stalled: dict[str, set[date]] = defaultdict(set)
    for fact in of["verdict"]:
        if fact["transition"] != name:
            stalled[phases[fact["transition"]]].add(_day(fact))
    heals = sorted(map(_heal, of["heal"]), key=lambda heal: heal.healed_at)
    return Memory(
        entries=entries,
        baseline=not any(of["scans"]),
        healed_before=bool(heals),
        heals=tuple(heal for heal in heals if heal.healed_at > question.heals_since or heal is heals[-1]),
        accepted=accepted,
        stalled={phase: frozenset(days) for phase, days in stalled.items()},
        told=next(map(told, of["told"]), None),
        bytes_billed=bytes_billed,
    )


def told(fact: Fact) -> Fact:
    """What people were last told, with its number."""
    return {**fact["state"], "n": fact["n"]}


def _entry(
    verdict: Fact | None, claims: list[Fact], retry: Fact | None, hold: Fact | None, question: Question
) -> Entry:
    said = verdict or {}
    completed_at = _perhaps(said.get("completed_at"))
    retried_at = _retried_at(question, retry)
    if completed_at and retried_at and retried_at <= completed_at:
        retried_at = None
    attempts = sorted((_attempt(claim) for claim in claims), key=lambda attempt: attempt.n)
    return Entry(
        n=max((attempt.n for attempt in attempts), default=0),
        attempts=tuple(attempt for attempt in attempts if completed_at is None or attempt.claimed_at > completed_at),
        condition=_known(Condition, said.get("condition")),
        action=_known(Action, said.get("action")),
        watermark=said.get("watermark"),
        code=said.get("code"),
        first_seen_at=_perhaps(said.get("first_seen_at")),
        arrived_at=_perhaps(said.get("arrived_at")),
        rows=said.get("downstream_rows"),
        entities=said.get("downstream_entities"),
        grew_at=_perhaps(said.get("grew_at")),
        spec=said.get("spec_hash"),
        seen_whole={table: (before, own) for table, (before, own) in (said.get("seen_whole") or {}).items()},
        retried_at=retried_at,
        again_at=retried_at if retry and retry["decision"] == "again" else None,
        hold=Accepted(hold["who"], hold["why"]) if hold else None,
    )


def _known(words: type[W], said: str | None) -> W | None:
    try:
        return words(said) if said else None
    except ValueError:
        expected = ", ".join(words)
        raise ConfigError(
            f"the ledger says {said!a} of a date, expected one of {expected}: a newer release wrote it, deploy that one"
        ) from None


def _attempt(claim: Fact) -> Attempt:
    return Attempt(
        n=claim["n"],
        claimed_at=_moment(claim["claimed_at"]),
        outcome=claim["outcome"],
        watermark=claim["watermark"],
        rows=claim["downstream_rows"] or 0,
        entities=claim["downstream_entities"],
        message=claim.get("trigger_id"),
    )


def _heal(fact: Fact) -> Heal:
    return Heal(_moment(fact["triggered_at"]), _moment(fact["healed_at"]), fact.get("trigger_id"))


def _retried_at(question: Question, word: Fact | None) -> datetime | None:
    if word is None or not _lasts(word, question.now):
        return None
    said_at = _moment(word["observed_at"])
    return said_at if said_at > question.retried_since else None


def _lasts(word: Fact, now: datetime) -> bool:
    until = _perhaps(word["until"])
    return until is None or until > now


def _day(fact: Fact) -> date:
    return date.fromisoformat(fact["partition_date"])


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _perhaps(text: str | None) -> datetime | None:
    return _moment(text) if text else None
