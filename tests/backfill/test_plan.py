"""What a backfill says before it begins: dates through phases that are empty yet, gates, and what others hold."""

from datetime import date, timedelta

import pytest
from tests.backfill.conftest import chain, days
from tests.backfill.season import CALENDAR, season

from gapheal import spec
from gapheal.backfill import Desk, chosen, dated, every, gated, markdown
from gapheal.cli.backfill_shown import result_lines
from gapheal.errors import ConfigError, RequestError, Unavailable
from gapheal.intervals import Interval
from gapheal.model.passes import Delivery, Request, Source

DAYS = days(12)
TODAY = date(2024, 7, 1)


@pytest.fixture
def chained(plant):
    found = plant(chain(["raw"], ["refined"], ["served"], batch_size=5, lease_minutes=10))
    found.fill("phase2", DAYS)
    return found


def test_it_reaches_through_phases_that_are_empty_yet(chained):
    chained.fill("phase3", DAYS[:3])
    first, second = chained.plan(chained.wish(DAYS[0], DAYS[-1])).steps.values()

    assert (first.todo, first.coming, first.messages) == (frozenset(DAYS[3:]), frozenset(), 2)
    assert (second.todo, second.coming, second.messages) == (frozenset(DAYS), frozenset(DAYS[3:]), 3)


def test_looking_writes_and_sends_nothing(chained):
    before = {table: list(rows) for table, rows in chained.world.ledger.rows.items()}
    chained.plan(chained.wish(DAYS[0], DAYS[-1]))

    assert chained.world.publisher.sent == []
    assert {table: rows for table, rows in chained.world.ledger.rows.items() if rows} == before


def test_how_long_is_unknown_at_first_and_then_told_by_history(chained):
    plan = chained.plan(chained.wish(DAYS[0], DAYS[3]))
    assert (plan.seconds, plan.steps["phase2_to_phase3"].seconds) == (None, None)
    chained.seconds = lambda *_: 30.0
    chained.backfill(chained.wish(DAYS[0], DAYS[3]))

    plan = chained.plan(chained.wish(DAYS[0], DAYS[-1]))

    # Four dates in one message of 30 s each.
    assert plan.steps["phase2_to_phase3"].seconds == pytest.approx(120, abs=15)
    assert plan.seconds == pytest.approx(240, abs=30)


def test_excused_dates_are_told_and_not_asked_for(plant):
    excuse = {"reason": "all-star", "dates": [str(DAYS[2])]}
    found = plant(chain(["raw"], ["refined"], ["served"], excuses=[excuse]))
    found.fill("phase2", DAYS)
    first, second = found.plan(found.wish(DAYS[0], DAYS[-1])).steps.values()

    assert DAYS[2] not in first.todo | second.todo
    assert [(group["condition"], group["sentence"]) for group in first.plain()["verdicts"]][1] == (
        "excused",
        "excused by the file: all-star",
    )


def test_a_gate_stops_it_where_nobody_would_hear(chained):
    chained.world.publisher.listeners["phase4-trigger"] = 0

    assert chained.plan(chained.wish(DAYS[0], DAYS[-1])).faults == [
        (
            "phase3_to_phase4: topic phase4-trigger has no subscription: publishing succeeds and nobody hears it; "
            "subscribe the job"
        )
    ]


def test_a_gate_stops_it_where_a_table_cannot_be_read(chained):
    chained.world.warehouse.fails = ConfigError("table d.raw was not found")

    assert chained.plan(chained.wish(DAYS[0], DAYS[-1], "3")).faults == ["phase2_to_phase3: table d.raw was not found"]


def test_a_gate_stops_it_where_the_environment_says_observe(chained, monkeypatch):
    monkeypatch.setenv("GAPHEAL_MODE", "observe")

    plan = chained.plan(chained.wish(DAYS[0], DAYS[-1], "3"))

    assert ["GAPHEAL_MODE is observe" in fault for fault in plan.faults] == [True]


def test_a_paused_step_is_left_out_unless_it_is_named(plant):
    pipeline = chain(["raw"], ["refined"], ["served"])
    paused = pipeline.transitions["phase3_to_phase4"]
    paused = paused.model_copy(update={"policy": paused.policy.model_copy(update={"mode": "paused"})})
    found = plant(pipeline.model_copy(update={"transitions": {**pipeline.transitions, "phase3_to_phase4": paused}}))
    found.fill("phase2", DAYS)

    plan = found.plan(found.wish(DAYS[0], DAYS[-1]))
    assert (list(plan.steps), plan.faults) == (["phase2_to_phase3"], [])
    assert plan.notes == ["phase3_to_phase4 is paused: phase4 is left as it is"]
    assert "mode paused" in found.plan(found.wish(DAYS[0], DAYS[-1], "4")).faults[0]


