"""The statements of a rollback, read as text and as BigQuery parses them."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
import sqlglot
from sqlglot import exp

from gapheal.model.past import Back
from gapheal.model.pipeline import Table
from gapheal.warehouse.restoring import Held, count_then, restore

ZONE = ZoneInfo("America/New_York")
DAY, OTHER = date(2024, 3, 10), date(2024, 3, 12)
AT, LATER = datetime(2024, 7, 1, 16, 30, 1, 25, tzinfo=UTC), datetime(2024, 7, 1, 17, tzinfo=UTC)
BACKS = [Back(DAY, AT, 3, 10), Back(OTHER, LATER, 0, 0)]


def held(date_type="DATE", also=None, **keys):
    table = Table(table="d.refined", date_column="day", **keys)
    return Held("my-project.d.refined", table, date_type, ["day", "Game"], ZONE, also)


def test_the_script_reads_as_it_should():
    sql = restore(held(where="season = 'regular'"), BACKS, "a1b2")

    assert sql.partition("DECLARE")[2] == (
        " untouched, restored BOOL;\n"
        "CREATE TEMP TABLE before_a1b2_0 AS\n"
        "SELECT `day`, `Game`\n"
        "FROM `my-project.d.refined` FOR SYSTEM_TIME AS OF TIMESTAMP '2024-07-01 16:30:01.000025+00:00'\n"
        "WHERE `day` = DATE '2024-03-10' AND (season = 'regular');\n"
        "CREATE TEMP TABLE before_a1b2_1 AS\n"
        "SELECT `day`, `Game`\n"
        "FROM `my-project.d.refined` FOR SYSTEM_TIME AS OF TIMESTAMP '2024-07-01 17:00:00.000000+00:00'\n"
        "WHERE `day` = DATE '2024-03-12' AND (season = 'regular');\n"
        "BEGIN TRANSACTION;\n"
        "SET untouched = (SELECT COUNT(*) FROM `my-project.d.refined` "
        "WHERE `day` = DATE '2024-03-10' AND (season = 'regular')) = 3\n"
        "  AND (SELECT COUNT(*) FROM `my-project.d.refined` "
        "WHERE `day` = DATE '2024-03-12' AND (season = 'regular')) = 0;\n"
        "DELETE FROM `my-project.d.refined`\n"
        "WHERE (`day` = DATE '2024-03-10' AND (season = 'regular'))\n"
        "  OR (`day` = DATE '2024-03-12' AND (season = 'regular'));\n"
        "INSERT INTO `my-project.d.refined` (`day`, `Game`)\n"
        "SELECT `day`, `Game` FROM before_a1b2_0;\n"
        "INSERT INTO `my-project.d.refined` (`day`, `Game`)\n"
        "SELECT `day`, `Game` FROM before_a1b2_1;\n"
        "SET restored = (SELECT COUNT(*) FROM `my-project.d.refined` "
        "WHERE `day` = DATE '2024-03-10' AND (season = 'regular')) = 10\n"
        "  AND (SELECT COUNT(*) FROM `my-project.d.refined` "
        "WHERE `day` = DATE '2024-03-12' AND (season = 'regular')) = 0;\n"
        "IF untouched AND restored THEN\n"
        "  COMMIT TRANSACTION;\n"
        "ELSE\n"
        "  ROLLBACK TRANSACTION;\n"
        "END IF;\n"
        "SELECT untouched, restored;\n"
    )


def test_what_a_table_held_is_counted_as_a_pass_counts_it():
    sql = count_then(held(entity_column="game", also="`loaded` IS NULL"), DAY, AT)

    assert sql == (
        "SELECT COUNT(*) AS row_count, COUNT(DISTINCT `game`) AS entity_count\n"
        "FROM `my-project.d.refined` FOR SYSTEM_TIME AS OF TIMESTAMP '2024-07-01 16:30:01.000025+00:00'\n"
        "WHERE `day` = DATE '2024-03-10' AND (`loaded` IS NULL)\n"
    )
    assert "CAST(NULL AS INT64)" in count_then(held(), DAY, AT)


@pytest.mark.parametrize(
    ("date_type", "within"),
    [
        ("DATE", "`day` = DATE '2024-03-10'"),
        ("DATETIME", "`day` >= DATETIME '2024-03-10T00:00:00' AND `day` < DATETIME '2024-03-11T00:00:00'"),
        # The night in which New York's clocks go forward: the day has 23 hours.
        (
            "TIMESTAMP",
            (
                "`day` >= TIMESTAMP '2024-03-10 05:00:00.000000+00:00' "
                "AND `day` < TIMESTAMP '2024-03-11 04:00:00.000000+00:00'"
            ),
        ),
    ],
)
def test_a_date_is_a_run_of_the_column_so_that_partitions_prune(date_type, within):
    assert held(date_type).within(DAY) == within


@pytest.mark.parametrize("date_type", ["DATE", "DATETIME", "TIMESTAMP"])
@pytest.mark.parametrize("where", [None, "season = 'regular' OR season IS NULL"])
def test_bigquery_parses_it_and_no_statement_reads_the_table_at_two_moments(date_type, where):
    """INSERT … SELECT … FOR SYSTEM_TIME AS OF of one and the same table is an error in BigQuery."""
    script = restore(held(date_type, "`loaded` IS NULL", where=where), BACKS, "a1b2")
    before, _, rest = script.partition("BEGIN TRANSACTION;")
    *body, end = (part.strip() for part in rest.partition("IF untouched")[0].split(";"))
    copies = [part for part in before.split(";") if "CREATE TEMP" in part]
    parsed = [sqlglot.parse_one(sql, dialect="bigquery") for sql in [*copies, *(s for s in body if "SET " not in s)]]

    assert end == ""
    assert [type(each) for each in parsed] == [exp.Create, exp.Create, exp.Delete, exp.Insert, exp.Insert]
    for statement in parsed:
        tables = [table.sql(dialect="bigquery") for table in statement.find_all(exp.Table)]
        assert sum("my-project.d.refined" in table for table in tables) == 1
    assert sqlglot.parse_one(count_then(held(date_type, where=where), DAY, AT), dialect="bigquery").find(exp.Version)
