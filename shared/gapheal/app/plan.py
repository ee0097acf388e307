"""The verdicts of a pass as people read them: runs of dates that share a verdict and its reason."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from itertools import groupby
from typing import Any, NamedTuple

from gapheal.model.passes import Verdict


class Group(NamedTuple):
    """Dates in a row (of those that upstream has) of which the same is said."""

    start_date: date
    end_date: date
    dates: int
    condition: str
    action: str
    code: str
    sentence: str
    """Of all of them, or of the first where the numbers differ."""
    alike: bool

    def plain(self) -> dict[str, Any]:
        """As JSON values."""
        return {**self._asdict(), "start_date": str(self.start_date), "end_date": str(self.end_date)}


def grouped(verdicts: Iterable[Verdict]) -> list[Group]:
    """Verdicts in order of dates, folded where condition, action and reason code stay the same."""
    return [_group(list(run)) for _, run in groupby(verdicts, key=lambda v: (v.condition, v.action, v.reason.code))]


def _group(run: list[Verdict]) -> Group:
    first, sentences = run[0], {verdict.reason.sentence for verdict in run}
    said = (str(first.condition), str(first.action), first.reason.code, first.reason.sentence)
    return Group(first.day, run[-1].day, len(run), *said, alike=len(sentences) == 1)
