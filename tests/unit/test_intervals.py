"""Runs of days, folded and unfolded."""

import itertools
from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from gapheal.intervals import Interval, fold, unfold

DAYS = st.sets(st.dates(date(2023, 12, 20), date(2024, 3, 5)))


@given(DAYS)
def test_unfolding_what_was_folded_gives_the_same_days(days):
    assert list(unfold(fold(days))) == sorted(days)


@given(DAYS)
def test_folding_gives_the_fewest_runs(days):
    runs = fold(days)

    assert all(before.end < after.start for before, after in itertools.pairwise(runs))


@given(st.lists(st.dates(date(2024, 2, 20), date(2024, 3, 5))))
def test_doubled_and_shuffled_days_fold_alike(days):
    assert fold(days) == fold(set(days))


def test_a_leap_day_is_a_day():
    assert fold([date(2024, 2, 28), date(2024, 2, 29), date(2024, 3, 1)]) == [
        Interval(date(2024, 2, 28), date(2024, 3, 2))
    ]


def test_a_run_reads_as_people_write_it():
    assert str(Interval.inclusive(date(2024, 4, 16), date(2024, 4, 30))) == "2024-04-16..2024-04-30"
    assert str(Interval.inclusive(date(2024, 4, 16), date(2024, 4, 16))) == "2024-04-16"


def test_the_end_of_a_run_does_not_belong_to_it():
    run = Interval.inclusive(date(2024, 4, 16), date(2024, 4, 17))

    assert (date(2024, 4, 17) in run, run.end in run, run.days) == (True, False, 2)
