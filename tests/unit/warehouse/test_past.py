"""A rollback, as far as an emulator cannot show it: slow scripts, and columns that are masked."""

from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace

import pytest

from gapheal.bigquery import QUERY_SECONDS, Rows
from gapheal.model.past import Back
from gapheal.testing import small_pipeline
from gapheal.warehouse.past import BigQueryPast

STEP, TABLE = "raw_to_refined", "d.refined"
DAY = date(2024, 3, 9)
NOW = datetime(2024, 6, 21, 12, tzinfo=UTC)


@pytest.fixture
def asked(world):
    """Every statement, and how long it is waited for."""
    asked = []

    def query(sql, _, *, seconds=QUERY_SECONDS):
        asked.append((sql, seconds))
        return Rows([{"now": NOW, "untouched": True, "restored": True}], 0)

    world.query = query
    world.client.get_dataset = lambda *_, **__: SimpleNamespace(max_time_travel_hours=None)
    return asked


@pytest.fixture
def past(world, asked):
    world.create(TABLE)
    return BigQueryPast(small_pipeline(), world)


def test_a_script_of_many_dates_is_waited_for(past, asked):
    """Two statements for each date, seconds each: 200 dates take a quarter of an hour and more."""
    past.restore(STEP, TABLE, [Back(DAY + timedelta(days=number), NOW, 1, 1) for number in range(200)])

    ((script, seconds),) = asked
    assert seconds >= 4 * script.count("CREATE TEMP TABLE")


@pytest.mark.parametrize("nested", [False, True])
def test_masked_columns_are_not_written_over_what_they_mask(world, past, nested):
    tagged = {"name": "email", "type": "STRING", "policyTags": {"names": ["projects/p/taxonomies/1/policyTags/2"]}}
    field = {"name": "person", "type": "RECORD", "fields": [tagged]} if nested else tagged
    days = [{"name": "day", "type": "DATE"}, {"name": "game", "type": "STRING"}]

    assert past.reach(STEP)[TABLE].refusal is None
    world.create(TABLE, schema={"fields": [*days, field]})

    assert "columns with policy tags" in BigQueryPast(small_pipeline(), world).reach(STEP)[TABLE].refusal
