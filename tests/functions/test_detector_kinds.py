"""What passes tell of their dates, in the detector's digest: each kind planted alone, with what belongs to it."""

from __future__ import annotations

import pytest
from tests.functions.sweeps import FIRST, PIPELINE, TABLES, day

from gapheal.spec import load

MADE = TABLES[1:]
"""What the jobs make of `d.raw`."""


def without(detector, *days, tables=MADE):
    for each in days:
        for table in tables:
            detector.world.warehouse.drop(table, each)


def later(detector, **delta):
    """Time passes, and the scans go on."""
    detector.world.clock.advance(**delta)
    detector.pass_by()


def gaps(detector):
    without(detector, day(3))


def many(detector):
    without(detector, day(3), day(4), day(5))


def held(detector):
    without(detector, day(20))


def stalled(detector):
    detector.world.clock.advance(minutes=1)
    without(detector, day(3))
    detector.pass_by()
    later(detector, minutes=61)


def stuck(detector):
    """One row of three, and nobody writes the others."""
    detector.world.warehouse.put("d.raw", day(3), rows=1)
    detector.pass_by()
    later(detector, hours=49)
    whole_until_now(detector)
    detector.pass_by()


def whole_until_now(detector):
    """The days that went by meanwhile."""
    for n in (0, -1):
        for table in TABLES:
            detector.world.warehouse.put(table, day(n), rows=5)


def breaker(detector):
    detector.world.clock.advance(minutes=1)
    without(detector, day(3), day(4))
    detector.pass_by()
    later(detector, minutes=61)


def source_gap(detector):
    detector.world.warehouse.put("d.calendar", day(5), rows=1)
    without(detector, day(5), tables=TABLES)


EXPECTED = "raw: {tables: [d.raw], expected: {table: d.calendar, date_column: day}}"
KINDS = {
    "open": (("", ""), gaps, {"gaps"}),
    "more than page_above": (("lease_minutes: 60", "lease_minutes: 60, page_above: 2"), many, {"gaps", "many_gaps"}),
    "too old": (("max_age_days: null", "max_age_days: 10, age_from: date"), held, {"held"}),
    "attempts used up": (("lease_minutes: 60", "lease_minutes: 60, max_attempts: 1"), stalled, {"stalled"}),
    "an upstream that stays in part": (("[d.raw]", "[{table: d.raw, min_rows: 3}]"), stuck, {"stuck"}),
    "an open breaker": (
        ("lease_minutes: 60", "lease_minutes: 60, breaker_after: 2"),
        breaker,
        {"gaps", "breaker", "unfilled"},
    ),
    "a date that never began": (("raw: {tables: [d.raw]}", EXPECTED), source_gap, {"source_gaps"}),
}


@pytest.mark.parametrize(("change", "plant", "kinds"), KINDS.values(), ids=KINDS)
def test_what_stands_open_of_a_transition_is_in_the_digest_and_nothing_else(detector, change, plant, kinds):
    detector.file.write_text(PIPELINE.replace(*change))
    detector.world.warehouse.pipeline = load(detector.file)
    assert detector.found() == []

    plant(detector)
    answer = detector.sweep()

    found = {(each["transition"], each["kind"]) for each in answer["findings"]}
    assert found == {(FIRST, kind) for kind in kinds}
    assert all(each["command"].startswith("gapheal ") for each in answer["findings"])
    told = {finding.kind for finding in detector.alerts.last(FIRST)}
    assert told == kinds - {"unfilled"}, "each pass tells of its own, the sweep of the rest"
