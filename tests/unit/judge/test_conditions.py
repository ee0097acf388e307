"""Each condition of a date, from the data alone, through the pure judge."""

from datetime import UTC, date, datetime

import pytest

from gapheal.judge import Case, judge
from gapheal.model.passes import Condition, Count, Entry, Memory, Observations, Request, Source, TableKey
from gapheal.testing import small_pipeline

DAY = date(2024, 3, 10)
NOW = datetime(2024, 3, 20, 12, tzinfo=UTC)
SCAN = Request(Source.SCAN)
FULL = Count(100, 10)
RAW, REFINED = TableKey("raw", "d.raw"), TableKey("refined", "d.refined")


def verdict_of(pipeline, raw=FULL, refined=FULL, *, day=DAY, now=NOW, request=SCAN, memory=None, more=None):
    counts = {RAW: {day: raw} if raw else {}, REFINED: {day: refined} if refined else {}, **(more or {})}
    verdicts = judge(Case(pipeline, "raw_to_refined", Observations(now, counts), memory or Memory(), request), "heal")
    return verdicts[0] if verdicts else None


def test_a_date_that_both_sides_hold_is_complete():
    verdict = verdict_of(small_pipeline())

    assert verdict.condition is Condition.COMPLETE
    assert verdict.reason.sentence == "100 rows downstream, 100 upstream"


def test_a_date_that_upstream_never_had_is_not_judged():
    assert verdict_of(small_pipeline(), raw=None) is None


def test_a_date_without_downstream_rows_is_missing_and_says_where():
    verdict = verdict_of(small_pipeline(), refined=None)

    assert verdict.condition is Condition.MISSING
    assert verdict.reason.sentence == "d.refined has no rows, upstream has 100"
    assert verdict.reason.numbers == {"table": "d.refined", "upstream_rows": 100}


@pytest.mark.parametrize(
    ("entities", "ratio", "condition"),
    [
        (10, 1.0, Condition.COMPLETE),
        (9, 1.0, Condition.PARTIAL),
        (9, 0.9, Condition.COMPLETE),
        (8, 0.9, Condition.PARTIAL),
        (11, 1.0, Condition.COMPLETE),
    ],
)
@pytest.mark.fault(20)
def test_a_date_with_too_few_entities_is_partial(entities, ratio, condition):
    verdict = verdict_of(small_pipeline(min_completeness=ratio), refined=Count(50, entities))

    assert verdict.condition is condition


def test_a_columns_name_in_capitals_counts_the_same():
    pipeline = small_pipeline(tables={"refined": {"entity_column": "GAME"}})

    assert verdict_of(pipeline, refined=Count(50, 9)).condition is Condition.PARTIAL


def test_completeness_is_compared_in_exact_decimals():
    """0.55 * 100 is 55.00000000000001 in binary: 55 of 100 must be enough."""
    verdict = verdict_of(small_pipeline(min_completeness=0.55), raw=Count(100, 100), refined=Count(55, 55))

    assert verdict.condition is Condition.COMPLETE


@pytest.mark.fault(20)
def test_a_date_with_fewer_rows_than_min_rows_is_partial():
    verdict = verdict_of(small_pipeline(tables={"refined": {"min_rows": 5}}), refined=Count(4, 10))

    assert verdict.condition is Condition.PARTIAL
    assert verdict.reason.sentence == "d.refined has 4 of at least 5 rows"


def test_without_a_common_entity_only_rows_count():
    pipeline = small_pipeline(tables={"refined": {"entity_column": "player"}})

    assert verdict_of(pipeline, refined=Count(1, 1)).condition is Condition.COMPLETE


def test_columns_of_two_names_can_count_the_same_entity():
    pipeline = small_pipeline(tables={"refined": {"entity_column": "gid", "entity": "game"}, "raw": {"entity": "game"}})

    assert verdict_of(pipeline, refined=Count(1, 1)).condition is Condition.PARTIAL


def test_an_upstream_short_of_its_own_upstream_makes_the_date_wait():
    pipeline = small_pipeline()
    counts = {
        RAW: {DAY: Count(100, 10)},
        REFINED: {DAY: Count(90, 9)},
        TableKey("served", "d.served"): {},
    }
    (verdict,) = judge(Case(pipeline, "refined_to_served", Observations(NOW, counts), Memory(), SCAN), "heal")

    assert verdict.condition is Condition.WAITING
    assert verdict.reason.sentence == "upstream d.refined has 9 of 10 game, whole from 10"


def test_an_upstream_short_of_its_min_rows_makes_the_date_wait():
    verdict = verdict_of(small_pipeline(tables={"raw": {"min_rows": 200}}))

    assert verdict.condition is Condition.WAITING


