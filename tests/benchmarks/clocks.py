"""Measuring."""

from __future__ import annotations

import time
from collections.abc import Callable
from statistics import median, quantiles


def seconds(work: Callable[[], object]) -> float:
    """How long `work` takes, once."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def side_by_side(rounds: int, *works: Callable[[], object]) -> list[float]:
    """The median of each, taken in turns: whatever else the machine does then slows all alike."""
    turns = [[seconds(work) for work in works] for _ in range(rounds)]
    return [median(column) for column in zip(*turns, strict=True)]


def p50_p95(times: list[float]) -> tuple[float, float]:
    """The middle, and what one in twenty exceeds."""
    parts = quantiles(times, n=20, method="inclusive")
    return parts[9], parts[18]
