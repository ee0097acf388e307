"""What was counted is kept, told and stood on, on the real client."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from google.cloud import bigquery

from gapheal import app
from gapheal.bigquery import connect
from gapheal.errors import ConfigError
from gapheal.ledger import BigQueryLedger
from gapheal.ledger.create import create
from gapheal.model.passes import Count, Remembered, Request, Source
from gapheal.testing import FrozenClock, MemoryLedger, MemoryPublisher, small_pipeline

NAME = "raw_to_refined"
NOW = datetime.now(UTC).replace(microsecond=0)
DAY, OTHER = date(2024, 3, 1), date(2024, 3, 2)
CHANGED = {"recount": "changed", "metadata": "on"}
PIPELINE = small_pipeline(mode="observe").model_copy(update=CHANGED)


@pytest.fixture(params=["memory", "bigquery"])
def ledger(request):
    if request.param == "memory":
        return MemoryLedger(PIPELINE, FrozenClock(NOW))
    request.getfixturevalue("bq")
    return BigQueryLedger(PIPELINE, connect("small", request.getfixturevalue("project"), "us-west2"))


def row(day, rows=3, *, minutes_ago=10, **more):
    return {
        "observed_at": (NOW - timedelta(minutes=minutes_ago)).isoformat(),
        "transition": NAME,
        "pass_id": "p",
        "table_name": "d.raw",
        "spec_hash": "abc",
        "partition_date": str(day),
        "row_count": rows,
        "entity_count": 2,
        "written_at": (NOW - timedelta(hours=1)).isoformat(),
        "stamp": "s",
        **more,
    }


def test_the_newest_count_of_each_date_is_remembered_and_no_other_transitions(ledger):
    rows = [row(DAY, 3), row(DAY, 4, minutes_ago=5), row(OTHER, 0, entity_count=None, written_at=None)]
    assert ledger.record("p", {"counts": [*rows, row(DAY, 9, transition="refined_to_served")]}) == []
    told = ledger.recall(NAME, None)

    assert told.counted == {
        "abc": {
            DAY: Remembered(Count(4, 2, NOW - timedelta(hours=1)), "s", NOW - timedelta(minutes=5)),
            OTHER: Remembered(Count(0, None, None), "s", NOW - timedelta(minutes=10)),
        }
    }
    assert told.queries == 2


def test_an_event_asks_for_no_counts(ledger):
    ledger.record("p", {"counts": [row(DAY)]})
    told = ledger.recall(NAME, frozenset({DAY}))

    assert (told.counted, told.queries) == (None, 1)


@pytest.fixture
def run(bq):
    dataset = bigquery.Dataset(f"{bq.project}.d")
    dataset.location = "us-west2"
    bq.create_dataset(dataset, retry=None, timeout=10)

    def run(*statements):
        for sql in statements:
            bq.query(sql, retry=None, timeout=30).result(timeout=30)

    tables = ("raw", "refined", "served")
    run(*(f"CREATE TABLE d.{table} (day DATE, game STRING) PARTITION BY day" for table in tables))
    run(*(f"INSERT INTO d.{table} VALUES ('2024-03-01', 'a'), ('2024-03-02', 'b')" for table in tables))
    return run


def look(pipeline=PIPELINE, source=Source.SCAN):
    report = app.build(pipeline, publisher=MemoryPublisher()).run(NAME, Request(source))
    return report["conditions"], report["queries"]


def test_passes_that_remember_say_what_passes_that_count_all_say_and_so_do_those_that_forgot(run):
    """Recall, counts and metadata are three jobs; a fourth counts, and a fifth what downstream would lack."""
    everything = small_pipeline(mode="observe")
    told = [look(), look()]
    run("INSERT INTO d.raw VALUES ('2024-03-02', 'c'), ('2024-03-03', 'a')")
    told += [look(), look(everything)]
    run("DELETE FROM gapheal_small.counts WHERE TRUE")
    told.append(look(source=Source.SWEEP))

    conditions = [{name: number for name, number in found.items() if number} for found, _ in told]
    assert conditions == [{"complete": 2}] * 2 + [{"complete": 1, "partial": 1, "missing": 1}] * 3
    assert [queries for _, queries in told][:3] == [4, 3, 5]


def test_a_ledger_of_an_older_release_fails_only_where_its_counts_are_wanted(run, bq, project):
    look()
    bq.delete_table(f"{bq.project}.gapheal_small.counts", retry=None, timeout=10)
    as_in_the_cloud = replace(connect("small", project, "us-west2"), emulator=False)

    assert BigQueryLedger(small_pipeline(), as_in_the_cloud).recall(NAME, None).counted is None
    with pytest.raises(ConfigError, match="`gapheal ledger create` or the Terraform module adds what is absent"):
        BigQueryLedger(PIPELINE, as_in_the_cloud).recall(NAME, None)

    create(as_in_the_cloud, PIPELINE)
    assert BigQueryLedger(PIPELINE, as_in_the_cloud).recall(NAME, None).counted == {}


def test_a_view_beside_its_table_is_counted_by_dates_of_its_own(run):
    run("CREATE VIEW d.seen AS SELECT * FROM d.raw")
    raw = PIPELINE.phases["raw"]
    seen = raw.tables[0].model_copy(update={"table": "d.seen"})
    phases = {**PIPELINE.phases, "raw": raw.model_copy(update={"tables": (*raw.tables, seen)})}
    pipeline = PIPELINE.model_copy(update={"phases": phases})
    first = look(pipeline)
    run("INSERT INTO d.raw VALUES ('2024-03-02', 'c')")
    second = look(pipeline)

    assert (first[0]["complete"], second[0]["complete"], second[0]["partial"]) == (2, 1, 1)
