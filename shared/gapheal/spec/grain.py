"""The grain is a day: who asks for another one hears so, and not which key is spelt alike."""

from __future__ import annotations

import re

DAY_ALONE = "the grain of gapheal is a day: a pipeline that moves by the hour or the month is not for it"

_UNITS = r"(hour|week|month|quarter)s?"
_RHYTHMS = r"hourly|weekly|monthly|quarterly|grain|granularity|interval|frequency|schedule|cron"
_KEY = re.compile(rf"((lag|scan|lookback|date|time|partition)_)?({_UNITS}|{_RHYTHMS})(_column)?")
_PLACEHOLDER = re.compile(rf"(.*_)?(minute|{_UNITS})(_.*)?")


def is_grain_key(word: str) -> bool:
    """Whether an unknown key asks for a rhythm: `grain`, `hourly`, `lag_hours`; not `lease_hours`."""
    return _KEY.fullmatch(word.lower()) is not None


def is_grain_placeholder(word: str) -> bool:
    """Whether an unknown placeholder asks for a part of a day or for more than one: `{hour}`, `{month}`."""
    return _PLACEHOLDER.fullmatch(word.lower()) is not None
