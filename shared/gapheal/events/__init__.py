"""Reads what callers send: bytes and headers in, a `Request` or an error out. No I/O, and no clock."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from gapheal.errors import Rejected, RequestError, TooLarge
from gapheal.events.days import event_days, request_day
from gapheal.events.rejections import rejection
from gapheal.events.scans import scan
from gapheal.events.shapes import fields, is_event, looks_like_event, marked
from gapheal.events.strict import Malformed, parse, show
from gapheal.model.passes import Request, Source

__all__ = ["LIMIT", "day", "looks_like_event", "read", "rejection"]

LIMIT = 1024 * 1024
"""Bytes that a body may have."""

SKIP = "skip_downstream_trigger"


def read(
    body: bytes,
    headers: Mapping[str, str],
    *,
    date_keys: Sequence[str],
    today: date,
    transition: str = "",
) -> Request:
    """What the caller of a POST asks for.

    Args:
        body: the body, or of one that is too large its first `LIMIT` + 1 bytes.
        headers: the request's headers; names in any case.
        date_keys: the keys under which this transition's events name a date.
        today: today in the pipeline's time zone; no date may be later than tomorrow.
        transition: named in the error of an event without a date.

    Raises:
        Rejected: an event without a usable date, malformed, or too large; a retry would bring the same.
        TooLarge: another request of more than `LIMIT` bytes.
        RequestError: another request that is not exactly as it should be.
    """
    if len(body) > LIMIT:
        wrong = f"expected at most {LIMIT} bytes, found more"
        raise Rejected(wrong) if looks_like_event(body, headers) else TooLarge(wrong)
    event = marked(headers)
    try:
        value = parse(body)
        event = event or is_event(value)
        return _event(fields(value), date_keys, today, transition) if event else scan(value, today)
    except Malformed as wrong:
        raise Rejected(str(wrong)) if event or looks_like_event(body, headers) else RequestError(str(wrong)) from None


def day(text: str, today: date) -> date:
    """A date that a person asks about.

    Raises:
        RequestError: it is not a date, or one that no pipeline has.
    """
    try:
        return request_day(text, "date", today)
    except Malformed as wrong:
        raise RequestError(str(wrong)) from None


def _event(said: Mapping[str, Any], date_keys: Sequence[str], today: date, transition: str) -> Request:
    """A request about the dates that an event names. Its `status` is not believed: the rows are asked."""
    dates = frozenset(event_days(said, date_keys, today, transition))
    if not _skips(said.get(SKIP)):
        return Request(Source.EVENT, dates=dates)
    note = f"{SKIP}: the event is noted, nothing is triggered"
    return Request(Source.EVENT, dates=dates, note=note, quiet=True)


def _skips(value: Any) -> bool:
    match value:
        case True | "true" | "True":  # attributes are text
            return True
        case None | False | "false" | "False":
            return False
        case _:
            raise Malformed(f"{SKIP}: expected true or false, found {show(value)}")
