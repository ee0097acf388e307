"""Backfills: any range of dates through every phase, by the same passes as everybody's.

A person's wish becomes a row of the ledger; `Run` goes on from there, wherever it is called, until no date is left.
"""

from __future__ import annotations

from gapheal.backfill.desk import Desk
from gapheal.backfill.ends import End, Kind
from gapheal.backfill.kept import Kept, every
from gapheal.backfill.lifted import lifted
from gapheal.backfill.order import Order, Wish, chosen, dated, gated, texts
from gapheal.backfill.plan import Plan, Step
from gapheal.backfill.report import markdown
from gapheal.backfill.rollback import Part, Rollback, performed, planned
from gapheal.backfill.run import Run
from gapheal.backfill.work import Cancelled, Interrupted, Round, Stopped, Work

__all__ = [
    "Cancelled",
    "Desk",
    "End",
    "Interrupted",
    "Kept",
    "Kind",
    "Order",
    "Part",
    "Plan",
    "Rollback",
    "Round",
    "Run",
    "Step",
    "Stopped",
    "Wish",
    "Work",
    "chosen",
    "dated",
    "every",
    "gated",
    "lifted",
    "markdown",
    "performed",
    "planned",
    "texts",
]
