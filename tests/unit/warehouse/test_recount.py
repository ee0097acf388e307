"""`recount: changed`: of a window only those dates are counted whose partitions say something new."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gapheal.bigquery import Rows
from gapheal.errors import ConfigError
from gapheal.intervals import DAY, EARLIEST, LATEST, Interval, fold
from gapheal.model.passes import Count, Observations, Scope, TableFacts, TableKey
from gapheal.model.pipeline import Table
from gapheal.testing import FrozenClock, MemoryLedger, small_pipeline
from gapheal.warehouse import BigQueryWarehouse
from gapheal.warehouse.described import Described
from gapheal.warehouse.plan import Plan
from gapheal.warehouse.remembered import TURN_DAYS, identity, in_turn

NAME = "raw_to_refined"
RAW, REFINED, SEEN = TableKey("raw", "d.raw"), TableKey("refined", "d.refined"), TableKey("raw", "d.seen")
FIRST = date(2024, 3, 9)
NEVER_IN_TURN = datetime(2024, 6, 20, 12, tzinfo=UTC)
"""On this day and the next, no date around FIRST is counted because it is its turn."""
EVER = Scope(Interval.inclusive(EARLIEST, LATEST))
ENTITIES = {phase: {"entity_column": "game"} for phase in ("raw", "refined", "served")}


class Cloud:
    """A BigQuery whose metadata tells the truth at once, and a ledger that remembers counts between passes."""

    def __init__(self, world, **more) -> None:
        self.world = world
        self.clock = FrozenClock(NEVER_IN_TURN)
        self.pipeline = small_pipeline(tables=ENTITIES, **more).model_copy(update={"recount": "changed"})
        self.ledger = MemoryLedger(self.pipeline, self.clock)
        self.passes = 0
        world.create("d.raw"), world.create("d.refined")
        world.query, self._query = self.query, world.query

    def query(self, sql: str, parameters) -> Rows:
        answer = self._query(sql, parameters)
        return Rows([{**row, "observed_at": self.clock.now()} for row in answer.rows], answer.bytes_billed)

    def spell(self, phase: str, **keys) -> None:
        """The file says something else of the first table of a phase."""
        here = self.pipeline.phases[phase]
        tables = (here.tables[0].model_copy(update=keys), *here.tables[1:])
        phases = {**self.pipeline.phases, phase: here.model_copy(update={"tables": tables})}
        self.pipeline = self.pipeline.model_copy(update={"phases": phases})

    def view(self, over: str, phase: str = "raw") -> None:
        """d.seen, another table of a phase: what `over` holds."""
        self.world.create("d.seen", type="VIEW", view={"query": "SELECT 1"})
        del self.world.tables["d.seen"].resource["timePartitioning"]
        self.world.tables["d.seen"].rows = self.world.tables[over].rows
        here = self.pipeline.phases[phase]
        seen = Table(table="d.seen", date_column="day", entity_column="game")
        phases = {**self.pipeline.phases, phase: here.model_copy(update={"tables": (*here.tables, seen)})}
        self.pipeline = self.pipeline.model_copy(update={"phases": phases})

    def write(self, table: str, days: Iterable[date], rows: int = 3) -> None:
        """Each date holds so many rows now, and its partition says when."""
        self.clock.advance(seconds=1)
        days = list(days)
        self.drop(table, *days)
        for day in days:
            self.world.tables[table].put(day, rows, self.clock.now())

    def drop(self, table: str, *days: date) -> None:
        """The dates' partitions are gone."""
        held, gone = self.world.tables[table], {f"{day:%Y%m%d}" for day in days}
        for day in days:
            held.rows.pop(day, None)
        held.partitions[:] = [each for each in held.partitions if each[0] not in gone]

    def buffer(self, table: str, rows: int) -> None:
        """So many rows are in no partition yet."""
        held = self.world.tables[table]
        held.partitions[:] = [each for each in held.partitions if each[0] != "__UNPARTITIONED__"]
        held.partitions += [("__UNPARTITIONED__", rows, self.clock.now())] * bool(rows)

    def look(self, scope: Scope = EVER, *, remembers: bool = True) -> Observations:
        """A pass that observes and records; `read` then holds what this pass counted."""
        known = self.ledger.recall(NAME, None).counted if remembers else None
        self.world.asked.clear()
        seen = self.warehouse().observe(NAME, scope, known)
        self.passes += 1
        common = {"observed_at": seen.now.isoformat(), "transition": NAME, "pass_id": str(self.passes)}
        self.ledger.record(str(self.passes), {"counts": [{**common, **row} for row in seen.learnt]})
        return seen

    def warehouse(self) -> BigQueryWarehouse:
        return BigQueryWarehouse(self.pipeline, self.world)

    def forget(self) -> None:
        self.ledger.rows["counts"].clear()


