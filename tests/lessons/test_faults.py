"""Lessons 30 and 35 to 37: what breaks on the way is neither an empty table nor a trigger that was sent."""

from datetime import date

import pytest
import sqlglot
from google.cloud import bigquery
from sqlglot import exp

from gapheal.bigquery import connect
from gapheal.model.passes import Delivery
from gapheal.spec import load
from gapheal.warehouse import BigQueryWarehouse

RAW, SUMMARY, OPTIONAL = "nba_raw.box_scores", "nba_analytics.summary", "nba_analytics.upcoming"
NEXT = "phase2_to_phase3"
FIRST, GAP, LAST = date(2024, 1, 1), date(2024, 1, 2), date(2024, 1, 3)
SCAN = {"scan_for_gaps": True}


def two_phases(upstream=f"[{RAW}]", downstream=f"[{SUMMARY}]"):
    return f"phases:\n  phase2: {upstream}\n  phase3: {downstream}\ntransitions:\n  {NEXT}: {{}}\n"


@pytest.fixture
def one_gap(town):
    """Three dates, one of them missing; a day of each table is a partition."""
    town.create(RAW, SUMMARY, OPTIONAL)
    town.fill(RAW, [FIRST, GAP, LAST])
    town.fill(SUMMARY, [FIRST, LAST])
    return town


def claims(town):
    listed = town.bq.list_tables(f"{town.bq.project}.ledger_claims", retry=None, timeout=10)
    return [table.table_id for table in listed]


@pytest.mark.parametrize(("unreachable", "status"), [(False, 200), (True, 503)], ids=["refused", "nobody there"])
def test_lesson_30_a_trigger_that_was_not_sent_is_not_remembered_as_sent(one_gap, unreachable, status):
    """Publishing fails first: the date is deferred, no attempt is used and no lease holds; the next scan sends it."""
    error = "404 no such topic"
    one_gap.pipeline(two_phases())
    one_gap.publisher.answer = lambda message: Delivery(message, "failed", error=error, unreachable=unreachable)
    answered, answer = one_gap.post(NEXT, SCAN)
    outcomes = one_gap.sql("SELECT partition_date, n, outcome, error FROM ledger.triggers")
    told, triggered_then = one_gap.get(NEXT, GAP), list(one_gap.triggered)
    one_gap.publisher.answer = lambda message: None
    sent = one_gap.scan(NEXT)

    assert (answered, triggered_then) == (status, [])
    assert error in (answer["error"] if unreachable else answer["errors"])
    assert unreachable or (answer["triggered"], answer["actions"]["deferred"]) == (0, 1)
    assert [tuple(row) for row in outcomes] == [(GAP, 1, "failed", error)]
    assert (told["action"], told["attempts"]) == ("would_heal", 0)
    assert (sent["triggered_dates"], one_gap.triggered) == ([str(GAP)], [GAP])


DROPPED = "{tables: [{table: " + SUMMARY + "}, {table: " + OPTIONAL + ", required: false}]}"
BROKEN = {
    "a predicate that cannot run": (two_phases("{tables: [{table: " + RAW + ', where: "no_such_column = 1"}]}'), 500),
    "a table that is gone": (two_phases(downstream=DROPPED), 500),
    "a column that is gone": (two_phases("{tables: [{table: " + RAW + ", entity_column: player}]}"), 500),
}


@pytest.mark.parametrize(("file", "status"), BROKEN.values(), ids=BROKEN)
def test_lesson_35_what_cannot_be_read_is_an_error_and_never_empty(one_gap, file, status):
    """A query that fails on either side, of an optional table too, answers 500: nothing is claimed, nothing sent."""
    one_gap.sql(f"DROP TABLE {OPTIONAL}")
    one_gap.pipeline(file)
    scanned, answer = one_gap.post(NEXT, SCAN)
    triggered_then, claimed_then = list(one_gap.triggered), claims(one_gap)
    passes = one_gap.sql("SELECT gaps_found, error FROM ledger.passes")
    one_gap.pipeline(two_phases())
    mended = one_gap.scan(NEXT)

    assert (scanned, triggered_then, claimed_then) == (status, [], [])
    assert [tuple(row) for row in passes] == [(None, answer["error"])]
    assert (mended["triggered_dates"], one_gap.triggered) == ([str(GAP)], [GAP])


