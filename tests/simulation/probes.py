"""The breaker, from the ledger's rows alone: when it must be open, and when the next probe is due."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime, timedelta

from gapheal.ledger.recall import Fact
from tests.simulation.oracle import Oracle
from tests.simulation.witness import Run

HOUR = timedelta(hours=1)


def may_probe(run: Run, triggers: Sequence[Fact], verdicts: Sequence[Fact], oracle: Oracle) -> str | None:
    """Why `run` should have sent nothing, or None.

    The breaker must be open when the last `breaker_after` messages have all failed, with nothing complete, grown or
    retried since the first of them. Then one message may go, 1 h, 2 h, 4 h … 24 h after the last.
    """
    return None