@pytest.fixture
def cloud(world):
    return Cloud(world)


@pytest.fixture
def counted(world, monkeypatch):
    """The dates that were counted since the fixture was last called, by table."""
    found: list[tuple[str, date]] = []
    count = type(world)._count

    def spy(self, name, branch, parameters):
        for row in count(self, name, branch, parameters):
            found.append((name, row["day"]))
            yield row

    monkeypatch.setattr(type(world), "_count", spy)

    def counted():
        days = [(name, day) for name, day in found]
        found.clear()
        return {name: sorted(day for each, day in days if each == name) for name, _ in days}

    return counted


def days(number, start=FIRST):
    return [start + n * DAY for n in range(number)]


def test_what_did_not_change_is_not_counted_again(cloud, counted):
    cloud.write("d.raw", days(5)), cloud.write("d.refined", days(5))
    before, first = cloud.look(), counted()
    after = cloud.look()

    assert first == {"d.raw": days(5), "d.refined": days(5)}
    assert (counted(), after.counts, after.queries) == ({}, before.counts, 1)


def test_a_moved_a_new_and_a_dropped_partition_are_counted_and_nothing_else(cloud, counted):
    cloud.write("d.raw", days(5)), cloud.write("d.refined", days(5))
    cloud.look(), counted()
    cloud.write("d.raw", [FIRST + DAY], rows=3)  # the same number, written anew
    cloud.write("d.raw", [FIRST + 7 * DAY])
    cloud.drop("d.raw", FIRST + 2 * DAY)
    seen = cloud.look()

    assert counted() == {"d.raw": [FIRST + DAY, FIRST + 7 * DAY]}
    assert set(seen.counts[RAW]) == {*days(5), FIRST + 7 * DAY} - {FIRST + 2 * DAY}


def test_single_dates_are_counted_whatever_is_remembered(cloud, counted):
    cloud.write("d.raw", days(5)), cloud.write("d.refined", days(5))
    cloud.look(), counted()

    cloud.look(Scope(EVER.window, frozenset({FIRST})))
    assert counted() == {"d.raw": [FIRST], "d.refined": [FIRST]}
    cloud.look(Scope(dates=frozenset(days(2))))
    assert counted() == {"d.raw": days(2), "d.refined": days(2)}


def test_a_date_that_a_table_lacks_as_remembered_is_counted_before_it_is_believed(cloud, counted):
    """Its partition may be too young for the metadata."""
    cloud.write("d.raw", days(3)), cloud.write("d.refined", days(2))
    cloud.look(), counted()
    cloud.world.tables["d.refined"].rows[FIRST + 2 * DAY] = 3

    assert cloud.look().counts[REFINED][FIRST + 2 * DAY].rows == 3
    assert counted() == {"d.refined": [FIRST + 2 * DAY]}


def test_a_table_with_a_streaming_buffer_is_counted_whole(cloud, counted):
    cloud.write("d.raw", days(3)), cloud.write("d.refined", days(3))
    cloud.look(), counted()
    cloud.buffer("d.raw", 2)
    cloud.world.tables["d.raw"].rows[FIRST] = 5
    seen = cloud.look()

    assert counted() == {"d.raw": days(3)}
    assert (seen.counts[RAW][FIRST].rows, seen.facts[RAW].buffered, seen.learnt) == (5, True, ())


