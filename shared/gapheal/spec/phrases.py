"""The model's complaints in words for people."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from gapheal.spec import kinds
from gapheal.spec.faults import Finding, Path, nearest, show
from gapheal.spec.grain import DAY_ALONE, is_grain_key
from gapheal.spec.written import is_noun, keys, noun_at

_FORMS = {
    kinds.NAME: "a name of lower-case letters, digits and _, such as phase2_to_phase3",
    kinds.PHASE: "a name of letters, digits, _ and -, such as phase2",
    kinds.PIPELINE: "a name of at most 40 lower-case letters, digits and -, such as nba-props",
    kinds.PROJECT: "a Google Cloud project id such as my-project",
    kinds.LOCATION: "a BigQuery location such as us-west2",
    kinds.DATASET: "a dataset's name of letters, digits and _",
    kinds.TABLE: "[project.]dataset.table, such as nba_raw.games",
    kinds.COLUMN: "a column's name such as game_date",
    kinds.TOPIC: "a topic's name such as nba-phase3-trigger (or projects/<project>/topics/<name>)",
    kinds.URL: "a URL that begins with https:// (or http://)",
    kinds.VARIABLE: "the name of an environment variable, such as GAPHEAL_ALERT_URLS",
}
_SECRET = kinds.VARIABLE
"""People paste the secret itself where its variable's name belongs: never repeat it."""

_SHAPES = {
    "Phase": ("a list of tables, or a mapping with `tables`", "write [dataset.table]"),
    "Table": ("a table's name, or a mapping with `table`", "write dataset.table"),
    "Transition": ("a mapping of settings", "write {} to take every default"),
    "Trigger": ("a mapping of settings", "leave it out to take the default topic"),
}

_MISSING = {
    "version": "write `version: 1`",
    "pipeline": "write its name, such as `pipeline: nba-props`",
    "location": "write where the BigQuery datasets are, such as `location: us-west2`",
    "timezone": "write what decides when a day begins, such as `timezone: America/New_York`",
    "phases": "write `phases: {phase2: [dataset.table], phase3: [dataset.table]}`",
    "transitions": "write `transitions: {phase2_to_phase3: {}}`",
    "date_column": "write it at the table or in defaults",
    "upstream": "name the transition <upstream>_to_<downstream>, or write `upstream`",
    "downstream": "name the transition <upstream>_to_<downstream>, or write `downstream`",
}

_KINDS = {
    "string_type": "text",
    "tuple_type": "a list",
    "string_too_short": "some text",
    "string_unicode": "Unicode text",
    "int_type": "a whole number",
    "bool_type": "true or false",
    "decimal_type": "a number such as 0.95",
    "finite_number": "a number such as 0.95",
    "dict_type": "a mapping",
    "too_short": "at least one",
}
_BOUNDS = {"ge": "{} or more", "gt": "more than {}", "le": "{} or less"}

_OFF = ("paused", "ignore")
"""What people mean by `off`, where words are expected."""


def findings(error: ValidationError, raw: Callable[[Path], str | None]) -> Iterator[Finding]:
    """Each of the model's errors, at its path of the normal form; `raw` tells how YAML's own words are written."""
    for detail in error.errors(include_url=False):
        if detail["type"] == "too_short" and detail["input"]:
            continue  # the model counts sound items only; the broken ones have their own errors
        path = tuple(step for step in detail["loc"] if step != "[key]")
        yield path, _message(detail, path, _found(detail["input"], raw(path)))


def _found(value: Any, raw: str | None) -> str:
    seen = show(value)
    return f"{raw}, which YAML reads as {seen}" if isinstance(value, bool) and raw and raw != seen else seen


def _message(detail: ErrorDetails, path: Path, found: str) -> str:
    context = detail.get("ctx", {})
    match detail["type"]:
        case "unfit":
            return str(context["message"])
        case "missing":
            return f"no {path[-1]}; {_MISSING.get(str(path[-1]), 'write it')}"
        case "extra_forbidden":
            return f"unknown key; {_known_key(path)}"
        case "string_pattern_mismatch" if context["pattern"] == _SECRET:
            return f"expected {_FORMS[_SECRET]}, found something else; keep the URLs themselves out of this file"
        case "string_pattern_mismatch":
            return f"expected {_FORMS[context['pattern']]}, found {found}"
    expected, mend = _expectation(detail, path)
    return f"expected {expected}, found {found}" + (f"; {mend}" if mend else "")


def _known_key(path: Path) -> str:
    """The key that was meant, be it one level further down; or that none is like it."""
    if is_grain_key(str(path[-1])):
        return DAY_ALONE
    noun = noun_at(path[:-1])
    direct = keys(noun) if noun else {}
    below = {inner: f"{key}.{inner}" for key, kind in direct.items() if is_noun(kind) for inner in keys(kind)}
    match = nearest(str(path[-1]), [*direct, *below])
    if match:
        return f"did you mean {match if match in direct else below[match]}?"
    return f"known here: {', '.join(direct)}"


def _expectation(detail: ErrorDetails, path: Path) -> tuple[str, str]:
    """What was expected, and the mend."""
    value, context = detail["input"], detail.get("ctx", {})
    match detail["type"]:
        case "wrong":
            return context["expected"], _zone_mend(value) if path[-1] == "timezone" else context["mend"]
        case "literal_error":
            return context["expected"].replace("'", ""), _word_mend(value, context["expected"])
        case "model_type":
            return _SHAPES.get(context["class_name"], ("a mapping", ""))
        case kind if kind in _KINDS:
            return _KINDS[kind], _quoting_mend(kind, value)
    return _bound(detail), ""


def _quoting_mend(kind: str, value: Any) -> str:
    if kind == "string_type" and isinstance(value, bool | int | float):
        return "put it in quotes"
    if kind == "tuple_type" and isinstance(value, str):
        return "put it in [ ]"
    if kind == "int_type" and isinstance(value, str) and re.fullmatch(r"[-+]?\d+", value):
        return "write it without quotes"
    return ""


def _bound(detail: ErrorDetails) -> str:
    context = detail.get("ctx", {})
    return next((text.format(context[key]) for key, text in _BOUNDS.items() if key in context), detail["msg"])


def _word_mend(value: Any, expected: str) -> str:
    words = re.findall(r"'(\w+)'", expected)
    if value is False:
        return next((f"did you mean {word}?" for word in words if word in _OFF), "")
    match = nearest(value, words) if isinstance(value, str) else None
    return f"did you mean {match}?" if match else ""


def _zone_mend(value: Any) -> str:
    from zoneinfo import available_timezones  # noqa: PLC0415  # reads hundreds of files; only a fault pays

    zones = sorted(available_timezones())
    city = {zone.rpartition("/")[2]: zone for zone in zones if "/" in zone}
    wanted = str(value).rpartition("/")[2].strip().title().replace(" ", "_")
    match = city.get(wanted) or nearest(str(value), zones)
    return f"did you mean {match}?" if match else "the tz database has the names"
