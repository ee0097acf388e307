"""Lessons 21 to 27: dates that are there, and yet not whole."""

from datetime import date, timedelta

import pytest

RAW, SUMMARY, SERVED = "nba_raw.box_scores", "nba_analytics.summary", "nba_export.served"
DEFENSE, UPCOMING = "nba_analytics.team_defense", "nba_analytics.upcoming"
NEXT = "phase2_to_phase3"


def two_phases(upstream=f"[{RAW}]", downstream=f"[{SUMMARY}]", transition="{}"):
    return f"phases:\n  phase2: {upstream}\n  phase3: {downstream}\ntransitions:\n  {NEXT}: {transition}\n"


def span(first, number):
    return [first + timedelta(days=each) for each in range(number)]


def test_lesson_21_two_teams_of_sixteen_are_no_finished_date(town):
    """A date counts as whole by what it holds, not by being there: the share decides, to the very number."""
    two, fourteen, fifteen, all_of_them = days = span(date(2026, 1, 3), 4)
    town.create(RAW, SUMMARY, entity="team")
    town.fill(RAW, dict.fromkeys(days, 16))
    town.fill(SUMMARY, {two: 2, fourteen: 14, fifteen: 15, all_of_them: 16})
    tables = "{{tables: [{{table: {}, entity_column: team}}]}}"
    town.pipeline(two_phases(tables.format(RAW), tables.format(SUMMARY), "{policy: {min_completeness: 0.9}}"))
    report, told = town.scan(NEXT), town.get(NEXT, two)

    assert (report["conditions"]["partial"], report["conditions"]["complete"]) == (2, 2)
    assert (told["condition"], told["numbers"]["found"], told["numbers"]["yardstick"]) == ("partial", 2, 16)
    assert f"{SUMMARY} has 2 of 16 team, whole from 15" in told["sentence"]
    assert town.triggered == [two, fourteen]


ONE_OF_THREE = (
    "{tables: [{table: " + SUMMARY + "}, {table: " + DEFENSE + "}, {table: " + UPCOMING + ", required: false}]}"
)


def test_lesson_22_one_absent_table_of_several_makes_the_gap_and_is_named(town):
    """The summary is perfect, the teams' defence is absent: the date is missing, and by which table."""
    no_defense, no_upcoming, nothing, whole = days = span(date(2026, 1, 3), 4)
    town.create(RAW, SUMMARY, DEFENSE, UPCOMING)
    town.fill(RAW, days)
    town.fill(SUMMARY, [no_defense, no_upcoming, whole])
    town.fill(DEFENSE, [no_upcoming, whole])
    town.fill(UPCOMING, [no_defense, whole])
    town.pipeline(two_phases(downstream=ONE_OF_THREE))
    report = town.scan(NEXT)
    one, both, optional = (town.get(NEXT, day) for day in (no_defense, nothing, no_upcoming))

    assert (report["conditions"]["missing"], report["conditions"]["complete"]) == (2, 2)
    assert (one["numbers"]["table"], both["numbers"]["table"]) == (DEFENSE, f"{SUMMARY}, {DEFENSE}")
    assert optional["condition"] == "complete", "what is not required makes no gap"
    assert town.triggered == [no_defense, nothing]


def test_lesson_23_when_no_event_comes_any_more_the_next_scan_decides(town):
    """A failed part says nothing when it is mended: the rows are asked, required ones alone, and the date goes on."""
    stuck, whole = span(date(2026, 1, 3), 2)
    town.create(SUMMARY, DEFENSE, UPCOMING, SERVED)
    for table in (SUMMARY, DEFENSE):
        town.fill(table, [whole])
    town.fill(SUMMARY, [stuck])
    town.fill(SERVED, [whole])
    town.pipeline(two_phases(upstream=ONE_OF_THREE, downstream=f"[{SERVED}]"))
    event = town.event(NEXT, game_date=stuck, processor_name="summary", status="success")
    told, triggered_then = town.get(NEXT, stuck), list(town.triggered)
    town.fill(DEFENSE, [stuck])
    scanned = town.scan(NEXT)

    assert (event["conditions"]["waiting"], triggered_then) == (1, [])
    assert (told["numbers"]["table"], told["numbers"]["found"]) == (DEFENSE, 0)
    assert (scanned["conditions"]["complete"], scanned["triggered_dates"]) == (1, [str(stuck)])
    assert town.triggered == [stuck]


def test_lesson_24_success_is_rows_and_nothing_else(town):
    """Events that report success with no rows change nothing, on either side; the rows end it, without a word."""
    day = date(2026, 1, 3)
    town.create(RAW, SUMMARY)
    town.pipeline(two_phases(transition="{policy: {lease_minutes: 0, max_attempts: 2}}"))
    said = {"game_date": day, "status": "success", "record_count": 0, "success_rate": 100}
    upstream = town.event(NEXT, phase=2, **said)
    triggered_then = list(town.triggered)
    town.fill(RAW, [day])
    reports = [town.event(NEXT, phase=phase, **said) for phase in (2, 3, 3)]
    pretended = town.sql("SELECT partition_date FROM ledger.heals")
    town.fill(SUMMARY, [day])
    seen = town.scan(NEXT)
    healed = town.sql("SELECT partition_date FROM ledger.heals")

    assert (sum(upstream["conditions"].values()), triggered_then) == (0, [])
    assert [report["conditions"]["missing"] for report in reports] == [1, 1, 1]
    assert [report["actions"]["heal"] for report in reports] == [1, 1, 0]
    assert (reports[2]["actions"]["stalled"], town.triggered) == (1, [day, day])
    assert (pretended, seen["conditions"]["complete"], [row[0] for row in healed]) == ([], 1, [day])


