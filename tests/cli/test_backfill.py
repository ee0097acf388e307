"""The command `backfill` as a user types it, where nobody works: plans, gates, questions, messages."""

import json
from datetime import date

import pytest
import typer

from gapheal import app, spec
from gapheal.backfill import Cancelled, Desk, Interrupted, Order, Run, Wish
from gapheal.errors import Unavailable
from gapheal.intervals import Interval

RANGE = ["--start-date", "2024-04-16", "--end-date", "2024-04-25"]


@pytest.fixture
def listened(tables, topic, endpoint):
    """Somebody hears the triggers, and does nothing."""
    topic(endpoint.url)


def test_a_dry_run_shows_the_plan_and_writes_nothing(pipeline, listened, gapheal, bq, endpoint):
    result = gapheal("backfill", *RANGE, "--dry-run", "--json")
    plan = json.loads(result.output)["plan"]
    (step,) = plan["steps"]

    assert result.exit_code == 0
    assert (step["to_do"], step["complete"], step["messages"], step["seconds"]) == (6, 4, 6, None)
    assert plan["preflight"] == {"passed": True, "faults": []}
    assert endpoint.received == []
    assert list(bq.query("SELECT 1 FROM gapheal_nba_props.backfills", retry=None).result(timeout=30)) == []


def test_the_plan_reads_well(pipeline, listened, gapheal):
    output = gapheal("backfill", *RANGE, "--dry-run").output

    assert "backfill 2024-04-16 .. 2024-04-25" in output
    assert "2024-04-20 .. 2024-04-25" in output
    assert "unknown" in output
    assert "nba_analytics.player_game_summary has no rows" in output
    assert "the gates are open: tables are read, jobs are subscribed" in output


def test_a_gate_that_would_stop_it_is_exit_code_1(pipeline, tables, topic, gapheal):
    result = gapheal("backfill", *RANGE, "--yes")

    assert result.exit_code == 1
    assert "gate: phase2_to_phase3: topic nba-props-phase3-trigger has no subscription" in result.output


@pytest.mark.parametrize("more", [(), ("--json",)])
def test_with_nobody_to_ask_it_wants_yes(pipeline, listened, gapheal, more):
    result = gapheal("backfill", *RANGE, *more)

    assert result.exit_code == 2
    assert "expected --yes, found nobody to ask (no terminal or --json)" in result.output


@pytest.mark.parametrize(("answer", "code"), [(False, 0), (typer.Abort(), 130)], ids=["no", "ctrl-c"])
def test_who_does_not_say_yes_has_sent_nothing(pipeline, listened, gapheal, endpoint, monkeypatch, answer, code):
    def told(_):
        if isinstance(answer, bool):
            return answer
        raise answer

    monkeypatch.setattr(typer, "confirm", told)
    monkeypatch.setattr("gapheal.cli.common.is_somebody_there", lambda: True)
    result = gapheal("backfill", *RANGE)

    assert (result.exit_code, "nothing was sent or written" in result.output) == (code, True)
    assert endpoint.received == []
    assert json.loads(gapheal("backfill", "list", "--json").output) == []


def test_nothing_to_do_keeps_no_backfill(pipeline, listened, gapheal):
    result = gapheal("backfill", "--dates", "2024-04-16..2024-04-18", "--yes")

    assert (result.exit_code, "nothing to do" in result.output) == (0, True)
    assert json.loads(gapheal("backfill", "list", "--json").output) == []


def test_an_id_that_nobody_knows_is_said(pipeline, tables, gapheal):
    for words in (["--resume"], ["show"], ["cancel"]):
        result = gapheal("backfill", *words, "20240701-0000")

        assert result.exit_code == 2
        said = "expected the id of a backfill, found 20240701-0000; the ledger knows none yet"
        assert said in " ".join(result.output.split())


