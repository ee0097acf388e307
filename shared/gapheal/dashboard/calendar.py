"""The board as few bytes as a page can bear: five years of ten transitions are 18 000 verdicts with reasons. Pure.

A sentence is cut into its words and its numbers: the same words stand once. Dates in a row with the same verdict are
one run; numbers that stay as on the date before are left out. `calendar.js` reads it back.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import date
from itertools import groupby
from typing import Any

from gapheal.ports import Row

NUMBER = re.compile(r"\d+")
SAME = ""
"""In the place of a date's numbers: those of the date before."""


class _Known(dict[Any, int]):
    """Gives each new value the next number."""

    def __missing__(self, key: Any) -> int:
        self[key] = len(self)
        return self[key]


def encoded(board: Sequence[Row], names: Sequence[str]) -> dict[str, Any]:
    """The last verdicts of the transitions `names`, in that order; each row has its `standing`.

    `first`: the day that all offsets count from (None: nothing was judged yet). `states`: what runs refer to:
    condition, action, code, standing and the words of the sentence, which the numbers go between. `runs`: by
    transition, in order of dates: offset of the first day, number of days, state, moment. `numbers`: by transition the
    numbers of each date, comma between numbers, semicolon between dates. `open`: by transition, offset, first sight
    and attempts of each date that is neither whole nor excused. `moments`: ISO 8601, what the others refer to.
    """
    days = {row["partition_date"] for row in board}
    first = date.fromisoformat(min(days)) if days else None
    states, moments = _Known(), _Known()
    of = {name: list(rows) for name, rows in groupby(board, key=lambda row: str(row["transition"]))}
    runs: list[list[tuple[int, ...]]] = []
    numbers: list[str] = []
    still_open: list[list[tuple[int, int | None, int]]] = []
    for name in names:
        told = [_Told(row, first, states, moments) for row in of.get(name, [])]
        runs.append(list(_runs(told)))
        numbers.append(";".join(_numbers(told)))
        still_open.append(
            [
                (each.day, moments[each.row["first_seen_at"]] if each.row["first_seen_at"] else None, _attempts(each))
                for each in told
                if each.row["condition"] not in {"complete", "excused"}
            ]
        )
    return {
        "first": str(first) if first else None,
        "states": [[*state[:-1], list(state[-1])] for state in states],
        "moments": list(moments),
        "runs": runs,
        "numbers": numbers,
        "open": still_open,
    }


class _Told:
    """One verdict, cut up."""

    def __init__(self, row: Row, first: date | None, states: _Known, moments: _Known) -> None:
        self.row = row
        self.day = (date.fromisoformat(row["partition_date"]) - (first or date.min)).days
        words, self.numbers = tuple(NUMBER.split(row["sentence"] or "")), NUMBER.findall(row["sentence"] or "")
        state = states[row["condition"], row["action"], row["code"] or "", row["standing"], words]
        self.kind = state, moments[row["observed_at"]]


def _runs(told: Iterable[_Told]) -> Iterable[tuple[int, ...]]:
    """Days in a row of which the same is said, by the same pass."""
    for kind, some in groupby(enumerate(told), key=lambda item: (item[1].kind, item[1].day - item[0])):
        days = [each.day for _, each in some]
        yield (days[0], len(days), *kind[0])


def _numbers(told: Iterable[_Told]) -> Iterable[str]:
    before: list[str] = []
    for each in told:
        yield SAME if each.numbers == before else ",".join(each.numbers)
        before = each.numbers


def _attempts(each: _Told) -> int:
    return int(each.row["attempts"] or 0)
