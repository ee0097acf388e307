"""Counting what exists, on the real client."""

from datetime import UTC, date, datetime, timedelta

import pytest
from google.cloud import bigquery

from gapheal.bigquery import connect
from gapheal.errors import ConfigError
from gapheal.intervals import Interval
from gapheal.model.passes import Count, Scope, TableKey
from gapheal.spec import validated
from gapheal.spec.grain import DAY_ALONE
from gapheal.testing import small_pipeline
from gapheal.warehouse import BigQueryWarehouse

NAME = "raw_to_refined"
RAW, REFINED = TableKey("raw", "d.raw"), TableKey("refined", "d.refined")
FIRST, SECOND, THIRD = date(2024, 3, 9), date(2024, 3, 10), date(2024, 3, 11)
ALL = Scope(Interval.inclusive(date(1990, 1, 1), date(2159, 12, 31)))


@pytest.fixture
def run(bq):
    dataset = bigquery.Dataset(f"{bq.project}.d")
    dataset.location = "us-west2"
    bq.create_dataset(dataset, retry=None, timeout=10)

    def run(sql):
        return bq.query(sql, retry=None, timeout=30).result(timeout=30)

    return run


@pytest.fixture
def tables(run):
    run("CREATE TABLE d.raw (day DATE, game STRING) PARTITION BY day")
    run("CREATE TABLE d.refined (day DATE, game STRING) PARTITION BY day")
    run(
        "INSERT INTO d.raw VALUES (DATE '2024-03-09', 'a'), (DATE '2024-03-09', 'b'), (DATE '2024-03-09', 'b'),"
        " (DATE '2024-03-10', 'a'), (DATE '2024-03-11', 'a'), (NULL, 'z')"
    )
    run("INSERT INTO d.refined VALUES (DATE '2024-03-09', 'a')")


@pytest.fixture
def observe(project):
    def observe(scope=ALL, pipeline=None):
        pipeline = pipeline or small_pipeline()
        return BigQueryWarehouse(pipeline, connect("small", project, "us-west2")).observe(NAME, scope)

    return observe


def changed(pipeline, phase, **keys):
    """The pipeline with other keys for the table of one phase."""
    data = pipeline.model_dump(by_alias=True)
    data["phases"][phase]["tables"][0].update(keys)
    return validated(data)


def test_both_sides_are_counted_by_date_with_distinct_entities(tables, observe):
    seen = observe()

    assert seen.counts[RAW] == {FIRST: Count(3, 2), SECOND: Count(1, 1), THIRD: Count(1, 1)}
    assert seen.counts[REFINED] == {FIRST: Count(1, 1)}
    assert seen.queries == 1


def test_the_querys_own_clock_is_told_even_when_nothing_is_there(run, observe):
    run("CREATE TABLE d.raw (day DATE, game STRING)")
    run("CREATE TABLE d.refined (day DATE, game STRING)")
    seen = observe()

    assert abs(seen.now - datetime.now(UTC)) < timedelta(minutes=1)
    assert seen.counts == {RAW: {}, REFINED: {}}


@pytest.mark.parametrize(
    ("scope", "days"),
    [
        (Scope(Interval.inclusive(SECOND, THIRD)), {SECOND, THIRD}),
        (Scope(dates=frozenset({FIRST, THIRD})), {FIRST, THIRD}),
        (Scope(Interval.inclusive(THIRD, THIRD), frozenset({FIRST})), {FIRST, THIRD}),
        (Scope(Interval.inclusive(FIRST, SECOND), frozenset({SECOND})), {FIRST, SECOND}),
    ],
    ids=["window", "dates", "window and dates", "dates inside the window"],
)
def test_only_the_scope_is_counted(tables, observe, scope, days):
    assert set(observe(scope).counts[RAW]) == days


@pytest.mark.parametrize(
    ("kind", "days"),
    [("DATETIME", {FIRST, SECOND}), ("TIMESTAMP", {FIRST})],
)
def test_datetimes_count_by_their_own_date_and_timestamps_in_the_pipelines_zone(run, observe, kind, days):
    """03:30 UTC on the 10th is still the 9th in New York."""
    run(f"CREATE TABLE d.raw (day {kind}, game STRING)")
    run("CREATE TABLE d.refined (day DATE, game STRING)")
    run(f"INSERT INTO d.raw VALUES ({kind} '2024-03-09 12:00:00', 'a'), ({kind} '2024-03-10 03:30:00', 'b')")

    seen = observe(pipeline=small_pipeline(timezone="America/New_York"))
    narrow = observe(Scope(dates=frozenset(days)), small_pipeline(timezone="America/New_York"))

    assert set(seen.counts[RAW]) == days
    assert narrow.counts[RAW] == seen.counts[RAW]


def test_a_predicate_counts_only_its_rows(tables, observe):
    pipeline = changed(small_pipeline(), "raw", where="game = 'a' OR game = 'never'")

    assert observe(pipeline=pipeline).counts[RAW] == {FIRST: Count(1, 1), SECOND: Count(1, 1), THIRD: Count(1, 1)}


