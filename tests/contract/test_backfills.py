"""What the ledger keeps of backfills, held alike by the memory double and by BigQuery's tables."""

from datetime import UTC, date, datetime, timedelta

import pytest

from gapheal.backfill import Order, Wish, every
from gapheal.intervals import Interval

NAME, NEXT = "raw_to_refined", "refined_to_served"
NOW = datetime.now(UTC).replace(microsecond=0)
DAY, OTHER, THIRD = (date(2024, 3, day) for day in range(1, 4))
WINDOW = Interval.inclusive(DAY, THIRD)
SINCE = NOW - timedelta(hours=1)

pytestmark = pytest.mark.emulator


def at(minutes_ago: float) -> datetime:
    return NOW - timedelta(minutes=minutes_ago)


def moment(found) -> datetime | None:
    return datetime.fromisoformat(found) if found else None


def verdict(day, condition, minutes_ago, *, triggered=None, of=NAME):
    said = {"action": "none", "code": condition, "sentence": f"it's {condition}", "watermark": "1", "numbers": {}}
    times = {"observed_at": at(minutes_ago).isoformat(), "triggered_at": triggered and at(triggered).isoformat()}
    return {"transition": of, "pass_id": "p", "partition_date": str(day), "condition": condition, **said, **times}


def trigger(day, n, minutes_ago, outcome="published", part=None):
    claimed = at(minutes_ago).isoformat()
    said = {"n": n, "part": part, "outcome": outcome, "claimed_at": claimed, "observed_at": claimed}
    return {"transition": NAME, "pass_id": "p", "partition_date": str(day), "reason": "missing", **said}


def test_a_backfill_comes_back_as_it_was_kept(ledger):
    wish = Wish(
        WINDOW,
        frozenset({DAY, THIRD}),
        (NAME, NEXT),
        "missing",
        again=True,
        newest_first=True,
        max_in_flight=7,
        gate="0.95",
    )
    order = Order("20240701-3fa2", wish, "ada", 'it\'s "history"\n!', at(30))
    ledger.keep_backfill(order.row("started", at(30)))
    ledger.keep_backfill(order.row("finished", at(2), {"passed": True, "steps": []}, "bob"))
    (kept,) = every(ledger)

    assert kept.order == order
    assert [(each.state, each.who) for each in kept.states] == [("started", "ada"), ("finished", "bob")]
    assert kept.report == {"passed": True, "steps": []}


def test_open_ones_have_no_report(ledger):
    order = Order("a", Wish(WINDOW, None, (NAME,)), "ada", "why", at(30))
    ledger.keep_backfill(order.row("started", at(30)))
    ledger.keep_backfill(order.row("interrupted", at(20)))
    (kept,) = every(ledger)

    assert (kept.order, kept.state, kept.is_open, kept.report) == (order, "interrupted", True, None)


def test_of_its_words_the_last_on_each_date_counts(ledger):
    def word(day, decision, minutes_ago, backfill_id="a"):
        said = {"decision": decision, "who": "ada", "why": "w", "until": None, "backfill_id": backfill_id}
        return {"transition": NAME, "partition_date": str(day), "observed_at": at(minutes_ago).isoformat(), **said}

    rows = [word(DAY, "retry", 9), word(DAY, "cancel", 5), word(OTHER, "again", 7), word(THIRD, "retry", 3, "b")]
    ledger.decide(rows)

    found = {(row["partition_date"], row["decision"], moment(row["observed_at"])) for row in ledger.backfill_words("a")}
    assert found == {(str(DAY), "cancel", at(5)), (str(OTHER), "again", at(7))}


