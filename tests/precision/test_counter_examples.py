"""What the planted worlds found, as small as it gets: each world here was once judged wrongly."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from gapheal import spec
from gapheal.app import build
from gapheal.model.passes import Request, Source
from gapheal.testing import FrozenClock, World

NAME = "raw_to_refined"
DAY = date(2024, 6, 20)
BEFORE = DAY - timedelta(days=1)
NOW = datetime(2024, 6, 24, 16, tzinfo=UTC)
EXHIBITION = "excuses: [{reason: exhibition, upstream_entities_below: 2}]"

FILE = """
version: 1
pipeline: counter-example
location: us-west2
timezone: UTC
defaults: {{date_column: day}}
phases:
  raw: {raw}
  refined: [d.refined]
transitions:
  raw_to_refined:
    policy: {{mode: heal, {policy}}}
"""


class Scanned:
    """A world that is scanned again and again."""

    def __init__(self, raw: str, policy: str, now: datetime = NOW) -> None:
        pipeline = spec.parse(FILE.format(raw=raw, policy=policy))
        self.doubles = World(pipeline, FrozenClock(now))
        self.put = self.doubles.warehouse.put
        self.app = build(pipeline, **self.doubles.ports)

    def scan(self):
        report = self.app.run(NAME, Request(Source.SCAN))
        self.doubles.clock.advance(hours=3)
        return report


def test_a_date_that_upstream_lacks_is_no_exhibition():
    """An excuse by few entities says nothing of a date without any: its source gap would never be told."""
    raw = "{tables: [{table: d.raw, entity_column: game}], expected: {table: d.schedule, entity_column: game}}"
    world = Scanned(raw, EXHIBITION)
    world.put("d.schedule", DAY, 8, 8)

    assert world.scan()["source_gaps"] == [str(DAY)]


def test_a_retired_table_counts_nothing_and_makes_no_exhibition():
    """Since the only table that counts games is no longer written, every date would be excused for ever."""
    retired = "{table: d.raw, entity_column: game, excuses: [{reason: retired, from: 2024-06-01}]}"
    world = Scanned(f"{{tables: [{retired}, d.other]}}", EXHIBITION)
    world.put("d.other", DAY, 100)

    assert world.scan()["triggered_dates"] == [str(DAY)]


@pytest.mark.parametrize("earlier", [0, 10], ids=["nothing before", "something before"])
def test_the_first_rows_of_an_earlier_date_are_new_data_of_a_date_that_looks_back(earlier):
    """The gap is old and held; what it is made from arrives, so it is young again."""
    world = Scanned("[d.raw]", "lookback_days: 2", now=NOW + timedelta(days=40))
    world.put("d.raw", DAY, 100)
    if earlier:
        world.put("d.raw", BEFORE - timedelta(days=1), earlier)
        world.put("d.refined", BEFORE - timedelta(days=1), earlier)
    first = world.scan()
    world.put("d.raw", BEFORE, 100)
    world.put("d.refined", BEFORE, 100)

    assert (first["triggered"], first["actions"]["held"]) == (0, 1)
    assert world.scan()["triggered_dates"] == [str(DAY)]
