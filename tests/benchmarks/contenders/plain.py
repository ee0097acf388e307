"""Two sets of dates from the rows of a query, and their difference: no reason, no gate, no memory."""

from __future__ import annotations

import platform
from collections.abc import Iterable
from datetime import date

from contender import Pair, run

Rows = list[dict[str, object]]


def prepare(pair: Pair) -> Rows:
    """Rows as the warehouse answers them."""
    sides = enumerate((pair.upstream, pair.downstream))
    return [{"source": n, "day": day, "row_count": 10, "entity_count": 10} for n, days in sides for day in days]


def find(rows: Rows) -> Iterable[date]:
    """The difference."""
    upstream = {row["day"] for row in rows if row["source"] == 0}
    downstream = {row["day"] for row in rows if row["source"] == 1}
    return upstream - downstream


if __name__ == "__main__":
    run(platform.python_version(), 0.0, prepare, find)