def test_what_became_of_each_date_since(ledger):
    verdicts = [
        verdict(DAY, "missing", 50),
        verdict(DAY, "complete", 20, triggered=40),
        verdict(DAY, "complete", 10, triggered=40),
        verdict(OTHER, "complete", 90, triggered=95),
        verdict(THIRD, "excused", 30),
        verdict(date(2024, 4, 1), "missing", 30),
        verdict(DAY, "missing", 30, of=NEXT),
    ]
    triggers = [
        trigger(DAY, 1, 95),
        trigger(DAY, 2, 45, "failed"),
        trigger(DAY, 3, 40, part="1/2"),
        trigger(DAY, 3, 40, part="2/2"),
        trigger(OTHER, 1, 5, "unknown"),
    ]
    ledger.record("p", {"verdicts": verdicts, "triggers": triggers})
    found = {row["partition_date"]: row for row in ledger.backfill_dates([NAME], WINDOW, SINCE)}

    assert set(found) == {str(day) for day in (DAY, OTHER, THIRD)}
    told = {
        day: (row["condition"], row["triggers"], moment(row["first_at"]), moment(row["healed_at"]))
        for day, row in found.items()
    }
    assert told == {
        str(DAY): ("complete", 1, at(40), at(20)),
        str(OTHER): ("complete", 1, at(5), None),
        str(THIRD): ("excused", 0, None, None),
    }
    assert found[str(THIRD)]["sentence"] == "it's excused"


def test_how_long_heals_took(ledger):
    verdicts = [
        verdict(DAY, "complete", 20, triggered=40),
        verdict(DAY, "complete", 10, triggered=40),
        verdict(OTHER, "complete", 15, triggered=25),
        verdict(THIRD, "complete", 15),
        verdict(THIRD, "complete", 15, triggered=16, of=NEXT),
    ]
    ledger.record("p", {"verdicts": verdicts})
    rows = ledger.heal_times([NAME])

    took = [(moment(row["triggered_at"]), moment(row["healed_at"])) for row in rows]
    assert sorted(took) == [(at(40), at(20)), (at(25), at(15))]


@pytest.mark.parametrize(("decision", "again"), [("retry", False), ("again", True), ("cancel", None)])
def test_again_is_a_retry_that_says_more_and_cancel_is_neither(ledger, decision, again):
    ledger.record("p", {"verdicts": [verdict(DAY, "complete", 20)]})
    said = {"decision": decision, "who": "ada", "why": "w", "until": None, "backfill_id": "a"}
    word = {"transition": NAME, "partition_date": str(DAY), "observed_at": at(5).isoformat(), **said}
    ledger.decide([word])
    entry = ledger.recall(NAME, frozenset()).entries.get(DAY)

    if again is None:
        assert entry is None
    else:
        assert (entry.retried_at, entry.again_at) == (at(5), at(5) if again else None)


@pytest.mark.parametrize(("later", "held"), [(None, True), ("retry", False), ("accept", False)])
def test_a_rollback_holds_a_date_until_the_next_word(ledger, later, held):
    """Seen complete or not, and however long ago: nothing but a person lets it go."""
    said = {"who": "ada", "why": "its job writes twice", "until": None, "backfill_id": "a"}
    minutes = 60 * 24 * 30

    def word(decision, ago):
        moment = at(ago).isoformat()
        return {"transition": NAME, "partition_date": str(DAY), "observed_at": moment, "decision": decision, **said}

    ledger.decide([word("retry", minutes + 5), word("hold", minutes), *([word(later, 5)] if later else [])])
    ledger.record("p", {"verdicts": [verdict(DAY, "complete", minutes - 5)]})
    entry = ledger.recall(NAME, frozenset({DAY})).entries[DAY]

    assert entry.hold == (("ada", "its job writes twice") if held else None)


def test_a_word_of_again_is_over_once_the_date_was_seen_complete(ledger):
    said = {"decision": "again", "who": "ada", "why": "w", "until": None, "backfill_id": "a"}
    word = {"transition": NAME, "partition_date": str(DAY), "observed_at": at(5).isoformat(), **said}
    ledger.decide([word])
    ledger.record("p", {"verdicts": [verdict(DAY, "complete", 2)]})
    entry = ledger.recall(NAME, None).entries[DAY]

    assert (entry.retried_at, entry.again_at) == (None, None)
