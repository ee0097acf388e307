"""What holds of every past: the one in memory and BigQuery's time travel."""

import time
from datetime import UTC, date, datetime, timedelta

import pytest
from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery

from gapheal.bigquery import connect
from gapheal.errors import ConfigError, GaphealError
from gapheal.model.passes import Count
from gapheal.model.past import Back
from gapheal.testing import FrozenClock, MemoryPast, MemoryWarehouse, small_pipeline
from gapheal.warehouse.past import BigQueryPast

STEP, TABLE = "raw_to_refined", "d.refined"
FIRST, SECOND, THIRD = date(2024, 3, 9), date(2024, 3, 10), date(2024, 3, 11)
CALL = {"retry": None, "timeout": 30}

pytestmark = pytest.mark.emulator


class InMemory:
    """The double, written as the real table is."""

    def __init__(self):
        self.pipeline = small_pipeline()
        self.clock = FrozenClock()
        self.warehouse = MemoryWarehouse(self.pipeline, self.clock)
        self.past = MemoryPast(self.warehouse)

    def write(self, day, *games):
        self.clock.advance(seconds=1)
        self.warehouse.put(TABLE, day, len(games), len(set(games)))
        if not games:
            self.warehouse.drop(TABLE, day)

    def moment(self):
        self.clock.advance(seconds=1)
        return self.clock.now()

    def counts(self):
        return {day: count[:2] for day, count in self.warehouse.tables[TABLE].items()}


class InBigQuery:
    """A table in an emulator that keeps history."""

    def __init__(self, client):
        self.client = client
        dataset = bigquery.Dataset(f"{client.project}.d")
        dataset.location = "us-west2"
        client.create_dataset(dataset, retry=None, timeout=10)
        self.run("CREATE TABLE d.refined (day DATE, game STRING, `Group` STRING) PARTITION BY day")
        self.past = BigQueryPast(small_pipeline(), connect("small", client.project, "us-west2"))

    def run(self, sql):
        return [dict(row) for row in self.client.query(sql, job_retry=None, **CALL).result(timeout=30)]

    def write(self, day, *games):
        # Outside a script: inside one the emulator keeps no history.
        self.run(f"DELETE FROM d.refined WHERE day = '{day}'")
        if games:
            rows = ", ".join(f"(DATE '{day}', '{game}', 'x')" for game in games)
            self.run(f"INSERT INTO d.refined VALUES {rows}")

    def moment(self):
        time.sleep(0.01)
        now = datetime.now(UTC)
        time.sleep(0.01)
        return now

    def rows(self):
        return self.run("SELECT * FROM d.refined ORDER BY day, game")

    def counts(self):
        sql = "SELECT day, COUNT(*) AS n, COUNT(DISTINCT game) AS games FROM d.refined GROUP BY day"
        return {row["day"]: (row["n"], row["games"]) for row in self.run(sql)}


@pytest.fixture
def real(remembering_emulator, project, monkeypatch):
    monkeypatch.setenv("BIGQUERY_EMULATOR_HOST", remembering_emulator)
    with bigquery.Client(project=project, credentials=AnonymousCredentials()) as client:
        yield InBigQuery(client)


@pytest.fixture(params=["memory", "bigquery"])
def world(request):
    return InMemory() if request.param == "memory" else request.getfixturevalue("real")


def test_each_date_is_counted_at_its_own_moment(world):
    world.write(FIRST, "a", "b", "b")
    early = world.moment()
    world.write(FIRST, "a")
    world.write(SECOND, "c")
    late = world.moment()
    world.write(SECOND)

    assert world.past.held(STEP, {FIRST: early, SECOND: late, THIRD: late}) == {
        TABLE: {FIRST: Count(3, 2), SECOND: Count(1, 1), THIRD: Count(0, None if isinstance(world, InMemory) else 0)}
    }


def test_dates_go_back_each_to_its_own_moment_and_no_other_date_is_touched(world):
    world.write(FIRST, "a", "b")
    world.write(THIRD, "x")
    early = world.moment()
    world.write(FIRST, "c")
    world.write(SECOND, "d", "e", "f")
    late = world.moment()
    world.write(SECOND, "g")
    world.write(THIRD, "y", "z")

    world.past.restore(STEP, TABLE, [Back(FIRST, early, 1, 2), Back(SECOND, late, 1, 3)])

    assert world.counts() == {FIRST: (2, 2), SECOND: (3, 3), THIRD: (2, 2)}


def test_a_date_that_had_no_rows_has_none_again(world):
    world.write(SECOND, "x")
    before = world.moment()
    world.write(FIRST, "a")

    world.past.restore(STEP, TABLE, [Back(FIRST, before, 1, 0)])

    assert world.counts() == {SECOND: (1, 1)}


@pytest.mark.parametrize(("now", "then"), [(2, 2), (1, 3)], ids=["written since", "another history"])
def test_where_the_rows_are_not_those_that_were_shown_nothing_is_changed(world, now, then):
    world.write(FIRST, "a", "b")
    world.write(SECOND, "x", "y")
    before = world.moment()
    world.write(FIRST, "c")
    world.write(SECOND, "z")

    with pytest.raises(ConfigError, match=f"putting back {TABLE}"):
        world.past.restore(STEP, TABLE, [Back(SECOND, before, 1, 2), Back(FIRST, before, now, then)])

    assert world.counts() == {FIRST: (1, 1), SECOND: (1, 1)}


def test_how_far_back_it_reaches(world):
    reach = world.past.reach(STEP)[TABLE]

    assert reach.refusal is None
    assert reach.earliest < world.moment()


def test_every_column_comes_back_as_it_was(real):
    """Not only as many rows: the same."""
    real.write(FIRST, "a", "b")
    real.write(SECOND, "x")
    rows, before = real.rows(), real.moment()
    real.write(FIRST, "c")
    real.run("UPDATE d.refined SET `Group` = 'spoilt' WHERE day = '2024-03-09'")

    real.past.restore(STEP, TABLE, [Back(FIRST, before, 1, 2)])

    assert real.rows() == rows


def test_a_table_that_was_made_later_is_read_no_further_back_than_that(real):
    reach = real.past.reach(STEP)[TABLE]

    assert reach.why == "the table was made then"
    assert datetime.now(UTC) - reach.earliest < timedelta(hours=1)


def test_a_view_has_no_rows_to_put_back(real):
    real.run("DROP TABLE d.refined")
    real.run("CREATE VIEW d.refined AS SELECT DATE '2024-03-09' AS day, 'a' AS game")

    assert "it is a view" in real.past.reach(STEP)[TABLE].refusal


def test_a_moment_before_history_is_an_error_and_not_empty(real):
    with pytest.raises(GaphealError, match=r"reading d\.refined of 2024-03-09 as it was at 2020-01-01"):
        real.past.held(STEP, {FIRST: datetime(2020, 1, 1, tzinfo=UTC)})
