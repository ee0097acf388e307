"""Lessons 1 to 6: dates that the calendar shows empty, and that are no gaps. On the real calendar of four seasons."""

from datetime import date, timedelta

import pytest

RAW, SUMMARY, FACTORS = "nba_raw.box_scores", "nba_analytics.summary", "nba_precompute.factors"
NEXT = "phase2_to_phase3"
LATER = "phase3_to_phase4"
TWO_PHASES = f"""
phases:
  phase2: [{RAW}]
  phase3: [{SUMMARY}]
transitions:
  {NEXT}: """


def without(games, *days):
    return {day: number for day, number in games.items() if day not in days}


def within(games, first, last):
    return {day: number for day, number in games.items() if first <= day <= last}


def test_lesson_01_days_without_games_are_never_expected(town, calendar):
    """What is expected comes from upstream's rows; a day on which nobody played is not even judged."""
    games, gap, christmas_eve = calendar.games("2021-22"), date(2022, 4, 16), date(2021, 12, 24)
    town.create(RAW, SUMMARY)
    town.fill(RAW, games)
    town.fill(SUMMARY, without(games, gap))
    town.pipeline(TWO_PHASES + "{}")
    report = town.scan(NEXT)
    told = town.get(NEXT, christmas_eve)

    calendar_days = (max(games) - min(games)).days + 1
    assert (len(games), calendar_days) == (213, 241), "there are days without games in between"
    assert sum(report["conditions"].values()) == len(games)
    assert (report["conditions"]["complete"], report["conditions"]["missing"]) == (212, 1)
    assert (report["triggered_dates"], town.triggered) == ([str(gap)], [gap])
    assert (told["condition"], told["sentence"]) == (
        None,
        "upstream has no rows of this date, so there is nothing to heal",
    )


ALL_STAR = (date(2022, 2, 18), date(2022, 2, 20))
EXCLUSION_LIST = "{policy: {excuses: [{reason: all-star weekend, dates: [2022-02-18, 2022-02-20]}]}}"
BY_KIND = TWO_PHASES.replace(f"[{RAW}]", f"{{tables: [{{table: {RAW}, where: \"kind != 'all_star'\"}}]}}") + "{}"


def test_lesson_02_all_star_weekend_is_played_but_not_for_the_analytics(town, calendar):
    """Two dates a season are in the raw tables and never further: by a list of dates, or by the kind of game."""
    february = date(2022, 2, 1), date(2022, 2, 28)
    games, gap = within(calendar.games("2021-22"), *february), date(2022, 2, 24)
    exhibitions = within(calendar.games("2021-22", ["all_star"]), *february)
    town.create(RAW, kind="STRING")
    town.create(SUMMARY)
    town.fill(RAW, games, kind="'regular'")
    town.fill(RAW, exhibitions, kind="'all_star'")
    town.fill(SUMMARY, without(games, gap))
    town.pipeline(TWO_PHASES + EXCLUSION_LIST)
    report, listed = town.scan(NEXT), [town.get(NEXT, day) for day in ALL_STAR]
    town.pipeline(BY_KIND)
    of_a_kind = [town.get(NEXT, day)["condition"] for day in ALL_STAR]
    town.pipeline(TWO_PHASES + "{}")
    withheld = [town.get(NEXT, day) for day in ALL_STAR]

    assert set(exhibitions) == set(ALL_STAR)
    assert (report["conditions"]["excused"], report["conditions"]["missing"]) == (2, 1)
    assert (report["triggered_dates"], town.triggered) == ([str(gap)], [gap])
    assert [(told["condition"], told["sentence"]) for told in listed] == [
        ("excused", "excused by the file: all-star weekend")
    ] * 2
    assert of_a_kind == [None, None], "upstream has no such date"
    assert [(told["condition"], told["action"]) for told in withheld] == [("missing", "would_heal")] * 2


