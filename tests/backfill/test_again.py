"""Complete dates made anew after a mend of the code: each once, phase after phase, and every pass knows of it."""

from collections import Counter

import pytest
from tests.backfill.conftest import FIRST, Crash, chain, days

from gapheal.backfill import Kind
from gapheal.model.passes import Request, Source

DAYS = days(10)
PHASES = (["raw"], ["refined", "second"], ["served"])
EACH_ONCE = {(phase, day): 1 for phase in ("phase3", "phase4") for day in DAYS}


@pytest.fixture
def made(plant):
    """Everything is there, complete."""

    def made(*, tells_writes: bool, **policy):
        found = plant(chain(*PHASES, **{"lease_minutes": 10, **policy}), tells_writes=tells_writes)
        for phase in ("phase2", "phase3", "phase4"):
            found.fill(phase, DAYS)
        found.sleep(7200)
        return found

    return made


@pytest.mark.parametrize("tells_writes", [True, False])
def test_every_date_is_made_once_and_in_order(made, tells_writes):
    plant = made(tells_writes=tells_writes)

    works = plant.backfill(plant.wish(DAYS[0], DAYS[-1], again=True))

    assert Counter(plant.log) == EACH_ONCE
    assert all(end.kind is Kind.DONE for work in works.values() for end in work.ends.values())
    for day in DAYS:
        assert plant.log.index(("phase3", day)) < plant.log.index(("phase4", day))


def test_without_it_complete_dates_are_left_alone(made):
    plant = made(tells_writes=True)

    plant.backfill(plant.wish(DAYS[0], DAYS[-1]))

    assert plant.log == []


def test_scans_beside_it_take_no_date_for_healed_that_is_on_its_way(made):
    plant = made(tells_writes=True, mode="heal")

    def watch(_):
        for name in plant.pipeline.transitions:
            plant.app.run(name, Request(Source.SCAN))

    plant.backfill(plant.wish(DAYS[0], DAYS[-1], again=True), watch)

    assert Counter(plant.log) == EACH_ONCE


@pytest.mark.parametrize("moments", [[60, 60, 60, 60], [100, 30, 200], [7, 150, 90, 40]])
@pytest.mark.parametrize("tells_writes", [True, False])
def test_killed_and_resumed_no_date_is_made_twice(made, tells_writes, moments):
    plant = made(tells_writes=tells_writes)
    order = plant.begin(plant.wish(DAYS[0], DAYS[-1], again=True))

    for moment in moments:
        plant.crash_in = moment
        with pytest.raises(Crash):
            plant.go(order)
    plant.go(order)

    assert Counter(plant.log) == EACH_ONCE


def test_a_re_run_that_writes_nothing_ends(made):
    plant = made(tells_writes=True)
    plant.broken = {("phase3", DAYS[2])}

    works = plant.backfill(plant.wish(DAYS[0], DAYS[-1], again=True))

    end = works["phase2_to_phase3"].ends[DAYS[2]]
    assert (end.kind, end.code) == (Kind.DONE, "rerun")
    assert Counter(plant.log) == EACH_ONCE


def test_missing_dates_among_them_are_made_once(made):
    plant = made(tells_writes=False)
    for table in ("d.refined", "d.second", "d.served"):
        plant.world.warehouse.drop(table, DAYS[4])

    plant.backfill(plant.wish(DAYS[0], DAYS[-1], again=True))

    assert Counter(plant.log) == EACH_ONCE


def test_it_outlives_what_the_file_says_of_stale(made):
    plant = made(tells_writes=True, stale="ignore")

    plant.backfill(plant.wish(FIRST, FIRST, again=True))

    assert plant.log == [("phase3", FIRST), ("phase4", FIRST)]
