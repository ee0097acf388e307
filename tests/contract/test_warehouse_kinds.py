"""Every kind of table that BigQuery has, on the real client."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from google.cloud import bigquery

from gapheal.bigquery import connect
from gapheal.errors import ConfigError
from gapheal.intervals import EARLIEST, LATEST, Interval
from gapheal.model.passes import Count, Scope, TableFacts, TableKey
from gapheal.spec import validated
from gapheal.testing import small_pipeline
from gapheal.warehouse import BigQueryWarehouse

NAME = "raw_to_refined"
RAW, REFINED = TableKey("raw", "d.raw"), TableKey("refined", "d.refined")
FIRST, SECOND = date(2024, 3, 9), date(2024, 3, 10)
EVER = Scope(Interval.inclusive(EARLIEST, LATEST))


@pytest.fixture
def run(bq):
    dataset = bigquery.Dataset(f"{bq.project}.d")
    dataset.location = "us-west2"
    bq.create_dataset(dataset, retry=None, timeout=10)

    def run(*statements):
        for sql in statements:
            bq.query(sql, retry=None, timeout=30).result(timeout=30)

    run("CREATE TABLE d.refined (day DATE, game STRING) PARTITION BY day")
    return run


@pytest.fixture
def create(bq, run):
    """Creates d.raw by REST: the emulator's DDL forgets how a timestamp's table is cut."""

    def create(cut, **columns):
        fields = [bigquery.SchemaField(name, kind) for name, kind in columns.items()]
        table = bigquery.Table(f"{bq.project}.d.raw", schema=fields)
        table.time_partitioning = cut
        bq.create_table(table, retry=None, timeout=10)

    return create


@pytest.fixture
def observe(project):
    def observe(scope=EVER, *, metadata="auto", timezone="UTC", **raw):
        data = small_pipeline(timezone=timezone).model_dump(by_alias=True)
        data["phases"]["raw"]["tables"][0].update(raw)
        data["metadata"] = metadata
        pipeline = validated(data)
        return BigQueryWarehouse(pipeline, connect("small", project, "us-west2")).observe(NAME, scope)

    return observe


def test_an_updated_column_tells_each_dates_last_write(run, observe):
    run(
        "CREATE TABLE d.raw (day DATE, game STRING, written TIMESTAMP)",
        "INSERT INTO d.raw VALUES (DATE '2024-03-09', 'a', TIMESTAMP '2024-03-12 08:00:00'),"
        " (DATE '2024-03-09', 'b', TIMESTAMP '2024-03-12 09:00:00'), (DATE '2024-03-10', 'a', NULL)",
    )

    assert observe(updated_column="written").counts[RAW] == {
        FIRST: Count(2, 2, datetime(2024, 3, 12, 9, tzinfo=UTC)),
        SECOND: Count(1, 1, None),
    }


def test_an_updated_column_of_another_type_is_a_fault(run, observe):
    run("CREATE TABLE d.raw (day DATE, game STRING, written DATETIME)")

    with pytest.raises(ConfigError, match=r"d\.raw has written \(updated_column\) as DATETIME; expected TIMESTAMP"):
        observe(updated_column="written")


@pytest.mark.parametrize("keys", [{"entity_column": None}, {}], ids=["rows from metadata", "rows counted"])
def test_metadata_tells_rows_and_last_writes_in_one_statement(run, observe, keys):
    run(
        "CREATE TABLE d.raw (day DATE, game STRING) PARTITION BY day",
        "INSERT INTO d.raw VALUES (DATE '2024-03-09', 'a'), (DATE '2024-03-09', 'b'), (NULL, 'c'),"
        " (DATE '1950-01-01', 'd')",
    )
    seen = observe(metadata="on", **keys)
    count = seen.counts[RAW][FIRST]

    assert (set(seen.counts[RAW]), count.rows, count.entities) == ({FIRST}, 2, None if keys else 2)
    assert abs(count.written_at - datetime.now(UTC)) < timedelta(minutes=1)
    assert (seen.facts[RAW].unjudged, seen.queries) == ({"__NULL__": 1, "out of range": 1}, 1)


def test_metadata_and_counts_of_one_scope_are_alike(run, observe):
    run(
        "CREATE TABLE d.raw (day DATE, game STRING) PARTITION BY day",
        "INSERT INTO d.raw SELECT day, 'g' FROM UNNEST(GENERATE_DATE_ARRAY('2024-03-01', '2024-03-10')) AS day",
    )
    scope = Scope(Interval.inclusive(date(2024, 3, 4), date(2024, 3, 6)), frozenset({FIRST}))
    told = [observe(scope, metadata=metadata, entity_column=None).counts[RAW] for metadata in ("on", "off")]

    assert [{day: count.rows for day, count in each.items()} for each in told] == [
        dict.fromkeys([date(2024, 3, 4), date(2024, 3, 5), date(2024, 3, 6), FIRST], 1)
    ] * 2


@pytest.mark.parametrize(("timezone", "days", "known"), [("UTC", {SECOND}, True), ("America/New_York", {FIRST}, False)])
def test_hours_of_timestamps_are_dates_in_utc_alone(create, run, observe, timezone, days, known):
    """03:30 UTC on the 10th is still the 9th in New York: there the rows are counted."""
    create(bigquery.TimePartitioning(type_="HOUR", field="day"), day="TIMESTAMP", game="STRING")
    run("INSERT INTO d.raw VALUES (TIMESTAMP '2024-03-10 03:30:00', 'a'), (TIMESTAMP '2024-03-10 04:10:00', 'b')")
    seen = observe(metadata="on", timezone=timezone, entity_column=None).counts[RAW]

    assert set(seen) == days
    assert [(count.rows, count.written_at is not None) for count in seen.values()] == [(2, known)]


def test_months_are_counted_by_date_and_expire_as_months_do(create, run, observe):
    cut = bigquery.TimePartitioning(type_="MONTH", field="day", expiration_ms=90 * 86_400_000)
    create(cut, day="DATE", game="STRING")
    run("INSERT INTO d.raw VALUES (DATE '2024-03-09', 'a'), (DATE '2024-03-10', 'b')")
    seen = observe(metadata="on", entity_column=None)

    assert seen.counts[RAW] == {FIRST: Count(1), SECOND: Count(1)}
    assert seen.facts[RAW] == TableFacts(retention=timedelta(days=60))


@pytest.mark.parametrize("column", ["_PARTITIONDATE", "_PARTITIONTIME"])
def test_tables_cut_by_ingestion_are_read_by_its_date_in_utc(create, run, observe, column):
    create(bigquery.TimePartitioning(type_="DAY"), game="STRING")
    run("INSERT INTO d.raw (game) VALUES ('a'), ('b')")
    seen = observe(date_column=column, timezone="Pacific/Auckland")

    assert seen.counts[RAW] == {seen.now.date(): Count(2, 2)}


def test_a_column_that_only_tables_by_ingestion_have_is_a_fault_elsewhere(run, observe):
    run("CREATE TABLE d.raw (day DATE, game STRING) PARTITION BY day")

    with pytest.raises(ConfigError, match=r"no column _PARTITIONDATE \(date_column\): it is not partitioned by inges"):
        observe(date_column="_PARTITIONDATE")


def test_a_policy_on_another_column_costs_no_row(run, observe):
    run(
        "CREATE TABLE d.raw (day DATE, game STRING, loaded DATE) PARTITION BY loaded"
        " OPTIONS (require_partition_filter = TRUE)",
        "INSERT INTO d.raw VALUES (DATE '2024-03-09', 'a', DATE '2024-03-12'), (DATE '2024-03-09', 'b', NULL)",
    )

    assert observe().counts[RAW] == {FIRST: Count(2, 2)}


def test_expiry_counts_where_it_cuts_the_dates(run, observe):
    run(
        "CREATE TABLE d.raw (day DATE, game STRING, loaded DATE) PARTITION BY loaded"
        " OPTIONS (partition_expiration_days = 30)",
        "CREATE OR REPLACE TABLE d.refined (day DATE, game STRING) PARTITION BY day"
        " OPTIONS (partition_expiration_days = 365)",
    )

    assert observe().facts == {REFINED: TableFacts(retention=timedelta(days=365))}


def test_rows_that_a_policy_hides_are_never_taken_for_none(run, project, monkeypatch):
    """The emulator enforces the policy, but has no number of rows: that alone is given here."""
    run(
        "CREATE TABLE d.raw (day DATE, game STRING) PARTITION BY day",
        "INSERT INTO d.raw VALUES (DATE '2024-03-09', 'a'), (DATE '2024-03-10', 'b')",
        "CREATE ROW ACCESS POLICY others ON d.raw GRANT TO ('user:somebody@example.com') FILTER USING (TRUE)",
    )
    numbers = {"raw": 2, "refined": 0}
    monkeypatch.setattr(bigquery.Table, "num_rows", property(lambda table: numbers[table.table_id]))
    as_in_the_cloud = replace(connect("small", project, "us-west2"), emulator=False)
    pipeline = small_pipeline().model_copy(update={"metadata": "off"})

    with pytest.raises(ConfigError, match=r"^phases\.raw: table d\.raw shows 0 rows of any date, its metadata has 2:"):
        BigQueryWarehouse(pipeline, as_in_the_cloud).observe(NAME, EVER)
