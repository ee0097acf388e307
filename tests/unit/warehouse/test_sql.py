"""The one statement, read as text and as BigQuery parses it."""

from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest
import sqlglot

from gapheal.intervals import Interval
from gapheal.model.passes import Scope
from gapheal.model.pipeline import Table
from gapheal.warehouse.sql import Partitions, Source, statement

ZONE = ZoneInfo("America/New_York")
WINDOW = Scope(Interval.inclusive(date(2024, 4, 16), date(2024, 6, 17)))
BOTH = Scope(WINDOW.window, frozenset({date(2022, 4, 16)}))
DATES = Scope(dates=frozenset({date(2024, 4, 16), date(2022, 4, 16)}))


METADATA = [Partitions(2, "my-project.raw", ("box", "games"))]


def source(number=0, date_type="DATE", also=None, column="game_date", **keys):
    table = Table(table="raw.box", date_column=column, **keys)
    return Source(number, "my-project.raw.box", table, date_type, also)


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


def test_with_metadata_it_tells_last_writes_of_the_same_moment():
    sources = [
        source(updated_column="processed_at"),
        source(1, also="`loaded` >= DATE '0001-01-01' OR `loaded` IS NULL"),
    ]
    sql, parameters = statement(sources, WINDOW, ZONE, METADATA)

    assert sql == (
        "SELECT source, day, row_count, entity_count, written_at, place, CURRENT_TIMESTAMP() AS observed_at\n"
        "FROM (\n"
        "  SELECT 0 AS source, `game_date` AS day, COUNT(*) AS row_count, NULL AS entity_count,"
        " MAX(`processed_at`) AS written_at, NULL AS place\n"
        "  FROM `my-project.raw.box`\n"
        "  WHERE `game_date` BETWEEN @first_day AND @last_day\n"
        "  GROUP BY 2\n"
        "  UNION ALL\n"
        "  SELECT 1 AS source, `game_date` AS day, COUNT(*) AS row_count, NULL AS entity_count,"
        " NULL AS written_at, NULL AS place\n"
        "  FROM `my-project.raw.box`\n"
        "  WHERE `game_date` BETWEEN @first_day AND @last_day\n"
        "    AND (`loaded` >= DATE '0001-01-01' OR `loaded` IS NULL)\n"
        "  GROUP BY 2\n"
        "  UNION ALL\n"
        "  SELECT 2 AS source, NULL AS day, total_rows AS row_count, NULL AS entity_count,"
        " last_modified_time AS written_at, CONCAT(table_name, '$', partition_id) AS place\n"
        "  FROM `my-project.raw.INFORMATION_SCHEMA.PARTITIONS`\n"
        "  WHERE table_name IN (@table_2_0, @table_2_1)\n"
        "    AND (partition_id BETWEEN @first_partition AND @last_partition"
        " OR partition_id IN ('__NULL__', '__UNPARTITIONED__'))\n"
        "  UNION ALL\n"
        "  SELECT -1, NULL, 0, NULL, NULL, NULL\n"
        ")\n"
    )
    assert parameters == {
        "first_day": date(2024, 4, 16),
        "last_day": date(2024, 6, 17),
        "table_2_0": "box",
        "table_2_1": "games",
        "first_partition": "20240416",
        "last_partition": "2024061723",
    }


def test_a_last_write_from_a_column_alone_adds_one_column():
    sql, _ = statement([source(updated_column="processed_at")], WINDOW, ZONE)

    assert "written_at, CURRENT_TIMESTAMP()" in sql
    assert "place" not in sql


def test_the_time_of_ingestion_is_read_in_utc_beside_a_column_in_the_pipelines_zone():
    sources = [source(date_type="TIMESTAMP"), source(1, "TIMESTAMP", column="_PARTITIONTIME")]
    sql, parameters = statement(sources, WINDOW, ZONE)

    assert ("DATE(_PARTITIONTIME, 'UTC')" in sql, "DATE(`game_date`, 'America/New_York')" in sql) == (True, True)
    assert parameters["first_instant"] - parameters["first_instant_utc"] == timedelta(hours=4)


FORMS = {
    "DATE": {"date_type": "DATE"},
    "DATETIME": {"date_type": "DATETIME", "where": "status = 'final'"},
    "TIMESTAMP": {"date_type": "TIMESTAMP", "updated_column": "processed_at"},
    "ingestion": {"date_type": "TIMESTAMP", "column": "_PARTITIONTIME"},
    "filtered by a number": {"also": "`shard` >= -9223372036854775808 OR `shard` IS NULL"},
}
RESERVED = {"partition", "rows", "range", "window", "order", "group", "hash", "to", "at", "end", "interval", "current"}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("scope", [WINDOW, BOTH, DATES], ids=["window", "both", "dates"])
@pytest.mark.parametrize("partitions", [(), METADATA], ids=["counted", "with metadata"])
def test_bigquerys_dialect_parses_it_with_exactly_its_parameters_and_no_reserved_alias(form, scope, partitions):
    sql, parameters = statement([source(entity_column="game_id", **FORMS[form])], scope, ZONE, partitions)
    (tree,) = sqlglot.parse(sql, dialect="bigquery")

    assert {parameter.name for parameter in tree.find_all(sqlglot.exp.Parameter)} == set(parameters)
    assert {alias.alias for alias in tree.find_all(sqlglot.exp.Alias)} & RESERVED == set()


@pytest.mark.parametrize("partitions", [(), METADATA], ids=["counted", "with metadata"])
def test_every_branch_has_as_many_columns_as_the_whole(partitions):
    sql, _ = statement([source(), source(1, updated_column="processed_at")], WINDOW, ZONE, partitions)
    (tree,) = sqlglot.parse(sql, dialect="bigquery")
    wanted = len(tree.expressions) - 1
    branches = [select for select in tree.find_all(sqlglot.exp.Select) if select is not tree]

    assert [len(select.expressions) for select in branches] == [wanted] * (3 + len(partitions))


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
