"""The page of trends: every query runs on a ledger, and answers what was planted there; the page tells every column."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pytest
from google.cloud import bigquery

from gapheal.bigquery import connect
from gapheal.ledger import BigQueryLedger
from gapheal.ledger.schema import VIEWS, sql
from gapheal.testing import small_pipeline

PAGE = Path(__file__).parents[2] / "docs" / "operations" / "trends.md"
QUERIES = dict(re.findall(r"^```sql\n-- ([a-z ]+)\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL))
NAME, OTHER = "raw_to_refined", "refined_to_served"
MONTH = (datetime.now(UTC).replace(day=1) - timedelta(days=1)).date().replace(day=1)
"""The month before this one: all of it is over."""
NOON = datetime.combine(MONTH, time(12), UTC)
FIRST = (7 - MONTH.weekday()) % 7
"""Days from the month's first to its first Monday."""


def on(day, hours=0.0):
    """So many days after the month's first Monday, and so many hours after its noon."""
    return (NOON + timedelta(days=FIRST + day, hours=hours)).isoformat()


def verdict(day, hours, condition, number, *, of=NAME, arrived=None):
    return {
        "observed_at": on(day, hours),
        "transition": of,
        "partition_date": f"2024-03-{number:02}",
        "condition": condition,
        "action": "none" if condition in {"complete", "excused"} else "heal",
        "code": condition,
        "sentence": "s",
        "attempts": 1,
        "first_seen_at": on(day),
        "arrived_at": arrived,
    }


def looked(day, hours, of, billed):
    common = {"observed_at": on(day, hours), "transition": of, "source": "scan", "gaps_found": 1, "queries": 2}
    return {**common, "bytes_billed": billed, "duration_ms": 1500}


VERDICTS = [
    verdict(0, 0, "missing", 1, arrived=on(-900)),
    *(verdict(1, hours, condition, 2, arrived=on(1, -1)) for hours, condition in ((0, "missing"), (0.5, "complete"))),
    *(verdict(1, hours, condition, 3, arrived=on(1, -3)) for hours, condition in ((0, "missing"), (20, "complete"))),
    *(verdict(2, hours, condition, 4) for hours, condition in ((0, "partial"), (48, "complete"))),
    *(verdict(8, hours, condition, 5, arrived=on(8, -0.5)) for hours, condition in ((0, "missing"), (1, "excused"))),
    verdict(9, 0, "missing", 6, of=OTHER, arrived=on(9, -2)),
]
PASSES = [looked(0, 0, NAME, 2**40), looked(0, 0, OTHER, 0), looked(1, 1, NAME, 2**40)]
WORD = {"observed_at": on(1, 1), "transition": NAME, "partition_date": "2024-03-03", "decision": "retry"}
MONDAY = MONTH + timedelta(days=FIRST)


