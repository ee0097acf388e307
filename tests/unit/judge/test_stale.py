"""Whole dates that were made from older input."""

from datetime import UTC, date, datetime, timedelta

import pytest

from gapheal.model.passes import Action, Condition, TableFacts
from gapheal.testing import small_pipeline

DAY = date(2024, 3, 10)
MADE = datetime(2024, 3, 11, 6, tzinfo=UTC)
WRITTEN = {"updated_column": "processed_at"}


def days(number):
    return [DAY - timedelta(days=index) for index in range(number)]


def written(story, *, after, stale="report", **policy):
    """A story in which upstream was written so long after the downstream."""
    pipeline = small_pipeline(stale=stale, tables={"raw": WRITTEN, "refined": WRITTEN}, **policy)
    told = story(pipeline)
    told.put("d.raw", DAY, at=MADE + after)
    told.put("d.refined", DAY, at=MADE)
    return told


@pytest.mark.parametrize(
    ("after", "limit", "condition"),
    [
        (timedelta(minutes=60), 60, "complete"),
        (timedelta(minutes=61), 60, "stale"),
        (timedelta(minutes=1), 0, "stale"),
        (timedelta(0), 0, "complete"),
        (timedelta(days=-3), 60, "complete"),
    ],
)
@pytest.mark.fault(21)
def test_upstream_written_later_than_the_table_by_more_than_the_limit_is_stale(story, after, limit, condition):
    verdict = written(story, after=after, stale_after_minutes=limit).look()[DAY]

    assert verdict.condition == condition


def test_the_reason_tells_both_times(story):
    verdict = written(story, after=timedelta(hours=2)).look()[DAY]

    assert verdict.reason.sentence == (
        "d.refined was written at 2024-03-11T06:00:00+00:00, upstream at 2024-03-11T08:00:00+00:00: "
        "more than 60 minutes later; policy.stale is report: told once, a person decides"
    )


def test_reruns_that_wrote_nothing_are_complete_to_the_breaker_too(story):
    told = written(story, after=timedelta(hours=2), stale="heal", breaker_after=2)
    told.put("d.raw", DAY - timedelta(days=1), at=MADE + timedelta(hours=2))
    told.put("d.refined", DAY - timedelta(days=1), at=MADE)
    told.look()
    told.later(hours=3)
    for back in (2, 3):
        told.put("d.raw", DAY - timedelta(days=back), at=MADE)
    over = told.look()

    assert [over[day].reason.code for day in days(2)] == ["rerun", "rerun"]
    assert [over[DAY - timedelta(days=back)].action for back in (2, 3)] == ["heal", "heal"]


def test_a_report_is_told_once_and_the_next_write_again(story):
    told = written(story, after=timedelta(hours=2))
    first = told.look()[DAY]
    told.later(hours=1)
    second = told.look()[DAY]
    told.put("d.raw", DAY, at=MADE + timedelta(hours=9))
    third = told.look()[DAY]

    assert (first.condition, first.action) == ("stale", "held")
    assert (second.condition, second.action) == ("complete", "none")
    assert (third.condition, third.action) == ("stale", "held")


def test_nothing_is_stale_where_it_is_ignored(story):
    assert written(story, after=timedelta(hours=2), stale="ignore").look()[DAY].condition == "complete"


def test_a_stale_date_is_healed_once_and_the_rerun_that_wrote_ends_it(story):
    told = written(story, after=timedelta(hours=2), stale="heal")
    first = told.look()[DAY]
    told.put("d.refined", DAY, at=told.now + timedelta(minutes=5))
    told.later(minutes=10)
    second = told.look()[DAY]

    assert (first.condition, first.action) == ("stale", "heal")
    assert second.condition is Condition.COMPLETE
    assert second.triggered_at == first.first_seen_at


def test_a_rerun_that_wrote_nothing_is_not_asked_for_again(story):
    told = written(story, after=timedelta(hours=2), stale="heal")
    told.look()
    told.later(minutes=10)
    under_way = told.look()[DAY]
    told.later(hours=3)
    over = told.look()[DAY]
    told.later(days=3)
    for_ever = told.look()[DAY]

    assert under_way.action is Action.LEASED
    assert (over.condition, over.action, over.reason.code) == ("complete", "none", "rerun")
    assert over.triggered_at is None
    assert for_ever.condition is Condition.COMPLETE


def test_without_last_writes_the_ledgers_memory_tells(story):
    told = story(small_pipeline(stale="heal"))
    told.put("d.raw", DAY, 100, 10)
    told.put("d.refined", DAY, 90, 10)
    assert told.look()[DAY].condition == "complete"

    told.put("d.raw", DAY, 120, 10)
    verdict = told.look()[DAY]

    assert (verdict.condition, verdict.action) == ("stale", "heal")
    assert verdict.reason.sentence == "d.refined was made when upstream held 100/10 (rows/entities), it has 120/10 now"


