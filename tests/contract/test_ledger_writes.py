"""How rows travel to the ledger: in requests that BigQuery takes, on the real client."""

import json
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

import pytest

from gapheal.bigquery import Connection
from gapheal.ledger import BigQueryLedger
from gapheal.testing import small_pipeline

NAME = "raw_to_refined"
DAYS = [date(2024, 3, 1) + timedelta(days=n) for n in range(30)]


@dataclass(frozen=True)
class Listening(Connection):
    """A connection that keeps each INSERT, and how much its rows weigh as they travel."""

    inserts: dict[str, str] = field(default_factory=dict)
    weights: dict[str, int] = field(default_factory=dict)

    def query(self, sql, parameters, job_id=None, **more):
        if rows := parameters.get("rows"):
            self.inserts[job_id], self.weights[job_id] = sql, len(json.dumps(rows))
        return super().query(sql, parameters, job_id, **more)


@pytest.fixture
def connection(bq, project):
    return Listening(bq, project, "us-west2", {}, emulator=True)


@pytest.fixture
def ledger(connection):
    return BigQueryLedger(small_pipeline(), connection)


def verdict(day, **more):
    said = {"observed_at": datetime.now(UTC).isoformat(), "transition": NAME, "pass_id": "p"}
    seen = {"condition": "complete", "action": "none", "watermark": "1", "code": "complete", "numbers": {}}
    return {**said, "partition_date": str(day), **seen, "sentence": "s", "seen_whole": None, **more}


def test_rows_of_many_tables_go_in_requests_that_bigquery_takes(ledger, connection, monkeypatch):
    """A first scan of years writes thousands; what is remembered of a date grows with both sides' tables."""
    monkeypatch.setattr("gapheal.ledger.BYTES_A_STATEMENT", 60_000)
    made = {f"d.made_{n}": ['"' * 400, "2"] for n in range(5)}
    rows = [verdict(day, seen_whole=made) for day in DAYS]

    assert ledger.record("p", {"verdicts": rows}) == []
    assert ledger.record("p", {"verdicts": rows}) == [], "the same jobs: nothing is written twice"
    assert sum(row["dates"] for row in ledger.status(NAME)["dates"]) == len(DAYS)
    assert len(connection.weights) > 1
    assert max(connection.weights.values()) < 61_000


def test_a_row_that_is_too_large_goes_alone(ledger, connection, monkeypatch):
    monkeypatch.setattr("gapheal.ledger.BYTES_A_STATEMENT", 10)

    assert ledger.record("p", {"verdicts": [verdict(DAYS[0]), verdict(DAYS[1])]}) == []
    assert set(ledger.recall(NAME, None).entries) == set(DAYS[:2])
    assert len(connection.inserts) == 2


def test_few_rows_go_in_one(ledger, connection):
    assert ledger.record("p", {"verdicts": [verdict(day) for day in DAYS]}) == []
    assert len(connection.inserts) == 1


def test_numbers_of_more_digits_than_json_keeps_exactly_are_no_reason_to_refuse_a_row(ledger, connection, bq):
    """Where JSON cannot keep a number exactly BigQuery refuses the text, unless it is told to round."""
    assert ledger.record("p", {"verdicts": [verdict(DAYS[0], numbers={"retention_days": 1 / 3})]}) == []

    (insert,) = connection.inserts.values()
    assert insert.count("PARSE_JSON") == insert.count("wide_number_mode => 'round'") == 2
    (found,) = bq.query("SELECT numbers FROM gapheal_small.verdicts", retry=None, timeout=30).result(timeout=30)
    assert found["numbers"] == {"retention_days": pytest.approx(1 / 3)}
