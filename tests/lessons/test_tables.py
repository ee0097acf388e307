"""Lessons 7 to 14: dates that a table lacks, though nobody has to heal them; and tables that are the wrong ones."""

import shlex
from datetime import date, timedelta

import pytest

RAW, SUMMARY = "nba_raw.box_scores", "nba_analytics.summary"
NEXT = "phase2_to_phase3"
FEATURES = "nba_predictions.ml_feature_store"


def span(first, number):
    return [first + timedelta(days=each) for each in range(number)]


def two_phases(upstream=RAW, downstream=SUMMARY, transition="{}"):
    return f"phases:\n  phase2: {upstream}\n  phase3: {downstream}\ntransitions:\n  {NEXT}: {transition}\n"


def tables(*lines):
    """Each table as the file writes it, by its keys."""
    return "{tables: [" + ", ".join(f"{{table: {line}}}" for line in lines) + "]}"


@pytest.mark.parametrize(
    ("named", "told"),
    [
        ("nba_precompute.ml_feature_store", "Nearest in nba_precompute: ml_features_old"),
        ("nba_predict.ml_feature_store", "Nearest in nba_predict:"),
    ],
    ids=["another dataset's table", "no dataset"],
)
def test_lesson_07_a_table_that_is_not_there_is_no_empty_table(town, named, told):
    """A downstream looked for in the wrong place is an error that names it, never a season of missing dates."""
    days, gap = span(date(2024, 1, 1), 12), date(2024, 1, 5)
    town.create(RAW, FEATURES, "nba_precompute.ml_features_old")
    town.fill(RAW, days)
    town.fill(FEATURES, [day for day in days if day != gap])
    town.pipeline(two_phases(f"[{RAW}]", f"[{named}]"))
    status, answer = town.post(NEXT, {"scan_for_gaps": True})
    triggered_then = list(town.triggered)
    town.pipeline(two_phases(f"[{RAW}]", f"[{FEATURES}]"))
    mended = town.scan(NEXT)

    assert (status, triggered_then) == (500, [])
    assert f"phases.phase3: table {named} was not found" in answer["error"]
    assert told in answer["error"]
    assert (mended["triggered_dates"], town.triggered) == ([str(gap)], [gap])


def test_lesson_07_a_downstream_that_is_suddenly_empty_is_held_for_a_person(town):
    """Where most of what was complete is gone, nothing is healed; one date of a whole table that is gone, is."""
    days = span(date(2024, 1, 1), 12)
    town.create(RAW, SUMMARY)
    town.fill(RAW, days)
    town.fill(SUMMARY, days)
    town.pipeline(two_phases(f"[{RAW}]", f"[{SUMMARY}]", "{policy: {lease_minutes: 0}}"))
    whole = town.scan(NEXT)
    town.sql(f"DELETE FROM {SUMMARY} WHERE game_date = '{days[3]}'")
    one = town.scan(NEXT)
    town.sql(f"DELETE FROM {SUMMARY} WHERE TRUE")
    lost, told = town.scan(NEXT), town.get(NEXT, days[7])

    assert whole["conditions"]["complete"] == 12
    assert (one["triggered_dates"], town.triggered) == ([str(days[3])], [days[3]])
    assert (lost["conditions"]["missing"], lost["actions"]["held"]) == (12, 12)
    assert (told["code"], told["numbers"]["lost"], told["numbers"]["known"]) == ("sudden_loss", 12, 12)


SERVED = "nba_export.served"