def test_lesson_03_a_break_in_mid_season_is_a_quiet_answer(town, calendar):
    """No dates upstream is a normal result of a scan and of an event: nothing found, nothing wrong."""
    season = calendar.games("2024-25")
    games, back = within(season, date(2025, 2, 10), date(2025, 2, 22)), date(2025, 2, 19)
    town.create(RAW, SUMMARY)
    town.fill(RAW, games)
    town.fill(SUMMARY, without(games, back))
    town.pipeline(TWO_PHASES + "{}")
    quiet = town.scan(NEXT, start_date="2025-02-14", end_date="2025-02-18")
    event = town.event(NEXT, game_date="2025-02-15", status="success")
    triggered_then = list(town.triggered)
    ended = town.scan(NEXT, start_date="2025-02-14", end_date="2025-02-19")

    assert not within(games, date(2025, 2, 14), date(2025, 2, 18))
    for report in (quiet, event):
        assert (set(report["conditions"].values()), report["gaps_found"], report["errors"]) == ({0}, 0, [])
    assert triggered_then == []
    assert (ended["triggered_dates"], town.triggered) == ([str(back)], [back])


def test_lesson_04_the_off_season_is_outside_of_every_window(town, calendar):
    """Summer games reach the raw tables for weeks; outside of the seasons nothing is healed."""
    games, gap = calendar.games("2021-22"), date(2022, 6, 16)
    summer = [date(2022, 7, 1) + timedelta(days=number) for number in range(53)]
    town.create(RAW, SUMMARY)
    town.fill(RAW, {**games, **dict.fromkeys(summer, 3)})
    town.fill(SUMMARY, without(games, gap))
    town.pipeline(
        calendar.seasons + TWO_PHASES + "{policy: {excuses: [{reason: off-season, outside: nba}]}}",
    )
    report, told = town.scan(NEXT), town.get(NEXT, summer[0])

    assert (report["conditions"]["excused"], report["conditions"]["missing"]) == (53, 1)
    assert (told["code"], told["sentence"]) == ("excuse", "excused by the file: off-season")
    assert (report["triggered_dates"], town.triggered) == ([str(gap)], [gap])


def test_lesson_04_what_brings_nothing_is_not_asked_for_ever(town):
    """Triggers that bring nothing end after `max_attempts`, however often anybody scans; one that works goes on."""
    vain, works = date(2022, 7, 1), date(2022, 7, 2)
    town.create(RAW, SUMMARY)
    town.fill(RAW, [vain, works])
    town.pipeline(TWO_PHASES + "{policy: {lease_minutes: 0, max_attempts: 3}}")
    reports = [town.scan(NEXT)]
    town.fill(SUMMARY, [works])
    reports += [town.scan(NEXT) for _ in range(5)]
    told = town.get(NEXT, vain)

    assert [report["triggered"] for report in reports] == [2, 1, 1, 0, 0, 0]
    assert [report["actions"]["stalled"] for report in reports] == [0, 0, 0, 1, 1, 1]
    assert (town.triggered.count(vain), town.triggered.count(works)) == (3, 1)
    assert (told["action"], told["code"], told["numbers"]["attempts"]) == ("stalled", "attempts_used", 3)


WARM_UP = f"""
phases:
  phase3: [{SUMMARY}]
  phase4: [{FACTORS}]
  phase5: [nba_predictions.predictions]
transitions:
  {LATER}: {{policy: {{excuses: [{{reason: warm-up, first_days: 14, season: nba}}]}}}}
  phase4_to_phase5: {{}}
"""


def test_lesson_05_the_first_fourteen_days_of_a_season_have_no_phase_4_and_no_phase_5(town, calendar):
    """Days 0 to 13 of every season are skipped by design; day 14 is the first whose absence is a gap."""
    games, skipped = calendar.games(), calendar.first_days(14)
    gap, edge = date(2021, 11, 2), date(2021, 11, 1)
    whole = without(games, *skipped)
    town.create(SUMMARY, FACTORS, "nba_predictions.predictions")
    town.fill(SUMMARY, games)
    town.fill(FACTORS, without(whole, gap))
    town.fill("nba_predictions.predictions", without(whole, gap))
    town.pipeline(calendar.seasons + WARM_UP)
    fourth, fifth = town.scan(LATER), town.scan("phase4_to_phase5")
    last_skipped, first_due = town.get(LATER, edge), town.get(LATER, gap)

    assert (gap - calendar.windows()["2021-22"][0]).days == 14
    assert (len(skipped), fourth["conditions"]["excused"]) == (56, 56)
    assert (fourth["conditions"]["missing"], fourth["conditions"]["complete"]) == (1, len(whole) - 1)
    assert (last_skipped["sentence"], first_due["condition"]) == ("excused by the file: warm-up", "missing")
    assert (sum(fifth["conditions"].values()), fifth["conditions"]["complete"]) == (len(whole) - 1, len(whole) - 1)
    assert town.triggered == [gap]


