"""What is done about a gap, through the pure judge."""

from datetime import UTC, date, datetime, timedelta

import pytest

from gapheal.intervals import Interval
from gapheal.judge import Case, judge
from gapheal.model.passes import (
    Action,
    Attempt,
    Condition,
    Count,
    Entry,
    Heal,
    Memory,
    Observations,
    Request,
    Source,
    TableKey,
)
from gapheal.testing import small_pipeline

DAY = date(2024, 3, 10)
NOW = datetime(2024, 3, 20, 12, tzinfo=UTC)
SCAN = Request(Source.SCAN)


def days(number):
    return [date(2024, 3, 1) + timedelta(days=index) for index in range(number)]


def judged(pipeline, missing=(DAY,), *, memory=None, request=SCAN, mode="heal", rows=0):
    counts = {
        TableKey("raw", "d.raw"): dict.fromkeys(missing, Count(100, 10)),
        TableKey("refined", "d.refined"): dict.fromkeys(missing, Count(rows, 1)) if rows else {},
    }
    memory = memory or Memory(healed_before=True)
    return judge(Case(pipeline, "raw_to_refined", Observations(NOW, counts), memory, request), mode)


def attempt(n=1, *, minutes_ago=10.0, outcome="published", watermark="100/10", rows=0):
    return Attempt(n, NOW - timedelta(minutes=minutes_ago), outcome, watermark, rows)


def remembering(*attempts, **memory):
    first = NOW - timedelta(days=1)
    entry = Entry(
        n=len(attempts),
        attempts=attempts,
        condition=Condition.MISSING,
        watermark="100/10",
        first_seen_at=first,
        arrived_at=first,
    )
    return Memory({DAY: entry}, **{"healed_before": True, **memory})


def test_a_gap_is_healed():
    (verdict,) = judged(small_pipeline())

    assert verdict.action is Action.HEAL


@pytest.mark.parametrize(("mode", "dry_run"), [("observe", False), ("heal", True), ("observe", True)])
def test_in_observe_or_a_dry_run_a_gap_would_be_healed(mode, dry_run):
    (verdict,) = judged(small_pipeline(), mode=mode, request=Request(Source.SCAN, dry_run=dry_run))

    assert verdict.action is Action.WOULD_HEAL


@pytest.mark.parametrize("outcome", ["published", "unknown"])
def test_a_date_is_left_alone_while_its_lease_lasts(outcome):
    (verdict,) = judged(
        small_pipeline(lease_minutes=120), memory=remembering(attempt(minutes_ago=119, outcome=outcome))
    )

    assert verdict.action is Action.LEASED
    assert verdict.reason.numbers["lease_until"] == "2024-03-20T12:01:00+00:00"


def test_a_date_is_triggered_again_when_its_lease_is_over():
    (verdict,) = judged(small_pipeline(lease_minutes=120), memory=remembering(attempt(minutes_ago=120)))

    assert verdict.action is Action.HEAL


@pytest.mark.parametrize("outcome", ["busy", "failed"])
def test_a_trigger_that_was_not_delivered_holds_no_lease_and_is_no_attempt(outcome):
    attempts = [attempt(n, outcome=outcome, minutes_ago=30 - n) for n in (1, 2, 3, 4)]
    (verdict,) = judged(small_pipeline(max_attempts=3), memory=remembering(*attempts))

    assert verdict.action is Action.HEAL
    assert verdict.attempts == 0


def test_a_heal_of_an_earlier_trigger_renews_the_lease_of_a_later_one():
    """A worker that heals one date every 90 minutes is a queue, not a failure."""
    healed = Heal(NOW - timedelta(minutes=300), NOW - timedelta(minutes=30))
    (verdict,) = judged(
        small_pipeline(lease_minutes=120), memory=remembering(attempt(minutes_ago=200), heals=(healed,))
    )

    assert verdict.action is Action.LEASED