def test_lesson_08_what_a_table_no_longer_keeps_is_no_gap(town, today):
    """The live tables' own expiry ends the window, on whichever side it is shorter."""
    kept_by_both, kept_upstream, expired = (today - timedelta(days=ago) for ago in (20, 40, 100))
    town.create(RAW, options="OPTIONS (partition_expiration_days = 90)")
    town.create(SUMMARY, options="OPTIONS (partition_expiration_days = 30)")
    town.create(SERVED)
    town.fill(RAW, [kept_by_both, kept_upstream, expired])
    town.pipeline(
        two_phases(f"[{RAW}]", f"[{SUMMARY}]").replace("transitions:", f"  phase4: [{SERVED}]\ntransitions:")
        + "  phase3_to_phase4: {}\n"
    )
    report = town.scan(NEXT)
    told = [town.get(NEXT, day) for day in (kept_upstream, expired)]
    town.fill(SUMMARY, [kept_by_both, kept_upstream])  # the emulator drops nothing, BigQuery not at once
    served = town.scan("phase3_to_phase4")

    assert (report["conditions"]["excused"], report["conditions"]["missing"]) == (2, 1)
    assert report["triggered_dates"] == [str(kept_by_both)]
    assert [(each["code"], each["numbers"]) for each in told] == [
        (
            "expired",
            {"table": SUMMARY, "retention_days": 30, "last_day": str(kept_upstream + timedelta(days=30))},
        ),
        ("expired", {"table": RAW, "retention_days": 90, "last_day": str(expired + timedelta(days=90))}),
    ]
    assert (served["conditions"]["excused"], served["triggered_dates"]) == (1, [str(kept_by_both)])
    assert town.triggered == [kept_by_both, kept_by_both]


BDL, GAMEBOOK, EITHER = "nba_raw.bdl", "nba_raw.gamebook", "nba_raw.either"


@pytest.fixture
def two_sources(town):
    """One source retired on 1 February, the other lacks dates before; phase 3 lacks one date of each time."""
    days = span(date(2026, 1, 25), 14)
    early_gap, late_gap = days[1], days[9]
    town.create(BDL, GAMEBOOK, SUMMARY)
    town.fill(BDL, days[:7])
    town.fill(GAMEBOOK, [*days[3:6], *days[7:]])
    town.sql(
        f"CREATE VIEW {EITHER} AS SELECT game_date, game_id FROM {BDL} "
        f"UNION ALL SELECT game_date, game_id FROM {GAMEBOOK}"
    )
    town.fill(SUMMARY, [day for day in days if day not in {early_gap, late_gap}])
    return days, early_gap, late_gap


def test_lesson_09_sources_that_stand_in_for_each_other_are_read_as_one(town, two_sources):
    """A view over the alternatives has every date that any of them has, and counts what both have once."""
    days, *gaps = two_sources
    town.pipeline(two_phases(f"[{BDL}]", f"[{SUMMARY}]"))
    unseen = town.get(NEXT, gaps[1])["condition"]
    town.pipeline(two_phases(f"[{EITHER}]", f"[{SUMMARY}]"))
    report = town.scan(NEXT)

    assert (report["conditions"]["complete"], report["conditions"]["missing"]) == (len(days) - 2, 2)
    assert (report["conditions"]["partial"], town.triggered) == (0, gaps)
    assert unseen is None, "the retired source knows nothing of it"


def test_lesson_09_a_retired_source_is_excused_from_its_last_day_on(town, two_sources):
    """From the day on which it was retired, the other source alone is asked for."""
    _, _, late_gap = two_sources
    retired = "{reason: retired, from: 2026-02-01}"
    town.pipeline(two_phases(tables(f"{BDL}, excuses: [{retired}]", GAMEBOOK), f"[{SUMMARY}]"))
    report = town.scan(NEXT)
    town.pipeline(two_phases(f"[{BDL}, {GAMEBOOK}]", f"[{SUMMARY}]"))
    withheld = town.get(NEXT, late_gap)

    assert (report["conditions"]["complete"], report["triggered_dates"]) == (9, [str(late_gap)])
    assert report["conditions"]["waiting"] == 4, "before, either source was required"
    assert (withheld["condition"], withheld["numbers"]["table"]) == ("waiting", BDL)


PREDICTIONS, FROZEN, LIVE = (f"nba_predictions.{name}" for name in ("predictions", "prediction_grades", "accuracy"))