def test_a_table_that_was_written_since_is_not_stale(story):
    told = story(small_pipeline(stale="heal"))
    told.put("d.raw", DAY, 100, 10)
    told.put("d.refined", DAY, 90, 10)
    told.look()
    told.put("d.raw", DAY, 120, 10)
    told.put("d.refined", DAY, 110, 10)

    assert told.look()[DAY].condition == "complete"


def test_a_first_look_cannot_know_without_last_writes(story):
    told = story(small_pipeline(stale="heal"))
    told.put("d.raw", DAY, 120, 10)
    told.put("d.refined", DAY, 90, 10)

    assert told.look()[DAY].condition == "complete"


def test_an_edit_of_the_file_makes_nothing_stale(story):
    told = story(small_pipeline(stale="heal"))
    told.put("d.raw", DAY, 100, 10)
    told.put("d.refined", DAY, 90, 10)
    told.look()
    told.pipeline = small_pipeline(stale="heal", tables={"raw": {"where": "status = 'final'"}})
    told.put("d.raw", DAY, 80, 10)

    assert told.look()[DAY].condition == "complete"


@pytest.mark.parametrize("table", ["d.raw", "d.refined"])
@pytest.mark.fault(18)
def test_nothing_is_stale_while_rows_are_in_a_streaming_buffer(story, table):
    told = written(story, after=timedelta(hours=2))
    told.facts[table] = TableFacts(buffered=True)

    assert told.look()[DAY].condition == "complete"


def rebuilt(story, number, of):
    pipeline = small_pipeline(stale="heal", max_in_flight=99, tables={"raw": WRITTEN, "refined": WRITTEN})
    told = story(pipeline)
    for day in days(of):
        told.put("d.raw", day, at=MADE)
        told.put("d.refined", day, at=MADE)
    told.look()
    for day in days(number):
        told.put("d.raw", day, at=MADE + timedelta(days=5))
    return told


def test_a_rebuilt_table_makes_nothing_stale(story):
    told = rebuilt(story, 11, of=20)
    conditions = {verdict.condition for verdict in told.look().values()}
    told.later(days=1)

    assert conditions == {Condition.COMPLETE}
    assert {verdict.condition for verdict in told.look().values()} == {Condition.COMPLETE}


def test_what_was_stale_before_stays_so_in_a_rebuilt_table(story):
    told = rebuilt(story, 0, of=12)
    told.put("d.raw", DAY, 101, at=MADE + timedelta(hours=5))
    told.look()
    for day in days(12):
        told.put("d.raw", day, 101 if day == DAY else 100, at=MADE + timedelta(days=5))
    stale = [day for day, verdict in told.look().items() if verdict.condition is Condition.STALE]

    assert stale == [DAY]


def test_half_of_a_table_is_not_a_rebuilt_one(story):
    stale = [v.day for v in rebuilt(story, 10, of=20).look().values() if v.condition is Condition.STALE]

    assert sorted(stale) == sorted(days(10))


def test_a_few_dates_are_never_a_rebuilt_table(story):
    assert rebuilt(story, 9, of=9).look()[DAY].condition == "stale"


def test_a_rebuilt_table_with_other_rows_is_new_data(story):
    told = rebuilt(story, 0, of=12)
    for day in days(12):
        told.put("d.raw", day, 101, at=MADE + timedelta(days=5))

    assert {verdict.condition for verdict in told.look().values()} == {Condition.STALE}


def test_a_lookback_makes_the_dates_after_a_late_fill_stale(story):
    told = story(small_pipeline(stale="heal", lookback_days=2, tables={"raw": WRITTEN, "refined": WRITTEN}))
    for day in days(5):
        told.put("d.raw", day, at=MADE)
        told.put("d.refined", day, at=MADE)
    told.look()
    told.put("d.raw", DAY - timedelta(days=3), at=MADE + timedelta(days=2))
    stale = [day for day, verdict in told.look().items() if verdict.condition is Condition.STALE]

    assert stale == [DAY - timedelta(days=3), DAY - timedelta(days=2), DAY - timedelta(days=1)]


def test_one_of_two_tables_is_named(story, two_tables):
    told = story(two_tables(stale="report", tables={"raw": WRITTEN, "refined": WRITTEN}))
    told.put("d.raw", DAY, at=MADE + timedelta(hours=2))
    told.put("d.refined", DAY, at=MADE + timedelta(hours=3))
    told.put("d.second", DAY, at=MADE)

    assert told.look()[DAY].reason.numbers["table"] == "d.second"
