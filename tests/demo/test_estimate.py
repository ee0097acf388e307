from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gapheal.local.demo.estimate import JOB_MINUTES, hours
from gapheal.model.pipeline import Policy

POLICY = Policy(breaker_after=5, max_in_flight=25)


def minutes(gaps, at_once=25, feeders=None):
    """Of a chain of transitions, each fed by the one before, unless `feeders` says otherwise."""
    names = list(gaps)
    chain = {name: set(names[max(place - 1, 0) : place]) for place, name in enumerate(names)}
    return {name: 60 * h for name, h in hours(gaps, dict.fromkeys(gaps, POLICY), feeders or chain, at_once).items()}


def days(count: int) -> list[str]:
    return [f"d{n:03}" for n in range(count)]


@pytest.mark.parametrize(
    ("count", "jobs_in_a_row"),
    [(0, 0), (1, 1), (5, 1), (6, 2), (30, 2), (31, 3), (137, 7)],
)
def test_side_by_side_a_slow_start_of_five_is_followed_by_waves_of_twenty_five(count, jobs_in_a_row):
    assert minutes({"a": days(count)}) == pytest.approx({"a": jobs_in_a_row * JOB_MINUTES})


def test_one_worker_takes_one_date_after_another():
    assert minutes({"a": days(137)}, at_once=1) == pytest.approx({"a": 137 * JOB_MINUTES})


def test_the_next_phase_follows_a_job_behind():
    gaps = {"a": days(10), "b": days(10)}

    assert minutes(gaps, at_once=1) == pytest.approx({"a": 10 * JOB_MINUTES, "b": 11 * JOB_MINUTES})


def test_a_gap_of_the_later_phase_alone_waits_for_nobody():
    assert minutes({"a": days(20), "b": ["other"]}, at_once=1)["b"] == pytest.approx(JOB_MINUTES)


def test_what_has_two_feeders_waits_for_both():
    gaps = {"a": days(10), "b": ["d000"], "c": days(10)}

    found = minutes(gaps, at_once=1, feeders={"a": set(), "b": set(), "c": {"a", "b"}})

    assert found["c"] == pytest.approx(11 * JOB_MINUTES)
    assert found["b"] == pytest.approx(JOB_MINUTES)


@given(st.lists(st.sets(st.sampled_from(days(40))), min_size=1, max_size=4), st.integers(1, 30))
def test_every_gap_is_healed_and_more_workers_are_never_slower(phases, at_once):
    gaps = {f"t{n}": sorted(dates) for n, dates in enumerate(phases)}
    found, slowest = minutes(gaps, at_once), minutes(gaps, 1)

    for name, dates in gaps.items():
        assert (found[name] > 0) == bool(dates)
        assert found[name] <= slowest[name] + 1e-6
        assert found[name] >= len(dates) * JOB_MINUTES / at_once - 1e-6