@pytest.mark.parametrize("reason", ["quotaExceeded", "accessDenied"])
def test_lesson_35_a_service_that_refuses_is_asked_again_later(
    one_gap, bigquery_emulator, refusing, monkeypatch, reason
):
    """No quota or no permission: 503, so that the caller comes again; when BigQuery answers, the gap is healed."""
    monkeypatch.setenv("BIGQUERY_EMULATOR_HOST", refusing(reason))
    refused = connect("lessons", one_gap.bq.project, "us-west2")
    monkeypatch.setenv("BIGQUERY_EMULATOR_HOST", bigquery_emulator)
    one_gap.pipeline(two_phases())
    pipeline = load(one_gap.file)
    one_gap.pipeline(two_phases(), warehouse=BigQueryWarehouse(pipeline, refused))
    status, answer = one_gap.post(NEXT, SCAN)
    triggered_then, claimed_then = list(one_gap.triggered), claims(one_gap)
    one_gap.pipeline(two_phases())
    again = one_gap.scan(NEXT)

    assert (status, triggered_then, claimed_then) == (503, [], [])
    assert "BigQuery did not answer, or refused for now" in answer["error"]
    assert (again["triggered_dates"], one_gap.triggered) == ([str(GAP)], [GAP])


@pytest.fixture
def sent(monkeypatch):
    """The statements and places of every query, as the client gets them."""
    queries = []
    ask = bigquery.Client.query

    def spy(client, query, *args, **how):
        queries.append((query, how.get("location")))
        return ask(client, query, *args, **how)

    monkeypatch.setattr(bigquery.Client, "query", spy)
    return queries


def test_lesson_36_a_dataset_in_another_place_is_named_with_its_place(one_gap, sent):
    """A query sent to the wrong region finds nothing: the location is stated, sent with each query, and compared."""
    elsewhere = "nba_europe.summary"
    one_gap.dataset("nba_europe", location="europe-west1")
    one_gap.sql(f"CREATE TABLE {elsewhere} (game_date DATE, game_id STRING)")
    one_gap.pipeline(two_phases(downstream=f"[{elsewhere}]"))
    status, answer = one_gap.post(NEXT, SCAN)
    triggered_then = list(one_gap.triggered)
    one_gap.pipeline(two_phases())
    sent.clear()
    report = one_gap.scan(NEXT)

    assert (status, triggered_then) == (500, [])
    assert f"table {elsewhere} is in location europe-west1, the file says location: us-west2" in answer["error"]
    assert {place for _, place in sent} == {"us-west2"}
    assert (report["triggered_dates"], one_gap.triggered) == ([str(GAP)], [GAP])


CUTS = {
    "by its date column": ("game_date", "DATE", "game_date"),
    "by another column": ("loaded", "DATE", "loaded"),
    "by ingestion": (None, None, "_PARTITIONTIME"),
}


@pytest.mark.parametrize(("field", "kind", "column"), CUTS.values(), ids=CUTS)
def test_lesson_37_a_table_that_refuses_to_be_read_whole_gets_its_predicate(one_gap, sent, field, kind, column):
    """Every read of such a table compares its partitioning column, alone, with a constant; and costs no row."""
    one_gap.sql(f"DROP TABLE {RAW}")
    fields = [bigquery.SchemaField("game_date", "DATE"), bigquery.SchemaField("game_id", "STRING")]
    fields += [bigquery.SchemaField(field, kind)] if field not in {None, "game_date"} else []
    table = bigquery.Table(f"{one_gap.bq.project}.{RAW}", schema=fields)
    table.time_partitioning = bigquery.TimePartitioning.from_api_repr(
        {"type": "DAY", "field": field, "requirePartitionFilter": True}  # nested, where the emulator keeps it
    )
    one_gap.bq.create_table(table, retry=None, timeout=10)
    one_gap.fill(RAW, [FIRST, GAP, LAST])
    one_gap.pipeline(two_phases())
    sent.clear()
    report = one_gap.scan(NEXT)
    one_gap.scan(NEXT, start_date=str(FIRST), end_date=str(GAP))
    one_gap.event(NEXT, game_date=GAP)
    reads = [select for query, _ in sent for select in selects(query, "box_scores")]

    assert len(reads) == 3
    assert all(filtered(select, column) for select in reads)
    assert (report["conditions"]["complete"], report["triggered_dates"]) == (2, [str(GAP)])
    assert one_gap.triggered == [GAP]


def selects(query, table):
    """The SELECTs of a statement that read `table` directly."""
    for select in sqlglot.parse_one(query, dialect="bigquery").find_all(exp.Select):
        source = select.args.get("from") or select.args.get("from_")
        if source and isinstance(source.this, exp.Table) and source.this.name == table:
            yield select


def filtered(select, column):
    """Whether a part of the WHERE, joined by AND to the rest, speaks of `column` and of no other."""
    condition = select.args["where"].this
    parts = condition.flatten() if isinstance(condition, exp.And) else [condition]
    return any({each.name for each in part.find_all(exp.Column)} == {column} for part in parts)
