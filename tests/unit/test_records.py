"""What a pass writes down and tells: all that is news, and nothing else."""

import time
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from gapheal.model.passes import Action, Condition, Entry, Memory, Observations, Reason, Request, Source, Verdict
from gapheal.reconcile import findings_of
from gapheal.reconcile.healing import Healing
from gapheal.reconcile.records import Pass, ledger_rows, report
from gapheal.testing import small_pipeline

NOW = datetime(2024, 6, 25, 12, tzinfo=UTC)
DAY = date(2024, 6, 20)
WHOLE = {"d.refined": ("100/10", "90/10")}


def verdict(condition="complete", action="none", code=None, *, spec="abc", whole=None, sentence="s", **more):
    why = Reason(code or condition, {}, sentence)
    return Verdict(DAY, Condition(condition), Action(action), why, "100/10", spec=spec, seen_whole=whole or {}, **more)


def entry(condition="complete", action="none", code=None, *, spec="abc", whole=None):
    return Entry(
        condition=Condition(condition),
        action=Action(action),
        watermark="100/10",
        code=code or condition,
        spec=spec,
        seen_whole=whole or {},
    )


def done(said=(), remembered=None, source=Source.SCAN, **more):
    memory = Memory(entries={DAY: remembered} if remembered else {})
    seen = Observations(NOW, {})
    return Pass(
        "p", small_pipeline(), "raw_to_refined", Request(source), NOW, memory, seen, list(said), Healing(), 1, **more
    )


@pytest.mark.parametrize("action", ["held", "would_heal"])
def test_thirty_years_of_gaps_that_people_know_take_no_time_to_find(action):
    days = [DAY - timedelta(days=n) for n in range(11_000)]
    kind = "held" if action == "held" else "gaps"
    told = {"open": {f"raw_to_refined/{kind}": {"dates": [str(day) for day in days]}}}
    known = replace(done(verdict("missing", action)._replace(day=day) for day in days), memory=Memory(told=told))
    started = time.process_time()
    found = findings_of(known)

    assert [len(each.dates) for each in found] == [11_000, 11_000]
    assert time.process_time() - started < 2, "what is looked up for each date again takes minutes"


@pytest.mark.parametrize(
    ("said", "remembered"),
    [
        (verdict(), None),
        (verdict(), entry("missing", "heal")),
        (verdict("missing", "held"), entry("missing", "stalled", "missing")),
        (verdict("waiting", code="stuck"), entry("waiting", code="upstream_rows")),
        (verdict("missing", "held", "sudden_loss"), entry("missing", "held", "too_old")),
        (verdict(spec="new"), entry()),
        (verdict(), entry(spec=None)),
        (verdict(whole=WHOLE), entry()),
        (verdict(), entry(whole=WHOLE)),
        (verdict("partial", "held", whole=WHOLE), entry("partial", "held", whole={"d.refined": ("100/10", "80/9")})),
        (verdict(triggered_at=NOW), entry()),
    ],
    ids=[
        "first sight",
        "condition",
        "action",
        "stuck now",
        "why it is held",
        "the file reads other data",
        "the hash was not kept yet",
        "newly whole",
        "no longer remembered whole",
        "made again",
        "a heal",
    ],
)
def test_news_is_written(said, remembered):
    (row,) = ledger_rows(done([said], remembered))["verdicts"]

    assert (row["condition"], row["action"], row["code"]) == (said.condition, said.action, said.reason.code)
    assert (row["spec_hash"], row["seen_whole"]) == (said.spec, dict(said.seen_whole) or None)


@pytest.mark.parametrize(
    ("said", "remembered"),
    [
        (verdict(whole=WHOLE), entry(whole=WHOLE)),
        (verdict(sentence="another"), entry()),
        (verdict("missing", "deferred", "no_room"), entry("missing", "deferred", "slow_start")),
        (verdict("missing", "held", "too_old", spec="new"), entry("missing", "held", "too_old")),
    ],
    ids=["the same", "another sentence", "no room for another reason", "a gap under another file"],
)
@pytest.mark.parametrize("source", [Source.SCAN, Source.EVENT])
def test_what_is_no_news_is_not_written(said, remembered, source):
    rows = ledger_rows(done([said], remembered, source))

    assert (rows["verdicts"], len(rows["passes"])) == ([], source is Source.SCAN)


def test_what_was_written_is_no_news_to_the_next_pass():
    said = verdict("partial", "held", "too_old", whole=WHOLE)
    (row,) = ledger_rows(done([said]))["verdicts"]
    kept = entry(row["condition"], row["action"], row["code"], spec=row["spec_hash"], whole=row["seen_whole"])

    assert ledger_rows(done([said], kept))["verdicts"] == []


def test_source_gaps_are_told_as_dates_and_warnings_only_if_there_are_some():
    plain = report(done())
    rich = report(done(source_gaps=[DAY], warnings=["w"]))

    assert (plain["source_gaps"], "warnings" in plain) == ([], False)
    assert (rich["source_gaps"], rich["warnings"]) == (["2024-06-20"], ["w"])


def test_the_hash_in_a_passes_row_is_of_the_whole_file():
    first, other = done(), done()
    other = replace(other, pipeline=small_pipeline(max_attempts=7))
    (mine,), (theirs,) = ledger_rows(first)["passes"], ledger_rows(other)["passes"]

    assert mine["spec_hash"] != theirs["spec_hash"]
