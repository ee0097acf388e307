"""What people were told of one scope, as the ledger keeps it: plain values, read and written as JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any, Literal, Self

from gapheal.model.findings import TOLD_ONCE, Finding, Kind
from gapheal.ports import Row

Mood = Literal["info", "warning", "failure", "success"]
GIVEN_UP_AFTER = timedelta(days=7)
"""An older message is no news any more."""
FIRST_REST, LONGEST_REST = timedelta(minutes=1), timedelta(minutes=30)
"""From one try of a target that fails to the next, at least; it doubles, and an hourly scan always tries."""
KINDS = frozenset(Kind)
ANNOUNCED = 10
"""Titles that are remembered, so that nothing is announced twice."""


@dataclass(frozen=True, slots=True)
class Standing:
    """A finding that people have heard of and that is not over."""

    kind: Kind
    transition: str | None
    sentence: str
    opened_at: datetime
    """When it was first told."""
    since: datetime | None = None
    dates: tuple[date, ...] = ()
    """Every date that was told of it, ascending."""
    codes: Mapping[str, int] = field(default_factory=dict)
    paged: bool = False
    """Whether somebody was called."""

    @property
    def key(self) -> str:
        """As that of the finding."""
        return f"{self.transition or 'pipeline'}/{self.kind}"

    @property
    def fades(self) -> bool:
        """Whether it ends without a word."""
        return self.kind is Kind.HELD and set(self.codes) == {TOLD_ONCE}

    @classmethod
    def of(cls, finding: Finding, now: datetime) -> Self:
        """What is told of `finding` for the first time."""
        codes = dict(finding.numbers.get("codes", {}))
        return cls(finding.kind, finding.transition, finding.sentence, now, finding.since, finding.dates, codes)

    def grown(self, finding: Finding) -> Standing:
        """After more of it was told; it stands since it was first told."""
        dates = tuple(sorted({*self.dates, *finding.dates}))
        codes = dict(finding.numbers.get("codes", {}))
        return replace(self, dates=dates, codes=codes, sentence=finding.sentence)

    def plain(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "kind": str(self.kind),
            "transition": self.transition,
            "sentence": self.sentence,
            "opened_at": self.opened_at.isoformat(),
            "since": self.since.isoformat() if self.since else None,
            "dates": [str(day) for day in self.dates],
            "codes": dict(self.codes),
            "paged": self.paged,
        }

    @classmethod
    def read(cls, plain: Mapping[str, Any]) -> Self:
        """From JSON."""
        return cls(
            Kind(plain["kind"]),
            plain["transition"],
            plain["sentence"],
            _moment(plain["opened_at"]),
            _moment(plain["since"]) if plain["since"] else None,
            tuple(date.fromisoformat(day) for day in plain["dates"]),
            plain["codes"],
            plain["paged"],
        )


@dataclass(frozen=True, slots=True)
class Message:
    """One message, ready to be sent."""

    title: str
    body: str
    mood: Mood
    at: datetime
    """When it was written, UTC."""
    page: bool = False
    """For those who are called, and not for those who read."""
    incident: str | None = None
    """The one key under which PagerDuty opens and resolves; None: it is not for PagerDuty."""
    waits_for: Mapping[str, Try] = field(default_factory=dict)
    """By target: it was not delivered there so far."""

    def plain(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "title": self.title,
            "body": self.body,
            "mood": self.mood,
            "at": self.at.isoformat(),
            "page": self.page,
            "incident": self.incident,
            "waits_for": {target: tried.plain() for target, tried in self.waits_for.items()},
        }

    @classmethod
    def read(cls, plain: Mapping[str, Any]) -> Self:
        """From JSON."""
        waits = {target: Try(_moment(t["at"]), t["tries"], t["error"]) for target, t in plain["waits_for"].items()}
        about = {key: plain[key] for key in ("title", "body", "mood", "page", "incident")}
        return cls(**about, at=_moment(plain["at"]), waits_for=waits)


@dataclass(frozen=True, slots=True)
class Try:
    """The last try to deliver."""

    at: datetime
    tries: int = 0
    error: str | None = None

    @property
    def again_at(self) -> datetime:
        """When it may be tried again."""
        return self.at + min(FIRST_REST * (1 << min(max(self.tries - 1, 0), 6)), LONGEST_REST)

    def plain(self) -> dict[str, Any]:
        """As JSON."""
        return {"at": self.at.isoformat(), "tries": self.tries, "error": self.error}


@dataclass(frozen=True, slots=True)
class State:
    """All that people were told of one scope."""

    n: int = 0
    """How many changes were told; 0: nobody was ever told anything."""
    open: Mapping[str, Standing] = field(default_factory=dict)
    """By key."""
    waiting: tuple[Message, ...] = ()
    """What was not delivered everywhere, oldest first."""
    told_at: datetime | None = None
    """When people last heard of this scope."""
    reminders: int = 0
    """How many they have had since the last change."""
    announced: tuple[str, ...] = ()

    def plain(self) -> dict[str, Any]:
        """As JSON; the number has a column of its own."""
        return {
            "open": {key: standing.plain() for key, standing in self.open.items()},
            "waiting": [message.plain() for message in self.waiting],
            "told_at": self.told_at.isoformat() if self.told_at else None,
            "reminders": self.reminders,
            "announced": list(self.announced),
        }

    @classmethod
    def read(cls, plain: Row | None) -> Self:
        """From JSON; None: nothing was told yet. A kind that only a later release knows is passed over."""
        if plain is None:
            return cls()
        return cls(
            plain["n"],
            {key: Standing.read(each) for key, each in plain["open"].items() if each["kind"] in KINDS},
            tuple(Message.read(message) for message in plain["waiting"]),
            _moment(plain["told_at"]) if plain["told_at"] else None,
            plain["reminders"],
            tuple(plain["announced"]),
        )

    def due(self, targets: Sequence[str], now: datetime) -> bool:
        """Whether a delivery that failed is to be tried again."""
        return any(
            target in targets and now >= tried.again_at and now < message.at + GIVEN_UP_AFTER
            for message in self.waiting
            for target, tried in message.waits_for.items()
        )

    def trimmed(self, targets: Sequence[str], now: datetime) -> State:
        """Without what is too old to be told, or was for targets that are no more."""
        kept = []
        for message in self.waiting:
            waits_for = {target: tried for target, tried in message.waits_for.items() if target in targets}
            if waits_for and now < message.at + GIVEN_UP_AFTER:
                kept.append(replace(message, waits_for=waits_for))
        return replace(self, waiting=tuple(kept))


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
