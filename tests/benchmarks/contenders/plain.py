"""Two sets of dates from the rows of a query, and their difference: no reason, no gate, no memory.

With the word `held` all sets of all transitions are there before the first difference is taken.
"""

from __future__ import annotations

import platform
import sys
from collections.abc import Iterable
from datetime import date
from typing import Any

from contender import Pair, run

Rows = list[dict[str, Any]]
Sets = tuple[set[date], set[date]]


def prepare(pair: Pair) -> Rows:
    """Rows as the warehouse answers them."""
    sides = enumerate((pair.upstream, pair.downstream))
    return [{"source": n, "day": day, "row_count": 10, "entity_count": 10} for n, days in sides for day in days]


def sets(rows: Rows) -> Sets:
    """What upstream has, and what the downstream has."""
    return {row["day"] for row in rows if row["source"] == 0}, {row["day"] for row in rows if row["source"] == 1}


def difference(held: Sets) -> Iterable[date]:
    """What the downstream lacks."""
    return held[0] - held[1]


if __name__ == "__main__":
    version = platform.python_version()
    if sys.argv[2:] == ["held"]:
        run(version, 0.0, prepare, difference, hold=sets)
    else:
        run(version, 0.0, prepare, lambda rows: difference(sets(rows)))
