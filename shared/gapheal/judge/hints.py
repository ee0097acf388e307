"""Which excuse would fit dates that no trigger fills: a line for the file, which a person may take or leave."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import Any, NamedTuple

from gapheal.model.excuses import Season

Seasons = Mapping[str, Sequence[Season]]
Whole = Mapping[date, int | None]
"""The dates that are whole, and how many entities upstream has of each; None where nothing counts them."""
RUN_AT_LEAST = 3
"""Fewer dates in a row are written one by one."""
_PLAIN = re.compile(r"(?!(?:true|false|yes|no|on|off|null|y|n)$)[A-Za-z][\w-]*", re.IGNORECASE)


class Stalled(NamedTuple):
    """A date that several triggers did not fill."""

    day: date
    entities: int | None = None
    """How many entities upstream has of it; None where nothing counts them."""
    tables: tuple[str, ...] = ()
    """The downstream tables that lack it; none: all of them."""


@dataclass(frozen=True, slots=True)
class Hint:
    """An excuse that would fit."""

    excuse: Mapping[str, Any]
    days: frozenset[date]
    """The stalled dates that it covers."""
    tables: tuple[str, ...] = ()
    """Tables under whose `excuses` it belongs; none: under those of the transition's policy."""

    @property
    def line(self) -> str:
        """The excuse as one line of YAML."""
        return f"- {{{', '.join(f'{key}: {_text(value)}' for key, value in self.excuse.items())}}}"


def hints(seasons: Seasons, stalled: Iterable[Stalled], whole: Whole) -> list[Hint]:
    """The excuses that would cover every stalled date and no whole one.

    Where no date at all is whole, there is no hint: then it is the job that does not work.

    Args:
        seasons: of the file.
        stalled: dates whose attempts are used up.
        whole: the transition's complete dates. They are the evidence against: an excuse that covers one does not fit.
    """
    by_tables: dict[tuple[str, ...], dict[date, int | None]] = {}
    for each in stalled:
        by_tables.setdefault(each.tables, {})[each.day] = each.entities
    if not whole:
        return []
    return [
        Hint(excuse, days, tables)
        for tables, left in sorted(by_tables.items())
        for excuse, days in _fitting(seasons, left, whole)
    ]


Fit = tuple[Mapping[str, Any], frozenset[date]]


def _fitting(seasons: Seasons, stalled: Mapping[date, int | None], whole: Whole) -> Iterator[Fit]:
    """One kind of excuse after the other, each for what the earlier ones leave."""
    left = dict(stalled)
    kinds: tuple[Callable[[Seasons, Mapping[date, int | None], Whole], Iterator[Fit]], ...] = (
        _outside,
        _first_days,
        _few_entities,
        _runs,
        _dates,
    )
    for kind in kinds:
        for excuse, days in kind(seasons, left, whole):
            left = {day: found for day, found in left.items() if day not in days}
            yield excuse, days


def _outside(seasons: Seasons, stalled: Whole, whole: Whole) -> Iterator[Fit]:
    for name, windows in seasons.items():
        days = frozenset(day for day in stalled if _offset(day, windows) is None)
        if days and all(_offset(day, windows) is not None for day in whole):
            yield {"reason": "off-season", "outside": name}, days
            return


def _first_days(seasons: Seasons, stalled: Whole, whole: Whole) -> Iterator[Fit]:
    for name, windows in seasons.items():
        found = {day: offset for day in stalled if (offset := _offset(day, windows)) is not None}
        first_whole = min((offset for day in whole if (offset := _offset(day, windows)) is not None), default=0)
        early = {day: offset for day, offset in found.items() if offset < first_whole}
        if early:
            excuse = {"reason": "season warm-up", "first_days": max(early.values()) + 1, "season": name}
            yield excuse, frozenset(early)
            return


def _few_entities(seasons: Seasons, stalled: Whole, whole: Whole) -> Iterator[Fit]:  # noqa: ARG001 - as its siblings
    usual = min((found for found in whole.values() if found is not None), default=0)
    few = {day: found for day, found in stalled.items() if found is not None and found < usual}
    if few:
        yield {"reason": "exhibition", "upstream_entities_below": max(few.values()) + 1}, frozenset(few)


def _runs(seasons: Seasons, stalled: Whole, whole: Whole) -> Iterator[Fit]:  # noqa: ARG001 - as its siblings
    for together, days in groupby(sorted({*stalled, *whole}), lambda day: day in stalled):
        run = list(days)
        if together and len(run) >= RUN_AT_LEAST:
            yield {"reason": "say why", "from": run[0], "to": run[-1]}, frozenset(run)


def _dates(seasons: Seasons, stalled: Whole, whole: Whole) -> Iterator[Fit]:  # noqa: ARG001 - as its siblings
    if stalled:
        yield {"reason": "say why", "dates": sorted(stalled)}, frozenset(stalled)


def _offset(day: date, windows: Iterable[Season]) -> int | None:
    """How many days after the start of its window; None outside all of them."""
    return next(((day - w.start).days for w in windows if w.start <= day <= w.end), None)


def _text(value: Any) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(_text, value))}]"
    if isinstance(value, str) and not all(_PLAIN.fullmatch(word) for word in value.split(" ")):
        return json.dumps(value)
    return str(value)
