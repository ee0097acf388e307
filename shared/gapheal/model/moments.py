"""Moments and durations as people read them. Pure."""

from __future__ import annotations

from datetime import datetime

UNITS = (("d", 86_400), ("h", 3_600), ("min", 60))
"""With their seconds."""


def lasting(seconds: float) -> str:
    """`3 d`, `5 h`, `12 min`, `40 s`: two digits are enough to know whether to worry."""
    for unit, size in UNITS:
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"


def minute(moment: datetime) -> str:
    """`2026-11-23 17:05Z`, of a moment in UTC."""
    return f"{moment:%Y-%m-%d %H:%M}Z"


def second(moment: datetime) -> str:
    """`2026-11-23 17:05:09Z`, of a moment in UTC."""
    return f"{moment:%Y-%m-%d %H:%M:%S}Z"
