"""Lessons 15 to 20: too early, too late, the wrong day, or no day at all."""

from datetime import UTC, date, datetime, timedelta

import pytest

RAW, SUMMARY, SCHEDULE = "nba_raw.box_scores", "nba_analytics.summary", "nba_reference.schedule"
NEXT = "phase2_to_phase3"


def two_phases(upstream=f"[{RAW}]", transition="{}"):
    return f"phases:\n  phase2: {upstream}\n  phase3: [{SUMMARY}]\ntransitions:\n  {NEXT}: {transition}\n"


def test_lesson_15_a_date_before_its_games_is_not_due(town, today):
    """Rows are there before tip-off; a scan leaves today alone, and heals yesterday."""
    yesterday = today - timedelta(days=1)
    town.create(RAW, SUMMARY)
    town.fill(RAW, [yesterday, today])
    town.pipeline(two_phases())
    report, told = town.scan(NEXT), town.get(NEXT, today)

    assert (report["conditions"]["excused"], report["conditions"]["missing"]) == (1, 1)
    assert (told["code"], told["numbers"]) == ("not_due", {"due_from": str(today + timedelta(days=1)), "lag_days": 1})
    assert (report["triggered_dates"], town.triggered) == ([str(yesterday)], [yesterday])


LIVE = two_phases("{tables: [{table: " + RAW + ", where: \"status = 'Final'\"}], expected: {table: " + SCHEDULE + "}}")


def test_lesson_16_a_night_is_whole_when_its_last_game_is_final(town, today):
    """An event may name tonight's date: it waits for the games that are still played, and heals after them."""
    yesterday = today - timedelta(days=1)
    town.create(RAW, status="STRING")
    town.create(SUMMARY, SCHEDULE)
    town.fill(SCHEDULE, {yesterday: 4, today: 8})
    town.fill(RAW, {yesterday: 4, today: 6}, status="'Final'")
    town.sql(f"INSERT INTO {RAW} VALUES ('{today}', 'late-1', 'Live'), ('{today}', 'late-2', 'Live')")
    town.pipeline(LIVE)
    scanned = town.scan(NEXT)
    live, told = town.event(NEXT, game_date=today, status="success"), town.get(NEXT, today)
    triggered_then = list(town.triggered)
    town.sql(f"UPDATE {RAW} SET status = 'Final' WHERE status = 'Live'")
    final = town.scan(NEXT)

    assert (scanned["conditions"]["excused"], scanned["triggered_dates"]) == (1, [str(yesterday)])
    assert (live["conditions"]["waiting"], triggered_then) == (1, [yesterday])
    assert (told["code"], told["numbers"]["found"], told["numbers"]["yardstick"]) == ("upstream_entities", 6, 8)
    assert (final["triggered_dates"], town.triggered) == ([str(today)], [yesterday, today])


PLAYS = "nba_raw.play_by_play"


def test_lesson_17_a_vendors_late_file_has_its_time_of_grace(town, today):
    """Play-by-play comes hours after the games: what was written lately settles, what is not there is waited for."""
    old, fresh, absent = (today - timedelta(days=ago) for ago in (3, 2, 1))
    town.create(RAW, PLAYS, loaded_at="TIMESTAMP")
    town.create(SUMMARY)
    hours_ago = "TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL {} HOUR)"
    town.fill(RAW, [old, fresh, absent], loaded_at=hours_ago.format(20))
    town.fill(PLAYS, [old], loaded_at=hours_ago.format(20))
    town.fill(PLAYS, [fresh], loaded_at=hours_ago.format(2))
    tables = ", ".join(f"{{table: {table}, updated_column: loaded_at}}" for table in (RAW, PLAYS))
    town.pipeline(two_phases(f"{{tables: [{tables}]}}", "{policy: {settle_minutes: 480}}"))
    report = town.scan(NEXT)
    settling, waiting = (town.get(NEXT, day) for day in (fresh, absent))
    town.sql(f"UPDATE {PLAYS} SET loaded_at = {hours_ago.format(9)} WHERE game_date = '{fresh}'")
    settled = town.scan(NEXT)

    assert report["triggered_dates"] == [str(old)]
    assert (settling["condition"], waiting["condition"]) == ("settling", "waiting")
    written, until = (datetime.fromisoformat(settling["numbers"][key]) for key in ("written_at", "settled_at"))
    assert until - written == timedelta(hours=8)
    assert (waiting["numbers"]["table"], waiting["numbers"]["found"]) == (PLAYS, 0)
    assert (settled["triggered_dates"], town.triggered) == ([str(fresh)], [old, fresh])


