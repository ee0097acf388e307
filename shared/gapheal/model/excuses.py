"""Seasons, and the excuses that lean on them: on which dates a table or a phase may be empty."""

from __future__ import annotations

from datetime import date
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator, model_validator

from gapheal.model.fields import Day, Positive, PositiveDays, Text, unfit


class Noun(BaseModel):
    """Frozen, and closed: an unknown key is a fault.

    A validator is built at its first use, and docstrings are read for the schema alone (`gapheal.spec.schema`): both
    would cost every start of a function.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True, defer_build=True)


class Season(Noun):
    """A window of days in which data is expected; both ends belong to it."""

    start: Day
    """First day."""
    end: Day
    """Last day, included."""

    @field_validator("end")
    @classmethod
    def _in_order(cls, end: date, info: ValidationInfo) -> date:
        start = info.data.get("start", end)
        if end < start:
            raise unfit(f"the window ends on {end}, before it starts on {start}; swap them")
        return end


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
    from_: Day | None = Field(default=None, alias="from")
    """This date and later (to `to`, if given)."""
    to: Day | None = None
    """This date and earlier (from `from`, if given)."""

    @field_validator("to")
    @classmethod
    def _in_order(cls, to: date | None, info: ValidationInfo) -> date | None:
        start = info.data.get("from_")
        if to and start and to < start:
            raise unfit(f"the excuse ends on {to}, before it starts on {start}; swap `from` and `to`")
        return to

    @model_validator(mode="after")
    def _excuses_something(self) -> Self:
        if self.first_days and not self.season:
            raise unfit("`first_days` counts from a season's start; write `season` beside it")
        if self.season and not self.first_days:
            raise unfit("`season` alone excuses nothing; write `first_days` beside it, or `outside` in its place")
        conditions = (self.first_days, self.outside, self.upstream_entities_below, self.from_, self.to)
        if not self.dates and not any(conditions):
            raise unfit(
                "an excuse needs a condition: "
                "dates, first_days with season, outside, from, to or upstream_entities_below",
            )
        return self
