"""The pages of costs and scale: current, and their formulas hold against a few lines of arithmetic."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

import pytest

from gapheal.ledger.schema import TABLES, sql

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def made():
    return runpy.run_path(str(ROOT / "docs" / "costs.py"))


def test_the_pages_are_current(made):
    for path, text in made["pages"]().items():
        assert text == path.read_text(), "run python docs/costs.py"


def test_a_recall_reads_the_tables_that_its_statement_names(made):
    sqlglot = pytest.importorskip("sqlglot")
    named = {
        table.name for table in sqlglot.parse_one(sql("recall", "p.d"), read="bigquery").find_all(sqlglot.exp.Table)
    }

    assert made["recalled"]() == len(named & set(TABLES))
    assert made["recall_bytes"](1, 0) == len(named & set(TABLES)) * 10_485_760


@pytest.mark.parametrize(
    ("rows", "days", "tib"),
    [(1e9, 1825, 720 * 2 * 8e9 / 2**40), (1e10, 1825, 720 * 2 * 8e10 / 2**40), (1e6, 90, 720 * 2 * 10_485_760 / 2**40)],
)
def test_the_naive_query_reads_every_date_of_both_sides_each_hour(made, rows, days, tib):
    assert made["naive"](rows, days) / 2**40 == pytest.approx(tib)


def test_by_metadata_the_size_of_the_tables_is_no_matter_and_a_day_has_29_passes(made):
    assert made["by_metadata"]() == 30 * 29 * (made["recalled"]() + 2) * 10_485_760


def test_counting_reads_two_columns_of_the_window_and_refuses_what_is_too_much(made):
    recalls = 870 * made["recalled"]() * 10_485_760
    day = 2 * 1e9 * 16 / 1825

    read, refused = made["by_counting"](1e9, 90)
    assert (read, refused) == (pytest.approx(recalls + 720 * 90 * day + 30 * 1825 * day + 120 * 2 * 10_485_760), [])
    assert made["by_counting"](1e10, 90)[1] == ["sweeps"]
    assert made["by_counting"](1e10, 1825)[1] == ["scans", "sweeps"]


def test_what_changed_is_read_and_a_thirtieth_whatever_the_size(made):
    fixed = (made["recalled"]() + 3) * 10_485_760
    dates = 1825 / 30 + 3 + 1

    assert made["scan"](1e10, 0) == made["scan"](1e6, 0) == fixed
    assert made["scan"](1e10, made["recounted"]()) == pytest.approx(fixed + 2 * 1e10 * 16 * dates / 1825)
    assert made["scan"](1e6, 1) == fixed + 2 * 10_485_760


def test_a_ledger_grows_with_the_square_of_its_transitions(made):
    one, two = (count * made["recall_bytes"](count, 5) for count in (1_000, 2_000))

    assert two / one == pytest.approx(4, rel=0.02)


def test_what_is_free_is_taken_off_once(made):
    assert sum(made["bill"](1, 2).values()) == 0
    assert 0 < sum(made["bill"](10, 4).values()) < 1  # "less than a dollar", say other pages
    assert made["bill"](1_000, 4)["Scheduler"] == pytest.approx((1_000 + 100 - 3) * 0.10)


def test_ten_transitions_break_no_quota_and_ten_thousand_break_most(made):
    limits = {name: limit for name, (_, limit) in made["QUOTAS"].items()}
    broken = {
        count: {name for name, need in made["needs"](count).items() if need > limits[name]}
        for count in (10, 1_000, 10_000)
    }

    assert broken[10] == set()
    assert broken[1_000] == {"functions", "burst"}
    assert broken[10_000] == {"functions", "jobs", "subscriptions", "burst", "spread", "tib"}


def test_the_prices_stand_on_the_page_with_their_date():
    page = (ROOT / "docs" / "costs.md").read_text()

    assert "of 2026-11-23" in page
    assert re.search(r"by formula, not measured", page)
