"""JSON read strictly: what Python's reader would forgive or guess is a fault here."""

from __future__ import annotations

import json
from typing import Any, NoReturn


class Malformed(ValueError):
    """What was expected and what was found; the caller decides whether that is an event or a request."""


def parse(body: bytes) -> Any:
    """The JSON value of `body`.

    Raises:
        Malformed: it is empty, not plain UTF-8, not JSON, nested too deeply, or has duplicate keys or NaN.
    """
    if not body.strip():
        raise Malformed("expected JSON, found an empty body")
    if body.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")):
        raise Malformed("expected JSON in plain UTF-8, found a byte order mark")
    try:
        return json.loads(body.decode(), object_pairs_hook=_distinct, parse_constant=_no_constant)
    except UnicodeDecodeError as error:
        raise Malformed(f"expected JSON in UTF-8, found an invalid byte at offset {error.start}") from None
    except json.JSONDecodeError as error:
        place = f"line {error.lineno} column {error.colno}"
        raise Malformed(f"expected JSON, found a fault at {place}: {error.msg}") from None
    except RecursionError:
        raise Malformed("expected JSON, found it nested too deeply to read") from None
    except Malformed:
        raise
    except ValueError as error:  # an integer of thousands of digits
        raise Malformed(f"expected JSON, found an unreadable number: {error}") from None


def show(value: Any) -> str:
    """`value` for an error text: one short ASCII line, so that full-width digits and newlines are visible."""
    match value:
        case dict():
            return "an object"
        case list():
            return "a list"
        case str():
            return json.dumps(value if len(value) <= 60 else value[:60] + "…")  # noqa: PLR2004 - a line's worth
        case _:
            return json.dumps(value)[:60]


def keys(value: dict[str, Any]) -> str:
    """The keys of `value` for an error text."""
    names = [show(key) for key in list(value)[:8]]
    return ", ".join(names) + (", …" if len(value) > len(names) else "") if names else "no keys"


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise Malformed(f"expected each JSON key once, found {show(key)} twice")
        found[key] = value
    return found


def _no_constant(word: str) -> NoReturn:
    raise Malformed(f"expected JSON, found {word}, which is not JSON")
