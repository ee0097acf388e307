"""Rows and last writes from partitions' metadata, and where it is not believed."""

from datetime import UTC, date, datetime, timedelta

import pytest
from google.api_core import exceptions as google
from hypothesis import given
from hypothesis import strategies as st

from gapheal.errors import Unavailable
from gapheal.intervals import EARLIEST, LATEST, Interval
from gapheal.model.excuses import Excuse, Season
from gapheal.model.passes import Count, Scope, TableFacts, TableKey
from gapheal.testing import small_pipeline
from gapheal.warehouse import BigQueryWarehouse
from gapheal.warehouse.catalog import survey
from gapheal.warehouse.described import dates_are_partitions

RAW, REFINED = TableKey("raw", "d.raw"), TableKey("refined", "d.refined")
FIRST, SECOND, THIRD = date(2024, 3, 9), date(2024, 3, 10), date(2024, 3, 11)
EVER = Scope(Interval.inclusive(EARLIEST, LATEST))
EARLY, LATE = datetime(2024, 3, 12, 8, tzinfo=UTC), datetime(2024, 3, 12, 9, tzinfo=UTC)


def test_rows_and_last_writes_are_told_without_counting(world, tables, observe):
    for table in tables:
        table.put(FIRST, 3, EARLY)
    seen = observe(EVER)

    assert seen.counts == {RAW: {FIRST: Count(3, None, EARLY)}, REFINED: {FIRST: Count(3, None, EARLY)}}
    assert (world.counted(), seen.queries, seen.facts) == ([[]], 1, {})


def test_a_write_that_changes_no_number_moves_the_last_write(tables, observe):
    raw, _ = tables
    raw.put(FIRST, 3, EARLY)
    before = observe(EVER).counts[RAW][FIRST]
    raw.partitions[:] = [("20240309", 3, LATE)]

    assert (before, observe(EVER).counts[RAW][FIRST]) == (Count(3, None, EARLY), Count(3, None, LATE))


def test_hours_add_up_to_their_day(world, tables, observe):
    raw = world.create("d.raw", {"type": "HOUR", "field": "day"}, columns="day DATETIME, game STRING")
    raw.put(FIRST, 3, LATE, part="2024030900")
    raw.put(FIRST, 4, EARLY, part="2024030923")

    assert observe(EVER).counts[RAW] == {FIRST: Count(7, None, LATE)}


@pytest.mark.parametrize("keys", [{"entity_column": "game"}, {"where": "game > 'a'"}], ids=["entities", "where"])
def test_what_metadata_cannot_count_is_counted_and_its_last_write_still_known(world, tables, observe, file, keys):
    raw, _ = tables
    raw.put(FIRST, 3, EARLY)
    raw.rows[FIRST] = 2  # what the predicate leaves, say
    seen = observe(EVER, file(raw=keys))

    assert (seen.counts[RAW], world.counted()[0]) == ({FIRST: Count(2, None, EARLY)}, ["d.raw"])


def test_an_updated_column_is_the_surest_last_write(world, tables, observe, file):
    raw = world.create("d.raw", columns="day DATE, at TIMESTAMP")
    raw.put(FIRST, 3, LATE)
    raw.written[FIRST] = EARLY

    assert observe(EVER, file(raw={"updated_column": "at"})).counts[RAW] == {FIRST: Count(3, None, EARLY)}


NOT_DATES = {
    "by month": ({"type": "MONTH", "field": "day"}, {}),
    "by another column": ({"type": "DAY", "field": "loaded"}, {}),
    "by ingestion": ({"type": "DAY"}, {}),
    "not at all": ({}, {}),
    "a view": ({}, {"type": "VIEW"}),
    "external": ({"type": "DAY", "field": "day"}, {"type": "EXTERNAL"}),
}


@pytest.mark.parametrize("case", NOT_DATES)
def test_partitions_that_are_not_the_dates_tell_nothing(case, world, tables, observe):
    cut, more = NOT_DATES[case]
    raw = world.create("d.raw", cut or None, columns="day DATE, loaded DATE", **more)
    if not cut:
        del raw.resource["timePartitioning"]
    raw.put(FIRST, 3, LATE)

    assert (observe(EVER).counts[RAW], world.counted()[0]) == ({FIRST: Count(3, None, None)}, ["d.raw"])


