"""What is explained is what is there: every number of a verdict, against counts that SQL was asked for directly."""

import re
from datetime import date, timedelta

import pytest

RAW, LATE, SUMMARY, DEFENSE = (
    "nba_raw.box_scores",
    "nba_raw.late_files",
    "nba_analytics.summary",
    "nba_analytics.defense",
)
NEXT = "phase2_to_phase3"
WHOLE, ABSENT, HALF, FEW_ROWS, WAITING, EXCUSED = (date(2024, 1, 1) + timedelta(days=each) for each in range(6))

FILE = f"""
phases:
  phase2:
    tables:
      - {{table: {RAW}, where: "season_type != 'exhibition'"}}
      - {{table: {LATE}}}
  phase3:
    tables:
      - {{table: {SUMMARY}}}
      - {{table: {DEFENSE}, date_column: analysis_date, entity_column: null, min_rows: 5}}
transitions:
  {NEXT}: {{policy: {{min_completeness: 0.8, excuses: [{{reason: a cancelled night, dates: [{EXCUSED}]}}]}}}}
"""


@pytest.fixture
def told(town):
    """What is explained of six dates, each of another kind; doubled rows and exhibitions are among them."""
    town.create(RAW, season_type="STRING")
    town.create(LATE, SUMMARY)
    town.create(DEFENSE, day="analysis_date")
    games = {WHOLE: 9, ABSENT: 7, HALF: 11, FEW_ROWS: 6, WAITING: 10, EXCUSED: 3}
    town.fill(RAW, games, season_type="'regular'")
    town.fill(RAW, dict.fromkeys(games, 2), season_type="'regular'")  # again: rows grow, games do not
    town.fill(RAW, dict.fromkeys(games, 20), season_type="'exhibition'")
    town.fill(LATE, {**games, WAITING: 7})
    town.fill(SUMMARY, {WHOLE: 8, HALF: 5, FEW_ROWS: 6, WAITING: 1})
    town.fill(SUMMARY, {HALF: 4})
    town.fill(DEFENSE, {WHOLE: 5, ABSENT: 6, HALF: 8, FEW_ROWS: 4})
    town.pipeline(FILE)
    return {day: town.get(NEXT, day) for day in games}


class Counts:
    """Counts by SQL that gapheal had no hand in."""

    def __init__(self, town):
        self._town = town

    def _ask(self, what, table, day):
        column = "analysis_date" if table == DEFENSE else "game_date"
        also = " AND season_type != 'exhibition'" if table == RAW else ""
        return self._town.sql(f"SELECT {what} FROM {table} WHERE {column} = DATE '{day}'{also}")[0][0]

    def rows(self, table, day):
        return self._ask("COUNT(*)", table, day)

    def games(self, table, day):
        return self._ask("COUNT(DISTINCT game_id)", table, day)


@pytest.fixture
def counts(town):
    return Counts(town)


def test_a_reasons_numbers_are_those_that_sql_counts(told, counts):
    upstream = {day: counts.rows(RAW, day) + counts.rows(LATE, day) for day in told}

    assert {day: (each["condition"], each["code"]) for day, each in told.items()} == {
        WHOLE: ("complete", "complete"),
        ABSENT: ("missing", "dry_run"),
        HALF: ("partial", "dry_run"),
        FEW_ROWS: ("partial", "dry_run"),
        WAITING: ("waiting", "stuck_entities"),
        EXCUSED: ("excused", "excuse"),
    }
    assert told[WHOLE]["numbers"] == {
        "rows": counts.rows(SUMMARY, WHOLE) + counts.rows(DEFENSE, WHOLE),
        "upstream_rows": upstream[WHOLE],
    }
    assert told[ABSENT]["numbers"].items() >= {"table": SUMMARY, "upstream_rows": upstream[ABSENT]}.items()
    assert counts.rows(SUMMARY, ABSENT) == 0
    for day, table in ((HALF, SUMMARY), (FEW_ROWS, DEFENSE), (WAITING, LATE)):
        by_rows = table == DEFENSE
        found = counts.rows(table, day) if by_rows else counts.games(table, day)
        yardstick = 5 if by_rows else counts.games(RAW, day)

        numbers = told[day]["numbers"]
        assert (numbers["table"], numbers["found"], numbers["yardstick"]) == (table, found, yardstick)
        assert found < numbers["needed"]
        assert f"{table} has {found} of" in told[day]["sentence"]


def test_the_rules_numbers_are_those_that_sql_counts(told, counts):
    """Each rule that was tried states rows and games of the tables that it compared."""
    rules = {rule["rule"]: " / ".join(rule["facts"]) for rule in told[HALF]["rules"]}
    for table in (RAW, LATE):
        stated = rf"upstream {table}: {counts.rows(table, HALF)} rows, {counts.games(table, HALF)} game_id, whole"
        assert re.search(stated, rules["waiting"])
    for table in (SUMMARY, DEFENSE):
        assert f"{table}: {counts.rows(table, HALF)} rows" in rules["missing"]
    few = {rule["rule"]: " / ".join(rule["facts"]) for rule in told[FEW_ROWS]["rules"]}
    whole = {rule["rule"]: " / ".join(rule["facts"]) for rule in told[WHOLE]["rules"]}

    assert f"{DEFENSE} has {counts.rows(DEFENSE, FEW_ROWS)} of at least 5 rows" in few["partial"]
    stated = f"{SUMMARY}: {counts.games(SUMMARY, WHOLE)} of {counts.games(RAW, WHOLE)} game_id, whole from 8"
    assert stated in whole["partial"]


def test_moving_a_count_to_its_threshold_changes_the_verdict(told, town):
    """5 of 11 becomes 9 of 11, and 4 rows become 5: both dates are whole, as their reasons said."""
    needed = told[HALF]["numbers"]["needed"]
    town.sql(f"DELETE FROM {SUMMARY} WHERE game_date = '{HALF}'")
    town.fill(SUMMARY, {HALF: needed - 1})
    below = town.get(NEXT, HALF)
    town.sql(f"INSERT INTO {SUMMARY} VALUES ('{HALF}', 'one more')")
    town.sql(f"INSERT INTO {DEFENSE} VALUES ('{FEW_ROWS}', 'one more')")

    assert (needed, below["condition"], below["numbers"]["found"]) == (9, "partial", 8)
    assert [town.get(NEXT, day)["condition"] for day in (HALF, FEW_ROWS)] == ["complete", "complete"]