def test_a_view_is_read_as_a_table(run, tables, observe):
    run("CREATE VIEW d.either AS SELECT day, game FROM d.raw UNION ALL SELECT day, game FROM d.refined")
    pipeline = changed(small_pipeline(), "raw", table="d.either")

    assert observe(pipeline=pipeline).counts[TableKey("raw", "d.either")][FIRST] == Count(4, 2)


def test_a_table_without_entities_is_counted_by_rows(tables, observe):
    pipeline = changed(small_pipeline(), "raw", entity_column=None)

    assert observe(pipeline=pipeline).counts[RAW][FIRST] == Count(3, None)


GOLDEN = {
    "table not found": (
        {"table": "d.refind"},
        "phases.refined: table d.refind was not found. Nearest in d: refined",
    ),
    "dataset not found": (
        {"table": "elsewhere.refined"},
        "phases.refined: table elsewhere.refined was not found. Nearest in elsewhere: the dataset is empty",
    ),
    "column not found": (
        {"date_column": "dya"},
        "phases.refined: table d.refined has no column dya (date_column); did you mean day?",
    ),
    "entity not found": (
        {"entity_column": "player_id"},
        "phases.refined: table d.refined has no column player_id (entity_column); it has day, game",
    ),
    "no date at all": (
        {"date_column": "game"},
        (
            "phases.refined: table d.refined has game (date_column) as STRING; "
            f"expected DATE, DATETIME, TIMESTAMP: read a view that makes it a DATE ({DAY_ALONE})"
        ),
    ),
}


@pytest.mark.parametrize("case", GOLDEN)
def test_a_fault_names_phase_table_column_and_mend(case, tables, observe):
    keys, message = GOLDEN[case]

    with pytest.raises(ConfigError) as caught:
        observe(pipeline=changed(small_pipeline(), "refined", **keys))

    assert str(caught.value) == message


def test_all_faults_are_told_at_once(tables, observe):
    pipeline = changed(changed(small_pipeline(), "refined", date_column="dya"), "raw", table="d.rav")

    with pytest.raises(ConfigError) as caught:
        observe(pipeline=pipeline)

    first, second = str(caught.value).splitlines()
    assert ("table d.rav was not found" in first, "has no column dya" in second) == (True, True)


def test_of_many_tables_those_that_fail_are_named_with_their_mend(run, tables, observe):
    run("CREATE TABLE d.base (day DATE, game STRING)")
    run("CREATE VIEW d.broken AS SELECT day, game FROM d.base")
    run("DROP TABLE d.base")
    pipeline = changed(small_pipeline(), "raw", where="score > 3")
    data = pipeline.model_dump(by_alias=True)
    data["phases"]["refined"]["tables"].append({"table": "d.broken", "date_column": "day"})

    with pytest.raises(ConfigError) as caught:
        observe(pipeline=validated(data))

    first, second = str(caught.value).splitlines()
    assert first.startswith("phases.raw: table d.raw cannot be read: ")
    assert "score" in first
    assert first.endswith("; mend its `where`")
    assert second.startswith("phases.refined: table d.broken cannot be read: ")
    assert second.endswith("; mend the view")


@pytest.mark.fault(12)
def test_a_dataset_in_another_location_is_refused(bq, run, tables, observe):
    dataset = bigquery.Dataset(f"{bq.project}.europe")
    dataset.location = "EU"
    bq.create_dataset(dataset, retry=None, timeout=10)
    run("CREATE TABLE europe.refined (day DATE, game STRING)")

    with pytest.raises(ConfigError) as caught:
        observe(pipeline=changed(small_pipeline(), "refined", table="europe.refined"))

    assert str(caught.value) == (
        "phases.refined: table europe.refined is in location EU, the file says location: us-west2; "
        "mend `location` in the file (one pipeline reads one location)"
    )


@pytest.mark.fault(14)
def test_a_table_that_vanishes_while_the_process_lives_is_an_error_never_empty(run, tables, project):
    warehouse = BigQueryWarehouse(small_pipeline(), connect("small", project, "us-west2"))
    warehouse.observe(NAME, ALL)
    run("DROP TABLE d.refined")

    with pytest.raises(ConfigError, match=r"table d.refined was not found"):
        warehouse.observe(NAME, ALL)


@pytest.mark.fault(14)
def test_a_column_that_is_renamed_while_the_process_lives_is_named(run, tables, project):
    warehouse = BigQueryWarehouse(small_pipeline(), connect("small", project, "us-west2"))
    warehouse.observe(NAME, ALL)
    run("DROP TABLE d.refined")
    run("CREATE TABLE d.refined (game_day DATE, game STRING)")

    with pytest.raises(ConfigError, match=r"table d.refined has no column day \(date_column\); it has game, game_day"):
        warehouse.observe(NAME, ALL)


def test_an_optional_table_that_is_absent_is_an_error_too(tables, observe):
    with pytest.raises(ConfigError, match="was not found"):
        observe(pipeline=changed(small_pipeline(), "refined", table="d.gone", required=False))