def test_the_second_of_two_says_which_dates_the_first_holds_and_leaves_them(chained):
    first = chained.begin(chained.wish(DAYS[0], DAYS[5]), who="ada")
    second = chained.begin(chained.wish(DAYS[3], DAYS[-1]), who="bob")

    for step in chained.plan(second.wish, second).steps.values():
        assert [(h.id, h.who, h.days) for h in step.elsewhere] == [(first.id, "ada", frozenset(DAYS[3:6]))]
        assert step.todo == frozenset(DAYS[6:])
    assert all(not step.elsewhere for step in chained.plan(first.wish, first).steps.values())

    chained.go(second)
    assert {day for _, day in chained.log} == set(DAYS[6:])
    report = Desk(chained.app).find(second.id).report
    for step in report["steps"]:
        not_done = [(each["date"], each["kind"]) for each in step["not_done"]]
        assert not_done == [(str(day), "elsewhere") for day in DAYS[3:6]]
        assert step["not_done"][0]["sentence"] == f"backfill {first.id} by ada holds this date, and it is not done yet"
    assert not report["passed"]
    # What it announces names no date that is not done.
    assert [event["start_date"] for event in chained.events] == [str(DAYS[6])] * 2


def test_what_the_first_has_brought_meanwhile_is_done_for_the_second_too(chained):
    chained.begin(chained.wish(DAYS[0], DAYS[5]))
    second = chained.begin(chained.wish(DAYS[3], DAYS[-1]))

    def first_is_at_work(_):
        for phase in ("phase3", "phase4"):
            chained.fill(phase, DAYS[:6])

    chained.go(second, watch=first_is_at_work)
    report = Desk(chained.app).find(second.id).report

    assert (report["passed"], [step["not_done"] for step in report["steps"]]) == (True, [[], []])


def test_who_cannot_be_asked_for_its_listeners_is_away_and_no_closed_gate(chained, monkeypatch):
    def away(_):
        raise Unavailable("Pub/Sub did not answer")

    monkeypatch.setattr(chained.world.publisher, "subscriptions", away)

    with pytest.raises(Unavailable, match="Pub/Sub did not answer"):
        chained.plan(chained.wish(DAYS[0], DAYS[-1]))


@pytest.mark.parametrize("end", ["finish", "cancel"])
def test_once_the_first_has_ended_the_second_has_its_dates(chained, end):
    first = chained.begin(chained.wish(DAYS[0], DAYS[5]))
    desk = Desk(chained.app)
    if end == "cancel":
        desk.cancel(desk.find(first.id), "ada")
    else:
        desk.finish(first, {}, "ada")

    second = chained.wish(DAYS[3], DAYS[-1])

    assert chained.plan(second).steps["phase2_to_phase3"].todo == frozenset(DAYS[3:])


def test_what_follows_dates_of_another_is_left_to_it_too(chained):
    chained.fill("phase3", [DAYS[4]], games=1)
    first = chained.begin(chained.wish(DAYS[4], DAYS[4], "3"), who="ada")
    step = chained.plan(chained.wish(DAYS[3], DAYS[5])).steps["phase3_to_phase4"]

    assert [(holder.id, holder.days) for holder in step.elsewhere] == [(first.id, frozenset({DAYS[4]}))]
    assert step.todo == frozenset({DAYS[3], DAYS[5]})


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (("2024-04-16", None, None), "expected --start-date and --end-date, or --dates; found only --start-date"),
        ((None, None, None), "found neither"),
        (("2024-04-16", "2024-04-10", None), "found 2024-04-16 and 2024-04-10: swap them"),
        (("2024-04-16", "2024-07-02", None), r"expected dates up to today \(2024-07-01\), found 2024-07-02"),
        (("2024-04-16", "2025-07-02", None), "expected a date from 1990-01-01 to tomorrow"),
        (("yesterday", "2024-07-01", None), "expected a date like 2024-04-16, found"),
        (("2024-04-16", None, "2024-04-16"), "expected either --dates or --start-date and --end-date, found both"),
        ((None, None, "2024-04-20..2024-04-16"), "swap them"),
    ],
)
def test_dates_that_cannot_be_used(said, expected):
    with pytest.raises(RequestError, match=expected):
        dated(*said, TODAY)


def test_dates_and_runs_in_one_list():
    window, listed = dated(None, None, "2024-04-20, 2024-04-16..2024-04-17", TODAY)

    assert window == Interval.inclusive(date(2024, 4, 16), date(2024, 4, 20))
    assert sorted(day.day for day in listed) == [16, 17, 20]


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("7", "--phases: expected some of phase3, phase4, found '7'"),
        ("phaze4", "did you mean phase4"),
        ("2", "found phase2, which no transition feeds"),
        ("", "found ''"),
    ],
)
def test_phases_that_cannot_be_filled(said, expected):
    with pytest.raises(ConfigError, match=expected):
        chosen(chain(["raw"], ["refined"], ["served"]), said)


def test_phases_come_in_the_graphs_order():
    shipped = spec.load(CALENDAR.parents[2] / "pipeline.yaml")

    assert chosen(shipped, "grading,5, 3,phase4") == (
        "phase2_to_phase3",
        "phase3_to_phase4",
        "phase4_to_phase5",
        "phase5_to_grading",
    )


