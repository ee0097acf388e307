"""The command on the ten-line file, against real tables and a real topic."""

import base64
import json

import pytest
import typer
from jsonschema import Draft202012Validator

from gapheal.cli.commands import command

GAPS = [f"2024-04-{day}" for day in range(20, 26)]


def test_validate_says_what_the_ten_lines_mean(pipeline, gapheal):
    result = gapheal("validate")

    assert result.exit_code == 0
    assert result.output.splitlines() == [
        "pipeline.yaml is valid",
        "  1 transition",
        "  phase2_to_phase3: mode observe: nothing is sent; set policy.mode: heal once the gaps it reports are right",
        "  phase2_to_phase3: triggers go to topic nba-props-phase3-trigger",
        "  partial dates are invisible: nba_raw.bdl_player_boxscores has no entity_column",
        "  partial dates are invisible: nba_analytics.player_game_summary has no entity_column",
        (
            "  late rows show by partition metadata where a table is partitioned by day on its date column "
            "(`gapheal validate --live` tells which), elsewhere only where they change the number of rows or entities "
            "(nba_raw.bdl_player_boxscores, nba_analytics.player_game_summary: no updated_column)"
        ),
    ]


def test_validate_writes_the_resolved_form_which_is_a_pipeline_file_too(pipeline, gapheal, tmp_path):
    resolved = tmp_path / "pipeline.json"
    first = gapheal("validate", "--resolved", resolved)
    policy = json.loads(resolved.read_text())["transitions"]["phase2_to_phase3"]["policy"]

    assert (first.exit_code, policy["mode"], policy["max_in_flight"]) == (0, "observe", 25)
    assert gapheal("validate", "--pipeline", resolved).exit_code == 0


def test_validate_prints_a_json_schema(pipeline, gapheal):
    Draft202012Validator.check_schema(json.loads(gapheal("validate", "--schema").output))


def test_plan_tells_runs_of_dates_with_reasons_and_changes_nothing(heal, tables, topic, gapheal, bq):
    result = gapheal("plan", "--json")
    (found,) = json.loads(result.output)
    runs = [(run["start_date"], run["dates"], run["condition"], run["action"]) for run in found["verdicts"]]

    assert result.exit_code == 1
    assert runs == [
        ("2024-04-16", 4, "complete", "none"),
        ("2024-04-20", 5, "missing", "would_heal"),
        ("2024-04-25", 1, "missing", "deferred"),
    ]
    assert list(bq.query("SELECT 1 FROM gapheal_nba_props.verdicts", retry=None).result(timeout=30)) == []


def test_plan_reads_well(heal, tables, topic, gapheal):
    output = gapheal("plan").output

    assert "phase2_to_phase3 (heal)  6 missing, 4 complete; 1 deferred, 5 would_heal" in output
    assert "nba_analytics.player_game_summary has no rows, upstream has 1; it would be triggered now" in output
    assert "note: topic nba-props-phase3-trigger has no subscription" in output


def test_scan_in_mode_observe_sends_nothing_and_says_what_would(pipeline, tables, topic, gapheal):
    result = gapheal("scan")

    assert result.exit_code == 1
    assert "phase2_to_phase3 (observe)  6 missing, 4 complete; 6 held" in result.output
    assert "`policy.mode: heal` would send nothing now either, see why" in result.output


def test_scan_in_mode_paused_claims_nothing_of_what_it_did_not_look_at(pipeline, tables, gapheal, monkeypatch):
    monkeypatch.setenv("GAPHEAL_MODE", "paused")
    result = gapheal("scan")

    assert result.exit_code == 0
    assert "phase2_to_phase3 (paused)  not looked at" in result.output


def test_scan_triggers_what_there_is_room_for(heal, tables, topic, endpoint, gapheal):
    topic(endpoint.url)
    result = gapheal("scan", "--json")
    (report,) = json.loads(result.output)
    messages = [json.loads(received.body)["message"] for received in endpoint.wait_for(5)]
    said = sorted(
        (json.loads(base64.b64decode(message["data"])) for message in messages), key=lambda each: each["date"]
    )

    assert (result.exit_code, report["gaps_found"], report["triggered_dates"]) == (1, 6, GAPS[:5])
    assert [each["date"] for each in said] == GAPS[:5]
    assert set(said[0]) == {
        *("pipeline", "transition", "phase", "date", "start_date", "end_date", "dates"),
        *("trigger_id", "attempt", "reason", "source"),
    }
    assert (
        messages[0]["attributes"].items()
        >= {
            "pipeline": "nba-props",
            "transition": "phase2_to_phase3",
            "reason": "missing",
            "source": "scan",
            "attempt": "1",
        }.items()
    )


def test_scan_warns_when_nobody_listens(heal, tables, topic, gapheal):
    assert "has no subscription: publishing succeeds and nobody hears it" in gapheal("scan").output


def test_a_scan_of_named_dates_triggers_nothing_outside_them(heal, tables, topic, gapheal):
    result = gapheal("scan", "--start-date", "2024-04-21", "--end-date", "2024-04-22", "--json")

    assert json.loads(result.output)[0]["triggered_dates"] == ["2024-04-21", "2024-04-22"]


