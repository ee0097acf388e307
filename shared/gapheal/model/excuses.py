"""Seasons, and the excuses that lean on them: on which dates a table or a phase may be empty."""

# No `from __future__ import annotations`: nouns are read by their annotations, and those of text have to be compiled.

from gapheal.model.fields import Day, Positive, PositiveDays, Text
from gapheal.model.noun import Noun


class Season(Noun):
    """A window of days in which data is expected; both ends belong to it."""

    start: Day
    """First day."""
    end: Day
    """Last day, included."""


class Excuse(Noun):
    """Why a date may be empty downstream. Conditions that are given must all hold."""

    reason: Text
    """What people read; e.g. `all-star weekend`."""
    dates: tuple[Day, ...] = ()
    """These dates."""
    first_days: PositiveDays | None = None
    """The first so many calendar days of each window of `season`, its start counted."""
    season: Text | None = None
    """The season that `first_days` counts in."""
    outside: Text | None = None
    """Every date in no window of this season."""
    upstream_entities_below: Positive | None = None
    """Dates on which upstream has fewer entities than this, by the `entity_column` of its required tables."""
    from_: Day | None = None
    """This date and later (to `to`, if given)."""
    to: Day | None = None
    """This date and earlier (from `from`, if given)."""
