"""What the dashboard asks of the ledger, by the memory double and by BigQuery's tables alike."""

from datetime import UTC, date, datetime, timedelta

import pytest

from gapheal.errors import Unavailable
from gapheal.testing import FrozenClock, MemoryLedger, small_pipeline

NAME, OTHER = "raw_to_refined", "refined_to_served"
NOW = datetime.now(UTC).replace(microsecond=0)


def at(**ago):
    return (NOW - timedelta(**ago)).isoformat()


def verdict(day, condition="missing", action="heal", *, of=NAME, **more):
    return {
        "observed_at": at(minutes=10),
        "transition": of,
        "pass_id": "p",
        "partition_date": str(date(2024, 3, day)),
        "condition": condition,
        "action": action,
        "watermark": "1/1",
        "code": condition,
        "numbers": {},
        "sentence": f"sentence {day}",
        "downstream_rows": 0,
        "downstream_entities": None,
        "attempts": 1,
        "first_seen_at": at(hours=2),
        "arrived_at": None,
        "triggered_at": None,
        **more,
    }


def look(number, *, of=NAME, source="scan", **ago):
    common = {"observed_at": at(**ago), "transition": of, "pass_id": f"p{number}", "source": source, "mode": "heal"}
    window = {"window_start": "2024-03-01", "window_end": "2024-03-31", "conditions": {}, "actions": {}}
    counts = {"gaps_found": number, "triggered": 1, "queries": 2, "bytes_billed": 10, "duration_ms": 300}
    return {**common, **window, **counts, "breaker": "closed", "error": None}


def test_the_board_holds_the_last_verdict_of_each_date_of_every_transition(ledger):
    ledger.record("p", {"verdicts": [verdict(2), verdict(1, "partial", "held"), verdict(1, of=OTHER)]})
    ledger.record("q", {"verdicts": [verdict(2, "complete", "none", observed_at=at(minutes=1))]})
    told = ledger.board()

    assert [(row["transition"], row["partition_date"], row["condition"], row["action"]) for row in told] == [
        (NAME, "2024-03-01", "partial", "held"),
        (NAME, "2024-03-02", "complete", "none"),
        (OTHER, "2024-03-01", "missing", "heal"),
    ]
    assert told[0].keys() == {
        *("transition", "partition_date", "condition", "action", "code", "sentence", "attempts"),
        *("first_seen_at", "observed_at"),
    }
    assert (told[0]["sentence"], told[0]["attempts"], told[0]["first_seen_at"]) == ("sentence 1", 1, at(hours=2))


def test_passes_are_told_newest_first_so_many_of_each_transition(ledger):
    rows = [look(1, hours=5), look(2, hours=3), look(3, hours=1), look(4, of=OTHER, hours=2), look(5, days=9)]
    for row in rows:
        ledger.record(row["pass_id"], {"passes": [row]})
    told = ledger.passes(NOW - timedelta(days=2), 2)

    assert [(row["transition"], row["gaps_found"], row["observed_at"]) for row in told] == [
        (NAME, 3, at(hours=1)),
        (OTHER, 4, at(hours=2)),
        (NAME, 2, at(hours=3)),
    ]
    assert told[0].keys() == {
        *("transition", "pass_id", "source", "mode", "window_start", "window_end", "observed_at", "gaps_found"),
        *("triggered", "queries", "bytes_billed", "duration_ms", "breaker", "error"),
    }
    assert (told[0]["window_start"], told[0]["bytes_billed"], told[0]["error"]) == ("2024-03-01", 10, None)


def test_where_nobody_looked_yet_there_is_nothing(ledger):
    assert (ledger.board(), ledger.passes(NOW - timedelta(days=2), 9)) == ([], [])


def test_a_ledger_that_does_not_answer_says_so():
    ledger = MemoryLedger(small_pipeline(), FrozenClock(NOW), fails=Unavailable("no answer"))
    for asked in (ledger.board, lambda: ledger.passes(NOW, 1)):
        with pytest.raises(Unavailable):
            asked()
