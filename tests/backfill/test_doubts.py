"""Why a date may not be put back: each reason by itself, and the moments on which it turns."""

from datetime import UTC, date, datetime, timedelta

import pytest

from gapheal.backfill import Order, Wish
from gapheal.backfill.doubts import Asked, doubt
from gapheal.backfill.kept import FINISHED, STARTED, Kept, State
from gapheal.intervals import Interval
from gapheal.model.passes import Count
from gapheal.model.past import Reach

STEP, DAY, TABLE = "raw_to_refined", date(2024, 3, 1), "d.refined"
BEGAN = datetime(2024, 7, 1, 12, tzinfo=UTC)
LEASE = 60


def at(minutes: float) -> datetime:
    return BEGAN + timedelta(minutes=minutes)


def asked(**more) -> Asked:
    """A backfill that triggered the date at minute 1, saw it healed at 10 and checked it at 90; it is minute 120."""
    order = Order("20240701-3fa2", Wish(Interval.inclusive(DAY, DAY), None, (STEP,)), "ada", "why", BEGAN)
    kept = Kept(order, [State(STARTED, BEGAN, "ada"), State(FINISHED, at(91), "ada")])
    reach = {TABLE: Reach(at(-60), "the dataset d keeps 3 hours (max_time_travel_hours)")}
    return Asked(**{"found": kept, "transition": STEP, "lease_minutes": LEASE, "reach": reach, "others": [], **more})


def row(first=1.0, last=1.0, healed=10.0):
    moments = {"first_at": first, "last_at": last, "healed_at": healed}
    return {key: None if moment is None else at(moment).isoformat() for key, moment in moments.items()}


def said(ledger=None, now=Count(3, 1), minute=120.0, end=None, **more):  # noqa: B008 - a tuple
    seen = {"seen_at": at(90).isoformat(), "tables": {TABLE: {"rows": 3, "entities": 1}}}
    return doubt(asked(now=at(minute), **more), DAY, seen if end is None else end, ledger or row(), {TABLE: now})


def test_nothing_speaks_against_it():
    assert said() is None


@pytest.mark.parametrize(
    ("ledger", "expected"),
    [
        (row(first=None, last=None), "this backfill has not triggered it"),
        (row(last=92.0), "it was triggered again at 2024-07-01 13:32:00Z, after the backfill had ended"),
        (row(last=80.0), "a trigger of 2024-07-01 13:20:00Z is on its way until 2024-07-01 14:20:00Z"),
        (row(last=80.0, healed=85.0), None),
        (row(last=59.0, healed=None), None),
    ],
)
def test_by_what_the_ledger_tells(ledger, expected):
    found = said(ledger)

    assert found is None if expected is None else found.startswith(expected)


@pytest.mark.parametrize(
    ("written", "is_own"),
    [(0, True), (61, True), (62, False), (89, False), (91, False), (None, True)],
)
def test_what_was_written_within_the_lease_of_the_last_trigger_is_the_backfills_own(written, is_own):
    found = said(now=Count(3, 1, None if written is None else at(written)))

    assert (found is None) is is_own
    assert is_own or found.startswith(f"something else wrote {TABLE} at")


def test_never_what_was_written_after_the_post_check():
    ledger = row(last=80.0, healed=85.0)

    assert said(ledger, now=Count(3, 1, at(90))) is None
    assert said(ledger, now=Count(3, 1, at(90.1))).startswith("something else wrote")


@pytest.mark.parametrize("now", [Count(4, 1), Count(3, 2), Count(), Count(3)])
def test_other_rows_than_the_post_check_saw_are_somebody_elses(now):
    assert "the post-check saw 3 rows (1 entities), now it has" in said(now=now)


def test_history_that_does_not_reach_so_far():
    limit = {TABLE: Reach(at(2), "the table was made then")}

    assert said(reach=limit) == (
        f"{TABLE} can be read back to 2024-07-01 12:02:00Z, the date was first triggered at 2024-07-01 12:01:00Z: "
        "the table was made then"
    )
    assert said(reach={TABLE: Reach(at(1), "the table was made then")}) is None


@pytest.mark.parametrize(
    ("end", "expected"),
    [({}, "does not say what its tables held"), ({"seen_at": at(90).isoformat(), "tables": {}}, "did not look at")],
)
def test_what_is_unknown_is_not_taken_for_untouched(end, expected):
    assert expected in said(end=end)
