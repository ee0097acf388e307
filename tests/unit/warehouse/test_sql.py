"""The one statement, read as text and as BigQuery parses it."""

from datetime import date
from zoneinfo import ZoneInfo

import pytest
import sqlglot

from gapheal.intervals import Interval
from gapheal.model.passes import Scope
from gapheal.model.pipeline import Table
from gapheal.warehouse.sql import Source, statement

ZONE = ZoneInfo("America/New_York")
WINDOW = Scope(Interval.inclusive(date(2024, 4, 16), date(2024, 6, 17)))
BOTH = Scope(WINDOW.window, frozenset({date(2022, 4, 16)}))
DATES = Scope(dates=frozenset({date(2024, 4, 16), date(2022, 4, 16)}))


def source(number=0, date_type="DATE", **keys):
    table = Table(table="raw.box", date_column="game_date", **keys)
    return Source(number, "my-project.raw.box", table, date_type)


def test_the_statement_reads_as_it_should():
    sql, parameters = statement([source(entity_column="game_id"), source(1, where="status = 'final'")], WINDOW, ZONE)

    assert sql == (
        "SELECT source, day, row_count, entity_count, CURRENT_TIMESTAMP() AS observed_at\n"
        "FROM (\n"
        "  SELECT 0 AS source, `game_date` AS day, COUNT(*) AS row_count,"
        " COUNT(DISTINCT `game_id`) AS entity_count\n"
        "  FROM `my-project.raw.box`\n"
        "  WHERE `game_date` BETWEEN @first_day AND @last_day\n"
        "  GROUP BY 2\n"
        "  UNION ALL\n"
        "  SELECT 1 AS source, `game_date` AS day, COUNT(*) AS row_count, NULL AS entity_count\n"
        "  FROM `my-project.raw.box`\n"
        "  WHERE `game_date` BETWEEN @first_day AND @last_day\n"
        "    AND (status = 'final')\n"
        "  GROUP BY 2\n"
        "  UNION ALL\n"
        "  SELECT -1, NULL, 0, NULL\n"
        ")\n"
    )
    assert parameters == {"first_day": date(2024, 4, 16), "last_day": date(2024, 6, 17)}


@pytest.mark.parametrize("date_type", ["DATE", "DATETIME", "TIMESTAMP"])
@pytest.mark.parametrize("scope", [WINDOW, BOTH, DATES], ids=["window", "both", "dates"])
def test_bigquerys_dialect_parses_it_and_every_parameter_is_given(date_type, scope):
    sql, parameters = statement([source(date_type=date_type, entity_column="game_id")], scope, ZONE)
    (tree,) = sqlglot.parse(sql, dialect="bigquery")

    assert {parameter.name for parameter in tree.find_all(sqlglot.exp.Parameter)} <= set(parameters)


@pytest.mark.parametrize("date_type", ["DATE", "DATETIME", "TIMESTAMP"])
@pytest.mark.parametrize("scope", [WINDOW, BOTH, DATES], ids=["window", "both", "dates"])
def test_the_column_stands_alone_against_constants_so_that_partitions_prune(date_type, scope):
    sql, parameters = statement([source(date_type=date_type)], scope, ZONE)
    bounds = {"DATE": ("first_day", "last_day"), "DATETIME": ("first_time", "end_time")}
    first, last = bounds.get(date_type, ("first_instant", "end_instant"))
    alone = f"`game_date` BETWEEN @{first} AND @{last}", f"`game_date` >= @{first} AND `game_date` < @{last}"

    assert any(form in sql for form in alone)
    assert {first, last} <= set(parameters)


def test_a_timestamps_bounds_are_midnights_of_the_pipelines_zone():
    """The day on which clocks go forward has 23 hours."""
    day = date(2024, 3, 10)
    _, parameters = statement([source(date_type="TIMESTAMP")], Scope(Interval.inclusive(day, day)), ZONE)

    hours = (parameters["end_instant"].timestamp() - parameters["first_instant"].timestamp()) / 3600
    assert hours == 23
