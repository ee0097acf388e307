"""A whole season by one backfill, in simulated time: how near it comes to what the workers alone would take."""

import pytest
from tests.backfill.season import SPANS, alone, backfilled, real, season, short

AT_ONCE = 10


@pytest.mark.slow
@pytest.mark.parametrize(("span", "number"), [("week", 7), ("playoffs", 137), ("season", 209)])
def test_one_command_takes_little_more_than_the_workers_alone(measured, span, number):
    """Compressed as a whole, some 40 times: jobs of 3.5 minutes to 5 seconds, calls of 0.4 seconds to 10 ms.

    Every date goes through every phase once, and each phase gets one completion event: `backfilled` looks.
    """
    dates = SPANS[span]
    took, least = backfilled(dates, short(), 0.01, AT_ONCE), alone(dates, short())
    measured(
        f"backfill of a {span}, {len(dates)} dates x 4 phases, 5 s a date, {AT_ONCE} in flight: {took:.0f} s, "
        f"the workers alone {least:.0f} s"
    )

    # Where nothing was ever seen to heal, five dates go first: one date's way, which a week alone cannot hide.
    assert len(dates) == number
    assert took <= 1.2 * (least + (5 if span == "week" else 0))


def test_a_week_takes_little_more_where_something_was_seen_to_heal_before(measured):
    dates, earlier = SPANS["week"], SPANS["season"][9:10]
    took, least = backfilled(dates, short(), 0.01, AT_ONCE, healed_before=earlier), alone(dates, short())
    measured(f"the same week where a date was seen to heal before: {took:.0f} s, the workers alone {least:.0f} s")

    assert took <= 1.2 * least


@pytest.mark.parametrize(("precompute", "coordinator"), [(1, 1), (10, 25)])
def test_at_real_job_times_the_slowest_job_decides(measured, precompute, coordinator):
    """Three weeks of a season; the whole season takes minutes to simulate."""
    dates, phases = season("2023-24")[:20], real(precompute, coordinator)
    took, least = backfilled(dates, phases, 0.5, 40), alone(dates, phases)
    measured(
        f"backfill, {len(dates)} dates at real job times, {precompute} of phase 4 and {coordinator} of phase 5 at a "
        f"time: {took / 3600:.1f} h, the workers alone {least / 3600:.1f} h"
    )

    # Where nothing was ever seen to heal, five dates go first: one job's time more, whatever the number of dates.
    assert took <= 1.2 * (least + max(seconds for _, seconds in phases.values()))
