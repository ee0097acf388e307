"""The pipeline file and the example speak of the same tables, seasons and dates left out by design."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

import world
from gapheal import spec

ALL_SEASONS = ("2021-22", "2022-23", "2023-24", "2024-25")


@pytest.fixture(scope="module")
def pipeline():
    return spec.load(Path(__file__).parents[2] / "pipeline.yaml")


def test_its_tables_are_the_example_s(pipeline):
    tables = {name: [table.table for table in phase.tables] for name, phase in pipeline.phases.items()}

    assert tables == {"phase2": [world.RAW]} | {phase.name: [phase.table] for phase in world.PHASES.values()}
    assert pipeline.location == world.LOCATION


def test_its_seasons_are_the_calendar_s(pipeline):
    for season, window in zip(ALL_SEASONS, pipeline.seasons["nba"], strict=True):
        days = [day.day for day in world.calendar([season])]

        assert window.start == days[0], "the warm-up is counted from here"
        assert days[-1] <= window.end <= days[-1] + timedelta(days=1)


def test_it_excuses_exactly_what_the_workers_leave_out(pipeline):
    raw_to_analytics, analytics_to_factors = (
        pipeline.transitions[name].policy.excuses for name in ("phase2_to_phase3", "phase3_to_phase4")
    )
    all_star = {day.day for day in world.calendar(ALL_SEASONS) if day.kind not in world.COUNTED}

    assert set(raw_to_analytics[0].dates) == all_star
    assert len(all_star) == 8
    assert raw_to_analytics[1].outside == "nba"
    assert [(excuse.first_days, excuse.season) for excuse in analytics_to_factors] == [(world.WARM_UP_DAYS, "nba")]


def test_as_shipped_it_triggers_nothing_until_a_person_says_so(pipeline):
    assert {transition.policy.mode for transition in pipeline.transitions.values()} == {"observe"}