def test_a_service_that_is_away_is_exit_code_3(pipeline, tables, gapheal, monkeypatch):
    def away(*_):
        raise Unavailable("reading the ledger: BigQuery did not answer")

    monkeypatch.setattr("gapheal.ledger.BigQueryLedger.backfills", away)
    result = gapheal("backfill", *RANGE, "--json")

    assert (result.exit_code, json.loads(result.output)) == (
        3,
        {"error": "reading the ledger: BigQuery did not answer"},
    )


@pytest.fixture
def kept(pipeline, listened, gapheal):
    """A backfill that somebody has begun and left."""
    desk = Desk(app.build(spec.load(pipeline)))
    wish = Wish(Interval.inclusive(date(2024, 4, 16), date(2024, 4, 25)), None, ("phase2_to_phase3",))
    return desk.begin(desk.plan(wish), "ada", "the | playoffs")


def test_it_is_listed_and_shown_and_handed_over(kept: Order, gapheal):
    listed = gapheal("backfill", "list").output
    page = gapheal("backfill", "show", kept.id, "--markdown").output

    assert kept.id in listed and "started" in listed and "ada" in listed  # noqa: PT018
    assert page.startswith(f"# Backfill {kept.id}: started\n")
    assert "- why: the \\| playoffs" in page
    assert "It has not come to its end." in page


def test_what_people_wrote_is_no_markup_in_the_list(pipeline, listened, gapheal):
    """One word of one person must not break the list for everybody."""
    desk = Desk(app.build(spec.load(pipeline)))
    wish = Wish(Interval.inclusive(date(2024, 4, 16), date(2024, 4, 25)), None, ("phase2_to_phase3",))
    desk.begin(desk.plan(wish), "ada [bold]", "see [/wiki]")
    result = gapheal("backfill", "list")

    assert result.exit_code == 0
    assert "ada [bold]  see [/wiki]" in result.output


def test_the_same_command_again_goes_on_with_it(kept: Order, gapheal):
    output = gapheal("backfill", *RANGE, "--dry-run").output

    assert f"backfill {kept.id} by ada, begun" in output


def test_another_one_leaves_its_dates(kept: Order, gapheal):
    result = gapheal("backfill", "--start-date", "2024-04-18", "--end-date", "2024-04-25", "--dry-run")

    assert f"backfill {kept.id} by ada holds these 6 dates: left to it" in result.output
    assert (result.exit_code, "nothing to do" in result.output) == (0, True)
    # A script that goes on with the rows must not take this for done.
    assert gapheal("backfill", "--start-date", "2024-04-18", "--end-date", "2024-04-25", "--yes").exit_code == 1


@pytest.mark.parametrize(
    ("stop", "code", "said"),
    [(Cancelled, 1, "was cancelled; `gapheal backfill show"), (Interrupted, 130, "`gapheal backfill --resume")],
)
def test_one_that_is_stopped_says_so_to_machines_too(pipeline, listened, gapheal, monkeypatch, stop, code, said):
    def go(run):
        raise stop

    monkeypatch.setattr(Run, "go", go)
    result = gapheal("backfill", *RANGE, "--yes", "--json")
    told = json.loads(result.stdout)
    (kept,) = json.loads(gapheal("backfill", "list", "--json").output)

    assert (result.exit_code, told["id"]) == (code, kept["id"])
    assert said in told["error"]


def test_cancelled_it_frees_its_dates(kept: Order, gapheal):
    result = gapheal("backfill", "cancel", kept.id, "--json")

    assert json.loads(result.output) == {"id": kept.id, "freed": 0, "in_flight": {}}
    assert "It was cancelled before its end." in gapheal("backfill", "show", kept.id, "--markdown").output
    assert gapheal("backfill", "--resume", kept.id).exit_code == 2
    plan = json.loads(gapheal("backfill", "--dates", "2024-04-20..2024-04-25", "--dry-run", "--json").output)["plan"]
    assert plan["to_do"] == 6
