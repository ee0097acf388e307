"""Finding places in plain data that may be broken anywhere."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from gapheal.spec.faults import Path


def find(data: Any, pattern: str, base: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Every value at `pattern` below `base`, where `data` stands.

    A pattern is keys and list positions joined by dots; `*` is any one of them.
    """
    return _descend(data, pattern.split("."), base)


def _descend(value: Any, steps: list[str], path: Path) -> Iterator[tuple[Path, Any]]:
    if not steps:
        yield path, value
        return
    for key, child in children(value):
        if steps[0] in ("*", str(key)):
            yield from _descend(child, steps[1:], (*path, key))


def texts(value: Any, path: Path) -> Iterator[tuple[Path, str]]:
    """Every text at or below `path`, keys included."""
    if isinstance(value, str):
        yield path, value
    for key, child in children(value):
        if isinstance(key, str):
            yield (*path, key), key
        yield from texts(child, (*path, key))


def children(value: Any) -> Iterator[tuple[str | int, Any]]:
    """What stands directly in a mapping or a list, with its key or position."""
    if isinstance(value, dict):
        yield from value.items()
    elif isinstance(value, list):
        yield from enumerate(value)