def test_a_heal_that_this_pass_is_the_first_to_see_renews_leases_like_any_other():
    """A lease that is shorter than the time between two scans would else end under a queue that works."""
    first, second = days(2)
    entries = {
        first: remembering(attempt(minutes_ago=61)).entries[DAY],
        second: remembering(attempt(minutes_ago=60)).entries[DAY],
    }
    counts = {
        TableKey("raw", "d.raw"): dict.fromkeys(entries, Count(100, 10)),
        TableKey("refined", "d.refined"): {first: Count(100, 10)},
    }
    seen, memory = Observations(NOW, counts), Memory(entries)
    healed, waits = judge(Case(small_pipeline(lease_minutes=30), "raw_to_refined", seen, memory, SCAN), "heal")

    assert (healed.condition, waits.action) == (Condition.COMPLETE, Action.LEASED)
    assert waits.reason.numbers["lease_until"] == "2024-03-20T12:30:00+00:00"

    of_the_second = Request(Source.BACKFILL, asked=frozenset([second]))
    (goes,) = judge(Case(small_pipeline(lease_minutes=30), "raw_to_refined", seen, memory, of_the_second), "heal")

    assert goes.action is Action.HEAL, "nobody writes the other date's heal down: it would be new in every pass"


def test_a_heal_of_a_later_trigger_renews_nothing():
    healed = Heal(NOW - timedelta(minutes=100), NOW - timedelta(minutes=30))
    (verdict,) = judged(
        small_pipeline(lease_minutes=120), memory=remembering(attempt(minutes_ago=200), heals=(healed,))
    )

    assert verdict.action is Action.HEAL


def test_a_date_whose_attempts_are_used_up_is_stalled():
    attempts = [attempt(n, minutes_ago=3000 - n) for n in (1, 2, 3)]
    (verdict,) = judged(small_pipeline(max_attempts=3), memory=remembering(*attempts))

    assert verdict.action is Action.STALLED
    assert verdict.reason.code == "attempts_used"


def test_new_data_gives_new_attempts():
    attempts = [attempt(n, minutes_ago=3000 - n, watermark="99/9") for n in (1, 2, 3)]
    (verdict,) = judged(small_pipeline(max_attempts=3), memory=remembering(*attempts))

    assert verdict.action is Action.HEAL


@pytest.mark.parametrize("before", ["100", "100/10+7/1", "100/10"], ids=["counts entities now", "a table less", "same"])
def test_an_edit_of_the_file_gives_no_new_attempts_and_makes_no_old_gap_young(before):
    attempts = [attempt(n, minutes_ago=3000 - n, watermark=before) for n in (1, 2, 3)]
    entry = Entry(3, tuple(attempts), Condition.MISSING, Action.HELD, before, None, NOW, NOW - timedelta(days=60))
    policy = {"max_age_days": 30}
    (held,) = judged(small_pipeline(**policy), memory=Memory({DAY: entry._replace(attempts=())}))
    (stalled,) = judged(small_pipeline(**policy), memory=Memory({DAY: entry}))

    assert (held.action, stalled.action) == (Action.HELD, Action.STALLED)


def test_data_that_moves_all_day_does_not_buy_more_than_the_daily_attempts():
    attempts = [attempt(n, minutes_ago=1000 - 200 * n, watermark=f"{n}/9") for n in (1, 2, 3)]
    (verdict,) = judged(small_pipeline(max_attempts=3), memory=remembering(*attempts))

    assert verdict.action is Action.STALLED
    assert verdict.reason.code == "braked"


def test_triggers_after_which_rows_grew_do_not_brake():
    """A live night that arrives in four pieces is four heals, not a storm."""
    attempts = [attempt(n, minutes_ago=1000 - 200 * n, watermark=f"{n}/9", rows=n * 10) for n in (1, 2, 3)]
    (verdict,) = judged(small_pipeline(max_attempts=3), memory=remembering(*attempts), rows=90)

    assert verdict.action is Action.HEAL


@pytest.mark.parametrize(("arrived_days_ago", "action"), [(30, Action.HEAL), (31, Action.HELD)])
def test_a_gap_older_than_max_age_is_held_for_a_person(arrived_days_ago, action):
    entry = Entry(
        condition=Condition.MISSING,
        watermark="100/10",
        first_seen_at=NOW,
        arrived_at=NOW - timedelta(days=arrived_days_ago),
    )
    (verdict,) = judged(small_pipeline(max_age_days=30), memory=Memory({DAY: entry}))

    assert verdict.action is action


