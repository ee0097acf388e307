"""What no value can see alone: names that point nowhere, circles, windows and templates that do not fit.

Everything here reads plain data that may be broken elsewhere, so that one run tells all faults.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

from gapheal.model.pipeline import DETECTOR, HttpTarget
from gapheal.model.template import PLACEHOLDER, PLACEHOLDERS
from gapheal.spec.faults import Finding, Path, nearest, show, suggest
from gapheal.spec.grain import DAY_ALONE, is_grain_placeholder
from gapheal.spec.graph import check_graph
from gapheal.spec.paths import find, texts
from gapheal.spec.yardsticks import check_yardsticks

_EXCUSES = ("phases.*.tables.*.excuses.*", "transitions.*.policy.excuses.*")
"""Wider than what is filled in, so that `{Date}` is a slip and not a text."""


def findings(data: Mapping[str, Any]) -> Iterator[Finding]:
    """All that does not fit together."""
    yield from check_graph(data)
    yield from _the_detectors_name(data)
    yield from check_yardsticks(data)
    yield from _unknown_seasons(data)
    yield from _overlapping_windows(data)
    yield from _twin_tables(data)
    yield from _one_column_twice(data)
    yield from _unfit_templates(data)
    yield from _fan_out_in_batches(data)
    yield from _answers_of_two_meanings(data)


def _the_detectors_name(data: Mapping[str, Any]) -> Iterator[Finding]:
    for path, _ in find(data, f"transitions.{DETECTOR}"):
        yield (
            path,
            "expected another name, found that of the whole pipeline's function; rename the transition",
        )


def _unknown_seasons(data: Mapping[str, Any]) -> Iterator[Finding]:
    seasons = [str(path[-1]) for path, _ in find(data, "seasons.*")]
    for pattern in _EXCUSES:
        for key in ("season", "outside"):
            for path, name in find(data, f"{pattern}.{key}"):
                if isinstance(name, str) and name not in seasons:
                    yield path, f"expected a season of this file, found {show(name)}; {suggest(name, seasons)}"


def _overlapping_windows(data: Mapping[str, Any]) -> Iterator[Finding]:
    for season, written in find(data, "seasons.*"):
        windows = sorted(
            (window["start"], window["end"], path)
            for path, window in find(written, "*", season)
            if isinstance(window, dict) and all(isinstance(window.get(key), str) for key in ("start", "end"))
        )
        for (_, end, _), (start, _, path) in pairwise(windows):
            if start <= end:
                yield path, f"expected windows apart, found one that starts on {start}, by {end}; part them"


def _twin_tables(data: Mapping[str, Any]) -> Iterator[Finding]:
    for phase, written in find(data, "phases.*"):
        seen: set[str] = set()
        for path, name in find(written, "tables.*.table", phase):
            if not isinstance(name, str):
                continue
            if name in seen:
                yield path, f"expected each table of a phase once, found {show(name)} again; keep one"
            seen.add(name)


def _one_column_twice(data: Mapping[str, Any]) -> Iterator[Finding]:
    for place, table in find(data, "phases.*.tables.*"):
        dated = [column for _, column in find(table, "date_column")]
        for path, updated in find(table, "updated_column", place):
            if isinstance(updated, str) and updated.lower() in (str(column).lower() for column in dated):
                yield (
                    path,
                    (
                        f"expected the column that tells when a row was written, "
                        f"found the date_column {show(updated)}; name another, or leave this out"
                    ),
                )


def _unfit_templates(data: Mapping[str, Any]) -> Iterator[Finding]:
    for pattern in ("transitions.*.trigger.payload", "transitions.*.trigger.fan_out.*"):
        for place, template in find(data, pattern):
            for path, text in texts(template, place):
                yield from ((path, message) for message in _unfit_text(text))


def _unfit_text(text: str) -> Iterator[str]:
    for name in PLACEHOLDER.findall(text):
        if name not in PLACEHOLDERS:
            yield f"unknown placeholder {{{name}}}; {_known_placeholder(name)}"
    if any("\ud800" <= letter <= "\udfff" for letter in text):
        yield f"expected Unicode text, found {show(text)}; half a surrogate pair cannot be sent"


def _known_placeholder(name: str) -> str:
    if is_grain_placeholder(name):
        return DAY_ALONE
    match = nearest(name, PLACEHOLDERS)
    return f"did you mean {{{match}}}?" if match else f"known: {' '.join(f'{{{each}}}' for each in PLACEHOLDERS)}"


def _fan_out_in_batches(data: Mapping[str, Any]) -> Iterator[Finding]:
    for transition, written in find(data, "transitions.*"):
        if any(find(written, "trigger.fan_out.*")):
            for path, size in find(written, "policy.batch_size", transition):
                if size != 1:
                    yield path, f"expected 1 beside trigger.fan_out, found {show(size)}; leave one of them out"


def _answers_of_two_meanings(data: Mapping[str, Any]) -> Iterator[Finding]:
    """Told at `busy`, or at `accepted` where `busy` is the default."""
    for place, target in find(data, "transitions.*.trigger.http"):
        accepted, busy = _answers(target, "accepted", place), _answers(target, "busy", place)
        both = {code for _, code in accepted} & {code for _, code in busy}
        written, other = (busy, "accepted") if any(find(target, "busy")) else (accepted, "busy")
        for path, code in written:
            if code in both:
                yield path, f"expected each answer to mean one thing, found {code} in {other} too; take one out"


def _answers(target: Any, key: str, place: Path) -> list[tuple[Path, Any]]:
    """The codes of `accepted` or `busy`, written or by default."""
    written = dict(find(target, key, place)) or {(*place, key): list(getattr(HttpTarget, key))}
    return [
        (path, code)
        for start, codes in written.items()
        for path, code in find(codes, "*", start)
        if isinstance(code, int)
    ]
