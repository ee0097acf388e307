"""A file's text as plain data (what JSON can hold), with the line of every path where the source has lines."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from gapheal.spec.faults import Fault, Path, SpecError
from gapheal.spec.paths import children

_DEEPEST = 50


@dataclass(frozen=True, slots=True)
class Document:
    """What a file says, before anybody asks whether it makes sense."""

    data: Any
    lines: Mapping[Path, int] = field(default_factory=dict)
    raw: Mapping[Path, str] = field(default_factory=dict)
    """How values that YAML does not read as text are written."""
    faults: tuple[tuple[Path, int | None, str], ...] = ()
    """Traps of the notation itself."""

    def line(self, path: Path) -> int | None:
        """The line of the nearest ancestor that is written."""
        return next((self.lines[path[:n]] for n in range(len(path), -1, -1) if path[:n] in self.lines), None)


def read(text: str, name: str) -> Document:
    """The document in `text`, by the suffix of `name`.

    Raises:
        SpecError: the text is neither.
    """
    try:
        document = _read_json(text, name) if name.endswith(".json") else _read_yaml(text, name)
        too_deep = _is_deep(document.data)
    except RecursionError:
        too_deep = True
    if too_deep:
        message = f"expected at most {_DEEPEST} levels of nesting, found more; flatten it"
        raise SpecError(name, [Fault("", None, message)])
    return document


def _is_deep(data: Any) -> bool:
    level, depth = [data], 0
    while level and depth <= _DEEPEST:
        level = [child for value in level for _, child in children(value)]
        depth += 1
    return bool(level)


def _read_yaml(text: str, name: str) -> Document:
    from gapheal.spec.yaml_reader import read_yaml  # noqa: PLC0415  # a deployed function reads JSON alone

    return read_yaml(text, name)


def _read_json(text: str, name: str) -> Document:
    """Fast, so without lines: the resolved form is written by a machine."""
    faults: list[tuple[Path, int | None, str]] = []

    def mapping(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        made: dict[str, Any] = {}
        for key, value in pairs:
            if key in made:
                faults.append(((key,), None, f"expected one {key}, found a second in the same mapping; keep one"))
            made[key] = value
        return made

    def number(written: str) -> float:
        value = float(written)
        if not math.isfinite(value):
            faults.append(((), None, f"expected a finite number, found {written}; write one"))
        return value

    try:
        data = json.loads(text, object_pairs_hook=mapping, parse_constant=number, parse_float=number)
    except json.JSONDecodeError as error:
        message = f"expected JSON, found a mistake in column {error.colno}: {error.msg}"
        raise SpecError(name, [Fault("", error.lineno, message)]) from None
    except ValueError:
        raise SpecError(name, [Fault("", None, "expected JSON, found a number too long to read")]) from None
    return Document(data, faults=tuple(faults))
