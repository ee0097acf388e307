"""The one statement that reads ledger and tables, as BigQuery parses it."""

import re
from datetime import UTC, date, datetime

import pytest

from gapheal.app.together import statement
from gapheal.intervals import Interval
from gapheal.ledger import Asked
from gapheal.ledger.recall import Question
from gapheal.ledger.schema import sql
from gapheal.model.passes import Scope
from gapheal.warehouse import BigQueryWarehouse

LEDGER = {f"p.gapheal_small.{table}" for table in ("verdicts", "triggers", "decisions", "passes", "alerts")}
PARTITIONS = "p.d.INFORMATION_SCHEMA.PARTITIONS"
SCOPE = Scope(Interval.inclusive(date(2024, 3, 1), date(2024, 3, 31)), frozenset({date(2024, 1, 5)}))
KEPT = {
    "metadata alone": ({}, {}, {PARTITIONS}),
    "one counted": ({}, {"entity_column": "game"}, {PARTITIONS, "p.d.refined"}),
    "one with a filter": ({"where": "game != ''"}, {}, {PARTITIONS, "p.d.raw"}),
    "one with its own last write": ({"updated_column": "written"}, {}, {PARTITIONS, "p.d.raw"}),
}


@pytest.fixture
def both(world, file):
    """Both halves for the small pipeline's first transition, its tables cut by day."""
    for name in ("d.raw", "d.refined"):
        world.create(name, columns="day DATE, game STRING, written TIMESTAMP")

    def both(raw=None, refined=None, metadata="auto", dates=None):
        pipeline = file(raw, refined, metadata)
        question = Question(pipeline, "raw_to_refined", datetime(2024, 4, 1, tzinfo=UTC), dates)
        first = BigQueryWarehouse(pipeline, world).first("raw_to_refined", SCOPE)
        return first, Asked(question, sql("recall", "p.gapheal_small"))

    return both


def read_by(text):
    """The tables that a statement reads, by their full names."""
    sqlglot = pytest.importorskip("sqlglot")
    parsed = sqlglot.parse_one(text, read="bigquery")
    named = {cte.alias for cte in parsed.find_all(sqlglot.exp.CTE)}
    tables = {
        table.sql(dialect="bigquery").split(" AS ")[0].replace("`", "") for table in parsed.find_all(sqlglot.exp.Table)
    }
    return {name for name in tables if name not in named and not name.startswith("UNNEST")}


@pytest.mark.parametrize("case", KEPT)
def test_a_table_whose_rows_metadata_tells_is_named_nowhere_else(both, case):
    raw, refined, read = KEPT[case]
    first, asked = both(raw, refined)

    assert read_by(first.sql) == read
    assert read_by(statement(first, asked)[0]) == read | LEDGER


def test_without_metadata_both_tables_are_read(both):
    assert read_by(statement(*both(metadata="off"))[0]) == {"p.d.raw", "p.d.refined"} | LEDGER


@pytest.mark.parametrize("dates", [None, frozenset({date(2024, 3, 3)})], ids=["all", "some"])
def test_the_parameters_of_both_stand_beside_each_other(both, dates):
    first, asked = both({"entity_column": "game"}, dates=dates)
    text, parameters = statement(first, asked)

    assert set(re.findall(r"@(\w+)", text)) == set(parameters)
    assert len(parameters) == len(first.parameters) + len(asked.question.parameters)


@pytest.mark.parametrize("case", KEPT)
def test_both_halves_have_as_many_columns_and_a_fact_fills_the_last_two(both, case):
    sqlglot = pytest.importorskip("sqlglot")
    raw, refined, _ = KEPT[case]
    first, asked = both(raw, refined)
    union = sqlglot.parse_one(statement(first, asked)[0], read="bigquery")
    seen, known = ([column.sql() for column in side.expressions] for side in (union.this, union.expression))

    assert len(seen) == len(known) == len(first.columns) + 2
    assert set(known[:-2]) == {"NULL"}
    assert union.named_selects == [*first.columns, "kind", "fact"]


def test_the_columns_are_those_of_the_statement(both):
    sqlglot = pytest.importorskip("sqlglot")
    for raw, refined, _ in KEPT.values():
        first, _ = both(raw, refined)

        assert tuple(sqlglot.parse_one(first.sql, read="bigquery").named_selects) == first.columns


def test_time_is_told_once(both):
    assert statement(*both())[0].count("CURRENT_TIMESTAMP") == 1
