"""One command brings a range through every phase: by the same passes, whole dates only, each date once."""

from collections import Counter

import pytest
from tests.backfill.conftest import FIRST, chain, days

from gapheal.backfill import Kind
from gapheal.model.passes import Message, Request, Source

PHASES = (["raw"], ["refined"], ["served"], ["shown"])


@pytest.fixture
def chained(plant):
    """Thirty dates that never went beyond the first phase."""
    plant = plant(chain(*PHASES))
    plant.fill("phase2", days(30))
    return plant


def test_every_date_goes_through_every_phase_once(chained):
    works = chained.backfill(chained.wish(FIRST, days(30)[-1]))

    assert chained.held("shown") == set(days(30))
    assert Counter(chained.log) == {(f"phase{n}", day): 1 for n in (3, 4, 5) for day in days(30)}
    assert all(end.kind is Kind.DONE and end.healed for work in works.values() for end in work.ends.values())


def test_what_a_scan_holds_is_healed_in_mode_observe(chained):
    for name in chained.pipeline.transitions:
        chained.app.run(name, Request(Source.SCAN))
    assert chained.world.publisher.sent == []

    chained.backfill(chained.wish(FIRST, days(30)[-1]))

    assert chained.held("shown") == set(days(30))


def test_nothing_outside_the_range_is_asked_for(chained):
    chained.backfill(chained.wish(days(30)[5], days(30)[9]))

    assert {day for _, day in chained.log} == set(days(30)[5:10])


def test_a_list_of_dates_is_just_those(chained):
    wanted = frozenset({days(30)[3], days(30)[20]})
    chained.backfill(chained.wish(min(wanted), max(wanted), dates=wanted))

    assert {day for _, day in chained.log} == wanted


def test_a_failed_date_stops_only_what_follows_it(chained):
    poisoned = days(30)[4]
    chained.broken.add(("phase4", poisoned))

    works = chained.backfill(chained.wish(FIRST, days(30)[-1]))

    assert works["phase3_to_phase4"].ends[poisoned].kind is Kind.FAILED
    assert works["phase4_to_phase5"].ends[poisoned].kind is Kind.BLOCKED
    assert chained.held("shown") == set(days(30)) - {poisoned}
    assert Counter(chained.log)["phase4", poisoned] == 3


def test_one_of_five_tables_missing_holds_that_date_alone(plant):
    analytics = ["summary", "offense", "defense", "players", "teams"]
    plant = plant(chain(["raw"], analytics, ["served"]))
    plant.fill("phase2", days(10))
    plant.lacking = {"d.defense": {days(10)[6]}}

    works = plant.backfill(plant.wish(FIRST, days(10)[-1]))

    end = works["phase2_to_phase3"].ends[days(10)[6]]
    assert (end.kind, "d.defense" in end.sentence) == (Kind.FAILED, True)
    assert plant.held("served") == set(days(10)) - {days(10)[6]}


@pytest.mark.parametrize("games", [0, 1, 4])
def test_one_of_five_tables_short_of_games_holds_that_date_alone(plant, games):
    """Not a row of it, one game of five, or four: phase 4 is asked for the other dates, and never for this one."""
    analytics = ["summary", "offense", "defense", "players", "teams"]
    plant = plant(chain(["raw"], analytics, ["served"]))
    plant.fill("phase2", days(10))
    plant.fill("phase3", days(10))
    plant.world.warehouse.put("d.players", days(10)[6], 10 * games, games)

    works = plant.backfill(plant.wish(FIRST, days(10)[-1], "4"))

    assert works["phase3_to_phase4"].ends[days(10)[6]].kind is Kind.WAITING
    assert plant.held("served") == set(days(10)) - {days(10)[6]}
    assert plant.observed == 5 * 9


def test_the_observer_sees_what_it_is_there_for(chained):
    """A job that is asked for a date of which its input lacks a game ends the test; so it can fail."""
    chained.fill("phase3", [FIRST], games=4)
    message = Message("t", (FIRST,), b"{}", {"transition": "phase3_to_phase4"})

    with pytest.raises(AssertionError, match=r"phase4 was asked for 2024-03-01 with 4 of 5 games in d\.refined"):
        chained.world.publisher.answer(message)


def test_newest_first(chained):
    chained.backfill(chained.wish(FIRST, days(30)[-1], newest_first=True))

    begun = [day for phase, day in chained.log if phase == "phase3"]
    assert set(begun[:5]) == set(days(30)[-5:])


def test_never_more_in_flight_than_said(chained):
    most = []
    chained.servers = 100

    def watch(found):
        most.append(max(work.in_flight for work in found.works.values()))

    chained.backfill(chained.wish(FIRST, days(30)[-1], max_in_flight=3), watch)

    assert max(most) == 3


def test_dates_that_were_tried_in_vain_before_are_tried_once_more(chained):
    held = days(30)[2]
    chained.broken.add(("phase3", held))
    chained.backfill(chained.wish(held, held))
    assert Counter(chained.log)["phase3", held] == 3

    chained.broken.clear()
    chained.backfill(chained.wish(FIRST, days(30)[-1]))

    assert held in chained.held("shown")


def test_only_missing_leaves_partial_dates(chained):
    partial = days(30)[1]
    chained.world.warehouse.put("d.refined", partial, 10, 1)

    works = chained.backfill(chained.wish(FIRST, days(30)[3], "3", only="missing"))

    assert works == {} or partial not in works["phase2_to_phase3"].ends
    assert Counter(chained.log) == {("phase3", day): 1 for day in days(4) if day != partial}


def test_phases_alone_by_number(chained):
    chained.backfill(chained.wish(FIRST, days(30)[-1], "3"))

    assert chained.held("refined") == set(days(30))
    assert chained.held("served") == set()


def test_a_date_that_upstream_has_in_part_waits_and_is_told(chained):
    short = days(30)[7]
    chained.fill("phase3", [short], games=2)
    chained.fill("phase3", [days(30)[8]])

    works = chained.backfill(chained.wish(FIRST, days(30)[-1], "4"))

    assert works["phase3_to_phase4"].ends[short].kind is Kind.WAITING
    assert chained.held("served") == {days(30)[8]}


def test_it_waits_for_rows_and_not_for_messages(chained):
    rounds = []
    chained.seconds = lambda *_: 600.0

    chained.backfill(chained.wish(FIRST, FIRST), rounds.append)

    assert chained.elapsed >= 3 * 600
    assert chained.elapsed <= 1.2 * 3 * 600
    assert len(rounds) < 200
