"""Everything comes at least once: the same push, two passes at the same time, a crash between any two calls."""

from collections import Counter
from datetime import date, timedelta

import pytest

from gapheal.model.passes import Delivery

DAY = date(2024, 6, 18)
DAYS = [DAY - timedelta(days=back) for back in range(10)]


@pytest.fixture
def fed(town):
    """Towns whose upstream has dates, and whose downstream has none of them."""

    def fed(days=(DAY,), **policy):
        made = town(**policy)
        for day in days:
            made.world.warehouse.put("d.raw", day)
        return made

    return fed


@pytest.mark.fault(1)
def test_the_same_push_twice_in_a_row_is_one_trigger(fed):
    place = fed()
    reports = [place.event(DAY) for _ in range(2)]

    assert [report["triggered"] for report in reports] == [1, 0]
    assert reports[1]["actions"]["leased"] == 1
    assert place.world.publisher.days == [DAY]


@pytest.mark.fault(1)
def test_the_same_push_after_its_rows_are_there_finds_nothing(fed):
    place = fed()
    place.event(DAY)
    place.work()
    report = place.event(DAY)

    assert (report["gaps_found"], report["conditions"]["complete"]) == (0, 1)
    assert place.world.publisher.days == [DAY]


def meanwhile(place, other):
    """While the next pass looks at the tables, a whole other pass begins and ends."""

    def observe(real, *args):
        reports = []
        if not place.busy:
            place.busy = True
            reports.append(other())
        seen = real(*args)
        place.meanwhile = [*place.meanwhile, *reports]
        return seen

    place.busy, place.meanwhile = False, []
    return place.breaking("warehouse", "observe", observe)


@pytest.mark.fault(2)
def test_the_same_push_twice_at_once_is_one_trigger(fed):
    """Both have read the ledger before either has claimed."""
    place = fed()
    with meanwhile(place, lambda: place.event(DAY)):
        late = place.event(DAY)
    (early,) = place.meanwhile

    assert (early["triggered"], late["triggered"], late["actions"]["leased"]) == (1, 0, 1)
    assert place.world.publisher.days == [DAY]


@pytest.mark.fault(3)
def test_a_scan_and_an_event_at_once_trigger_their_union_once(fed):
    place = fed(DAYS, breaker_after=len(DAYS))
    with meanwhile(place, lambda: place.event(DAYS[3])):
        place.scan()

    assert Counter(place.world.publisher.days) == Counter(DAYS)


@pytest.mark.fault(4)
def test_a_tick_that_is_sent_twice_triggers_once_and_leaves_two_passes(fed):
    place = fed(DAYS, breaker_after=len(DAYS))
    with meanwhile(place, place.scan):
        place.scan()

    assert Counter(place.world.publisher.days) == Counter(DAYS)
    passes = place.world.ledger.rows["passes"]
    assert len({row["pass_id"] for row in passes}) == len(passes) == 2


@pytest.mark.fault(5)
def test_a_crash_between_claim_and_publish_costs_a_lease_and_nothing_else(fed, crash):
    place = fed(lease_minutes=120)

    def dies(real, *args):
        raise crash

    with place.breaking("publisher", "publish", dies), pytest.raises(crash):
        place.scan()
    assert place.scan()["actions"]["leased"] == 1, "who claimed may still be publishing"
    place.world.clock.advance(minutes=121)
    place.scan()
    assert [(row["n"], row["outcome"]) for row in place.world.ledger.rows["triggers"]] == [(1, "unknown")]
    triggered = []
    for _ in range(10):
        place.world.clock.advance(minutes=30)
        triggered += place.scan()["triggered_dates"]

    assert triggered[0] == str(DAY)
    assert len(triggered) <= 2, "the orphan claim was an attempt, too"


@pytest.mark.fault(6)
def test_a_crash_between_publish_and_record_costs_at_most_one_more_trigger(fed, crash):
    place = fed(lease_minutes=120)

    def dies(real, *args):
        raise crash

    with place.breaking("ledger", "record", dies), pytest.raises(crash):
        place.scan()
    assert place.world.publisher.days == [DAY]
    assert place.scan()["actions"]["leased"] == 1
    for _ in range(2):
        place.world.clock.advance(minutes=121)
        place.scan()
    place.work()
    place.world.clock.advance(minutes=121)

    assert place.scan()["gaps_found"] == 0
    assert place.world.publisher.days == [DAY, DAY]
    assert len({message.trigger_id for message in place.world.publisher.sent}) == 2


@pytest.mark.fault(6)
def test_a_crash_before_the_record_of_a_job_that_worked_costs_nothing(fed, crash):
    place = fed(lease_minutes=120)

    def dies(real, *args):
        raise crash

    with place.breaking("ledger", "record", dies), pytest.raises(crash):
        place.scan()
    place.work()
    place.world.clock.advance(minutes=121)

    assert place.scan()["gaps_found"] == 0
    assert place.world.publisher.days == [DAY]


@pytest.mark.fault(9)
def test_three_of_fifty_that_cannot_be_published_are_told_and_come_next(fed):
    days = [DAY - timedelta(days=back) for back in range(50)]
    bad = set(days[5:8])
    place = fed(days, breaker_after=50, max_in_flight=50)
    place.world.publisher.answer = lambda message: (
        Delivery(message, "failed", error="refused") if bad & set(message.days) else None
    )
    first = place.scan()
    place.world.publisher.answer = lambda _message: None
    second = place.scan()

    assert (first["triggered"], first["actions"]["deferred"], first["errors"]) == (47, 3, ["refused"])
    assert {date.fromisoformat(day) for day in second["triggered_dates"]} == bad
    assert Counter(place.world.publisher.days) == Counter(days)
    assert place.scan()["triggered"] == 0


@pytest.mark.fault(29)
def test_five_years_of_gaps_are_healed_a_few_at_a_time(fed):
    """1,800 dates; the job has done each hour's triggers by the next."""
    days = [DAY - timedelta(days=back) for back in range(1800)]
    place = fed(days, max_in_flight=100)
    passes, open_gaps = 0, 1
    while open_gaps:
        report = place.scan()
        open_gaps, passes = report["gaps_found"], passes + 1
        assert report["triggered"] <= 100
        assert report["triggered"] + report["actions"]["deferred"] == open_gaps, "progress can be read"
        place.work()
        place.world.clock.advance(hours=1)
        assert passes < 25

    assert place.world.publisher.days == sorted(days), "the oldest first, each once"


@pytest.mark.fault(30)
def test_a_date_that_never_heals_is_given_up_and_no_other_suffers(fed):
    place, poison = fed(DAYS, max_attempts=3), DAYS[4]
    for _ in range(60):
        place.scan()
        place.work()
        place.world.warehouse.drop("d.refined", poison)
        place.world.clock.advance(hours=1)
    report = place.scan()

    assert Counter(place.world.publisher.days) == Counter([*DAYS, poison, poison])
    assert (report["gaps_found"], report["actions"]["stalled"]) == (1, 1)
