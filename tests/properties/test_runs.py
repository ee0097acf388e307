"""Laws of the runs that one message may ask for."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from gapheal.messages import runs

DAYS = st.integers(0, 40).map(lambda n: date(2024, 2, 10) + timedelta(days=n))
WON = st.sets(DAYS)
OTHERS = st.sets(DAYS)
SIZES = st.integers(1, 15)


@given(WON, OTHERS, SIZES)
def test_every_date_won_is_in_exactly_one_run_in_order(won, others, size):
    assert [day for run in runs(won, won | others, size) for day in run] == sorted(won)


@given(WON, OTHERS, SIZES)
def test_no_run_spans_more_days_than_a_batch(won, others, size):
    assert all((run[-1] - run[0]).days + 1 <= size for run in runs(won, won | others, size))


@given(WON, OTHERS, SIZES)
def test_no_run_bridges_a_judged_date_that_was_not_won(won, others, size):
    for run in runs(won, won | others, size):
        assert not any(run[0] < day < run[-1] for day in others - won)


@given(WON, OTHERS, SIZES)
def test_two_runs_stand_apart_only_where_they_must(won, others, size):
    found = runs(won, won | others, size)
    for before, after in pairwise(found):
        too_long = (after[0] - before[0]).days >= size
        barred = any(before[-1] < day < after[0] for day in others - won)
        assert too_long or barred


@given(WON, OTHERS)
def test_a_batch_of_one_is_one_message_a_date(won, others):
    assert runs(won, others, 1) == [(day,) for day in sorted(won)]


@given(st.lists(DAYS), OTHERS, SIZES)
def test_order_and_repeats_of_what_was_won_change_nothing(won, others, size):
    assert runs(won, list(others), size) == runs(reversed(sorted(set(won))), others, size)  # noqa: C413 - a list, not a set
