"""How many passes may go by, once nothing fails any more, until every date is at its end."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.simulation.history import History


def waits(hours: float) -> int:
    """Passes until so many hours are over, when each comes twice as late as the one before: 1 h, 2 h, 4 h … 24 h."""
    return math.ceil(math.log2(hours + 1)) if hours <= 31 else 5 + math.ceil((hours - 31) / 24)  # noqa: PLR2004


def bound(history: History) -> int:
    return 400
