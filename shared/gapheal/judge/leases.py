"""How long a triggered date is left alone, and what came of it afterwards."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from gapheal.judge.case import Case
from gapheal.model.passes import Attempt, Entry


def lease_until(case: Case, attempt: Attempt) -> datetime:
    """When the lease of a claim is over.

    A working queue is not a dead one: a heal of an earlier trigger renews the later ones' wait.
    """
    earlier = (heal.healed_at for heal in case.heals if heal.triggered_at < attempt.claimed_at)
    return max([attempt.claimed_at, *earlier]) + timedelta(minutes=case.policy.lease_minutes)


def leased(case: Case, entry: Entry) -> Attempt | None:
    """The attempt that a date is under way with, or None."""
    under_way = (a for a in reversed(entry.attempts) if a.delivered and lease_until(case, a) > case.now)
    return next(under_way, None)


def fruitless(attempts: Sequence[Attempt], rows: int, entities: int | None) -> list[Attempt]:
    """The delivered attempts after which neither rows nor entities of the downstream grew, to what there is now."""
    delivered = [attempt for attempt in attempts if attempt.delivered]
    after = [(attempt.rows, attempt.entities) for attempt in delivered[1:]] + [(rows, entities)]
    return [
        attempt
        for attempt, (later_rows, later_entities) in zip(delivered, after, strict=False)
        if later_rows <= attempt.rows and (later_entities or 0) <= (attempt.entities or 0)
    ]
