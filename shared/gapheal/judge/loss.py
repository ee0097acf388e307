"""Sudden loss: when most of what was complete is gone, something else than missing work is the matter."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from gapheal.judge.case import Case
from gapheal.model.passes import Condition, Verdict

AT_LEAST = 10
"""Dates; of fewer, most may well be gone by chance."""


class Loss(NamedTuple):
    """How much is gone."""

    lost: int
    known: int
    """Dates that passes with the same tables in the file saw complete."""


def sudden_loss(case: Case, verdicts: Iterable[Verdict]) -> Loss | None:
    """The loss, where most of at least ten known dates have no rows any more.

    A date that was held for it is still counted as known: its loss does not end by being seen twice.
    """
    known = [verdict for verdict in verdicts if verdict.condition is not Condition.EXCUSED and _known(case, verdict)]
    lost = [verdict for verdict in known if verdict.condition is Condition.MISSING]
    return Loss(len(lost), len(known)) if len(known) >= AT_LEAST and 2 * len(lost) > len(known) else None


def _known(case: Case, verdict: Verdict) -> bool:
    entry = case.entry(verdict.day)
    if entry.spec != case.spec or entry.retried_at or entry.hold:
        return False
    return entry.condition is Condition.COMPLETE or entry.code == "sudden_loss"
