"""Which dates the file allows to be empty."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date

from gapheal.model.excuses import Excuse, Season

Seasons = Mapping[str, tuple[Season, ...]]
Entities = Callable[[], int | None]
"""How many entities upstream has of the date; None where nothing counts them."""


def excuse_for(
    excuses: Iterable[Excuse], day: date, seasons: Seasons, entities: Entities = lambda: None
) -> Excuse | None:
    """The first excuse that covers `day`, or None."""
    return next((excuse for excuse in excuses if _covers(excuse, day, seasons, entities)), None)


def _covers(excuse: Excuse, day: date, seasons: Seasons, entities: Entities) -> bool:
    return all(holds for holds in _conditions(excuse, day, seasons, entities))


def _conditions(excuse: Excuse, day: date, seasons: Seasons, entities: Entities) -> Iterator[bool]:
    """Whether each condition that the excuse states holds; the cheapest first."""
    if excuse.dates:
        yield day in excuse.dates
    if excuse.from_:
        yield day >= excuse.from_
    if excuse.to:
        yield day <= excuse.to
    if excuse.first_days:
        yield _in_first_days(day, excuse.first_days, seasons[excuse.season or ""])
    if excuse.outside:
        yield not any(s.start <= day <= s.end for s in seasons[excuse.outside])
    if excuse.upstream_entities_below:
        found = entities()
        yield found is not None and found < excuse.upstream_entities_below


def _in_first_days(day: date, first_days: int, windows: Iterable[Season]) -> bool:
    return any(w.start <= day <= w.end and (day - w.start).days < first_days for w in windows)
