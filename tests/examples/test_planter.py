from __future__ import annotations

from datetime import date
from itertools import pairwise

import pytest

import planter
import world

SEEDS = (1, 7, 42)
PHASES = ("phase3", "phase4", "phase5", "phase6")


def lost(plan: planter.Plan, phase: str, day: date) -> dict[world.Output, int]:
    return {loss.output: loss.games for loss in plan.losses if (loss.phase, loss.day) == (phase, day)}


def kept(plan: planter.Plan, phase: str, day: date) -> list[int]:
    """How many games each table of a phase keeps of a date."""
    gone = lost(plan, phase, day)
    return [due[day] - gone.get(output, 0) for output, due in plan.games[phase].items() if day in due]


def test_without_a_number_only_the_playoffs_and_a_season_s_grades_are_missing():
    plan = planter.plant(None)

    assert {phase: len(days) for phase, days in plan.gaps.items()} == dict.fromkeys(PHASES, 137) | {"grading": 199}
    assert plan.script == ""


@pytest.mark.parametrize("number", SEEDS)
def test_a_number_always_plants_the_same(number):
    assert planter.plant(number) == planter.plant(number)
    assert planter.plant(number) != planter.plant(number + 1)


@pytest.mark.parametrize("number", SEEDS)
def test_both_kinds_of_loss_are_planted_and_warm_ups_lose_phase_3_only(number):
    plan = planter.plant(number)
    features = plan.games["phase5"][world.PHASES["phase5"].outputs[0]]
    warm_up = [loss for loss in plan.losses if loss.day not in features]

    assert {loss.kind for loss in plan.losses} == {planter.MISSING, planter.PARTIAL}
    assert {loss.phase for loss in warm_up} == {"phase3"}
    assert plan.exhibitions
    assert not {day for due in plan.games["phase3"].values() for day in due}.intersection(plan.exhibitions)


@pytest.mark.parametrize("number", SEEDS)
def test_a_date_loses_one_of_five_tables_or_more_and_tables_due_on_that_day_only(number):
    plan = planter.plant(number)
    broken = {(loss.phase, loss.day) for loss in plan.losses if loss.phase in {"phase3", "phase4"}}

    assert {len(lost(plan, *each)) for each in broken} >= {1, 5}
    assert all(loss.games <= plan.games[loss.phase][loss.output][loss.day] for loss in plan.losses)


@pytest.mark.parametrize("number", SEEDS)
def test_later_phases_of_a_lost_date_may_be_lost_or_still_there(number):
    plan = planter.plant(number)
    gone = {phase: {loss.day for loss in plan.losses if loss.phase == phase} for phase in PHASES}
    pairs = [(day, day in gone[after]) for before, after in pairwise(PHASES) for day in gone[before]]

    assert {also_lost for _, also_lost in pairs} == {True, False}


@pytest.mark.parametrize("number", range(50))
def test_part_of_a_date_that_nobody_can_see_to_be_partial_never_stands_before_less_of_it(number):
    plan = planter.plant(number)

    for before, here, *after in (
        ("phase3", "phase4", "phase5"),
        ("phase4", "phase5", "phase6", "grading"),
    ):
        for day in {loss.day for loss in plan.losses if loss.phase == here}:
            seen_to_be_partial = min(kept(plan, here, day)) < max(kept(plan, before, day))
            later = [games for phase in after for games in kept(plan, phase, day)]
            later += [0] if "grading" in after and day in plan.gaps["grading"] else []
            assert seen_to_be_partial or not min(kept(plan, here, day)) or min(later) >= max(kept(plan, here, day))


@pytest.mark.emulator
@pytest.mark.parametrize("number", SEEDS)
def test_what_is_planted_is_what_the_plan_says(warehouse, games, number):
    plan = planter.plant(number, ["2021-22"])
    warehouse.run(plan.script)

    for phase, tables in plan.games.items():
        short = set()
        for output, due in tables.items():
            found = games(warehouse, output)
            short |= {day for day, count in due.items() if found.get(day, 0) < count}
            assert found.keys() <= due.keys()
        assert short == plan.gaps[phase]


@pytest.mark.emulator
def test_exhibitions_stand_in_phase_2_and_are_computed_by_nobody(four_seasons, games):
    plan = planter.plant(SEEDS[0])
    four_seasons.run(planter.Plan((), plan.exhibitions, {}, {}).script)
    try:
        found = games(four_seasons, world.Output(world.RAW))
        computed = [
            four_seasons.run(f"SELECT COUNT(*) AS rows_made FROM ({output.select})", dates=plan.exhibitions[:1])
            for output in world.PHASES["phase3"].outputs
        ]
    finally:
        four_seasons.run(f"DELETE FROM {world.RAW} WHERE game_kind = 'exhibition'")

    assert found.keys() - {day.day for day in world.calendar()} == set(plan.exhibitions)
    assert computed == [[{"rows_made": 0}]] * 5