EXCUSES = {
    "dates": [{"reason": "r", "dates": ["2024-03-10"]}],
    "from": [{"reason": "r", "from": "2024-03-10"}],
    "to": [{"reason": "r", "to": "2024-03-10"}],
    "from..to": [{"reason": "r", "from": "2024-03-01", "to": "2024-03-31"}],
    "first_days": [{"reason": "r", "first_days": 10, "season": "spring"}],
    "outside": [{"reason": "r", "outside": "summer"}],
}
NEAR_MISSES = {
    "dates": [{"reason": "r", "dates": ["2024-03-11"]}],
    "from": [{"reason": "r", "from": "2024-03-11"}],
    "to": [{"reason": "r", "to": "2024-03-09"}],
    "from..to": [{"reason": "r", "from": "2024-03-11", "to": "2024-03-31"}],
    "first_days": [{"reason": "r", "first_days": 9, "season": "spring"}],
    "outside": [{"reason": "r", "outside": "spring"}],
}
SEASONS = {
    "spring": [{"start": "2024-03-01", "end": "2024-05-31"}],
    "summer": [{"start": "2024-06-01", "end": "2024-08-31"}],
}


@pytest.mark.parametrize("kind", EXCUSES)
def test_an_excuse_of_the_transition_excuses_the_date(kind):
    verdict = verdict_of(small_pipeline(seasons=SEASONS, excuses=EXCUSES[kind]), refined=None)

    assert verdict.condition is Condition.EXCUSED
    assert verdict.reason.sentence == "excused by the file: r"


@pytest.mark.parametrize("kind", NEAR_MISSES)
def test_an_excuse_that_just_misses_the_date_excuses_nothing(kind):
    verdict = verdict_of(small_pipeline(seasons=SEASONS, excuses=NEAR_MISSES[kind]), refined=None)

    assert verdict.condition is Condition.MISSING


def test_a_date_whose_required_tables_are_all_excused_is_excused():
    verdict = verdict_of(small_pipeline(tables={"refined": {"excuses": EXCUSES["dates"]}}), refined=None)

    assert verdict.condition is Condition.EXCUSED
    assert verdict.reason.code == "tables_excused"


def test_a_table_that_is_excused_is_not_required_as_upstream_either():
    pipeline = small_pipeline(tables={"refined": {"excuses": EXCUSES["dates"]}})
    counts = {
        RAW: {DAY: Count(100, 10)},
        REFINED: {DAY: Count(1, 1)},
        TableKey("served", "d.served"): {},
    }

    assert judge(Case(pipeline, "refined_to_served", Observations(NOW, counts), Memory(), SCAN), "heal") == []


def test_a_date_that_the_file_excused_is_not_due_when_the_excuse_goes():
    now = datetime(2024, 3, 10, 23, tzinfo=UTC)
    memory = Memory({DAY: Entry(condition=Condition.EXCUSED, code="excuse", watermark="100/10")})

    assert verdict_of(small_pipeline(), refined=None, now=now, memory=memory).reason.code == "not_due"


def test_an_optional_table_is_not_missed():
    pipeline = small_pipeline(tables={"refined": {"required": False}})

    assert verdict_of(pipeline, refined=None).condition is Condition.EXCUSED


@pytest.mark.parametrize(
    ("now", "condition"),
    [
        (datetime(2024, 3, 11, 3, 59, tzinfo=UTC), Condition.EXCUSED),  # still the 10th in New York
        (datetime(2024, 3, 11, 4, 0, tzinfo=UTC), Condition.MISSING),
    ],
)
def test_a_date_is_due_when_its_day_is_over_in_the_pipelines_zone(now, condition):
    verdict = verdict_of(small_pipeline(timezone="America/New_York"), refined=None, now=now)

    assert verdict.condition is condition


def test_an_event_makes_its_own_date_due():
    now, request = datetime(2024, 3, 10, 23, tzinfo=UTC), Request(Source.EVENT, dates=frozenset({DAY}))

    assert verdict_of(small_pipeline(), refined=None, now=now, request=request).condition is Condition.MISSING


def test_a_date_that_an_event_made_due_stays_due():
    now = datetime(2024, 3, 10, 23, tzinfo=UTC)
    memory = Memory({DAY: Entry(condition=Condition.MISSING, code="missing", watermark="100/10")})

    assert verdict_of(small_pipeline(), refined=None, now=now, memory=memory).condition is Condition.MISSING


def test_a_date_that_a_scan_found_not_due_stays_excused():
    now = datetime(2024, 3, 10, 23, tzinfo=UTC)
    memory = Memory({DAY: Entry(condition=Condition.EXCUSED, code="not_due", watermark="100/10")})

    assert verdict_of(small_pipeline(), refined=None, now=now, memory=memory).condition is Condition.EXCUSED


def test_nothing_before_the_start_date_is_looked_at():
    assert verdict_of(small_pipeline(start_date="2024-03-11")) is None