def test_lesson_10_a_frozen_table_costs_a_handful_of_triggers_not_a_season_of_them(town):
    """A table that nobody fills any more shows everything ungraded: until one trigger heals, few are sent."""
    days, gap = span(date(2026, 1, 1), 40), date(2026, 2, 3)
    town.create(PREDICTIONS, FROZEN, LIVE)
    town.fill(PREDICTIONS, days)
    town.fill(FROZEN, days[:15])
    town.fill(LIVE, [day for day in days if day != gap])
    town.pipeline(two_phases(f"[{PREDICTIONS}]", f"[{LIVE}]"))
    live = town.scan(NEXT, dry_run=True)
    town.pipeline(two_phases(f"[{PREDICTIONS}]", f"[{FROZEN}]", "{policy: {breaker_after: 5}}"))
    frozen = [town.scan(NEXT) for _ in range(3)]
    told = town.get(NEXT, days[30])

    assert (live["gaps_found"], live["actions"]["would_heal"]) == (1, 1)
    assert [report["gaps_found"] for report in frozen] == [25] * 3
    assert ([report["triggered"] for report in frozen], town.triggered) == ([5, 0, 0], days[15:20])
    assert (told["action"], told["code"]) == ("deferred", "slow_start")
    assert told["sentence"].startswith(f"{FROZEN} has no rows, upstream has 2; no room")


def test_lesson_11_what_can_never_be_had_again_is_accepted_once_for_ever(town):
    """Odds of a past moment are gone: a person says so, and no scan, sweep or event asks for that date again."""
    gone, lately, whole = date(2023, 1, 10), date(2023, 1, 11), date(2023, 1, 12)
    town.create(RAW, SUMMARY)
    town.fill(RAW, [gone, lately, whole])
    town.fill(SUMMARY, [whole])
    town.pipeline(two_phases(f"[{RAW}]", f"[{SUMMARY}]", "{policy: {lease_minutes: 0, max_attempts: 9}}"))
    before = town.get(NEXT, gone)
    town.gapheal("accept", NEXT, str(gone), "--who", "Ann", "--why", "odds were never kept")
    reports = [town.scan(NEXT), town.scan(NEXT, sweep=True), town.event(NEXT, game_date=gone)]
    told = town.get(NEXT, gone)

    assert (before["condition"], before["action"]) == ("missing", "would_heal")
    assert [report["conditions"]["excused"] for report in reports] == [1] * 3
    assert (told["code"], told["sentence"]) == ("accepted", "accepted as it is by Ann: odds were never kept")
    assert town.triggered == [lately] * 3


SCHEDULE = "nba_reference.schedule"
PHANTOM = "{tables: [" + RAW + "], expected: {table: " + SCHEDULE + "}}"


def test_lesson_12_a_game_that_never_existed_does_not_hold_its_date_for_ever(town):
    """9 of 10 for ever: a ratio below one takes the date as whole, while 8 of 10 and 7 of 9 are still short."""
    phantom, short, partial = span(date(2024, 1, 15), 3)
    town.create(RAW, SUMMARY, SCHEDULE)
    town.fill(SCHEDULE, {phantom: 10, short: 10, partial: 10})
    town.fill(RAW, {phantom: 9, short: 8, partial: 9})
    town.fill(SUMMARY, {phantom: 9, partial: 7})
    town.pipeline(two_phases(PHANTOM, f"[{SUMMARY}]", "{policy: {min_completeness: 0.9}}"))
    report = town.scan(NEXT)
    told = {day: town.get(NEXT, day)["sentence"] for day in (short, partial)}

    assert {condition: number for condition, number in report["conditions"].items() if number} == {
        "complete": 1,
        "waiting": 1,
        "partial": 1,
    }
    assert f"upstream {RAW} has 8 of 10 game_id, whole from 9" in told[short]
    assert f"{SUMMARY} has 7 of 9 game_id, whole from 9" in told[partial]
    assert town.triggered == [partial]


