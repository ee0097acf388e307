"""Histories by name that take days or months."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import date, timedelta

from tests.simulation.stage import STEP, Stage, before

from gapheal.alerts import Teller
from gapheal.testing import MemoryClaims

DAY = timedelta(days=1)
OLD = before(3)[0]


def test_a_watermark_that_moves_every_pass_for_30_days_is_braked():
    stage = Stage([OLD], max_attempts=3, breaker_after=100, lease_minutes=20, facts={"poison": 1, "moving": True})
    stage.hours(30 * 24, every=2)
    claimed = sorted(taken.claimed_at for taken in stage.witness.taken[STEP, OLD])

    assert stage.word(OLD)[1:] == ("stalled", "braked")
    assert len({taken.data for taken in stage.witness.taken[STEP, OLD]}) == len(claimed)
    assert all(later - first > DAY for first, later in zip(claimed, claimed[3:], strict=False))
    assert 3 * 20 <= len(claimed) <= 3 * 30


def test_create_or_replace_of_the_whole_upstream_every_day_triggers_nothing():
    stage = Stage(30, whole=True, stale="heal", stale_after_minutes=0, facts={"tells_writes": True})
    stage.ask()
    for _ in range(10):
        stage.world.rebuild()
        stage.hours(24, every=6)

    assert not stage.told
    assert {stage.word(day)[0] for day in stage.facts.days} == {"complete"}


def test_a_backlog_of_600_with_max_age_days_30_ends_without_a_held_date():
    days = before(*range(1, 601))
    stage = Stage(
        days[-1:], whole=True, max_age_days=30, batch_size=25, max_in_flight=50, lease_minutes=60 * 48,
        facts={"workers": 1, "job_minutes": (60 * 40, 60 * 40)},
    )  # fmt: skip
    stage.ask()
    for day in days[:-1]:
        stage.world.put("d.p0a", day, 40, 6)
    began = stage.hub.now
    while len(stage.world.warehouse.tables["d.p1a"]) < len(days):
        stage.hours(24, every=24)
    stage.ask()

    assert stage.hub.now - began > 35 * DAY
    assert "held" not in {row["action"] for row in stage.ledger.rows["verdicts"]}
    assert {row["condition"] for row in stage.ends.latest(STEP).values()} == {"complete"}
    assert Counter(stage.days) == dict.fromkeys(days[:-1], 1)


def test_a_lookback_of_21_days_goes_over_the_all_star_hole():
    season = [date(2024, 2, 5) + n * DAY for n in range(30)]
    all_star = {date(2024, 2, 16), date(2024, 2, 18)}
    hole = {date(2024, 2, 17), date(2024, 2, 19), date(2024, 2, 20), date(2024, 2, 21)}
    excuses = [{"reason": "all-star weekend", "dates": [str(day) for day in sorted(all_star)]}]
    stage = Stage([day for day in season if day not in hole], lookback_days=21, excuses=excuses, facts={"tables": 2})
    for day in all_star:
        stage.world.put("d.p0b", day, 3, 1)
    stage.hours(4)

    for day in set(season) - hole:
        assert stage.word(day)[0] == ("excused" if day in all_star else "complete")
    assert "waiting" not in {row["condition"] for row in stage.ledger.rows["verdicts"]}
    assert set(stage.days) == set(season) - hole - all_star


def test_an_off_season_a_dead_consumer_and_an_orphan_topic_come_to_a_probe_a_day():
    season = before(*range(40))
    stage = Stage(season, steps=2, breaker_after=5, facts={"dead_hours": (0, 24 * 200)})
    for day in season[20:]:
        stage.world.put("d.p1a", day, 40, 6)
    days, titles = 120, people(stage)
    stage.hours(2 * 24)
    stage.hours((days - 2) * 24, every=8)

    asked = Counter(name for name, _ in stage.told)
    assert set(asked) == {STEP, "p1_to_p2"}
    assert max(asked.values()) <= 5 + 5 + days
    assert stage.breakers == {"slow_start", "open"}
    # One alert each, though dates are given up all the while; reminders come once a week.
    for name in asked:
        alerts = [title for title in titles if name in title and ": still " not in title]
        assert [title for title in alerts if "breaker" in title] == [f"[simulated] {name}: breaker open"]
        assert sum("stalled" in title for title in alerts) == sum("open gaps over" in title for title in alerts) == 1
    assert len(titles) < days / 2


def people(stage: Stage) -> list[str]:
    """The titles of what people hear from now on."""
    heard: list[str] = []

    def deliver(wanted):
        heard.extend(message.title for _, messages in wanted for message in messages)
        return {target.id: [None] * len(messages) for target, messages in wanted}

    urls = {"GAPHEAL_ALERT_URLS": "json://nowhere"}
    teller = Teller(stage.pipeline, stage.ledger, MemoryClaims(stage.hub.clock), urls, deliver)
    stage.apps = [replace(app, loop=replace(app.loop, alerts=teller)) for app in stage.apps]
    return heard
