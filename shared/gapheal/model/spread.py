"""How numbers spread. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from math import ceil


def percentile(numbers: Iterable[float], share: float) -> float | None:
    """The smallest number that at least `share` of them do not exceed (nearest rank); None of none."""
    ordered = sorted(numbers)
    return ordered[max(ceil(share * len(ordered)), 1) - 1] if ordered else None
