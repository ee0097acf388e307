"""Nothing that is shown is not the same as nothing that is there."""

from datetime import UTC, date, datetime

import pytest

from gapheal.errors import ConfigError
from gapheal.intervals import EARLIEST, LATEST, Interval
from gapheal.model.passes import Scope, TableKey

DAY = date(2024, 3, 9)
EVER, WEEK = Scope(Interval.inclusive(EARLIEST, LATEST)), Scope(Interval.inclusive(date(2024, 3, 4), date(2024, 3, 10)))
WRITTEN = datetime(2024, 3, 12, tzinfo=UTC)
COUNTED = {"entity_column": "game"}


def hide(table, rows=1234):
    """A row access policy: metadata has what a COUNT does not see."""
    table.put(DAY, rows, WRITTEN)
    table.rows.clear()
    table.resource["numRows"] = str(rows)


@pytest.mark.parametrize(("scope", "when"), [
    (EVER, "of any date"), (WEEK, "from 2024-03-04 to 2024-03-10"), (Scope(dates=frozenset({DAY})), "of 2024-03-09"),
])  # fmt: skip
@pytest.mark.fault(13)
def test_a_table_that_hides_its_rows_is_an_error_with_the_numbers(scope, when, tables, observe, file):
    tables[0].put(DAY)
    hide(tables[1])

    with pytest.raises(ConfigError) as caught:
        observe(scope, file(refined=COUNTED))

    assert str(caught.value) == (
        f"phases.refined: table d.refined shows 0 rows {when}, its metadata has 1,234: expected to read them. Either a "
        "row access policy hides them from this account (grant it a filter that is TRUE), or day (date_column) holds "
        "no dates from 1990 to 2159: NULL, or another column is meant"
    )


def test_both_sides_are_told_at_once(tables, observe, file):
    for table in tables:
        hide(table)
    with pytest.raises(ConfigError) as caught:
        observe(EVER, file(raw=COUNTED, refined=COUNTED))

    assert [line.split(":")[0] for line in str(caught.value).splitlines()] == ["phases.raw", "phases.refined"]


def test_a_table_cut_otherwise_is_asked_for_its_rows_where_all_dates_are_looked_at(world, tables, observe):
    hide(world.create("d.raw", {"type": "MONTH", "field": "day"}))

    assert observe(WEEK).counts[TableKey("raw", "d.raw")] == {}
    with pytest.raises(ConfigError, match=r"d\.raw shows 0 rows of any date, its metadata has 1,234"):
        observe(EVER)


def test_its_rows_are_those_of_this_moment_not_those_remembered(world, tables, observe):
    raw = world.create("d.raw", {"type": "MONTH", "field": "day"}, numRows="7")
    seen = []
    get_table = world.client.get_table

    def emptied_meanwhile(name, **more):
        found = get_table(name, **more)
        if name == "p.d.raw":
            seen.append(found.num_rows)
            raw.resource["numRows"] = "0"
        return found

    world.client.get_table = emptied_meanwhile

    assert (observe(EVER).counts[TableKey("raw", "d.raw")], seen) == ({}, [7, 0])


def test_rows_seen_while_streaming_are_compared_too(tables, observe):
    hide(tables[0])
    tables[0].partitions.append(("__UNPARTITIONED__", 2, WRITTEN))

    with pytest.raises(ConfigError, match=r"d\.raw shows 0 rows"):
        observe(WEEK)


BELIEVED = {
    "a predicate may leave nothing": {"where": "game = 'never'"},
    "metadata has nothing either": {},
}


@pytest.mark.parametrize("case", BELIEVED)
def test_empty_is_believed(case, tables, observe, file):
    if keys := BELIEVED[case]:
        hide(tables[0])

    assert observe(EVER, file(raw={**COUNTED, **keys})).counts[TableKey("raw", "d.raw")] == {}


@pytest.mark.parametrize("more", [{"type": "VIEW"}, {"type": "EXTERNAL"}])
def test_what_keeps_no_rows_of_its_own_has_no_number_to_compare(more, world, tables, observe):
    hide(world.create("d.raw", **more))

    assert observe(EVER).counts[TableKey("raw", "d.raw")] == {}


def test_an_emulators_number_of_rows_says_nothing(world, tables, observe):
    world.emulator = True
    hide(tables[0])

    assert observe(EVER).counts[TableKey("raw", "d.raw")] == {}