@pytest.fixture(scope="module")
def answers(bigquery_emulator):
    """What every query of the page answers, by its name."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BIGQUERY_EMULATOR_HOST", bigquery_emulator)
        connection = connect("small", "trends", "us-west2")
        ledger = BigQueryLedger(small_pipeline(), connection)
        assert ledger.record("p", {"verdicts": VERDICTS, "passes": PASSES}) == []
        ledger.decide([WORD])
        # The rows are of last month, and were recorded a moment ago.
        moved = "UPDATE `trends.gapheal_small.passes` SET recorded_at = observed_at WHERE TRUE"
        connection.query(moved, {})
        return {name: run(connection.client, query) for name, query in QUERIES.items()}


def run(client, query):
    ends = {"DS_START_DATE": f"{MONTH:%Y%m%d}", "DS_END_DATE": f"{MONDAY + timedelta(days=10):%Y%m%d}"}
    config = bigquery.QueryJobConfig(
        query_parameters=[bigquery.ScalarQueryParameter(name, "STRING", value) for name, value in ends.items()]
    )
    sql = query.replace("my-project.gapheal_nba_props", "trends.gapheal_small")
    return [dict(row.items()) for row in client.query(sql, config, retry=None, timeout=30).result(timeout=30)]


def test_every_query_of_the_page_is_looked_at_here(answers):
    assert list(answers) == [
        *("shares", "open gaps by day", "times by week", "cost by day", "open now", "last look", "monthly report"),
    ]


def test_shares(answers):
    own, other = answers["shares"]

    assert (own["transition"], own["gaps"], own["still_open"]) == (NAME, 4, 0)
    assert [own["share_1h"], own["share_24h"], own["share_alone_24h"]] == [0.25, 0.5, 0.25]
    assert (other["gaps"], other["share_24h"], other["still_open"]) == (1, 0, 1)


def test_open_gaps_by_day(answers):
    days = {(row["transition"], row["day"]): row["open_gaps"] for row in answers["open gaps by day"]}

    # Two were seen on Tuesday: one is healed that day, one in the night; a third lasts from Wednesday to Friday.
    assert [days.get((NAME, MONDAY + timedelta(days=n)), 0) for n in range(-1, 6)] == [0, 1, 2, 2, 2, 1, 1]
    assert days[OTHER, MONDAY + timedelta(days=9)] == 1


def test_times_by_week(answers):
    first, second, third = answers["times by week"]

    sunday = MONDAY - timedelta(days=1)

    assert [(row["week"], row["transition"]) for row in (first, second, third)] == [
        (sunday, NAME),
        (sunday + timedelta(days=7), NAME),
        (sunday + timedelta(days=7), OTHER),
    ]
    assert first["detect_p50_minutes"] in {60, 180}  # the middle of two
    assert first["detect_p95_minutes"] == 180
    assert (first["heal_p50_minutes"], first["heal_p95_minutes"]) == (20 * 60, 48 * 60)
    assert (second["detect_p50_minutes"], second["heal_p50_minutes"]) == (30, None)
    assert (third["detect_p50_minutes"], third["heal_p50_minutes"]) == (120, None)


def test_cost_by_day(answers):
    rows = [
        (row["day"], row["transition"], row["passes"], row["queries"], row["bytes_billed"], row["us_dollars"])
        for row in answers["cost by day"]
    ]

    assert rows == [
        (MONDAY, NAME, 1, 2, 2**40, 6.25),
        (MONDAY, OTHER, 1, 2, 0, 0),
        (MONDAY + timedelta(days=1), NAME, 1, 2, 2**40, 6.25),
    ]
    assert {row["longest_seconds"] for row in answers["cost by day"]} == {1.5}


def test_open_now(answers):
    rows = [(row["transition"], row["partition_date"], row["condition"]) for row in answers["open now"]]

    assert rows == [(NAME, date(2024, 3, 1), "missing"), (OTHER, date(2024, 3, 6), "missing")]
    assert all(row["seen_for_hours"] >= 24 for row in answers["open now"])


def test_last_look(answers):
    other, own = answers["last look"]

    assert (other["transition"], own["transition"]) == (OTHER, NAME)
    assert other["hours_ago"] - own["hours_ago"] == pytest.approx(25, abs=0.1)


def test_the_monthly_report(answers):
    (row,) = answers["monthly report"]

    assert row == {
        "month": MONTH,
        "gaps": 5,
        "healed": 3,
        "excused_or_accepted": 1,
        "still_open": 1,
        "with_a_person": 1,
        "percent_in_1_h": 20,
        "percent_in_24_h": 40,
        "percent_alone": 20,
        "heal_p50_seconds": 20 * 3600,
        "heal_p95_seconds": 48 * 3600,
        "longest_unseen_seconds": 3 * 3600,
    }


@pytest.mark.parametrize("view", VIEWS)
def test_the_page_tells_every_column_of_a_view(view):
    sqlglot = pytest.importorskip("sqlglot")
    (told,) = re.findall(rf"^\| `{view}` \| [^|]+ \| ([^|]+) \|$", PAGE.read_text(), re.MULTILINE)

    assert re.findall(r"`(\w+)`", told) == sqlglot.parse_one(sql(view, "p.d"), read="bigquery").named_selects


def test_the_price_of_the_page_is_that_of_the_page_of_costs():
    costs = (PAGE.parents[1] / "costs.md").read_text()

    assert "* 6.25 AS us_dollars" in QUERIES["cost by day"]
    assert "$6.25 per TiB" in costs
