"""What is wrong with a file, told for people: where, what was expected, what was found, the mend."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any, NamedTuple

from gapheal.errors import ConfigError

Path = tuple[str | int, ...]
"""Keys and list positions from the file's root."""
Finding = tuple[Path, str]
"""A path of the normal form and what is wrong there."""

_LONGEST = 60
_PLAIN = re.compile(r"[A-Za-z0-9_-]{1,60}")


class Fault(NamedTuple):
    """One thing wrong with the file."""

    path: str
    """Dotted, as the file writes it; empty for the file as a whole."""
    line: int | None
    """Counted from 1; None where the source keeps no lines."""
    message: str


class SpecError(ConfigError):
    """Everything that is wrong with one file, one fault a line."""

    def __init__(self, name: str, faults: Iterable[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(_sentence(name, fault) for fault in self.faults))


def _sentence(name: str, fault: Fault) -> str:
    place = name if fault.line is None else f"{name}:{fault.line}"
    return ": ".join(part for part in (place, fault.path, fault.message) if part)


def dotted(path: Path) -> str:
    """`phases.phase2.tables[0].table`; keys that are no plain names are quoted."""
    return "".join(f"[{step}]" if isinstance(step, int) else f".{_key(step)}" for step in path).removeprefix(".")


def _key(key: str) -> str:
    return key if _PLAIN.fullmatch(key) else _short(json.dumps(key))


def show(value: Any) -> str:
    """What was found, on one line and never long."""
    match value:
        case None:
            return "nothing"
        case dict():
            return "a mapping" if value else "an empty mapping"
        case list():
            return "a list" if value else "an empty list"
        case str():
            return _short(json.dumps(value, ensure_ascii=not value.isprintable()))
        case _:
            return _short(json.dumps(value, default=str))


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that was probably meant, in whatever case it was written."""
    import difflib  # noqa: PLC0415  # only a faulty file pays for it

    folded = {name.casefold(): name for name in known}
    matches = difflib.get_close_matches(word.casefold(), folded, n=1)
    return folded[matches[0]] if matches else None


def meant(word: str, known: Iterable[str]) -> str:
    """What ends an error that has named the known words: the nearest, if there is one."""
    match = nearest(word, known)
    return f"; did you mean {match}?" if match else ""


def suggest(word: Any, known: Iterable[str]) -> str:
    """The mend for a word that is not among the known ones."""
    names = list(known)
    match = nearest(word, names) if isinstance(word, str) else None
    if match:
        return f"did you mean {match}?"
    return f"write one of {', '.join(names)}" if names else "there are none yet; add it, or leave this out"
