"""What each phase's job wants to be told, and what it refuses. No two want the same."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from world import EXPORT_TYPES, PHASES, Output

RECENT_DAYS = 2
"""An older date is never exported as the latest."""


@dataclass(frozen=True, slots=True)
class Trigger:
    """A request to compute some dates of some tables."""

    days: tuple[date, ...]
    outputs: tuple[Output, ...]
    attributes: Mapping[str, str]
    export_types: tuple[str, ...] = EXPORT_TYPES

    @property
    def parts(self) -> int:
        """How many messages ask for these dates, this one among them."""
        return int(self.attributes.get("part", "1/1").partition("/")[2])

    def asked(self, day: date) -> tuple[date, str]:
        """What all parts of one request for a date have in common; without parts, the request is the trigger."""
        return day, self.attributes.get("attempt", "") if self.parts > 1 else self.name

    @property
    def name(self) -> str:
        """Equal for deliveries of the same trigger."""
        return self.attributes.get("trigger_id") or f"unnamed {id(self)}"


def read(phase: str, data: bytes, attributes: Mapping[str, str]) -> Trigger:
    """A trigger of `phase` from a message.

    Raises:
        ValueError: it lacks what the job needs, or asks for what the job must not do; it always will.
    """
    try:
        return READERS[phase](phase, json.loads(data), attributes)
    except (AttributeError, KeyError, TypeError) as fault:
        raise ValueError(f"what {phase} needs is not there: {fault!r}; found {data[:200]!r}") from fault


def _dates(phase: str, body: Mapping[str, Any], attributes: Mapping[str, str]) -> Trigger:
    """`dates`, or all from `start_date` to `end_date`; every table of the phase."""
    named = body.get("dates") or _days(body["start_date"], body["end_date"])
    days = tuple(sorted(date.fromisoformat(day) for day in named))
    return Trigger(days, PHASES[phase].outputs, attributes)


def _processor(phase: str, body: Mapping[str, Any], attributes: Mapping[str, str]) -> Trigger:
    """One date of one table: `processor`, `source_table` and `analysis_date`."""
    known = {output.name: output for output in PHASES[phase].outputs}
    sources = {source.name for source in PHASES[phase].reads}
    if body["processor"] not in known or body["source_table"] not in sources:
        raise ValueError(f"expected a processor of {sorted(known)} and a source_table of {sorted(sources)}")
    return Trigger((date.fromisoformat(body["analysis_date"]),), (known[body["processor"]],), attributes)


def _game_date(phase: str, body: Mapping[str, Any], attributes: Mapping[str, str]) -> Trigger:
    """One date."""
    return Trigger((date.fromisoformat(body["game_date"]),), PHASES[phase].outputs, attributes)


def _export(phase: str, body: Mapping[str, Any], attributes: Mapping[str, str]) -> Trigger:
    """One date, and what to export of it; the files of the latest date are live, no old date may overwrite them."""
    types, day = tuple(body["export_types"]), date.fromisoformat(body["target_date"])
    old = datetime.now(UTC).date() - day > timedelta(days=RECENT_DAYS)
    if not types or not set(types) <= set(EXPORT_TYPES):
        raise ValueError(f"expected export_types of {', '.join(EXPORT_TYPES)}; found {types}")
    if old and body["update_latest"] is not False:
        raise ValueError(f"expected update_latest: false for {day}, which is old; found {body['update_latest']}")
    return Trigger((day,), PHASES[phase].outputs, attributes, types)


READERS: Mapping[str, Callable[[str, Mapping[str, Any], Mapping[str, str]], Trigger]] = {
    "phase3": _dates,
    "phase4": _processor,
    "phase5": _game_date,
    "phase6": _export,
    "grading": _dates,
}


def _days(first: str, last: str) -> list[str]:
    start, end = date.fromisoformat(first), date.fromisoformat(last)
    return [str(start + timedelta(days=n)) for n in range((end - start).days + 1)]