def test_a_table_with_an_updated_column_has_a_stamp_too_and_its_last_writes_stay_its_own(world, counted):
    tables = {"raw": {**ENTITIES["raw"], "updated_column": "at"}, "refined": ENTITIES["refined"]}
    cloud = Cloud(world)
    cloud.pipeline = small_pipeline(tables=tables).model_copy(update={"recount": "changed"})
    world.create("d.raw", columns="day DATE, game STRING, at TIMESTAMP")
    cloud.write("d.raw", days(2)), cloud.write("d.refined", days(2))
    own = datetime(2024, 3, 20, tzinfo=UTC)
    world.tables["d.raw"].written[FIRST] = own
    before, _ = cloud.look(), counted()
    after = cloud.look()

    assert (counted(), after.counts) == ({}, before.counts)
    assert [count.written_at for count in after.counts[RAW].values()] == [own, None]
    assert after.facts == cloud.look(remembers=False).facts


def test_a_view_is_counted_where_a_partition_of_its_phase_moved(cloud, counted):
    cloud.view("d.raw")
    cloud.write("d.raw", days(4)), cloud.write("d.refined", days(4))
    cloud.look(), counted()
    cloud.write("d.raw", [FIRST + DAY], rows=7)

    assert cloud.look().counts[SEEN][FIRST + DAY].rows == 7
    assert counted() == {"d.raw": [FIRST + DAY], "d.seen": [FIRST + DAY]}


def test_a_view_downstream_is_counted_where_a_partition_upstream_moved(cloud, counted):
    cloud.view("d.raw", "refined")
    cloud.write("d.raw", days(4)), cloud.write("d.refined", days(4))
    cloud.look(), counted()
    cloud.write("d.raw", [FIRST + DAY], rows=7)
    cloud.look()

    assert counted() == {"d.raw": [FIRST + DAY], "d.seen": [FIRST + DAY]}


def test_a_partition_with_other_rows_and_the_same_last_write_has_changed(cloud, counted):
    cloud.write("d.raw", days(2)), cloud.write("d.refined", days(2))
    cloud.look(), counted()
    cloud.world.tables["d.raw"].put(FIRST, 2, cloud.world.tables["d.raw"].partitions[0][2])

    assert cloud.look().counts[RAW][FIRST].rows == 5
    assert counted() == {"d.raw": [FIRST]}


def test_another_text_of_a_view_is_another_view(cloud, counted):
    cloud.view("d.raw")
    cloud.write("d.raw", days(4)), cloud.write("d.refined", days(4))
    cloud.look(), counted()
    cloud.world.tables["d.seen"].resource["view"] = {"query": "SELECT 2"}
    cloud.look()

    assert counted() == {"d.seen": days(4)}


ALWAYS = {"not partitioned": {"type": "TABLE"}, "external": {"type": "EXTERNAL"}}


@pytest.mark.parametrize("kind", ALWAYS)
def test_what_no_partition_speaks_of_is_counted_in_every_pass(kind, cloud, counted):
    cloud.view("d.raw")
    cloud.world.tables["d.seen"].resource.update(ALWAYS[kind])
    cloud.write("d.raw", days(4)), cloud.write("d.refined", days(4))
    cloud.look(), counted()
    cloud.look()

    assert counted() == {"d.seen": days(4)}


def test_a_view_upstream_learns_nothing_from_partitions_downstream(world, cloud, counted):
    """They move after it, or never."""
    world.tables["d.raw"].resource.update(type="VIEW", view={"query": "SELECT 1"})
    del world.tables["d.raw"].resource["timePartitioning"]
    cloud.write("d.raw", days(4)), cloud.write("d.refined", days(4))
    cloud.look(), counted()
    cloud.look()

    assert counted() == {"d.raw": days(4)}