def test_scan_is_done_when_no_gap_remains(heal, tables, topic, gapheal):
    assert gapheal("scan", "--end-date", "2024-04-19").exit_code == 0


def test_a_dry_run_sends_and_writes_nothing(heal, tables, topic, gapheal, bq):
    (report,) = json.loads(gapheal("sweep", "--dry-run", "--json").output)

    assert (report["triggered"], report["actions"]["would_heal"], report["source"]) == (0, 5, "sweep")
    assert {finding["kind"] for finding in report["findings"]} == {"gaps"}
    assert list(bq.query("SELECT 1 FROM gapheal_nba_props.passes", retry=None).result(timeout=30)) == []


def test_a_sweep_ends_with_the_digest_of_all_that_stands_open(heal, tables, topic, gapheal):
    result = gapheal("sweep", "--dry-run")
    _, told = result.output.split("[nba-props] digest of ")

    assert result.exit_code == 1
    assert told[10:].startswith(": 1 thing stands open")
    assert "- open gaps, 6 dates (2024-04-20..2024-04-25)" in told
    assert "-> gapheal explain phase2_to_phase3 2024-04-20" in told
    assert "not known: the schedule's jobs: there is no Cloud Scheduler beside an emulator" in told


def test_explain_gives_the_verdict_and_its_numbers(heal, tables, topic, gapheal):
    result = gapheal("explain", "phase2_to_phase3", "2024-04-20")

    assert [line.rstrip() for line in result.output.splitlines()][:12] == [
        "phase2_to_phase3 2024-04-20: missing, would_heal",
        (
            "  nba_analytics.player_game_summary has no rows, upstream has 1; it would be triggered now, "
            "a dry run sends nothing"
        ),
        "  what would change it: rows, or an excuse in the file; a scan triggers it",
        "",
        "rule        fits  what was compared",
        "excused     no    the transition has no excuses",
        "                  due since 2024-04-21 (lag_days 1)",
        "waiting     no    upstream nba_raw.bdl_player_boxscores: 1 rows, whole",
        "settling    no    settle_minutes 0",
        (
            "missing     yes   nba_analytics.player_game_summary has no rows, upstream has 1; "
            "it would be triggered now, a dry run sends nothing"
        ),
        "leased      no    no trigger is on its way",
        "stalled     no    0 of 3 triggers used for this data, 0 for any",
    ]


def test_explain_says_why_a_date_is_not_judged(heal, tables, topic, gapheal):
    assert "upstream has no rows of this date" in gapheal("explain", "phase2_to_phase3", "2024-01-01").output


def test_status_tells_what_the_ledger_knows(heal, tables, topic, gapheal):
    assert "never looked at" in gapheal("status").output
    gapheal("scan")
    (found,) = json.loads(gapheal("status", "--json").output)

    assert [(row["condition"], row["action"], row["dates"]) for row in found["dates"]] == [
        ("complete", "none", 4),
        ("missing", "deferred", 1),
        ("missing", "heal", 5),
    ]


def test_status_tells_why_the_last_scan_looked_at_nothing(heal, tables, topic, gapheal, pipeline):
    whole = pipeline.read_text()
    pipeline.write_text(whole.replace("player_game_summary", "player_game_sumary"))
    gapheal("scan")

    assert "looked at nothing (phases.phase3: table nba_analytics.player_game_sumary was not found" in (
        gapheal("status").output
    )


def test_ledger_create_can_be_repeated(pipeline, bq, gapheal):
    assert [gapheal("ledger", "create").exit_code for _ in range(2)] == [0, 0]


@pytest.mark.parametrize(
    "words", [[], ["plan"], ["check"], ["scan"], ["sweep"], ["explain"], ["status"], ["validate"], ["demo"]]
)
def test_every_command_has_help(words, gapheal):
    result = gapheal(*words, "--help")

    assert result.exit_code == 0
    assert "Usage" in result.output


def test_validate_tells_of_a_season_that_ended(pipeline, gapheal):
    text = pipeline.read_text().replace("3: {}", "3: {policy: {excuses: [{reason: summer, outside: nba}]}}")
    pipeline.write_text(text + "seasons: {nba: [{start: 2021-10-19, end: 2022-06-17}]}\n")

    assert "nba ended on 2022-06-17: everything later is excused as summer" in gapheal("validate").output


def leaves(command, *path):
    """Every command that does something, and how it is typed."""
    below = getattr(command, "commands", {})
    if not below or command.invoke_without_command:
        yield " ".join(path), command
    for name, each in below.items():
        yield from leaves(each, *path, name)


@pytest.mark.parametrize(("words", "typed"), list(leaves(typer.main.get_command(command))))
def test_every_command_takes_json_and_a_pipeline_and_has_an_example(words, typed):
    options = {name for each in typed.params for name in each.opts}

    # The demo tells the story of one pipeline.
    assert {"--json"} | ({"--pipeline"} if words != "demo" else set()) <= options
    assert f"Example: gapheal {words}" in typed.help