ZONES, SHOTS = "nba_precompute.team_defense_zone_analysis", "nba_precompute.player_shot_zone_analysis"
OWN_WARM_UPS = f"""
phases:
  phase3: [{SUMMARY}]
  phase4:
    tables:
      - {{table: {FACTORS}}}
      - {{table: {ZONES}, date_column: analysis_date, excuses: [{{reason: 25 days, first_days: 25, season: nba}}]}}
      - {{table: {SHOTS}, date_column: analysis_date, excuses: [{{reason: 17 days, first_days: 17, season: nba}}]}}
  phase5: [nba_predictions.predictions]
transitions:
  {LATER}: {{policy: {{excuses: [{{reason: warm-up, first_days: 14, season: nba}}]}}}}
  phase4_to_phase5: {{}}
"""


@pytest.fixture
def season(town, calendar):
    """2023-24 up to its fortieth day, each table with a warm-up of its own."""
    start = calendar.windows()["2023-24"][0]
    games = within(calendar.games("2023-24"), start, start + timedelta(days=40))
    town.create(SUMMARY, FACTORS, "nba_predictions.predictions")
    town.create(ZONES, SHOTS, day="analysis_date")
    town.fill(SUMMARY, games)
    for table, days in ((FACTORS, 14), (ZONES, 25), (SHOTS, 17), ("nba_predictions.predictions", 14)):
        town.fill(table, without(games, *calendar.first_days(days)))
    town.pipeline(calendar.seasons + OWN_WARM_UPS)
    return start


def test_lesson_06_each_table_has_a_warm_up_of_its_own(town, season, calendar):
    """One table starts on day 25, another on day 17: until then neither makes a gap, nor holds the next phase up."""
    fourth, fifth = town.scan(LATER), town.scan("phase4_to_phase5")
    town.pipeline(calendar.seasons + OWN_WARM_UPS.replace("first_days: 25", "first_days: 14"))
    withheld = town.get(LATER, season + timedelta(days=24))

    assert (fourth["gaps_found"], fourth["conditions"]["excused"]) == (0, len(calendar.first_days(14) & _days(season)))
    assert (fifth["gaps_found"], fifth["conditions"]["waiting"], town.triggered) == (0, 0, [])
    assert fifth["conditions"]["complete"] == fourth["conditions"]["complete"] > 20
    assert (withheld["condition"], withheld["numbers"]["table"]) == ("missing", ZONES)


def test_lesson_06_the_first_day_after_each_warm_up_counts(town, season):
    """Day 17 without shots, day 20 without shots, and day 25 without zones are gaps, and named by their table."""
    seventeen, twenty, last = (season + timedelta(days=number) for number in (17, 20, 25))
    town.sql(f"DELETE FROM {SHOTS} WHERE analysis_date IN ('{seventeen}', '{twenty}')")
    town.sql(f"DELETE FROM {ZONES} WHERE analysis_date = '{last}'")
    fourth, fifth = town.scan(LATER), town.scan("phase4_to_phase5")
    missing = [town.get(LATER, day)["numbers"]["table"] for day in (seventeen, twenty, last)]

    assert missing == [SHOTS, SHOTS, ZONES]
    assert town.triggered == [seventeen, twenty, last]
    assert (fourth["gaps_found"], fifth["conditions"]["waiting"]) == (3, 3)


def _days(start, number=41):
    return {start + timedelta(days=each) for each in range(number)}
