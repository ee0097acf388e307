from __future__ import annotations

import pytest
import sqlglot
from sqlglot.dialects.dialect import Dialect

from gapheal.local.engine import KEPT, parsing_once


class Counting:
    """A parser that counts its work."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def parse(self, dialect: Dialect, sql: str, **options: object) -> list:
        self.texts.append(sql)
        return list(Dialect.parse(dialect, sql, **options))


@pytest.fixture
def counting() -> Counting:
    return Counting()


@pytest.fixture
def parse(counting):
    return parsing_once(counting.parse)


BIGQUERY, DUCKDB = Dialect.get_or_raise("bigquery"), Dialect.get_or_raise("duckdb")


def test_a_text_is_parsed_once(counting, parse):
    trees = [parse(BIGQUERY, "SELECT 1; SELECT 2") for _ in range(3)]

    assert counting.texts == ["SELECT 1; SELECT 2"]
    assert [[tree.sql() for tree in each] for each in trees] == [["SELECT 1", "SELECT 2"]] * 3


def test_everybody_gets_trees_of_their_own(parse):
    (first,) = parse(BIGQUERY, "SELECT a FROM t")
    first.args["from_"] = None
    first.select("b", copy=False)

    (second,) = parse(BIGQUERY, "SELECT a FROM t")

    assert second.sql() == "SELECT a FROM t"


def test_another_dialect_or_option_parses_anew(counting, parse):
    parse(BIGQUERY, "SELECT 1")
    parse(DUCKDB, "SELECT 1")
    parse(Dialect.get_or_raise("duckdb, normalization_strategy=case_sensitive"), "SELECT 1")
    parse(DUCKDB, "SELECT 1", error_level=sqlglot.ErrorLevel.IGNORE)

    assert len(counting.texts) == 4


def test_an_empty_statement_stays_one(parse):
    assert [parse(BIGQUERY, ";") for _ in range(2)] == [list(Dialect.parse(BIGQUERY, ";"))] * 2


def test_what_cannot_be_parsed_fails_each_time(counting, parse):
    for _ in range(2):
        with pytest.raises(sqlglot.ParseError):
            parse(BIGQUERY, "SELECT (")

    assert len(counting.texts) == 2


def test_only_so_many_texts_are_kept(counting, parse):
    for number in range(KEPT + 1):
        parse(BIGQUERY, f"SELECT {number}")
    parse(BIGQUERY, f"SELECT {KEPT}")
    assert len(counting.texts) == KEPT + 1

    parse(BIGQUERY, "SELECT 0")

    assert counting.texts[-1] == "SELECT 0"