@pytest.mark.parametrize("metadata", ["off", "auto"])
def test_without_metadata_everything_is_counted_in_one_statement(metadata, cloud, counted):
    cloud.world.emulator = metadata == "auto"
    cloud.pipeline = cloud.pipeline.model_copy(update={"metadata": metadata})
    cloud.write("d.raw", days(3)), cloud.write("d.refined", days(3))
    cloud.look(), counted()

    assert (cloud.look().queries, counted()) == (1, {"d.raw": days(3), "d.refined": days(3)})


OTHER_SPECS = {
    "predicate": {"where": "game != 'x'"},
    "entity": {"entity_column": "day"},
    "last write": {"updated_column": "at"},
}


@pytest.mark.parametrize("spec", OTHER_SPECS)
def test_another_spec_of_a_table_remembers_nothing(spec, cloud, counted):
    cloud.world.create("d.raw", columns="day DATE, game STRING, at TIMESTAMP")
    cloud.write("d.raw", days(3)), cloud.write("d.refined", days(3))
    cloud.look(), counted()
    cloud.spell("raw", **OTHER_SPECS[spec])
    cloud.look()

    assert counted() == {"d.raw": days(3)}


def test_what_plays_no_part_in_a_count_may_change(cloud, counted):
    cloud.write("d.raw", days(3)), cloud.write("d.refined", days(3))
    cloud.look(), counted()
    cloud.spell("raw", min_rows=2, entity="match", required=False)
    cloud.look()

    assert counted() == {}


def test_a_thirtieth_is_counted_each_day_once_and_in_runs(cloud, counted):
    history = days(TURN_DAYS * TURN_DAYS)
    cloud.write("d.raw", history), cloud.write("d.refined", history)
    cloud.look(), counted()
    told = []
    for _ in range(TURN_DAYS):
        cloud.clock.advance(days=1)
        cloud.look()
        told.append(counted()["d.raw"])
        cloud.look()
        assert counted() == {}

    assert sorted(day for each in told for day in each) == history
    assert {len(each) for each in told} == {TURN_DAYS}
    assert {len(fold(each)) for each in told} <= {1, 2}


def test_of_3650_dates_with_three_moved_these_and_the_days_own_thirtieth_are_counted(cloud, counted):
    history = days(3_650, date(2014, 6, 1))
    cloud.write("d.raw", history), cloud.write("d.refined", history)
    everything = len(cloud.look().counts[RAW])
    counted()
    moved = {history[5], history[1000], history[-1]}
    cloud.clock.advance(days=1)
    cloud.write("d.raw", moved)
    cloud.look()
    read = set(counted()["d.raw"])
    today = cloud.clock.now().date()

    assert read == moved | {day for day in history if in_turn(day, today)}
    # Rows of equal size: bytes read are to all bytes as dates are.
    assert len(read) / everything < 1.3 / TURN_DAYS


def test_a_day_on_which_nobody_looked_makes_no_date_older_than_32_days(cloud, counted):
    cloud.write("d.raw", days(60)), cloud.write("d.refined", days(60))
    cloud.look(), counted()
    cloud.clock.advance(days=33)
    cloud.look()

    assert counted()["d.raw"] == days(60)


def turn_of(day, after):
    """The next moment after `after` at which it is the turn of `day`."""
    while not in_turn(day, after.date()):
        after += timedelta(days=1)
    return after


def test_a_turn_that_finds_another_count_under_the_same_stamp_has_all_counted(cloud, counted):
    cloud.view("d.raw")
    cloud.write("d.raw", days(90)), cloud.write("d.refined", days(90))
    cloud.look(), counted()
    cloud.world.tables["d.seen"].rows = dict.fromkeys(days(90), 1)  # what it reads beside d.raw has changed
    cloud.clock.moment = turn_of(FIRST, cloud.clock.now() + timedelta(days=1))
    seen = cloud.look()

    assert {count.rows for count in seen.counts[SEEN].values()} == {1}
    assert set(counted()["d.seen"]) == set(days(90))
    cloud.look()
    assert counted() == {}


