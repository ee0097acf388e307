"""Killed at any moment and gone on with: the same rows, no date done twice; and ended by a person's word."""

from collections import Counter
from random import Random

import pytest
from tests.backfill.conftest import FIRST, Crash, chain, days

from gapheal.backfill import Cancelled, Desk, Interrupted, every
from gapheal.errors import ConfigError, Unavailable

PHASES = (["raw"], ["refined", "second"], ["served"])
DAYS = 12


@pytest.fixture
def chained(plant):
    def chained(**policy):
        made = plant(chain(*PHASES, **{"lease_minutes": 5, **policy}))
        made.fill("phase2", days(DAYS))
        return made

    return chained


def run_with_deaths(plant, order, moments):
    """Every process dies after so many half calls, the last one lives; how many died."""
    died = 0
    for moment in moments:
        plant.crash_in = moment
        try:
            plant.go(order)
            break
        except Crash:
            died += 1
    plant.crash_in = None
    plant.go(order)
    return died


@pytest.mark.parametrize("seed", range(20))
def test_killed_at_random_moments_the_end_is_the_same(chained, seed):
    random, plant, calm = Random(seed), chained(), chained()  # noqa: S311 - to be repeated, not to be secret
    calm.backfill(calm.wish(FIRST, days(DAYS)[-1]))
    order = plant.begin(plant.wish(FIRST, days(DAYS)[-1]))

    died = run_with_deaths(plant, order, [random.randint(1, 200) for _ in range(4)])

    assert died
    assert plant.tables() == calm.tables()
    assert set(Counter(plant.log).values()) == {1}


@pytest.mark.parametrize("seed", range(6))
def test_killed_while_a_date_fails_it_is_tried_no_more_than_allowed(chained, seed):
    random, plant = Random(seed), chained(max_attempts=2)  # noqa: S311 - as above
    plant.broken.add(("phase3", days(DAYS)[3]))
    order = plant.begin(plant.wish(FIRST, days(DAYS)[-1]))

    run_with_deaths(plant, order, [random.randint(50, 400) for _ in range(4)])

    assert Counter(plant.log)["phase3", days(DAYS)[3]] <= 2
    assert len(plant.held("served")) == DAYS - 1


def test_a_finished_one_is_not_gone_on_with(chained):
    plant = chained()
    order = plant.begin(plant.wish(FIRST, FIRST))
    plant.go(order)

    with pytest.raises(ConfigError, match=f"expected a backfill that is open, found {order.id}, finished"):
        Desk(plant.app).find(order.id).must_be_open()


def test_the_same_wish_is_the_same_backfill(chained):
    plant = chained()
    order = plant.begin(plant.wish(FIRST, days(DAYS)[-1]))

    assert Desk(plant.app).same(plant.wish(FIRST, days(DAYS)[-1])).order == order
    assert Desk(plant.app).same(plant.wish(FIRST, days(DAYS)[-2])) is None


def test_a_wish_to_stop_ends_between_two_passes(chained):
    plant = chained()
    order = plant.begin(plant.wish(FIRST, days(DAYS)[-1]))

    with pytest.raises(Interrupted):
        plant.go(order, is_over=lambda: len(plant.log) > 4)
    plant.go(order)

    assert set(Counter(plant.log).values()) == {1}
    assert len(plant.held("served")) == DAYS


def test_cancelled_it_ends_and_frees_what_it_has_not_triggered(chained):
    plant = chained(max_in_flight=2)
    plant.seconds = lambda *_: 100.0
    order = plant.begin(plant.wish(FIRST, days(DAYS)[-1]))
    answers = []

    def watch(_):
        if len(plant.log) >= 4 and not answers:
            desk = Desk(plant.app)
            answers.append(desk.cancel(desk.find(order.id), "bob"))

    with pytest.raises(Cancelled):
        plant.go(order, watch)

    (answer,) = answers
    second, third = [str(day) for day in days(DAYS)[:2]], [str(day) for day in days(DAYS)[2:4]]
    assert answer["in_flight"] == {
        "phase2_to_phase3": [f"{third[0]}..{third[1]}"],
        "phase3_to_phase4": [f"{second[0]}..{second[1]}"],
    }
    words = plant.world.ledger.backfill_words(order.id)
    assert answer["freed"] == sum(row["decision"] == "cancel" for row in words)
    still = {row["partition_date"] for row in words if row["decision"] == "retry"}
    assert still == {*second, *third}
    (kept,) = every(plant.app.loop.ledger)
    assert (kept.state, kept.is_open) == ("cancelled", False)


@pytest.mark.parametrize("late", ["interrupt", "resume"])
def test_cancelled_it_stays_so_whatever_a_process_still_at_work_says(chained, late):
    """Ctrl-C where it runs, just after somebody has cancelled it elsewhere: its dates stay free."""
    plant = chained()
    order = plant.begin(plant.wish(FIRST, days(DAYS)[-1]))
    desk = Desk(plant.app)
    found = desk.find(order.id)
    desk.cancel(found, "bob")

    desk.interrupt(order, "ada") if late == "interrupt" else desk.resume(found, "ada")

    (kept,) = every(plant.app.loop.ledger)
    assert (kept.state, kept.is_open, kept.last.who) == ("cancelled", False, "bob")
    assert desk.same(order.wish) is None
    assert kept.ended_at == kept.last.at
    with pytest.raises(ConfigError, match=f"found {order.id}, cancelled"):
        kept.must_be_open()
    with pytest.raises(Cancelled):
        plant.go(order, is_over=lambda: False)


def test_a_service_that_is_away_for_a_while_is_asked_again(chained):
    plant, trouble = chained(), []
    order = plant.begin(plant.wish(FIRST, days(DAYS)[-1]))

    def watch(found):
        trouble.append(found.trouble)
        away = 3 <= len(trouble) < 8
        plant.world.warehouse.fails = Unavailable("BigQuery did not answer") if away else None

    plant.go(order, watch)

    assert [each for each in trouble if each] == ["BigQuery did not answer"] * 5
    assert set(Counter(plant.log).values()) == {1}


def test_a_service_that_stays_away_ends_it_and_it_can_be_resumed(chained):
    plant = chained()
    order = plant.begin(plant.wish(FIRST, days(DAYS)[-1]))

    def watch(_):
        plant.world.warehouse.fails = Unavailable("BigQuery did not answer")

    with pytest.raises(Unavailable):
        plant.go(order, watch)
    plant.world.warehouse.fails = None
    plant.go(order)

    assert len(plant.held("served")) == DAYS
    assert 600 < plant.elapsed < 900
