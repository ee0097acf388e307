"""Which dates the file allows to be empty."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date

from gapheal.model.pipeline import Excuse, Season

Seasons = Mapping[str, tuple[Season, ...]]


def excuse_for(excuses: Iterable[Excuse], day: date, seasons: Seasons) -> Excuse | None:
    """The first excuse that covers `day`, or None."""
    return next((excuse for excuse in excuses if _covers(excuse, day, seasons)), None)


def _covers(excuse: Excuse, day: date, seasons: Seasons) -> bool:
    if excuse.dates and day not in excuse.dates:
        return False
    if excuse.from_ and day < excuse.from_:
        return False
    if excuse.to and day > excuse.to:
        return False
    if excuse.first_days and not _in_first_days(day, excuse.first_days, seasons[excuse.season or ""]):
        return False
    return not (excuse.outside and any(s.start <= day <= s.end for s in seasons[excuse.outside]))


def _in_first_days(day: date, first_days: int, windows: Iterable[Season]) -> bool:
    return any(w.start <= day <= w.end and (day - w.start).days < first_days for w in windows)