@pytest.mark.parametrize(("metadata", "emulator", "read"), [
    ("auto", False, True), ("auto", True, False), ("on", True, True), ("off", False, False),
])  # fmt: skip
def test_the_key_metadata_rules(metadata, emulator, read, world, tables, observe, file):
    world.emulator = emulator
    tables[0].put(FIRST, 3, LATE)

    assert observe(EVER, file(metadata=metadata)).counts[RAW][FIRST].written_at == (LATE if read else None)


def test_a_date_that_only_one_side_has_is_counted_before_it_is_believed(world, tables, observe):
    raw, refined = tables
    for day in (FIRST, SECOND, THIRD):
        raw.put(day, 3, EARLY)
    refined.put(FIRST, 3, EARLY)
    refined.rows[SECOND] = 5  # just written: metadata does not know it yet
    seen = observe(EVER)

    assert seen.counts[REFINED] == {FIRST: Count(3, None, EARLY), SECOND: Count(5, None, None)}
    assert (world.counted(), seen.queries, seen.bytes_billed) == ([[], ["d.refined"]], 2, 20)


def test_a_count_replaces_rows_and_leaves_the_last_write(tables, observe, file):
    raw, refined = tables
    raw.put(FIRST, 3, EARLY)
    refined.put(FIRST, 1, LATE)
    refined.rows[FIRST] = 2

    assert observe(EVER, file(refined={"min_rows": 2})).counts[REFINED] == {FIRST: Count(2, None, LATE)}


def test_deleted_rows_that_metadata_still_counts_are_no_more_once_doubted(tables, observe, file):
    raw, refined = tables
    raw.put(FIRST, 3, EARLY)
    refined.put(FIRST, 1, LATE)
    refined.rows.clear()
    refined.put(SECOND)

    assert FIRST not in observe(EVER, file(refined={"min_rows": 2})).counts[REFINED]


EXCUSES = {
    "of the transition": {"excuses": [{"reason": "all-star", "dates": ["2024-03-09"]}]},
    "of the table": {"refined": {"excuses": [{"reason": "all-star", "dates": ["2024-03-09"]}]}},
}


@pytest.mark.parametrize("case", EXCUSES)
def test_excused_dates_are_not_worth_a_count(case, tables, observe, file):
    tables[0].put(FIRST, 3, EARLY)

    assert observe(EVER, file(**EXCUSES[case])).queries == 1


def test_an_excuse_that_asks_for_entities_excuses_no_count(tables, observe, file):
    tables[0].put(FIRST, 3, EARLY)
    excuse = {"reason": "exhibition", "upstream_entities_below": 2}

    assert observe(EVER, file(excuses=[excuse])).queries == 2


def test_an_optional_table_is_no_reason_to_count_again(tables, observe, file):
    tables[0].put(FIRST, 3, EARLY)

    assert observe(EVER, file(refined={"required": False})).queries == 1


@pytest.mark.fault(18)
def test_rows_in_the_streaming_buffer_are_counted(world, tables, observe):
    """They may show twice, once for each tier of storage, and belong to no partition yet."""
    raw, refined = tables
    raw.put(FIRST, 3, EARLY)
    refined.put(FIRST, 3, EARLY)
    refined.partitions += [("__UNPARTITIONED__", 2, LATE), ("__UNPARTITIONED__", 1, LATE)]
    refined.rows |= {FIRST: 4, SECOND: 2}
    seen = observe(EVER)

    assert seen.counts[REFINED] == {FIRST: Count(4, None, EARLY), SECOND: Count(2, None, None)}
    assert seen.facts == {REFINED: TableFacts(buffered=True, unjudged={"__UNPARTITIONED__": 3})}
    assert world.counted()[1] == ["d.refined"]


def test_the_catalogue_tells_the_buffer_of_a_table_that_is_counted_anyway(world, tables, observe, file):
    world.create("d.raw", {"type": "MONTH", "field": "day"}, streamingBuffer={"estimatedRows": "2"})

    assert observe(EVER).facts[RAW].buffered


@pytest.mark.fault(19)
def test_rows_of_no_date_are_numbered_and_judged_nowhere(tables, observe):
    raw, refined = tables
    for part, rows in (("__NULL__", 2), ("19500101", 1), ("22000101", 4)):
        raw.put(FIRST, rows, part=part)
    raw.partitions.append(("20240309", 0, EARLY))
    raw.rows.clear()
    refined.put(SECOND)
    raw.put(SECOND)

    seen = observe(EVER)
    assert (set(seen.counts[RAW]), seen.facts[RAW].unjudged) == ({SECOND}, {"__NULL__": 2, "out of range": 5})


