"""What the ledger tells people of a transition, by the memory double and by BigQuery's tables alike."""

from datetime import UTC, date, datetime, timedelta

import pytest

from gapheal.errors import Unavailable
from gapheal.model.spread import percentile
from gapheal.testing import FrozenClock, MemoryLedger, small_pipeline

NAME, OTHER = "raw_to_refined", "refined_to_served"
NOW = datetime.now(UTC).replace(microsecond=0)
DAYS = [date(2024, 3, 1) + timedelta(days=n) for n in range(40)]


def at(**ago):
    return (NOW - timedelta(**ago)).isoformat()


def verdict(day, condition="missing", action="heal", code=None, *, seen=None, observed=None, of=NAME, **more):
    return {
        "observed_at": observed or at(minutes=10),
        "transition": of,
        "pass_id": "p",
        "partition_date": str(day),
        "condition": condition,
        "action": action,
        "watermark": "1/1",
        "code": code or condition,
        "numbers": {},
        "sentence": "s",
        "downstream_rows": 0,
        "downstream_entities": None,
        "attempts": 1,
        "first_seen_at": seen or at(hours=2),
        "arrived_at": at(days=2),
        "triggered_at": None,
        **more,
    }


def heal(day, seconds, *, healed=None, of=NAME):
    """A date that was seen to lack rows, was triggered, and had them `seconds` after it was first seen."""
    healed_at = healed or NOW - timedelta(hours=1)
    seen = (healed_at - timedelta(seconds=seconds)).isoformat()
    observed = healed_at.isoformat()
    return verdict(day, "complete", "none", seen=seen, observed=observed, of=of, triggered_at=seen)


def done(source, breaker, *, of=NAME, **ago):
    common = {"observed_at": at(**ago), "transition": of, "pass_id": "p", "source": source, "mode": "heal"}
    counts = {"gaps_found": 1, "triggered": 1, "conditions": {}, "actions": {}, "queries": 2, "bytes_billed": 0}
    return {**common, **counts, "duration_ms": 3, "breaker": breaker, "error": None}


def test_open_gaps_are_told_by_reason_with_their_oldest(ledger):
    rows = [
        verdict(DAYS[0], action="held", code="too_old", seen=at(hours=30)),
        verdict(DAYS[1], action="held", code="too_old", seen=at(hours=40)),
        verdict(DAYS[2], "partial", "leased", "leased"),
        verdict(DAYS[3], "waiting", "none", "upstream_not_whole", seen=at(hours=90)),
        verdict(DAYS[4], "complete", "none"),
        verdict(DAYS[5], of=OTHER, seen=at(days=9)),
    ]
    ledger.record("p", {"verdicts": rows})
    told = ledger.status(NAME)

    assert [(row["code"], row["condition"], row["action"], row["dates"]) for row in told["gaps"]] == [
        ("too_old", "missing", "held", 2),
        ("leased", "partial", "leased", 1),
    ]
    assert (told["gaps"][0]["oldest"], told["gaps"][0]["newest"]) == ("2024-03-01", "2024-03-02")
    assert (told["open_gaps"], told["oldest_gap"], told["open_since"]) == (3, "2024-03-01", at(hours=40))


def test_what_healed_is_counted_and_timed(ledger):
    heals = [heal(day, seconds) for day, seconds in zip(DAYS[:20], range(60, 1260, 60), strict=True)]
    heals += [heal(DAYS[20], 9_000, healed=NOW - timedelta(days=2)), heal(DAYS[21], 5, of=OTHER)]
    heals += [heal(DAYS[22], 1, healed=NOW - timedelta(days=31))]
    ledger.record("p", {"verdicts": heals})

    assert ledger.status(NAME)["healing"] == {
        "last_day": 20,
        "last_30_days": 21,
        "p50_seconds": 660,
        "p95_seconds": 1200,
    }