WINDOWED = "{{policy: {{lookback_days: 5, stale: {}, lease_minutes: 0}}}}"


@pytest.mark.parametrize(("stale", "healed"), [("report", False), ("heal", True)])
def test_lesson_25_a_fill_makes_every_window_that_read_the_hole_stale(town, stale, healed):
    """Five days of averages were made from a hole: after its fill each is named, and by default left to a person."""
    days = span(date(2024, 1, 1), 8)
    hole, dependents, beyond = days[1], days[2:7], days[7]
    town.create(RAW, SUMMARY)
    town.fill(RAW, days)
    town.fill(SUMMARY, days)
    town.pipeline(two_phases(transition=WINDOWED.format(stale)))
    before = town.scan(NEXT)
    town.sql(f"INSERT INTO {RAW} VALUES ('{hole}', 'found late')")
    told = [town.get(NEXT, day) for day in (*dependents, beyond, days[0])]
    after = town.scan(NEXT)

    assert before["conditions"]["complete"] == 8
    assert (after["conditions"]["partial"], after["conditions"]["stale"], after["conditions"]["complete"]) == (1, 5, 2)
    assert [each["condition"] for each in told] == ["stale"] * 5 + ["complete"] * 2
    assert told[0]["numbers"]["table"] == SUMMARY
    assert town.triggered == ([hole, *dependents] if healed else [hole])
    assert after["actions"]["held"] == (0 if healed else 5)


def test_lesson_25_a_date_made_from_older_input_is_told_by_both_last_writes(town):
    """Upstream was written again hours after the downstream: stale, in numbers; what was made after it is fresh."""
    stale, fresh, gap = span(date(2024, 1, 1), 3)
    town.create(RAW, SUMMARY, written="TIMESTAMP")
    town.fill(RAW, [stale, fresh, gap], written="TIMESTAMP '2024-01-05 12:00:00'")
    town.fill(SUMMARY, [stale], written="TIMESTAMP '2024-01-05 10:59:00'")
    town.fill(SUMMARY, [fresh], written="TIMESTAMP '2024-01-05 11:00:00'")
    tables = "{{tables: [{{table: {}, updated_column: written}}]}}"
    town.pipeline(two_phases(tables.format(RAW), tables.format(SUMMARY)))
    first, told = town.scan(NEXT), town.get(NEXT, stale)
    again = town.scan(NEXT)

    assert (first["conditions"]["stale"], first["conditions"]["complete"]) == (1, 1)
    assert first["actions"]["held"] == 1
    assert again["conditions"]["stale"] == 0, "told once"
    assert told["condition"] == "complete"
    assert town.triggered == [gap]
    rows = town.sql("SELECT sentence FROM ledger.verdicts WHERE condition = 'stale'")
    assert [row[0].partition(";")[0] for row in rows] == [
        (
            f"{SUMMARY} was written at 2024-01-05T10:59:00+00:00, upstream at 2024-01-05T12:00:00+00:00: "
            "more than 60 minutes later"
        )
    ]


def test_lesson_26_rows_that_are_there_twice_cover_nothing_twice(town):
    """Doubled rows made half a date look whole: distinct games are counted, not rows."""
    half_twice, all_twice, none = days = span(date(2024, 1, 1), 3)
    town.create(RAW, SUMMARY)
    town.fill(RAW, dict.fromkeys(days, 10))
    for _ in range(2):
        town.fill(SUMMARY, {half_twice: 5, all_twice: 10})
    town.pipeline(two_phases("{tables: [{table: " + RAW + ", entity_column: null}]}"))
    by_rows = town.get(NEXT, half_twice)["condition"]
    town.pipeline(two_phases())
    report, told = town.scan(NEXT), town.get(NEXT, half_twice)

    assert by_rows == "complete", "ten rows of ten: the trap"
    assert (report["conditions"]["partial"], report["conditions"]["complete"]) == (1, 1)
    assert (told["numbers"]["found"], told["numbers"]["yardstick"]) == (5, 10)
    assert town.triggered == [half_twice, none]


PREDICTIONS, GRADES = "nba_predictions.predictions", "nba_predictions.grades"


def test_lesson_27_only_one_models_predictions_are_measured_by_its_grades(town):
    """Many models predict, one is graded: each side says which rows are meant, and like is compared with like."""
    graded, ungraded = days = span(date(2024, 1, 1), 2)
    town.create(PREDICTIONS, GRADES, model_version="STRING")
    town.fill(PREDICTIONS, dict.fromkeys(days, 94), model_version="'v8'")
    town.sql(
        f"INSERT INTO {PREDICTIONS} SELECT game_date, CONCAT('v9-', game_id), 'v9' FROM {PREDICTIONS}",
        f"INSERT INTO {GRADES} VALUES ('{ungraded}', 'of another model', 'v9')",
    )
    town.fill(GRADES, {graded: 94}, model_version="'v8'")
    town.pipeline(two_phases(f"[{PREDICTIONS}]", f"[{GRADES}]"))
    all_models = town.get(NEXT, graded)
    table = "{{tables: [{{table: {}, where: \"model_version = 'v8'\"}}]}}"
    town.pipeline(two_phases(table.format(PREDICTIONS), table.format(GRADES)))
    report, told = town.scan(NEXT), town.get(NEXT, graded)

    assert (all_models["condition"], all_models["numbers"]["found"], all_models["numbers"]["yardstick"]) == (
        "partial",
        94,
        188,
    )
    assert (told["condition"], told["numbers"]) == ("complete", {"rows": 94, "upstream_rows": 94})
    assert (report["conditions"]["missing"], report["conditions"]["partial"]) == (1, 0)
    assert town.triggered == [ungraded]