@pytest.mark.parametrize(
    ("zone", "moment", "today"),
    [
        ("America/New_York", datetime(2024, 1, 16, 0, 30, tzinfo=UTC), date(2024, 1, 15)),
        ("America/New_York", datetime(2024, 1, 16, 4, 59, tzinfo=UTC), date(2024, 1, 15)),
        ("America/New_York", datetime(2024, 1, 16, 5, 0, tzinfo=UTC), date(2024, 1, 16)),
        ("America/New_York", datetime(2024, 3, 11, 4, 0, tzinfo=UTC), date(2024, 3, 11)),  # clocks went forward
        ("America/New_York", datetime(2024, 11, 4, 4, 30, tzinfo=UTC), date(2024, 11, 3)),  # and back
        ("UTC", datetime(2024, 1, 16, 0, 30, tzinfo=UTC), date(2024, 1, 16)),
        ("Asia/Tokyo", datetime(2024, 2, 28, 15, 30, tzinfo=UTC), date(2024, 2, 29)),
        ("Pacific/Auckland", datetime(2024, 12, 31, 11, 30, tzinfo=UTC), date(2025, 1, 1)),
    ],
)
def test_lesson_18_yesterday_is_what_the_pipelines_own_zone_calls_it(at, zone, moment, today):
    """Between midnight here and midnight in UTC, the last due date is one that only the zone can tell."""
    days = [today + timedelta(days=away) for away in (-2, -1, 0, 1)]
    doors, world = at(
        "version: 1\npipeline: lessons\nlocation: us-west2\n"
        f"timezone: {zone}\ndefaults: {{date_column: game_date, policy: {{mode: heal}}}}\n" + two_phases(),
        moment,
    )
    for day in days:
        world.warehouse.put(RAW, day)
    report, told = doors.scan(NEXT), doors.get(NEXT, today)

    assert world.publisher.days == days[:2]
    assert (report["conditions"]["missing"], report["conditions"]["excused"]) == (2, 2)
    assert told["numbers"] == {"due_from": str(days[3]), "lag_days": 1}


def test_lesson_18_a_late_game_belongs_to_the_evening_on_which_it_began(town):
    """22:30 in New York is the next day in UTC: timestamps are dated in the pipeline's zone, not in the server's."""
    evening, gap = date(2024, 1, 10), date(2024, 1, 12)
    town.create(SUMMARY)
    town.dataset("nba_raw")
    town.sql(
        f"CREATE TABLE {RAW} (tip_off TIMESTAMP, game_id STRING)",
        f"INSERT INTO {RAW} VALUES (TIMESTAMP '2024-01-11 00:00:00', 'early'), "
        "(TIMESTAMP '2024-01-11 03:30:00', 'late'), (TIMESTAMP '2024-01-13 03:30:00', 'another')",
    )
    town.fill(SUMMARY, {evening: 2})
    file = two_phases("{tables: [{table: " + RAW + ", date_column: tip_off}]}")
    town.pipeline(file, timezone="UTC")
    in_utc = [town.get(NEXT, day)["condition"] for day in (evening, evening + timedelta(days=1))]
    town.pipeline(file, timezone="America/New_York")
    report, told = town.scan(NEXT), town.get(NEXT, evening)

    assert in_utc == [None, "missing"], "the wrong zone finds a gap where there is none"
    assert (report["conditions"]["complete"], report["triggered_dates"]) == (1, [str(gap)])
    assert (told["condition"], told["numbers"]) == ("complete", {"rows": 2, "upstream_rows": 2})
    assert town.triggered == [gap]


def test_lesson_19_what_is_planned_for_tomorrow_is_not_missing_today(town, today):
    """Tables of what is to come hold dates ahead of their games; nothing past today less the lag is healed."""
    yesterday, tomorrow, next_month = (today + timedelta(days=away) for away in (-1, 1, 30))
    town.create(RAW, SUMMARY)
    town.fill(RAW, [yesterday, today, tomorrow, next_month])
    town.pipeline(two_phases())
    by_default = town.scan(NEXT)
    town.pipeline(two_phases(transition="{policy: {lag_days: 0}}"))
    without_lag, told = town.scan(NEXT), town.get(NEXT, tomorrow)

    assert (by_default["conditions"]["excused"], by_default["triggered_dates"]) == (3, [str(yesterday)])
    assert (without_lag["conditions"]["excused"], without_lag["triggered_dates"]) == (2, [str(today)])
    assert (told["code"], told["numbers"]["due_from"]) == ("not_due", str(tomorrow))
    assert town.triggered == [yesterday, today]


def test_lesson_20_a_date_that_would_have_to_be_guessed_is_refused_and_kept(town, today):
    """TODAY, "None" and other words for a date never become today: the event is acknowledged, kept, and no more."""
    words = ["TODAY", "AUTO", "yesterday", "None", "", 20240416, "2024-W16-2", "2024-02-30", "1989-12-31", "04/16/2024"]
    bad = [{"game_date": word} for word in words]
    bad += [{"game_date": None}, {"date_of_game": "2024-04-16"}, {"game_date": today + timedelta(days=2)}]
    bad += [{"game_dates": ["2024-04-16", "TODAY"]}, {"start_date": "2024-04-16"}]
    bad += [{"start_date": "2024-04-17", "end_date": "2024-04-16"}]
    good, ranged = date(2024, 4, 16), [date(2024, 4, 17), date(2024, 4, 18)]
    town.create(RAW, SUMMARY)
    town.fill(RAW, [good, *ranged, today])
    town.pipeline(two_phases())
    answers = [town.event(NEXT, **said) for said in bad]
    triggered_then = list(town.triggered)
    kept = town.sql("SELECT error FROM ledger.rejections")
    datetimes = town.event(NEXT, game_date="2024-04-16T22:30:00-04:00", analysis_date=None, status="success")
    town.event(NEXT, start_date="2024-04-17", end_date="2024-04-18")

    assert [(answer["rejected"], bool(answer["error"])) for answer in answers] == [(True, True)] * len(bad)
    assert triggered_then == []
    assert sorted(row["error"] for row in kept) == sorted(answer["error"] for answer in answers)
    assert datetimes["triggered_dates"] == [str(good)]
    assert town.triggered == [good, *ranged]