def test_the_breaker_is_what_the_last_pass_that_looked_said(ledger):
    passes = [
        done("scan", "slow_start", hours=5),
        done("scan", "open", hours=2),
        done("event", None, hours=1),
        done("scan", "closed", of=OTHER, minutes=1),
    ]
    for number, row in enumerate(passes):
        ledger.record(f"p{number}", {"passes": [{**row, "pass_id": f"p{number}"}]})
    told = ledger.status(NAME)

    assert told["breaker"] == "open"
    assert (told["last_pass"]["source"], told["last_pass"]["observed_at"]) == ("event", at(hours=1))
    assert "breaker" not in told["last_pass"]


def test_of_a_transition_that_was_never_looked_at_nothing_is_told(ledger):
    told = ledger.status(NAME)

    assert (told["dates"], told["gaps"], told["open_gaps"]) == ([], [], 0)
    assert (told["oldest_gap"], told["open_since"], told["breaker"], told["last_pass"]) == (None, None, None, None)
    assert told["healing"] == {"last_day": 0, "last_30_days": 0, "p50_seconds": None, "p95_seconds": None}


def test_heals_are_listed_newest_first_each_once(ledger):
    first = heal(DAYS[0], 300, healed=NOW - timedelta(hours=3))
    again = {**first, "observed_at": at(hours=2)}
    rows = [heal(DAYS[1], 60), first, again, heal(DAYS[2], 7, healed=NOW - timedelta(days=3)), verdict(DAYS[3])]
    ledger.record("p", {"verdicts": rows})
    found = ledger.heals(NOW - timedelta(days=2))

    assert [(row["partition_date"], row["seconds_to_heal"], row["healed_at"]) for row in found] == [
        ("2024-03-02", 60, at(hours=1)),
        ("2024-03-01", 300, at(hours=3)),
    ]
    assert (found[0]["transition"], found[0]["attempts"], found[0]["triggered_at"]) == (
        NAME,
        1,
        rows[0]["first_seen_at"],
    )


def test_how_a_transition_is_watched_is_its_last_scan_and_sweep_that_went_well(ledger):
    """What failed has seen nothing; what was paused has seen nothing on purpose."""
    failed = {"gaps_found": None, "breaker": None, "error": "d.raw was not found"}
    passes = [
        done("event", "closed", hours=30),
        done("sweep", "closed", hours=29),
        {**done("scan", "closed", hours=5), "error": "one message could not be sent"},
        {**done("scan", None, hours=4), **failed},
        {**done("sweep", None, hours=3), **failed},
        done("backfill", "closed", hours=1),
        {**done("scan", None, of=OTHER, hours=2), **failed, "error": "quota"},
        {**done("scan", None, of=OTHER, hours=1), "gaps_found": None},
    ]
    for number, row in enumerate(passes):
        ledger.record(f"p{number}", {"passes": [{**row, "pass_id": f"p{number}"}]})

    assert [dict(row) for row in ledger.health()] == [
        {
            "transition": NAME,
            "first_pass_at": at(hours=30),
            "last_scan_at": at(hours=5),
            "last_error": "d.raw was not found",
            "last_sweep_at": at(hours=29),
        },
        {
            "transition": OTHER,
            "first_pass_at": at(hours=2),
            "last_scan_at": at(hours=1),
            "last_error": None,
            "last_sweep_at": None,
        },
    ]


def test_nobody_watches_what_was_never_looked_at(ledger):
    assert list(ledger.health()) == []


def test_a_ledger_that_does_not_answer_says_so():
    ledger = MemoryLedger(small_pipeline(), FrozenClock(NOW), fails=Unavailable("no answer"))
    for asked in (lambda: ledger.status(NAME), lambda: ledger.heals(NOW), ledger.health):
        with pytest.raises(Unavailable):
            asked()


@pytest.mark.parametrize(
    ("numbers", "share", "expected"),
    [([], 0.5, None), ([7], 0.95, 7), ([1, 2, 3, 4], 0.5, 2), (range(1, 101), 0.95, 95), ([3, 1, 2], 1, 3)],
)
def test_a_percentile_is_one_of_the_numbers(numbers, share, expected):
    assert percentile(numbers, share) == expected
