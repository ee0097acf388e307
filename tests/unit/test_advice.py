"""Excuses that would fit what stalls, in plan and explain."""

from datetime import UTC, date, datetime, timedelta

import pytest

from gapheal.app import build
from gapheal.model.passes import Request, Source
from gapheal.testing import FrozenClock, World, small_pipeline

NAME = "raw_to_refined"
START = date(2024, 3, 1)
SEASON = {"league": [{"start": "2024-03-01", "end": "2024-06-30"}]}


@pytest.fixture
def stalled():
    """Ten dates; the first three were asked for three times, and stayed empty."""
    pipeline = small_pipeline(seasons=SEASON, lease_minutes=10, breaker_after=20)
    world = World(pipeline, FrozenClock(datetime(2024, 3, 20, 12, tzinfo=UTC)))
    for offset in range(10):
        world.warehouse.put("d.raw", START + timedelta(days=offset), 100, 10)
        if offset > 2:
            world.warehouse.put("d.refined", START + timedelta(days=offset), 100, 10)
    app = build(pipeline, **world.ports)
    for _ in range(4):
        app.run(NAME, Request(Source.SCAN))
        world.clock.advance(hours=30)
    return app


LINE = "- {reason: season warm-up, first_days: 3, season: league}"


def test_a_plan_suggests_the_excuse_that_would_fit(stalled):
    report, _ = stalled.plan(NAME)

    assert report["actions"]["stalled"] == 3
    assert report["hints"] == [
        "if 2024-03-01 .. 2024-03-03 may stay empty, this fits under transitions.raw_to_refined.policy.excuses: " + LINE
    ]


def test_explain_suggests_it_for_the_date(stalled):
    assert "first_days: 2, season: league" in stalled.explain(NAME, START + timedelta(days=1))["hint"]


def test_a_date_that_is_whole_needs_none(stalled):
    assert "hint" not in stalled.explain(NAME, START + timedelta(days=5))