def test_rows_that_are_hidden_are_never_taken_for_deleted_ones(cloud):
    cloud.write("d.raw", days(90)), cloud.write("d.refined", days(90))
    cloud.look()
    cloud.world.tables["d.raw"].rows.clear()
    cloud.world.tables["d.raw"].resource["numRows"] = "270"
    cloud.world.tables["d.raw"].partitions[0] = ("20240309", 3, cloud.clock.now())

    with pytest.raises(ConfigError, match="its metadata has 270"):
        cloud.look()


# --- The law -----------------------------------------------------------------------------------------------------

DAYS = st.sampled_from([FIRST, FIRST + DAY, FIRST + 40 * DAY, FIRST + 900 * DAY])
TABLES = st.sampled_from(["d.raw", "d.refined"])
STEPS = st.one_of(
    st.tuples(st.just("write"), TABLES, DAYS, st.integers(0, 3)),
    st.tuples(st.just("drop"), TABLES, DAYS),
    st.tuples(st.just("buffer"), TABLES, st.integers(0, 2)),
    st.tuples(st.just("wait"), st.integers(0, 40 * 24)),
    st.tuples(st.just("forget")),
    st.tuples(st.just("look"), st.frozensets(DAYS), st.tuples(DAYS, DAYS), st.booleans()),
)


def do(cloud: Cloud, step: tuple) -> None:
    match step:
        case "write", table, day, rows:
            cloud.write(table, [day], rows)
        case "drop", table, day:
            cloud.drop(table, day)
        case "buffer", table, rows:
            cloud.buffer(table, rows)
        case "wait", hours:
            cloud.clock.advance(hours=hours)
        case ("forget",):
            cloud.forget()
        case "look", dates, bounds, whole:
            scope = Scope(EVER.window if whole else Interval.inclusive(*sorted(bounds)), dates)
            remembered, all_counted = cloud.look(scope), cloud.warehouse().observe(NAME, scope)
            assert remembered.counts == all_counted.counts
            assert remembered.facts == all_counted.facts


@given(steps=st.lists(STEPS, max_size=30), view=st.booleans())
def test_whatever_happened_between_passes_a_pass_that_remembers_sees_what_one_that_counts_all_sees(
    new_world, steps, view
):
    cloud = Cloud(new_world())
    if view:
        cloud.view("d.raw")
    for step in [*steps, ("look", frozenset(), (FIRST, FIRST), True)]:
        do(cloud, step)


def test_what_is_learnt_is_what_was_counted(cloud):
    cloud.write("d.raw", [FIRST], 2)
    (row,) = (row for row in cloud.look().learnt if row["table_name"] == "d.raw")

    assert (row["partition_date"], row["row_count"], row["entity_count"]) == ("2024-03-09", 2, None)
    assert len(row["stamp"]) == len(row["spec_hash"]) == 16


def test_facts_are_of_this_moment(cloud):
    cloud.write("d.raw", [FIRST])
    cloud.look()
    cloud.world.tables["d.raw"].partitions.append(("__NULL__", 2, None))

    assert cloud.look().facts[RAW] == TableFacts()._replace(unjudged={"__NULL__": 2})
    assert cloud.look().counts[RAW] == {FIRST: Count(3, None, cloud.clock.now())}


def test_each_role_of_a_table_and_each_zone_has_counts_of_its_own(cloud):
    table = cloud.pipeline.phases["raw"].tables[0]
    found = Described("p.d.raw", "TABLE", "us-west2", {"day": "TIMESTAMP"})
    made = {
        identity(Plan({key: table}, {key: found}, ZoneInfo(zone), metadata=True), key)
        for key in (RAW, TableKey("raw.expected", "d.raw"))
        for zone in ("UTC", "America/New_York")
    }

    assert len(made) == 4
