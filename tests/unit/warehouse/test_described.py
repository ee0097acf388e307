"""What a table's shape means for reading it by day."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from gapheal.model.pipeline import Table
from gapheal.warehouse.described import Described, Partitioning, keeps_every_row, retention
from gapheal.warehouse.faults import faults_of

NEW_YORK, UTC = ZoneInfo("America/New_York"), ZoneInfo("UTC")
COLUMNS = {"day": "DATE", "at": "TIMESTAMP", "local": "DATETIME", "shard": "INTEGER", "month": "STRING", "box": "JSON"}
DAYS = timedelta(days=90)


def described(unit="DAY", column="day", expiry=DAYS, **more):
    return Described("p.d.t", "TABLE", "us-west2", COLUMNS, Partitioning(unit, column, expiry), **more)


def table(column="day", **keys):
    return Table(table="d.t", date_column=column, **keys)


@pytest.mark.parametrize(("found", "column", "zone", "kept"), [
    (described(), "DAY", NEW_YORK, DAYS),
    (described("HOUR", "at"), "at", UTC, DAYS),
    (described("DAY", "at"), "at", NEW_YORK, DAYS - timedelta(days=1)),
    (described("DAY", None), "_PARTITIONTIME", NEW_YORK, DAYS),
    (described("MONTH"), "day", UTC, DAYS - timedelta(days=30)),
    (described("YEAR"), "day", UTC, timedelta()),
    (described(column="at"), "day", UTC, None),
    (described(expiry=None), "day", UTC, None),
])  # fmt: skip
def test_retention_is_how_long_a_date_is_kept_for_certain(found, column, zone, kept):
    """A partition expires after its own beginning: the last date of a month lives a month less."""
    assert retention(found, table(column), zone) == kept


@pytest.mark.parametrize(("found", "predicate"), [
    (described(), None),
    (described("DAY", None), "_PARTITIONTIME >= TIMESTAMP '0001-01-01 00:00:00+00' OR _PARTITIONTIME IS NULL"),
    (described("DAY", "at"), "`at` >= TIMESTAMP '0001-01-01 00:00:00+00' OR `at` IS NULL"),
    (described("DAY", "local"), "`local` >= DATETIME '0001-01-01 00:00:00' OR `local` IS NULL"),
    (described("RANGE", "shard"), "`shard` >= -9223372036854775808 OR `shard` IS NULL"),
])  # fmt: skip
def test_a_filter_policy_on_another_column_is_satisfied_by_what_drops_nothing(found, predicate):
    policed = found._replace(filter_required=True)

    assert (keeps_every_row(policed, table()), keeps_every_row(found, table())) == (predicate, None)


GRAIN = "(the grain of gapheal is a day: a pipeline that moves by the hour or the month is not for it)"
FAULTS = {
    "has month (date_column) as STRING; expected DATE, DATETIME, TIMESTAMP: read a view that makes it a DATE "
    + GRAIN: (described(), table("month")),
    "has local (updated_column) as DATETIME; expected TIMESTAMP: name another column, or leave updated_column out": (
        described(),
        table(updated_column="local"),
    ),
    "has box (entity_column) as JSON; expected what can be counted, such as STRING: name another column, "
    "or read a view that makes it one": (described(), table(entity_column="box")),
    "has no column _PARTITIONDATE (date_column): it is not partitioned by ingestion time; "
    "it has at, box, day, local, month, shard": (described(), table("_PARTITIONDATE")),
    "has no column _PARTITIONDATE (date_column): it is partitioned by hours; did you mean _PARTITIONTIME?": (
        described("HOUR", None),
        table("_PARTITIONDATE"),
    ),
    "is partitioned by the month of ingestion, so _PARTITIONTIME tells no days: name a date column " + GRAIN: (
        described("MONTH", None),
        table("_PARTITIONTIME"),
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_column_of_a_kind_that_tells_nothing_is_refused(fault):
    assert list(faults_of(*FAULTS[fault], "us-west2")) == [fault]


@pytest.mark.parametrize("wanted", [table(), table("at", updated_column="at"), table("local")])
def test_nothing_is_wrong_with_dates_datetimes_and_timestamps(wanted):
    assert list(faults_of(described(), wanted, "US-WEST2")) == []


@pytest.mark.parametrize("column", ["_PARTITIONDATE", "_partitiontime"])
def test_the_time_of_ingestion_is_a_date_where_the_table_has_it(column):
    assert list(faults_of(described("DAY", None), table(column), "us-west2")) == []


def test_every_fault_of_a_table_is_told():
    found = list(faults_of(described(), table("dya", updated_column="shard"), "EU"))

    assert [fault.split()[1] for fault in found] == ["in", "no", "shard"]
