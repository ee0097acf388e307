from __future__ import annotations

from datetime import date

import pytest

import seed
import world

PLAYOFFS = {"2021-22": 87, "2022-23": 84, "2023-24": 88}
FIRST_DATES = {world.WARM_UP_DAYS: date(2021, 11, 2), 17: date(2021, 11, 5), 25: date(2021, 11, 13)}
SUMMARY = world.PHASES["phase3"].outputs[0]
FACTORS = world.PHASES["phase4"].outputs[0]


def test_the_calendar_has_the_games_that_were_found_missing():
    days = [day for day in world.calendar() if seed.in_holes(day.day)]

    assert len(days) == 137
    assert sum(day.games for day in days) == 259
    assert {s: sum(day.games for day in days if day.season == s) for s in PLAYOFFS} == PLAYOFFS


def test_the_ungraded_season_has_199_dates_to_grade():
    days = world.calendar([seed.UNGRADED])
    due = world.expected_games(days, seed.GRADES)

    assert len(days) == 215
    assert len(world.expected_games(days, SUMMARY)) == 213, "less two all-star dates"
    assert len(due) == 199, "less two weeks of warm-up"
    assert due[seed.TEST_ROW] > 1, "one graded row is part of the date"


@pytest.mark.emulator
def test_phases_1_and_2_have_every_game_of_the_calendar(four_seasons, games):
    every = {day.day: day.games for day in world.calendar()}

    assert games(four_seasons, world.Output(world.SCHEDULE)) == every
    assert games(four_seasons, world.Output(world.RAW)) == every
    assert len(every) == 853


@pytest.mark.emulator
@pytest.mark.parametrize("output", [output for output in seed.COMPUTED if output != seed.GRADES], ids=lambda o: o.name)
def test_later_phases_have_every_game_but_the_playoffs_and_what_is_left_out_by_design(four_seasons, games, output):
    due = world.expected_games(world.calendar(), output)

    assert games(four_seasons, output) == {day: count for day, count in due.items() if not seed.in_holes(day)}


@pytest.mark.emulator
def test_of_the_last_season_one_row_is_graded(four_seasons, games):
    due = world.expected_games(world.calendar(world.SEASONS[:3]), seed.GRADES)
    found = games(four_seasons, seed.GRADES)
    (rows,) = four_seasons.run(
        f"SELECT COUNT(*) AS number FROM {seed.GRADES.table} WHERE game_date = @day", day=seed.TEST_ROW
    )

    assert rows["number"] == 1
    assert found == {day: count for day, count in due.items() if not seed.in_holes(day)} | {seed.TEST_ROW: 1}


@pytest.mark.parametrize("output", seed.COMPUTED, ids=lambda output: output.name)
def test_all_star_dates_end_in_phase_2_and_each_table_has_its_own_warm_up(output):
    due = world.expected_games(world.calendar(["2021-22"]), output)

    assert date(2022, 2, 20) not in due
    assert min(due) == FIRST_DATES.get(output.warm_up, date(2021, 10, 19))


@pytest.mark.emulator
def test_box_scores_are_plausible(four_seasons):
    (game,) = four_seasons.run(
        "SELECT MIN(n) AS fewest, MAX(n) AS most FROM "
        f"(SELECT COUNT(DISTINCT player_id) AS n FROM {world.RAW} GROUP BY game_id)"
    )
    (team,) = four_seasons.run(
        "SELECT MIN(points) AS low, AVG(points) AS mean, MAX(points) AS high FROM "
        f"(SELECT SUM(points) AS points FROM {SUMMARY.table} GROUP BY game_id, team)"
    )
    twice = four_seasons.run(
        f"SELECT game_date, team FROM {world.RAW} GROUP BY game_date, team HAVING COUNT(DISTINCT game_id) > 1"
    )

    assert 20 <= game["fewest"] < game["most"] <= 26
    assert 60 < team["low"] < 95 < team["mean"] < 120 < team["high"] < 160
    assert twice == [], "no team plays twice on one date"


@pytest.mark.emulator
@pytest.mark.parametrize("output", seed.COMPUTED, ids=lambda output: output.name)
def test_no_row_stands_twice(four_seasons, output):
    keys = [c.name for c in four_seasons.client.get_table(output.table, timeout=10).schema]
    names = ", ".join({"game_id", "player_id", "team", "export_type"}.intersection(keys))
    rows = four_seasons.run(f"SELECT {names} FROM {output.table} GROUP BY {names} HAVING COUNT(*) > 1 LIMIT 1")

    assert rows == []


@pytest.mark.emulator
def test_every_machine_makes_the_same_rows_and_seeding_again_starts_over(warehouse, content):
    week = [date(2021, 10, day) for day in range(19, 26)]
    raw = world.Output(world.RAW)
    before = content(warehouse, raw, *week)
    warehouse.run(f"DELETE FROM {world.RAW} WHERE game_date > '2021-10-20'")

    seed.seed(warehouse, ["2021-22"])

    assert content(warehouse, raw, *week) == before
    assert before[0] == (
        *(2021, date(2021, 10, 19), "0022100001", "20211019/CHIORL", "regular", 154201, "CHI", "ORL"),
        *(30, 6, 12, 0, 0, 1, 8, 5, 3),
    ), "the same on every machine"


@pytest.mark.emulator
def test_the_queries_that_once_showed_the_hole_run_as_they_are(four_seasons):
    project = four_seasons.project
    by_season = four_seasons.run(
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
    (dates,) = four_seasons.run(
        f"""
        SELECT COUNT(DISTINCT game_date) AS dates
        FROM `{project}.nba_precompute.player_composite_factors`
        WHERE game_date >= '2022-04-15' AND game_date <= '2022-06-18';
        """
    )

    assert {row["season_year"]: row["games"] for row in by_season} == {2021: 2, 2022: 1236, 2023: 1230}
    assert dates["dates"] == 1, "the last play-in date stands alone, the playoffs are not there"


@pytest.mark.emulator
def test_datasets_are_where_the_pipeline_says_and_tables_partitioned_by_their_date(four_seasons):
    for output in (world.Output(world.SCHEDULE), world.Output(world.RAW), *seed.COMPUTED):
        dataset = four_seasons.client.get_dataset(output.table.partition(".")[0], timeout=10)
        table = four_seasons.client.get_table(output.table, timeout=10)

        assert dataset.location == "us-west2"
        assert table.time_partitioning.field == output.date_column
