"""What is told of a date: every rule that was tried, in order, with what it compared."""

from datetime import UTC, date, datetime, timedelta

import pytest

from gapheal.judge.changes import CHANGES
from gapheal.judge.reasons import SENTENCES
from gapheal.model.passes import Action, Condition, TableFacts
from gapheal.testing import small_pipeline

DAY = date(2024, 3, 10)
NOW = datetime(2024, 3, 20, 12, tzinfo=UTC)
WRITTEN = {"updated_column": "at"}


def facts(story, rule):
    return next(each.facts for each in story.tried(DAY)[0] if each.rule == rule)


def test_the_rules_are_told_in_their_order_up_to_the_one_that_decides(story):
    told = story(small_pipeline(), now=NOW)
    told.put("d.raw", DAY)
    rules, _ = told.tried(DAY)

    assert [rule.rule for rule in rules if not rule.fits] == [
        *("excused", "waiting", "settling", "leased", "stalled", "held", "deferred", "would_heal"),
    ]
    assert [rule.rule for rule in rules if rule.fits] == ["missing", "heal"]


def test_of_a_complete_date_all_conditions_were_tried_and_no_action(story):
    told = story(small_pipeline(), now=NOW)
    told.put("d.raw", DAY)
    told.put("d.refined", DAY)

    assert [rule.rule for rule in told.tried(DAY)[0]] == [str(condition) for condition in Condition]


def test_the_numbers_of_each_rule_that_does_not_fit(story):
    excuses = [{"reason": "known", "dates": ["2024-01-01"]}]
    pipeline = small_pipeline(
        excuses=excuses,
        min_completeness=0.5,
        settle_minutes=30,
        lookback_days=2,
        tables={"raw": WRITTEN, "refined": WRITTEN},
    )
    told = story(pipeline, now=NOW)
    told.put("d.raw", DAY, 100, 10, at=NOW - timedelta(days=3))
    told.put("d.refined", DAY, 60, 5, at=NOW - timedelta(days=2))
    told.facts["d.refined"] = TableFacts(retention=timedelta(days=400))

    assert facts(told, "excused") == (
        "none of 1 excuses of the transition covers it",
        "due since 2024-03-11 (lag_days 1)",
        "d.refined keeps it until 2025-04-14",
    )
    assert facts(told, "waiting") == (
        "upstream d.raw: 100 rows, 10 game, whole",
        "nothing from 2024-03-08 on holds it back (lookback_days 2)",
    )
    assert facts(told, "settling") == ("upstream was last written at 2024-03-17T12:00:00+00:00, settle_minutes 30",)
    assert facts(told, "missing") == ("d.refined: 60 rows",)
    assert facts(told, "partial") == ("d.refined: 5 of 10 game, whole from 5 (0.5)",)
    assert facts(told, "stale") == (
        "d.refined was written at 2024-03-18T12:00:00+00:00, upstream at 2024-03-17T12:00:00+00:00",
    )


def test_without_last_writes_it_tells_what_is_remembered(story):
    told = story(small_pipeline(), now=NOW)
    told.put("d.raw", DAY)
    told.put("d.refined", DAY)
    never = facts(told, "stale")
    told.look()

    assert never == ("when d.refined or its upstream was written is not known, and it was never seen whole before",)
    assert facts(told, "stale") == ("d.refined was last seen whole when upstream held 100/10; now 100/10",)


def test_what_is_done_is_told_with_attempts_and_age(story):
    told = story(small_pipeline(lease_minutes=10), now=NOW)
    told.put("d.raw", DAY)
    told.look()
    told.later(hours=1)

    assert facts(told, "leased") == ("trigger 1 was claimed at 2024-03-20T12:00:00+00:00 (published); no lease holds",)
    assert facts(told, "stalled") == ("1 of 3 triggers used for this data, 1 for any",)
    assert facts(told, "held") == (
        (
            "its data arrived at 2024-03-20T12:00:00+00:00, the gap was first seen at 2024-03-20T12:00:00+00:00 "
            "(max_age_days 30)"
        ),
    )


def test_a_retry_is_told(story):
    told = story(small_pipeline(), now=NOW)
    told.put("d.raw", DAY)
    told.look("observe")
    told.retry(DAY)

    assert facts(told, "held") == ("a person said retry at 2024-03-20T12:00:00+00:00",)


def test_what_would_change_it_is_said_with_its_own_numbers(story):
    told = story(small_pipeline(tables={"raw": {"min_rows": 500}}), now=NOW)
    told.put("d.raw", DAY)

    assert told.tried(DAY)[1] == "500 rows in d.raw, or a smaller min_rows"


def test_a_person_s_word_is_told_as_the_command_to_type(story):
    told = story(small_pipeline(max_age_days=9, age_from="date"), now=NOW)
    told.put("d.raw", DAY)

    retry = f"`gapheal retry raw_to_refined {DAY} --why …`"
    assert told.tried(DAY)[1] == f"{retry}, or a larger policy.max_age_days (null: no limit)"


@pytest.mark.parametrize("code", SENTENCES)
def test_every_reason_says_what_would_change_it(code):
    assert code in CHANGES


def test_no_change_is_told_of_a_reason_that_is_none():
    assert CHANGES.keys() == SENTENCES.keys()
    assert Action.HEAL not in CHANGES
