"""A date that a person has rolled back is left alone until somebody says otherwise."""

from datetime import UTC, date, datetime, timedelta

import pytest

from gapheal.judge import Case, judge
from gapheal.judge.needs import spec_hash
from gapheal.model.passes import (
    Accepted,
    Action,
    Condition,
    Count,
    Entry,
    Memory,
    Observations,
    Request,
    Source,
    TableKey,
)
from gapheal.testing import small_pipeline

NOW = datetime(2024, 3, 20, 12, tzinfo=UTC)
DAYS = [date(2024, 3, 1) + timedelta(days=index) for index in range(12)]
HELD = Entry(hold=Accepted("ada", "its job writes twice"))


def judged(entries, downstream=None, **policy):
    counts = {
        TableKey("raw", "d.raw"): dict.fromkeys(entries, Count(100, 10)),
        TableKey("refined", "d.refined"): downstream or {},
    }
    pipeline = small_pipeline(**policy)
    memory = Memory(entries, healed_before=True)
    found = judge(Case(pipeline, "raw_to_refined", Observations(NOW, counts), memory, Request(Source.SCAN)), "heal")
    return {verdict.day: verdict for verdict in found}


@pytest.mark.parametrize(("rows", "condition"), [(None, Condition.MISSING), (Count(40, 4), Condition.PARTIAL)])
def test_it_is_held_with_whose_word_that_is(rows, condition):
    verdict = judged({DAYS[0]: HELD}, {DAYS[0]: rows} if rows else {})[DAYS[0]]

    assert (verdict.condition, verdict.action, verdict.reason.code) == (condition, Action.HELD, "rolled_back")
    assert verdict.reason.sentence.endswith("rolled back by ada (its job writes twice): held until a person says retry")


def test_so_is_one_that_is_whole_and_made_from_older_input():
    early, late = NOW - timedelta(days=3), NOW - timedelta(days=1)
    counts = {
        TableKey("raw", "d.raw"): {DAYS[0]: Count(100, 10, late)},
        TableKey("refined", "d.refined"): {DAYS[0]: Count(100, 10, early)},
    }
    seen, pipeline = Observations(NOW, counts), small_pipeline(stale="heal")
    free, held = (
        judge(Case(pipeline, "raw_to_refined", seen, Memory({DAYS[0]: entry}), Request(Source.SCAN)), "heal")[0]
        for entry in (Entry(), HELD)
    )

    assert [(each.condition, each.action) for each in (free, held)] == [
        (Condition.STALE, Action.HEAL),
        (Condition.STALE, Action.HELD),
    ]


def test_what_was_rolled_back_is_no_sudden_loss_of_others():
    complete = Entry(condition=Condition.COMPLETE, spec=spec_hash(small_pipeline(), "raw_to_refined"))
    entries = dict.fromkeys(DAYS, complete)
    lost = judged(entries)
    kept = judged({**entries, **dict.fromkeys(DAYS[:10], complete._replace(hold=HELD.hold))})

    assert {verdict.reason.code for verdict in lost.values()} == {"sudden_loss"}
    assert [kept[day].reason.code for day in DAYS] == ["rolled_back"] * 10 + ["missing"] * 2
