"""Histories by name: room, slow jobs, busy targets and the breaker."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import pytest
from tests.simulation.facts import TODAY
from tests.simulation.stage import STEP, Stage, before

OLD = before(3)[0]
TONIGHT = TODAY


@pytest.mark.parametrize("lease_minutes", [120, 30])
def test_a_queue_of_25_jobs_of_6_minutes_behind_one_worker_gets_no_second_message_and_the_breaker_stays_shut(
    lease_minutes,
):
    # No completion event arrives: the scans alone see the queue at work.
    facts = {"job_minutes": (6, 6), "workers": 1, "event_lost": 1.0}
    stage = Stage(26, max_in_flight=25, breaker_after=1, lease_minutes=lease_minutes, facts=facts)
    stage.hours(5)

    assert sorted(len(run.published) for run in stage.witness.runs)[-2:] == [1, 25]
    assert Counter(stage.days) == dict.fromkeys(stage.facts.days, 1)
    assert "open" not in stage.breakers
    assert {stage.word(day)[0] for day in stage.facts.days} == {"complete"}


def test_a_busy_coordinator_of_12_minutes_and_five_events_leave_the_breaker_shut_and_the_room_free():
    days = before(1, 2, 3, 4, 5, 6)
    stage = Stage(days, http=True, breaker_after=5, facts={"single_flight": True, "job_minutes": (12, 12)})
    stage.hint(days[0])
    for day in days[1:]:
        stage.event(STEP, stage.body("p0", (day,)))
        stage.go(minutes=1)
    outcomes = Counter(row["outcome"] for row in stage.ledger.rows["triggers"])

    assert outcomes["busy"] >= 5
    assert outcomes["published"] == 1
    stage.hours(2)
    assert "open" not in stage.breakers
    assert Counter(stage.days) == dict.fromkeys(days, 1)
    assert {stage.word(day)[0] for day in days} == {"complete"}


def test_tonights_date_behind_an_open_breaker_is_the_probe():
    stage = Stage(before(*range(2, 12)), breaker_after=5, lag_days=1, lease_minutes=60, facts={"dead_hours": (0, 5)})
    stage.hours(3)
    assert stage.breakers == {"slow_start", "open"}
    stage.go(hours=2)
    asked = len(stage.told)
    stage.world.put("d.p0a", TONIGHT, 30, 5)
    stage.hint(TONIGHT)

    assert stage.days[asked:] == [TONIGHT]
    stage.hours(1)
    assert stage.word(TONIGHT)[0] == "complete"
    assert "closed" in stage.breakers


def test_busy_five_times_then_accepted():
    stage = Stage([OLD], http=True, max_attempts=3, facts={"single_flight": True})
    answers = iter([True] * 5 + [False] * 9)
    stage.consumers[STEP].is_busy = lambda: next(answers)  # type: ignore[method-assign]
    for _ in range(6):
        stage.ask()
    stage.hours(2)

    rows = stage.ledger.rows["triggers"]
    assert [row["outcome"] for row in rows] == ["busy"] * 5 + ["published"]
    assert [row["n"] for row in rows] == [1, 2, 3, 4, 5, 6]
    assert stage.word(OLD)[0] == "complete"
    assert "open" not in stage.breakers


def test_ten_triggers_jobs_of_90_minutes_and_hourly_scans_leave_the_breaker_shut():
    stage = Stage(10, breaker_after=10, lease_minutes=120, facts={"job_minutes": (90, 90)})
    stage.hours(5)

    assert len(stage.witness.runs[0].published) == 10
    assert Counter(stage.days) == dict.fromkeys(stage.facts.days, 1)
    assert "open" not in stage.breakers


def test_a_dead_consumer_gets_probes_after_1_2_4_hours_up_to_a_day_and_life_closes_the_breaker():
    stage = Stage(20, breaker_after=3, lease_minutes=20, max_attempts=9, facts={"dead_hours": (0, 120)})
    stage.hours(120)
    claimed = sorted(taken.claimed_at for some in stage.witness.taken.values() for taken in some)
    between = [round((after - one).total_seconds() / 3600) for one, after in pairwise(claimed[3:])]

    # A scan an hour after a claim comes some seconds too early, so each probe waits for the scan after it.
    assert between[:7] == [2, 3, 5, 9, 17, 25, 25]
    stage.hours(48)
    assert {stage.word(day)[0] for day in stage.facts.days} == {"complete"}
    assert "closed" in stage.breakers
