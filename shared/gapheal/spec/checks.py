"""What no value can see alone: names that point nowhere, circles, windows and templates that do not fit.

Everything here reads plain data that may be broken elsewhere, so that one run tells all faults.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

from gapheal.model.template import PLACEHOLDER, PLACEHOLDERS
from gapheal.spec.faults import Finding, nearest, show, suggest
from gapheal.spec.graph import check_graph
from gapheal.spec.paths import find, texts

_EXCUSES = ("phases.*.tables.*.excuses.*", "transitions.*.policy.excuses.*")
"""Wider than what is filled in, so that `{Date}` is a slip and not a text."""


def findings(data: Mapping[str, Any]) -> Iterator[Finding]:
    """All that does not fit together."""
    yield from check_graph(data)
    yield from _unknown_seasons(data)
    yield from _overlapping_windows(data)
    yield from _twin_tables(data)
    yield from _unfit_templates(data)
    yield from _fan_out_in_batches(data)


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
    match = nearest(name, PLACEHOLDERS)
    return f"did you mean {{{match}}}?" if match else f"known: {' '.join(f'{{{each}}}' for each in PLACEHOLDERS)}"


def _fan_out_in_batches(data: Mapping[str, Any]) -> Iterator[Finding]:
    for transition, written in find(data, "transitions.*"):
        if any(find(written, "trigger.fan_out.*")):
            for path, size in find(written, "policy.batch_size", transition):
                if size != 1:
                    yield path, f"expected 1 beside trigger.fan_out, found {show(size)}; leave one of them out"
