"""The body of a scan: `{"scan_for_gaps": true}` and what may stand beside it."""

from __future__ import annotations

from datetime import date
from difflib import get_close_matches
from typing import Any

from gapheal.events.days import request_day, span
from gapheal.events.strict import Malformed, keys, show
from gapheal.intervals import DAY, EARLIEST, Interval
from gapheal.model.passes import Request, Source

_OPTIONS = ("start_date", "end_date", "dry_run", "sweep")
_FIELDS = ("scan_for_gaps", *_OPTIONS)
_EXPECTED = f'expected {{"scan_for_gaps": true}}, optionally with {", ".join(_OPTIONS)}'


def scan(body: Any, today: date) -> Request:
    """The request that a scan's body makes.

    Raises:
        Malformed: it is not exactly such a body.
    """
    if not isinstance(body, dict):
        raise Malformed(f"{_EXPECTED}; found {show(body)}")
    if unknown := [key for key in body if key not in _FIELDS]:
        raise Malformed(f"{_EXPECTED}; found {show(unknown[0])}{_hint(body, unknown[0])}")
    if body.get("scan_for_gaps") is not True:
        found = show(body["scan_for_gaps"]) if "scan_for_gaps" in body else keys(body)
        raise Malformed(f"{_EXPECTED}; found {found}")
    return Request(
        source=Source.SWEEP if _flag(body, "sweep") else Source.SCAN,
        window=_window(body, today),
        dry_run=_flag(body, "dry_run"),
    )


def _hint(body: dict[str, Any], unknown: str) -> str:
    is_scan = "scan_for_gaps" in body
    if near := get_close_matches(unknown, _FIELDS if is_scan else _FIELDS[:1], n=1):
        return f": did you mean {near[0]}?"
    return "" if is_scan else _EVENT_HINT


_EVENT_HINT = (
    ". An event has to come through Pub/Sub or as a CloudEvent; an unwrapped push needs write_metadata, "
    "which marks it as one"
)


def _flag(body: dict[str, Any], key: str) -> bool:
    value = body.get(key)
    if value is not None and not isinstance(value, bool):
        raise Malformed(f"{key}: expected true or false, found {show(value)}")
    return bool(value)


def _window(body: dict[str, Any], today: date) -> Interval | None:
    """The window asked for; either end may stand alone, the other is then as far away as a date may be."""
    given = {key: request_day(body[key], key, today) for key in _OPTIONS[:2] if body.get(key) is not None}
    if not given:
        return None
    return span(given.get("start_date", EARLIEST), given.get("end_date", today + DAY))