def test_what_the_first_scan_finds_is_as_old_as_its_date():
    (verdict,) = judged(small_pipeline(max_age_days=9), memory=Memory(baseline=True))

    assert verdict.action is Action.HELD
    assert verdict.reason.numbers["age_days"] == 10


def test_old_dates_that_arrive_later_are_as_young_as_their_arrival():
    (verdict,) = judged(small_pipeline(max_age_days=9), memory=Memory(baseline=False))

    assert verdict.action is Action.HEAL


def test_age_can_be_counted_from_the_date_itself():
    (verdict,) = judged(small_pipeline(max_age_days=9, age_from="date"))

    assert verdict.action is Action.HELD


def test_a_gap_that_was_young_enough_stays_eligible():
    first = datetime(2024, 3, 11, tzinfo=UTC)
    entry = Entry(condition=Condition.MISSING, watermark="100/10", first_seen_at=first, arrived_at=first)
    (verdict,) = judged(small_pipeline(max_age_days=1), memory=Memory({DAY: entry}))

    assert verdict.action is Action.HEAL
    assert verdict.first_seen_at == first


def test_only_so_many_dates_are_in_flight():
    verdicts = judged(small_pipeline(max_in_flight=4), missing=days(10))

    assert [v.action for v in verdicts] == [Action.HEAL] * 4 + [Action.DEFERRED] * 6
    assert (
        verdicts[-1].reason.sentence
        == "d.refined has no rows, upstream has 100; no room: 4 of 4 dates are in flight or go first"
    )


def test_leased_dates_use_room():
    (first, *_) = dates = days(10)
    memory = Memory({first: remembering(attempt()).entries[DAY]}, healed_before=True)
    verdicts = judged(small_pipeline(max_in_flight=4), missing=dates, memory=memory)

    assert [v.action for v in verdicts] == [Action.LEASED] + [Action.HEAL] * 3 + [Action.DEFERRED] * 6


def test_a_leased_date_that_now_waits_still_uses_room():
    first, second = days(2)
    memory = Memory({first: remembering(attempt()).entries[DAY]}, healed_before=True)
    pipeline = small_pipeline(max_in_flight=1, tables={"raw": {"min_rows": 50}})
    counts = {
        TableKey("raw", "d.raw"): {first: Count(10, 1), second: Count(100, 10)},
        TableKey("refined", "d.refined"): {},
    }
    verdicts = judge(Case(pipeline, "raw_to_refined", Observations(NOW, counts), memory, SCAN), "heal")

    assert [v.condition for v in verdicts] == [Condition.WAITING, Condition.MISSING]
    assert verdicts[1].action is Action.DEFERRED


def test_until_one_trigger_has_healed_there_is_room_for_few():
    verdicts = judged(small_pipeline(max_in_flight=20, breaker_after=3), missing=days(10), memory=Memory())

    assert [v.action for v in verdicts].count(Action.HEAL) == 3
    assert verdicts[-1].reason.code == "slow_start"


def test_newest_first_fills_room_from_the_other_end():
    verdicts = judged(small_pipeline(max_in_flight=2, order="newest"), missing=days(5))

    assert [v.action for v in verdicts] == [Action.DEFERRED] * 3 + [Action.HEAL] * 2


def test_an_events_own_date_goes_before_the_backlog():
    request = Request(Source.EVENT, dates=frozenset({days(5)[4]}))
    verdicts = judged(small_pipeline(max_in_flight=1), missing=days(5), request=request)

    assert [v.action for v in verdicts] == [Action.DEFERRED] * 4 + [Action.HEAL]


def test_nothing_outside_a_requests_dates_is_judged_but_its_leases_use_room():
    first, second, third = days(3)
    memory = Memory({first: remembering(attempt()).entries[DAY]}, healed_before=True)
    request = Request(Source.SCAN, window=Interval.inclusive(second, third))
    verdicts = judged(small_pipeline(max_in_flight=2), missing=[first, second, third], request=request, memory=memory)

    assert [(v.day, v.action) for v in verdicts] == [(second, Action.HEAL), (third, Action.DEFERRED)]
