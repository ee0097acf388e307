from __future__ import annotations

from datetime import date

import pytest

import planter
import seed
import world

SEEDS = (1, 7, 42)


def test_without_a_number_the_playoffs_alone_are_missing():
    plan = planter.plant(None)

    assert {phase: len(days) for phase, days in plan.gaps.items()} == {3: 137, 4: 137, 5: 137, 6: 137}
    assert plan.script == ""


@pytest.mark.parametrize("number", SEEDS)
def test_a_number_always_plants_the_same(number):
    assert planter.plant(number) == planter.plant(number)
    assert planter.plant(number) != planter.plant(number + 1)


@pytest.mark.parametrize("number", SEEDS)
def test_both_kinds_of_loss_are_planted_and_warm_ups_lose_phase_3_only(number):
    plan = planter.plant(number)
    warm_up = [loss for loss in plan.losses if loss.day not in plan.games[4]]

    assert {loss.kind for loss in plan.losses} == {planter.MISSING, planter.PARTIAL}
    assert {loss.phase for loss in warm_up} == {3}
    assert plan.exhibitions
    assert not set(plan.exhibitions) & plan.games[3].keys()


@pytest.mark.parametrize("number", SEEDS)
def test_later_phases_of_a_lost_date_may_be_lost_or_still_there(number):
    plan = planter.plant(number)
    gone = {phase: {loss.day for loss in plan.losses if loss.phase == phase} for phase in world.PHASES}
    pairs = [(day, day in gone[phase + 1]) for phase in (3, 4, 5) for day in gone[phase] if day in plan.games[4]]

    assert {also_lost for _, also_lost in pairs} == {True, False}


@pytest.mark.parametrize("number", range(50))
def test_part_of_a_date_that_nobody_can_see_to_be_partial_never_stands_before_less_of_it(number):
    plan = planter.plant(number)
    lost = {(loss.phase, loss.day): loss.games for loss in plan.losses}

    def kept(phase: int, day: date) -> int:
        return plan.games[phase][day] - lost.get((phase, day), 0)

    for phase in (4, 5):
        for day in (day for number, day in lost if number == phase):
            seen_to_be_partial = kept(phase, day) < kept(phase - 1, day)
            assert seen_to_be_partial or kept(phase + 1, day) >= kept(phase, day)


@pytest.mark.emulator
@pytest.mark.parametrize("number", SEEDS)
def test_what_is_planted_is_what_the_plan_says(warehouse, games, number):
    plan = planter.plant(number, ["2021-22"])
    warehouse.run(plan.script)

    for phase, due in plan.games.items():
        found = games(warehouse, world.PHASES[phase].table)
        assert {day for day, count in due.items() if found.get(day, 0) < count} == plan.gaps[phase]
        assert found.keys() <= due.keys()


@pytest.mark.emulator
def test_exhibitions_stand_in_phase_2_and_are_computed_by_nobody(three_seasons, games):
    plan = planter.plant(SEEDS[0])
    three_seasons.run(planter.Plan((), plan.exhibitions, {}, {}).script)
    try:
        found = games(three_seasons, world.RAW)
        computed = three_seasons.run(
            f"SELECT COUNT(*) AS rows_made FROM ({world.PHASES[3].select})",
            start_date=min(plan.exhibitions),
            end_date=min(plan.exhibitions),
        )
    finally:
        three_seasons.run(f"DELETE FROM {world.RAW} WHERE game_kind = 'exhibition'")

    assert found.keys() - {day.day for day in world.calendar(seed.SEASONS)} == set(plan.exhibitions)
    assert computed == [{"rows_made": 0}]
