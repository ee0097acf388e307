"""What holds of every warehouse: the one in memory and the one in BigQuery."""

from datetime import UTC, date, datetime

import pytest
from google.cloud import bigquery

from gapheal.bigquery import connect
from gapheal.intervals import EARLIEST, LATEST, Interval
from gapheal.model.passes import Count, Scope, TableKey
from gapheal.spec import validated
from gapheal.testing import FrozenClock, MemoryWarehouse, small_pipeline
from gapheal.warehouse import BigQueryWarehouse

FIRST, SECOND, THIRD = date(2024, 3, 9), date(2024, 3, 10), date(2024, 3, 11)
EVER = Scope(Interval.inclusive(EARLIEST, LATEST))
WRITTEN = datetime(2024, 3, 12, 8, tzinfo=UTC)


def with_a_schedule():
    """The small pipeline with an `expected` table, and with last writes on the first phase."""
    data = small_pipeline(tables={"raw": {"updated_column": "written"}}).model_dump(by_alias=True)
    data["phases"]["raw"]["expected"] = {"table": "d.schedule", "date_column": "day", "entity_column": "game"}
    return validated(data)


class InBigQuery(BigQueryWarehouse):
    """The real warehouse, filled as the double is."""

    def __init__(self, client, pipeline):
        self.client = client
        dataset = bigquery.Dataset(f"{client.project}.d")
        dataset.location = "us-west2"
        client.create_dataset(dataset, retry=None, timeout=10)
        for table in ("raw", "refined", "served", "schedule"):
            self.run(f"CREATE TABLE d.{table} (day DATE, game STRING, written TIMESTAMP) PARTITION BY day")
        super().__init__(pipeline, connect("small", client.project, "us-west2"))

    def run(self, sql):
        self.client.query(sql, retry=None, timeout=30).result(timeout=30)

    def put(self, table, day, rows=1, entities=None, written_at=None):
        at = f"TIMESTAMP '{written_at.isoformat()}'" if written_at else "NULL"
        game = f"CAST(MOD(i, {entities}) AS STRING)" if entities else "'g'"
        self.drop(table, day)
        self.run(f"INSERT INTO {table} SELECT DATE '{day}', {game}, {at} FROM UNNEST(GENERATE_ARRAY(1, {rows})) AS i")

    def drop(self, table, day):
        self.run(f"DELETE FROM {table} WHERE day = DATE '{day}'")


@pytest.fixture(params=["memory", "bigquery"])
def warehouse(request):
    pipeline = with_a_schedule()
    if request.param == "memory":
        return MemoryWarehouse(pipeline, FrozenClock())
    return InBigQuery(request.getfixturevalue("bq"), pipeline)


def test_each_table_tells_what_it_holds_of_each_date(warehouse):
    warehouse.put("d.raw", FIRST, 5, 2, WRITTEN)
    warehouse.put("d.raw", SECOND, 1, 1)
    warehouse.put("d.refined", FIRST, 3, 3)
    seen = warehouse.observe("raw_to_refined", EVER)

    assert seen.counts[TableKey("raw", "d.raw")] == {FIRST: Count(5, 2, WRITTEN), SECOND: Count(1, 1, None)}
    assert seen.counts[TableKey("refined", "d.refined")] == {FIRST: Count(3, 3)}
    assert (seen.facts, seen.queries) == ({}, 1)


def test_what_is_expected_of_a_first_phase_stands_under_a_key_of_its_own(warehouse):
    warehouse.put("d.schedule", FIRST, 4, 4)
    seen = warehouse.observe("raw_to_refined", EVER)

    assert seen.counts[TableKey("raw.expected", "d.schedule")] == {FIRST: Count(4, 4)}
    assert TableKey("raw.expected", "d.schedule") not in warehouse.observe("refined_to_served", EVER).counts


def test_a_date_without_rows_is_absent_and_a_table_without_dates_is_there(warehouse):
    warehouse.put("d.raw", FIRST, 1, 1)
    warehouse.drop("d.raw", FIRST)
    seen = warehouse.observe("raw_to_refined", EVER)

    assert (seen.counts[TableKey("raw", "d.raw")], seen.counts[TableKey("refined", "d.refined")]) == ({}, {})


def test_a_date_that_is_written_again_is_seen_so(warehouse):
    warehouse.put("d.raw", FIRST, 1, 1, WRITTEN)
    warehouse.put("d.raw", FIRST, 2, 2, WRITTEN.replace(hour=9))

    seen = warehouse.observe("raw_to_refined", EVER).counts[TableKey("raw", "d.raw")]
    assert seen == {FIRST: Count(2, 2, WRITTEN.replace(hour=9))}


@pytest.mark.parametrize(
    ("scope", "days"),
    [
        (Scope(Interval.inclusive(SECOND, THIRD)), {SECOND, THIRD}),
        (Scope(dates=frozenset({FIRST, THIRD})), {FIRST, THIRD}),
        (Scope(Interval.inclusive(THIRD, THIRD), frozenset({FIRST})), {FIRST, THIRD}),
    ],
    ids=["window", "dates", "both"],
)
def test_only_the_scope_is_read(warehouse, scope, days):
    for day in (FIRST, SECOND, THIRD):
        warehouse.put("d.raw", day, 1, 1)

    assert set(warehouse.observe("raw_to_refined", scope).counts[TableKey("raw", "d.raw")]) == days
