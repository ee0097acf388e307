"""Payload templates: JSON values whose texts hold `{placeholders}`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

PLACEHOLDERS = (
    "date",
    "start_date",
    "end_date",
    "dates",
    "transition",
    "phase",
    "trigger_id",
    "attempt",
    "reason",
    "source",
    "pipeline",
)
"""What a template may ask for."""

PLACEHOLDER = re.compile(r"\{(\w+)\}")


def placeholders(template: Any) -> set[str]:
    """The name of every placeholder in `template`, known or not."""
    match template:
        case str():
            return set(PLACEHOLDER.findall(template))
        case dict():
            return placeholders([*template.keys(), *template.values()])
        case list() | tuple():
            return {name for item in template for name in placeholders(item)}
        case _:
            return set()


def render(template: Any, values: Mapping[str, Any]) -> Any:
    """`template` with every placeholder filled in, as text; a list only where its placeholder stands alone.

    Whatever holds no placeholder keeps its own type. An unknown placeholder is a KeyError.
    """
    match template:
        case str():
            alone = PLACEHOLDER.fullmatch(template)
            if alone and isinstance(values[alone[1]], list):
                return values[alone[1]]
            return _text(template, values)
        case dict():
            return {_text(key, values): render(value, values) for key, value in template.items()}
        case list() | tuple():
            return [render(item, values) for item in template]
        case _:
            return template


def _text(template: str, values: Mapping[str, Any]) -> str:
    def fill(match: re.Match[str]) -> str:
        value = values[match[1]]
        return ",".join(value) if isinstance(value, list) else str(value)

    return PLACEHOLDER.sub(fill, template)