def test_only_the_scope_is_read(world, tables, observe):
    for table in tables:
        for day in (FIRST, SECOND, THIRD):
            table.put(day, 1, EARLY)
        table.partitions.append(("19500101", 1, EARLY))
    seen = observe(Scope(Interval.inclusive(THIRD, THIRD), frozenset({FIRST})))

    assert (set(seen.counts[RAW]), seen.facts) == ({FIRST, THIRD}, {})


@pytest.mark.parametrize(("column", "zone", "told"), [
    ("DATE", "America/New_York", True),
    ("DATETIME", "America/New_York", True),
    ("TIMESTAMP", "UTC", True),
    ("TIMESTAMP", "America/New_York", False),
])  # fmt: skip
def test_timestamps_are_partitions_dates_only_in_utc(column, zone, told, world, tables, file):
    world.create("d.raw", columns=f"day {column}, game STRING")
    pipeline = file(timezone=zone)
    table = pipeline.phases["raw"].tables[0]

    assert dates_are_partitions(survey(world, {RAW: table}).tables[RAW], table, pipeline.zone) is told


def test_the_expiry_of_a_table_is_read_again_after_an_hour(world, tables, file):
    now = [0.0]
    warehouse = BigQueryWarehouse(file(), world, lambda: now[0])
    told = []
    for seconds, days in ((0, 30), (3599, 90), (3601, 90)):
        now[0] = seconds
        tables[0].resource["timePartitioning"]["expirationMs"] = str(days * 86_400_000)
        told.append(warehouse.observe("raw_to_refined", EVER).facts[RAW].retention)

    assert told == [timedelta(days=30), timedelta(days=30), timedelta(days=90)]


def test_seasons_reach_the_excuses(tables, observe, file):
    tables[0].put(FIRST, 3, EARLY)
    pipeline = file()
    policy = pipeline.transitions["raw_to_refined"].policy
    excused = policy.model_copy(update={"excuses": (Excuse(reason="off-season", outside="nba"),)})
    step = pipeline.transitions["raw_to_refined"].model_copy(update={"policy": excused})
    seasons = {"nba": (Season(start=SECOND, end=THIRD),)}
    pipeline = pipeline.model_copy(update={"seasons": seasons, "transitions": {"raw_to_refined": step}})

    assert observe(EVER, pipeline).queries == 1


def test_metadata_that_may_not_be_read_is_told_with_the_mend(world, tables, observe):
    def refuse(sql, parameters):
        raise google.Forbidden("Access Denied: Table p:d.INFORMATION_SCHEMA.PARTITIONS: no permission")

    world.query = refuse

    with pytest.raises(Unavailable, match="write `metadata: off` to count rows instead"):
        observe(EVER)


DAYS = st.sampled_from([FIRST, SECOND, THIRD])
SIDE = st.dictionaries(DAYS, st.tuples(st.integers(0, 3), st.booleans()))
"""Rows by date, and whether the metadata knows of them."""


@given(raw=SIDE, refined=SIDE, window=st.tuples(DAYS, DAYS), dates=st.frozensets(DAYS))
def test_what_one_side_has_is_counted_rightly_on_the_other_whatever_metadata_knows(
    new_world, raw, refined, window, dates
):
    world = new_world()
    sides = {"d.raw": raw, "d.refined": refined}
    for name, days in sides.items():
        table = world.create(name)
        for day, (rows, known) in days.items():
            table.put(day, rows)
            if not known:
                table.partitions.pop()
    scope = Scope(Interval.inclusive(*sorted(window)), dates)
    tables = {name: {"entity_column": None} for name in ("raw", "refined")}
    seen = BigQueryWarehouse(small_pipeline(tables=tables), world).observe("raw_to_refined", scope)
    told = {key.table: {day: count.rows for day, count in days.items()} for key, days in seen.counts.items()}

    for day in told["d.raw"].keys() | told["d.refined"].keys():
        assert day in scope
        assert [told[name].get(day, 0) for name in sides] == [days.get(day, (0, 0))[0] for days in sides.values()]
    known = {day for days in sides.values() for day, (rows, known) in days.items() if rows and known and day in scope}
    assert known <= told["d.raw"].keys() | told["d.refined"].keys()
