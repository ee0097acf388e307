"""What a person asks of a backfill: read strictly, kept in the ledger, and read back from it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from gapheal import events
from gapheal.app.decisions import MOST_CHARACTERS, MOST_DATES
from gapheal.errors import ConfigError, RequestError
from gapheal.intervals import Interval, fold, unfold
from gapheal.model.order import in_order
from gapheal.model.passes import GAPS, Condition
from gapheal.model.pipeline import Pipeline
from gapheal.spec.faults import meant

ONLY: Mapping[str, frozenset[Condition]] = {
    "all": GAPS,
    "missing": frozenset({Condition.MISSING}),
    "partial": frozenset({Condition.PARTIAL}),
    "stale": frozenset({Condition.STALE}),
}
"""What `--only` may say."""
_RATIO = re.compile(r"0\.\d{1,4}|1(\.0{1,4})?")


@dataclass(frozen=True, slots=True)
class Wish:
    """The dates and phases of a backfill, and how it is to go about them: equal wishes are the same backfill."""

    window: Interval
    dates: frozenset[date] | None
    """Of the window these alone; None: all of it."""
    transitions: tuple[str, ...]
    """In the graph's order: what feeds comes before what is fed."""
    only: str = "all"
    again: bool = False
    """Complete dates are made anew, too."""
    newest_first: bool = False
    max_in_flight: int | None = None
    """None: what the file says."""
    gate: str = "strict"

    def __contains__(self, day: object) -> bool:
        return day in self.window and (self.dates is None or day in self.dates)

    @property
    def conditions(self) -> frozenset[Condition]:
        """The gaps that are asked for."""
        return ONLY[self.only]

    @property
    def share(self) -> Decimal | None:
        """The share of a phase's dates that must end whole; None: whatever it is, it is only told."""
        return {"strict": Decimal(1), "report": None}[self.gate] if self.gate in WORDS else Decimal(self.gate)

    def said(self) -> str:
        """The dates, as people write them."""
        if self.dates is None:
            return str(self.window).replace("..", " .. ")
        return ", ".join(str(run).replace("..", " .. ") for run in fold(self.dates))

    def asked(self) -> dict[str, Any]:
        """For the ledger's `asked`: everything but the window."""
        return {
            "dates": None if self.dates is None else [str(day) for day in sorted(self.dates)],
            "transitions": list(self.transitions),
            "only": self.only,
            "again": self.again,
            "newest_first": self.newest_first,
            "max_in_flight": self.max_in_flight,
            "gate": self.gate,
        }

    @classmethod
    def kept(cls, row: Mapping[str, Any]) -> Wish:
        """Of a row of the ledger's `backfills`."""
        asked = row["asked"]
        dates = asked["dates"]
        return cls(
            window=Interval.inclusive(date.fromisoformat(row["window_start"]), date.fromisoformat(row["window_end"])),
            dates=None if dates is None else frozenset(map(date.fromisoformat, dates)),
            transitions=tuple(asked["transitions"]),
            **{key: asked[key] for key in ("only", "again", "newest_first", "max_in_flight", "gate")},
        )


@dataclass(frozen=True, slots=True)
class Order:
    """A wish with its name, and the person who answers for it."""

    id: str
    wish: Wish
    who: str
    why: str
    started_at: datetime
    """By BigQuery's clock: claims and words are told apart by it."""

    def row(
        self, state: str, at: datetime, report: Mapping[str, Any] | None = None, who: str | None = None
    ) -> dict[str, Any]:
        """For the ledger's `backfills`: it is in this state from then on."""
        return {
            "observed_at": at.isoformat(),
            "transition": None,
            "backfill_id": self.id,
            "state": state,
            "who": who or self.who,
            "why": self.why,
            "window_start": str(self.wish.window.start),
            "window_end": str(self.wish.window.last),
            "asked": self.wish.asked(),
            "report": report,
        }


WORDS = ("strict", "report")


def dated(
    start: str | None, end: str | None, dates: str | None, today: date
) -> tuple[Interval, frozenset[date] | None]:
    """The dates that a person names: both ends of a range, or a list `2024-04-16,2024-04-20..2024-04-22`.

    Raises:
        RequestError: they cannot be used.
    """
    if dates is not None:
        if start or end:
            raise RequestError("dates: expected either --dates or --start-date and --end-date, found both")
        days: set[date] = set()
        for text in dates.split(","):
            first, found, last = text.strip().partition("..")
            run = _run(first, last if found else first, today)
            days.update(unfold([run]))
        if len(days) > MOST_DATES:
            raise RequestError(f"--dates: expected at most {MOST_DATES:,} dates, found {len(days):,}")
        return Interval.inclusive(min(days), max(days)), frozenset(days)
    if not (start and end):
        found_one = "only --start-date" if start else "only --end-date" if end else "neither"
        raise RequestError(f"expected --start-date and --end-date, or --dates; found {found_one}")
    return _run(start, end, today), None


def chosen(pipeline: Pipeline, phases: str | None) -> tuple[str, ...]:
    """The transitions that feed the phases named (`3,4` or `phase3,grading`), by default all that are not paused.

    Raises:
        ConfigError: the file has no such phase, or no transition feeds it.
    """
    if phases is None:
        return in_order(pipeline, (name for name, each in pipeline.transitions.items() if each.policy.mode != "paused"))
    fed = {step.downstream: name for name, step in pipeline.transitions.items()}
    names = []
    for word in (text.strip() for text in phases.split(",")):
        phase = f"phase{word}" if word.isdecimal() and f"phase{word}" in pipeline.phases else word
        if phase not in pipeline.phases:
            known = ", ".join(fed)
            raise ConfigError(f"--phases: expected some of {known}, found {word!a}{meant(phase, fed)}")
        if phase not in fed:
            raise ConfigError(f"--phases: expected some of {', '.join(fed)}, found {phase}, which no transition feeds")
        names.append(fed[phase])
    return in_order(pipeline, names)


def gated(text: str) -> str:
    """What `--gate` says.

    Raises:
        RequestError: it is neither a word nor a share.
    """
    if text in WORDS or (_RATIO.fullmatch(text) and Decimal(text) > 0):
        return text
    raise RequestError(f"--gate: expected strict, report, or a share of the dates like 0.95, found {text!a}")


def texts(who: str, why: str) -> tuple[str, str]:
    """Who asks and why, as others will read it.

    Raises:
        RequestError: one of them is empty or too long.
    """
    for key, text in (("who", who), ("why", why)):
        if not 0 < len(text.strip()) <= MOST_CHARACTERS:
            expected = f"a text of 1 to {MOST_CHARACTERS} characters"
            raise RequestError(f"{key}: expected {expected}, found {len(text.strip())}; others will read it")
    return who.strip(), why.strip()


def _run(first: str, last: str, today: date) -> Interval:
    start, end = events.day(first, today), events.day(last, today)
    if end < start:
        raise RequestError(f"expected a range from an earlier to a later date, found {start} and {end}: swap them")
    if end > today:
        raise RequestError(f"expected dates up to today ({today}), found {end}: no phase has that yet")
    return Interval.inclusive(start, end)
