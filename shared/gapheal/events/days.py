"""Dates from outside, read strictly: a date that has to be guessed is a fault."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from gapheal.events.strict import Malformed, keys, show
from gapheal.intervals import DAY, EARLIEST, Interval, unfold

LISTS = ("dates", "game_dates")

_TIME = r"[T ](?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:[.,]\d{1,9})?)?(?: ?(?:Z|UTC|[+-]\d{2}:?\d{2}))?"
_DATE = re.compile(r"(\d{4}-\d{2}-\d{2})", re.ASCII)
_DATE_OR_TIME = re.compile(rf"(\d{{4}}-\d{{2}}-\d{{2}})(?:{_TIME})?", re.ASCII | re.IGNORECASE)


def request_day(value: Any, where: str, today: date) -> date:
    """A date of a request: `YYYY-MM-DD` and nothing else."""
    return _day(_DATE, "a date like 2024-04-16", value, where, today)


def event_day(value: Any, where: str, today: date) -> date:
    """A date of an event: `YYYY-MM-DD`, or a datetime whose date part is taken as it is written."""
    return _day(_DATE_OR_TIME, "a date like 2024-04-16, or a datetime", value, where, today)


def event_days(fields: Mapping[str, Any], date_keys: Sequence[str], today: date, transition: str) -> set[date]:
    """Every date that an event names; one bad date spoils the event whole.

    Raises:
        Malformed: a date is bad, or there is none.
    """
    present = {key: value for key, value in fields.items() if value is not None}
    found = {event_day(present[key], key, today) for key in date_keys if key in present}
    found.update(_listed(present, today))
    found.update(_ranged(present, today))
    if not found:
        expected = ", ".join([*date_keys, "start_date+end_date", *LISTS])
        of = f" for {transition}" if transition else ""
        raise Malformed(f"no date{of}: expected one of {expected}; found {keys(dict(fields))}")
    return found


def span(first: date, last: date) -> Interval:
    """The days from `first` to `last`, both included."""
    if last < first:
        raise Malformed(f"expected start_date before end_date, found {first} and {last}: swap them")
    return Interval.inclusive(first, last)


def _listed(present: Mapping[str, Any], today: date) -> Iterator[date]:
    for key in LISTS:
        values = present.get(key, [])
        if not isinstance(values, list):
            raise Malformed(f"{key}: expected a list of dates, found {show(values)}")
        for index, value in enumerate(values):
            yield event_day(value, f"{key}[{index}]", today)


def _ranged(present: Mapping[str, Any], today: date) -> Iterator[date]:
    match [key for key in ("start_date", "end_date") if key in present]:
        case [only]:
            raise Malformed(f"expected start_date and end_date together, found only {only}")
        case [_, _]:
            first, last = (event_day(present[key], key, today) for key in ("start_date", "end_date"))
            yield from unfold([span(first, last)])


def _day(form: re.Pattern[str], expected: str, value: Any, where: str, today: date) -> date:
    match = form.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise Malformed(f"{where}: expected {expected}, found {show(value)}")
    try:
        day = date.fromisoformat(match[1])
    except ValueError:
        raise Malformed(f"{where}: expected {expected}, found {show(value)}, a day that does not exist") from None
    if not EARLIEST <= day <= today + DAY:
        raise Malformed(f"{where}: expected a date from {EARLIEST} to tomorrow ({today + DAY}), found {day}")
    return day
