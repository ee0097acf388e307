from __future__ import annotations

from datetime import date

import pytest

import seed
import world

PLAYOFFS = {"2021-22": 87, "2022-23": 84, "2023-24": 88}


def test_the_calendar_has_the_games_that_were_found_missing():
    days = [day for day in world.calendar(seed.SEASONS) if seed.in_holes(day.day)]

    assert len(days) == 137
    assert sum(day.games for day in days) == 259
    assert {s: sum(day.games for day in days if day.season == s) for s in PLAYOFFS} == PLAYOFFS


@pytest.mark.emulator
def test_phase_2_has_every_game_of_the_calendar(three_seasons, games):
    found = games(three_seasons, world.RAW)

    assert found == {day.day: day.games for day in world.calendar(seed.SEASONS)}
    assert len(found) == 638


@pytest.mark.emulator
@pytest.mark.parametrize("phase", world.PHASES)
def test_later_phases_have_every_game_but_the_playoffs_and_what_is_left_out_by_design(three_seasons, games, phase):
    due = world.expected_games(world.calendar(seed.SEASONS), phase)

    assert games(three_seasons, world.PHASES[phase].table) == {
        day: count for day, count in due.items() if not seed.in_holes(day)
    }


def test_all_star_dates_end_in_phase_2_and_warm_ups_in_phase_3():
    days = world.calendar(seed.SEASONS)

    assert date(2022, 2, 20) not in world.expected_games(days, 3)
    assert {date(2021, 10, 19), date(2021, 11, 1)} <= world.expected_games(days, 3).keys()
    assert not {date(2021, 10, 19), date(2021, 11, 1)} & world.expected_games(days, 4).keys()
    assert date(2021, 11, 2) in world.expected_games(days, 4)


@pytest.mark.emulator
def test_box_scores_are_plausible(three_seasons):
    (game,) = three_seasons.run(
        "SELECT MIN(n) AS fewest, MAX(n) AS most FROM "
        f"(SELECT COUNT(DISTINCT player_id) AS n FROM {world.RAW} GROUP BY game_id)"
    )
    (team,) = three_seasons.run(
        "SELECT MIN(points) AS low, AVG(points) AS mean, MAX(points) AS high FROM "
        "(SELECT SUM(points) AS points FROM nba_analytics.player_game_summary GROUP BY game_id, team)"
    )
    twice = three_seasons.run(
        f"SELECT game_date, team FROM {world.RAW} GROUP BY game_date, team HAVING COUNT(DISTINCT game_id) > 1"
    )

    assert 20 <= game["fewest"] < game["most"] <= 26
    assert 60 < team["low"] < 95 < team["mean"] < 120 < team["high"] < 160
    assert twice == [], "no team plays twice on one date"


@pytest.mark.emulator
def test_every_machine_makes_the_same_rows_and_seeding_again_starts_over(warehouse, content):
    week = date(2021, 10, 19), date(2021, 10, 25)
    before = content(warehouse, world.RAW, *week)
    warehouse.run(f"DELETE FROM {world.RAW} WHERE game_date > DATE '2021-10-20'")

    seed.seed(warehouse, ["2021-22"])

    assert content(warehouse, world.RAW, *week) == before
    assert before[0] == (
        *(2021, date(2021, 10, 19), "0022100001", "20211019/CHIORL", "regular", 154201, "CHI", "ORL"),
        *(30, 6, 12, 0, 0, 1, 8, 5, 3),
    ), "the same on every machine"


@pytest.mark.emulator
def test_the_queries_that_once_showed_the_hole_run_as_they_are(three_seasons):
    project = three_seasons.project
    by_season = three_seasons.run(
        f"""
        SELECT
          season_year,
          COUNT(DISTINCT game_code) as games
        FROM `{project}.nba_analytics.player_game_summary`
        WHERE season_year IN (2021, 2022, 2023)
          AND game_date >= '2022-04-15'  -- Playoff start
        GROUP BY season_year;
        """
    )
    (dates,) = three_seasons.run(
        f"""
        SELECT COUNT(DISTINCT game_date) AS dates
        FROM `{project}.nba_precompute.player_composite_factors`
        WHERE game_date >= '2022-04-15' AND game_date <= '2022-06-18';
        """
    )

    assert {row["season_year"]: row["games"] for row in by_season} == {2021: 2, 2022: 1236, 2023: 1230}
    assert dates["dates"] == 1, "the last play-in date stands alone, the playoffs are not there"


@pytest.mark.emulator
def test_datasets_are_where_the_pipeline_says_and_tables_partitioned_by_date(three_seasons):
    tables = [world.SCHEDULE, world.RAW, *(phase.table for phase in world.PHASES.values())]

    for name in tables:
        assert three_seasons.client.get_dataset(name.partition(".")[0], timeout=10).location == "us-west2"
        assert three_seasons.client.get_table(name, timeout=10).time_partitioning.field == "game_date"