def test_lesson_12_a_date_that_waits_too_long_says_how_to_take_it_as_it_is(town):
    """Two days without news: the verdict names the table and the command, and a person's word lets the date go on."""
    phantom, other = span(date(2024, 1, 15), 2)
    town.create(RAW, SUMMARY, SCHEDULE)
    town.fill(SCHEDULE, {phantom: 10, other: 10})
    town.fill(RAW, {phantom: 9, other: 9})
    town.pipeline(two_phases(PHANTOM, f"[{SUMMARY}]"))
    stuck, told = town.scan(NEXT), town.get(NEXT, phantom)
    triggered_then = list(town.triggered)
    gapheal, *words = shlex.split(told["numbers"]["command"].replace("…", "'never played'"))
    town.gapheal(*words)
    accepted = town.scan(NEXT)

    assert (stuck["conditions"]["waiting"], triggered_then) == (2, [])
    assert (told["code"], told["numbers"]["found"], told["numbers"]["needed"]) == ("stuck_entities", 9, 10)
    assert f"`gapheal accept phase2 {phantom} --why …` takes it as it is" in told["sentence"]
    assert gapheal == "gapheal"
    assert (accepted["conditions"]["waiting"], town.triggered) == (1, [phantom])


def test_lesson_13_a_postponed_game_is_expected_on_the_day_on_which_it_was_played(town):
    """A moved game stands in the schedule twice; only finals are expected, and a day of nothing else is no gap."""
    postponed, played, cancelled, unsourced = span(date(2026, 1, 30), 4)
    town.create(SCHEDULE, status="STRING")
    town.create(RAW, SUMMARY)
    town.fill(SCHEDULE, {postponed: 5, played: 7, unsourced: 3}, status="'Final'")
    town.sql(f"INSERT INTO {SCHEDULE} VALUES ('{postponed}', 'CHI@MIA', 'Postponed')")
    town.sql(f"INSERT INTO {SCHEDULE} VALUES ('{cancelled}', 'BOS@LAL', 'Cancelled')")
    town.fill(RAW, {postponed: 5, played: 7})
    town.fill(SUMMARY, {postponed: 5})
    expected = "{tables: [" + RAW + "], expected: {table: " + SCHEDULE + ", where: \"status = 'Final'\"}}"
    town.pipeline(two_phases(expected, f"[{SUMMARY}]"))
    report, told = town.scan(NEXT), town.get(NEXT, postponed)
    town.pipeline(two_phases(PHANTOM, f"[{SUMMARY}]"))
    withheld = town.get(NEXT, postponed)

    assert (told["condition"], report["conditions"]["waiting"]) == ("complete", 0)
    assert (report["triggered_dates"], town.triggered) == ([str(played)], [played])
    assert (withheld["condition"], withheld["numbers"]["found"], withheld["numbers"]["needed"]) == ("waiting", 5, 6)
    assert report["source_gaps"] == [str(unsourced)], "told, and not triggered; what was cancelled is not even told"


def test_lesson_14_another_sports_rows_are_in_another_project(town):
    """Two projects have tables of one name: the file's own prefix says which is read, and none is read by chance."""
    days, gap, baseball = span(date(2026, 3, 1), 4), date(2026, 3, 2), date(2026, 3, 9)
    nba = f"{town.bq.project}-nba"
    raw, summary = f"{nba}.sports_raw.box_scores", f"{nba}.sports_analytics.summary"
    town.create(raw, summary, "sports_raw.box_scores", "sports_analytics.summary")
    town.fill(raw, days)
    town.fill(summary, [day for day in days if day != gap])
    town.fill("sports_raw.box_scores", [baseball])
    town.pipeline(two_phases(f"[{raw}]", f"[{summary}]"))
    report, leaked = town.scan(NEXT), town.get(NEXT, baseball)
    town.pipeline(two_phases("[box_scores]", f"[{summary}]"))
    status, answer = town.post(NEXT, {"scan_for_gaps": True})

    assert (sum(report["conditions"].values()), report["triggered_dates"]) == (4, [str(gap)])
    assert (leaked["condition"], town.triggered) == (None, [gap])
    assert status == 500
    assert "phases.phase2[0]: expected" in answer["error"]
    assert "[project.]dataset.table" in answer["error"]
