"""Histories by name: races, repeats and attempts. The laws of the simulator are checked at each of their triggers."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

from tests.simulation.facts import TODAY
from tests.simulation.stage import STEP, Stage, before

TONIGHT = TODAY
OLD = before(3)[0]


def test_claim_then_crash_then_ten_passes_one_message_after_the_lease():
    stage = Stage([OLD], lease_minutes=120)
    stage.crash_at("after claim")
    crashed = stage.ask()
    stage.hours(10)

    assert crashed.crashed
    (message,) = [message for _, message in stage.told]
    assert message.attributes["attempt"] == "2"
    assert [row["outcome"] for row in stage.ledger.rows["triggers"]] == ["unknown", "published"]
    taken = stage.witness.taken[STEP, OLD][0]
    assert taken.claimed_at - crashed.started >= timedelta(hours=2)
    assert stage.word(OLD)[0] == "complete"


def test_a_pass_that_read_the_ledger_before_anothers_claim_starts_no_second_job():
    stage = Stage([OLD])
    stage.hold(lambda run: run.name == "r1", "after recall", 60)
    stage.event(STEP, stage.body("p1", (OLD,)))
    stage.event(STEP, stage.body("p1", (OLD,)))
    stage.go(minutes=5)
    slow, quick = stage.witness.runs

    assert slow.recalled_at < quick.won[OLD][1] < slow.observed_at
    assert len(stage.told) == 1
    assert not slow.won


def test_two_passes_with_different_watermarks_at_a_barrier_between_observe_and_claim():
    stage = Stage([OLD], facts={"tells_writes": True})
    stage.hold(lambda run: True, "after observe", 90)
    stage.event(STEP, stage.body("p1", (OLD,)))
    stage.go(seconds=30)
    stage.world.fill()
    stage.event(STEP, stage.body("p1", (OLD,)))
    stage.go(minutes=5)
    one, other = stage.witness.runs

    assert one.tables["d.p0a"][OLD].rows != other.tables["d.p0a"][OLD].rows
    assert other.observed_at < min(claimed for run in (one, other) for _, claimed in run.won.values())
    assert len(stage.told) == 1
    assert len(one.won) + len(other.won) == 1


def test_a_ledger_insert_delayed_by_ten_minutes_makes_no_second_message():
    stage = Stage([OLD], lease_minutes=60, facts={"late_insert": 1.0, "job_minutes": (30, 30)})
    stage.ask()
    stage.hint(OLD)

    assert len(stage.told) == 1
    assert not stage.ledger.rows["triggers"]
    stage.line.calm = True
    stage.go(minutes=10)
    assert {row["outcome"] for row in stage.ledger.rows["triggers"]} == {"published"}
    stage.hours(2)
    assert len(stage.told) == 1
    assert stage.word(OLD)[0] == "complete"


def test_a_live_night_in_four_pieces_is_not_braked():
    stage = Stage([TONIGHT], lag_days=1, stale="heal", stale_after_minutes=0, facts={"tells_writes": True})
    for piece in range(1, 5):
        stage.world.put("d.p0a", TONIGHT, 30 * piece, 3 * piece)
        stage.hint(TONIGHT)
        stage.hours(2)

    assert len(stage.told) == 4
    assert stage.word(TONIGHT) == ("complete", "none", "complete")
    assert stage.world.warehouse.tables["d.p1a"][TONIGHT].rows == 120
    assert "stalled" not in {row["action"] for row in stage.ledger.rows["verdicts"]}


def test_three_heals_on_one_watermark_each_seen_do_not_stall_the_date():
    stage = Stage([OLD], max_attempts=3)
    for _ in range(4):
        stage.hours(3)
        assert stage.word(OLD)[0] == "complete"
        stage.world.warehouse.drop("d.p1a", OLD)
    stage.hours(3)

    assert len(stage.told) == 5
    assert len({taken.data for taken in stage.witness.taken[STEP, OLD]}) == 1
    assert stage.word(OLD)[0] == "complete"


def test_a_retry_reaches_a_consumer_that_drops_repeats():
    stage = Stage([OLD], max_attempts=1, lease_minutes=20, facts={"drops_repeats": True, "poison": 1})
    stage.hours(3)
    assert stage.word(OLD)[1:] == ("stalled", "attempts_used")

    stage.world.poison.clear()
    stage.retry(OLD)
    stage.hours(2)

    first, second = (message for _, message in stage.told)
    assert first.trigger_id != second.trigger_id
    assert stage.word(OLD)[0] == "complete"


def test_a_fan_out_of_five_reaches_a_consumer_that_drops_repeats_whole():
    stage = Stage([OLD], facts={"fan_out": True, "tables": 5, "drops_repeats": True, "event_doubled": 1.0})
    stage.ask()
    stage.go(minutes=20)

    assert Counter(message.attributes["part"] for _, message in stage.told) == dict.fromkeys(
        (f"{n}/5" for n in range(1, 6)), 1
    )
    assert [name for name in stage.world.tables("p1") if OLD in stage.world.warehouse.tables[name]] == [
        f"d.p1{letter}" for letter in "abcde"
    ]
    stage.ask()
    assert stage.word(OLD)[0] == "complete"
    assert len(stage.told) == 5


def test_one_partition_deleted_and_an_event_on_it_heals():
    stage = Stage(20, whole=True)
    stage.ask()
    stage.world.warehouse.drop("d.p1a", OLD)
    stage.hint(OLD)
    stage.hours(1)

    assert stage.days == [OLD]
    assert stage.word(OLD)[0] == "complete"


def test_an_old_date_by_event_with_scan_days_90_is_seen_healed_within_the_hour():
    old = before(200)[0]
    stage = Stage([old, OLD], scan_days=90, facts={"event_lost": 1.0})
    stage.hint(old)
    assert stage.days[0] == old
    stage.go(minutes=30)
    stage.ask()

    assert stage.word(old)[0] == "complete"
