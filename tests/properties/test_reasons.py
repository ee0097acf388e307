"""A reason's numbers are real: move one across its threshold, and the verdict changes as the reason says."""

from datetime import UTC, date, datetime, timedelta

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from gapheal.judge import Case, judge
from gapheal.model.passes import (
    Attempt,
    Condition,
    Count,
    Entry,
    Memory,
    Observations,
    Request,
    Source,
    TableFacts,
    TableKey,
)
from gapheal.testing import small_pipeline

DAY = date(2024, 3, 10)
NOW = datetime(2024, 3, 20, 12, tzinfo=UTC)
RAW, REFINED = TableKey("raw", "d.raw"), TableKey("refined", "d.refined")
LAW = settings(max_examples=150, deadline=None)
RATIOS = st.integers(1, 100).map(lambda hundredths: hundredths / 100)


def verdict_of(pipeline, raw, refined, *, entry=None, facts=None, request=None, now=NOW):
    counts = {RAW: {DAY: raw}, REFINED: {DAY: refined} if refined.rows else {}}
    memory = Memory({DAY: entry} if entry else {}, healed_before=True)
    seen = Observations(now, counts, facts or {})
    (verdict,) = judge(Case(pipeline, "raw_to_refined", seen, memory, request or Request(Source.SCAN)), "heal")
    return verdict


@LAW
@given(RATIOS, st.integers(1, 300), st.integers(0, 300))
def test_partial_entities_turn_at_the_number_that_is_needed(ratio, games, found):
    pipeline = small_pipeline(min_completeness=ratio)
    verdict = verdict_of(pipeline, Count(games, games), Count(500, found))
    assume(verdict.condition is Condition.PARTIAL)
    needed = verdict.reason.numbers["needed"]

    assert verdict.reason.numbers["found"] == found < needed <= games == verdict.reason.numbers["yardstick"]
    assert verdict_of(pipeline, Count(games, games), Count(500, needed)).condition is Condition.COMPLETE
    assert verdict_of(pipeline, Count(games, games), Count(500, needed - 1)).condition is Condition.PARTIAL


@LAW
@given(st.integers(2, 300), st.integers(1, 300))
def test_partial_rows_turn_at_the_number_that_is_needed(min_rows, rows):
    pipeline = small_pipeline(tables={"refined": {"min_rows": min_rows}})
    verdict = verdict_of(pipeline, Count(10, 10), Count(rows, 10))
    assume(verdict.condition is Condition.PARTIAL)
    needed = verdict.reason.numbers["needed"]

    assert verdict_of(pipeline, Count(10, 10), Count(needed, 10)).condition is Condition.COMPLETE
    assert verdict_of(pipeline, Count(10, 10), Count(needed - 1, 10)).condition is not Condition.COMPLETE


@LAW
@given(st.integers(2, 300), st.integers(1, 300))
def test_upstream_rows_turn_at_the_number_that_is_needed(min_rows, rows):
    pipeline = small_pipeline(tables={"raw": {"min_rows": min_rows}})
    verdict = verdict_of(pipeline, Count(rows, 10), Count())
    assume(verdict.condition is Condition.WAITING)
    needed = verdict.reason.numbers["needed"]

    assert verdict_of(pipeline, Count(needed, 10), Count()).condition is Condition.MISSING
    assert verdict_of(pipeline, Count(needed - 1, 10), Count()).condition is Condition.WAITING


@LAW
@given(st.integers(0, 5000), st.integers(0, 5000))
def test_stale_turns_at_the_times_that_are_told(limit, minutes):
    written = {"updated_column": "at"}
    pipeline = small_pipeline(stale_after_minutes=limit, tables={"raw": written, "refined": written})
    made = NOW - timedelta(days=5)
    verdict = verdict_of(pipeline, Count(9, 9, made + timedelta(minutes=minutes)), Count(9, 9, made))
    assume(verdict.condition is Condition.STALE)
    upstream = datetime.fromisoformat(verdict.reason.numbers["upstream_written_at"])
    enough = upstream - timedelta(minutes=verdict.reason.numbers["stale_after_minutes"])

    assert verdict_of(pipeline, Count(9, 9, upstream), Count(9, 9, enough)).condition is Condition.COMPLETE
    just_short = enough - timedelta(seconds=1)
    assert verdict_of(pipeline, Count(9, 9, upstream), Count(9, 9, just_short)).condition is Condition.STALE


