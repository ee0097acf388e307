"""What a backfill asks for, and dates that a person wants made anew."""

from datetime import UTC, date, datetime

import pytest

from gapheal.intervals import Interval
from gapheal.model.passes import Attempt, Condition, Request, Source
from gapheal.testing import small_pipeline

DAYS = [date(2024, 3, day) for day in (10, 11, 12)]
ONE = DAYS[0]
WRITTEN = datetime(2024, 3, 11, tzinfo=UTC)
WHOLE = Interval.inclusive(DAYS[0], DAYS[-1])


@pytest.fixture
def missing(story):
    found = story(small_pipeline(max_age_days=None), memory={"healed_before": True})
    for day in DAYS:
        found.put("d.raw", day)
    return found


def test_of_a_window_only_the_dates_asked_for_are_judged(missing):
    missing.request = Request(Source.BACKFILL, window=WHOLE, asked=frozenset({DAYS[0], DAYS[2]}))

    assert {day: str(verdict.action) for day, verdict in missing.look().items()} == {DAYS[0]: "heal", DAYS[2]: "heal"}


def test_a_gap_of_another_kind_takes_no_room_and_says_why(missing):
    missing.put("d.refined", ONE, 10, 1)
    missing.request = Request(Source.BACKFILL, window=WHOLE, only=frozenset({Condition.MISSING}))
    found = missing.look()

    assert [str(verdict.action) for verdict in found.values()] == ["deferred", "heal", "heal"]
    assert found[ONE].reason.code == "not_asked"
    assert "this backfill asks for dates that are missing, and for no other" in found[ONE].reason.sentence


@pytest.fixture
def again(story):
    """A whole date, of which a person has said `again`."""

    def again(*, tells: bool = True, **policy):
        found = story(small_pipeline(**{"max_age_days": None, **policy}), memory={"healed_before": True})
        for table in ("d.raw", "d.refined"):
            found.put(table, ONE, at=WRITTEN if tells else None)
        assert found.look()[ONE].condition == "complete"
        found.entries[ONE] = found.entries[ONE]._replace(retried_at=found.now, again_at=found.now)
        found.later(minutes=1)
        return found

    return again


@pytest.mark.parametrize("policy", [{}, {"stale": "ignore"}, {"max_age_days": 1, "age_from": "date"}])
def test_what_is_asked_for_anew_is_stale_whatever_the_policy(again, policy):
    verdict = again(**policy).look()[ONE]

    assert (verdict.condition, verdict.action, verdict.reason.code) == ("stale", "heal", "again")
    assert verdict.reason.sentence.startswith("d.refined is whole, and a person asked at 2024-03-20T12:00:00+00:00")


def test_a_write_before_the_trigger_is_not_the_one_asked_for(again):
    story = again()
    story.put("d.refined", ONE, at=story.now)

    assert story.look()[ONE].reason.code == "again"


def test_a_write_after_the_trigger_heals_it(again):
    story = again()
    story.look()
    story.later(minutes=5)
    assert story.look()[ONE].action == "leased"

    story.put("d.refined", ONE, at=story.now)

    assert (story.look()[ONE].condition, story.look()[ONE].triggered_at is None) == ("complete", True)


def test_every_table_must_be_written_after_the_trigger(story, two_tables):
    found = story(two_tables(max_age_days=None), memory={"healed_before": True})
    for table in ("d.raw", "d.refined", "d.second"):
        found.put(table, ONE, at=WRITTEN)
    found.look()
    found.entries[ONE] = found.entries[ONE]._replace(retried_at=found.now, again_at=found.now)
    found.later(minutes=1)
    found.look()
    found.later(minutes=1)
    found.put("d.refined", ONE, at=found.now)
    verdict = found.look()[ONE]

    assert (verdict.action, verdict.reason.numbers["table"]) == ("leased", "d.second")


@pytest.mark.parametrize(("rows", "entities"), [(101, 10), (99, 10), (100, 11)])
def test_where_no_table_tells_a_change_heals_it(again, rows, entities):
    story = again(tells=False)
    story.look()
    story.later(minutes=5)
    assert story.look()[ONE].action == "leased"

    story.put("d.refined", ONE, rows, entities)

    assert story.look()[ONE].condition == "complete"


def test_a_re_run_that_shows_nothing_ends_with_its_lease(again):
    story = again(tells=False)
    story.look()
    story.later(minutes=121)
    verdict = story.look()[ONE]

    assert (verdict.condition, verdict.reason.code) == ("complete", "rerun")


@pytest.mark.parametrize(("message", "expected"), [(None, "heal"), ("m1", "none")])
def test_a_claim_that_was_perhaps_never_sent_is_no_re_run(again, message, expected):
    story = again()
    entry = story.entries[ONE]
    attempt = Attempt(1, story.now, "unknown", entry.watermark, 100, 10, message)
    story.entries[ONE] = entry._replace(n=1, attempts=(attempt,))
    story.later(minutes=121)

    assert str(story.look()[ONE].action) == expected


def test_it_can_be_explained(again):
    story = again()
    rules, change = story.tried(ONE)

    assert ("stale", True) in [(rule.rule, rule.fits) for rule in rules]
    assert change == "a write of d.refined after a trigger"