@pytest.mark.parametrize("said", ["0", "0.0", "2", "half", "95%", "-0.5", "1.5"])
def test_a_gate_is_a_word_or_a_share(said):
    with pytest.raises(RequestError, match=r"expected strict, report, or a share of the dates like 0\.95"):
        gated(said)


PLAYOFFS = {
    "2021-22": (date(2022, 4, 16), date(2022, 6, 16)),
    "2022-23": (date(2023, 4, 15), date(2023, 6, 12)),
    "2023-24": (date(2024, 4, 16), date(2024, 6, 17)),
}


def test_three_playoffs_as_shipped_are_held_by_scans_and_healed_by_one_backfill(plant, measured):
    """Mode observe, data two years old: the shipped file, phase 3 of whose playoffs never came."""
    shipped = spec.load(CALENDAR.parents[2] / "pipeline.yaml")
    found = plant(shipped, seconds=lambda *_: 0.2)
    every = [day for name in PLAYOFFS for day in season(name)]
    lost = [day for day in every if any(first <= day <= last for first, last in PLAYOFFS.values())]
    for phase in ("phase1", "phase2"):
        for day in every:
            found.fill(phase, [day])
    found.fill("phase3", [day for day in every if day not in lost])
    now = found.world.clock.now()
    for held in found.world.warehouse.tables.values():
        held |= {day: count._replace(written_at=now - timedelta(days=730)) for day, count in held.items()}

    report = found.app.run("phase2_to_phase3", Request(Source.SCAN))

    assert (len(lost), report["actions"]["held"], report["triggered"]) == (137, 137, 0)
    assert found.world.publisher.sent == []
    works = found.backfill(found.wish(lost[0], lost[-1], "3"))
    assert {day for day, end in works["phase2_to_phase3"].ends.items() if end.healed} == set(lost)
    assert [day for _, day in found.log] == sorted(lost)
    assert found.events == [{"phase": "phase3", "start_date": str(lost[0]), "end_date": str(lost[-1])}]
    measured(f"as shipped: a scan held {len(lost)} dates and sent nothing, one backfill healed {len(set(found.log))}")


def test_with_gate_report_the_other_phases_go_on(chained):
    chained.world.publisher.listeners["phase4-trigger"] = 0
    order = chained.begin(chained.wish(DAYS[0], DAYS[-1], gate="report"))

    works = chained.go(order)

    assert list(works) == ["phase2_to_phase3"]
    assert chained.held("refined") == set(DAYS)
    (kept,) = every(chained.world.ledger)
    assert (kept.report["passed"], kept.report["left_out"]) == (True, ["phase3_to_phase4"])
    assert str(list(result_lines(order.id, kept.report))[-1]).endswith("finished: some dates are not done")
    page = markdown(Desk(chained.app).told(kept))
    assert "phase3_to_phase4 was left out: its gate was closed.\nEvery other date" in page


@pytest.mark.parametrize(("gate", "passed"), [("strict", False), ("0.5", False), ("report", True)])
def test_a_phase_whose_gate_closed_after_the_question_does_not_pass(chained, gate, passed):
    order = chained.begin(chained.wish(DAYS[0], DAYS[-1], gate=gate))
    chained.world.publisher.listeners["phase4-trigger"] = 0

    chained.go(order)

    (kept,) = every(chained.world.ledger)
    assert (kept.report["passed"], kept.report["left_out"]) == (passed, ["phase3_to_phase4"])


@pytest.mark.parametrize(("gate", "passed"), [("strict", False), ("0.95", False), ("0.9", True), ("report", True)])
def test_a_phase_passes_by_its_share(chained, gate, passed):
    chained.broken.add(("phase3", DAYS[5]))
    chained.backfill(chained.wish(DAYS[0], DAYS[-1], "3", gate=gate))
    (kept,) = every(chained.world.ledger)
    (step,) = kept.report["steps"]

    assert (step["share"], step["passed"]) == ("0.9167", passed)
    assert str(list(result_lines("b", kept.report))[-1]) == "backfill b is finished: some dates are not done"
    assert [each["date"] for each in step["not_done"]] == [str(DAYS[5])]


def test_a_completion_event_that_could_not_be_published_is_told(chained):
    """Nothing depends on it but who listens: the phase passes, and a person can announce it by hand."""
    work = chained.world.publisher.answer
    chained.world.publisher.answer = lambda message: (
        work(message) if "transition" in message.attributes else Delivery(message, "failed", error="no such topic")
    )

    order = chained.begin(chained.wish(DAYS[0], DAYS[-1], "3"))
    chained.go(order)

    (kept,) = every(chained.world.ledger)
    (step,) = kept.report["steps"]
    assert (step["passed"], step["announced"]) == (True, None)
    assert "no such topic" in step["unannounced"]
    assert "the completion event was not published: " in "".join(map(str, result_lines(order.id, kept.report)))
    assert "phase2_to_phase3: the completion event was not published: " in markdown(Desk(chained.app).told(kept))