@LAW
@given(st.integers(0, 400), st.integers(0, 400))
def test_too_old_turns_at_the_days_that_are_told(limit, age):
    def held(max_age):
        entry = Entry(
            condition=Condition.MISSING,
            watermark="9/9",
            first_seen_at=NOW,
            arrived_at=NOW - timedelta(days=age, hours=1),
        )
        return verdict_of(small_pipeline(max_age_days=max_age), Count(9, 9), Count(), entry=entry)

    verdict = held(limit)
    assume(verdict.action == "held")
    told = verdict.reason.numbers["age_days"]

    assert (held(told).action, held(told - 1).action) == ("heal", "held")


@LAW
@given(st.integers(1, 6), st.integers(1, 6))
def test_attempts_turn_at_the_number_that_is_told(most, used):
    def stalled(max_attempts):
        attempts = tuple(
            Attempt(n, NOW - timedelta(days=9, minutes=-n), "published", "9/9") for n in range(1, used + 1)
        )
        entry = Entry(
            n=used, attempts=attempts, condition=Condition.MISSING, watermark="9/9", first_seen_at=NOW, arrived_at=NOW
        )
        return verdict_of(small_pipeline(max_attempts=max_attempts), Count(9, 9), Count(), entry=entry)

    verdict = stalled(most)
    assume(verdict.action == "stalled")
    told = verdict.reason.numbers["attempts"]

    assert (stalled(told + 1).action, stalled(told).action) == ("heal", "stalled")


@LAW
@given(st.integers(1, 200), st.integers(0, 200))
def test_settling_turns_at_the_moment_that_is_told(settle, ago):
    pipeline = small_pipeline(settle_minutes=settle, tables={"raw": {"updated_column": "at"}})
    raw = Count(9, 9, NOW - timedelta(minutes=ago))
    verdict = verdict_of(pipeline, raw, Count())
    assume(verdict.condition is Condition.SETTLING)
    then = datetime.fromisoformat(verdict.reason.numbers["settled_at"])

    assert verdict_of(pipeline, raw, Count(), now=then).condition is Condition.MISSING
    assert verdict_of(pipeline, raw, Count(), now=then - timedelta(seconds=1)).condition is Condition.SETTLING


@LAW
@given(st.integers(1, 40))
def test_expired_turns_at_the_day_that_is_told(days):
    facts = {REFINED: TableFacts(retention=timedelta(days=days))}
    verdict = verdict_of(small_pipeline(), Count(9, 9), Count(), facts=facts)
    assume(verdict.condition is Condition.EXCUSED)
    last = datetime.fromisoformat(verdict.reason.numbers["last_day"]).replace(tzinfo=UTC)
    kept = small_pipeline(lag_days=0)

    assert verdict_of(kept, Count(9, 9), Count(), facts=facts, now=last).condition is Condition.EXCUSED
    before = last - timedelta(seconds=1)
    assert verdict_of(kept, Count(9, 9), Count(), facts=facts, now=before).condition is Condition.MISSING


@LAW
@given(st.integers(0, 30))
def test_not_due_turns_at_the_day_that_is_told(lag):
    pipeline = small_pipeline(lag_days=lag)
    now = datetime(2024, 3, 12, 12, tzinfo=UTC)
    verdict = verdict_of(pipeline, Count(9, 9), Count(), now=now)
    assume(verdict.reason.code == "not_due")
    due = datetime.fromisoformat(verdict.reason.numbers["due_from"]).replace(tzinfo=UTC)

    assert verdict_of(pipeline, Count(9, 9), Count(), now=due).condition is Condition.MISSING
    assert verdict_of(pipeline, Count(9, 9), Count(), now=due - timedelta(seconds=1)).condition is Condition.EXCUSED
