"""What goes wrong around backfills, word by word, for people and for machines; no service is needed to be told."""

import importlib
import json

import pytest

RANGE = ["--start-date", "2024-04-16", "--end-date", "2024-04-25"]
WRONG = {
    "a phase that is not there": ([*RANGE, "--phases", "7"], "--phases: expected some of phase3, found '7'"),
    "a phase misspelt": ([*RANGE, "--phases", "phaze3"], "did you mean phase3"),
    "a first phase": ([*RANGE, "--phases", "2"], "found phase2, which no transition feeds"),
    "a reversed range": (["--start-date", "2024-04-25", "--end-date", "2024-04-16"], "swap them"),
    "a reversed run": (["--dates", "2024-04-25..2024-04-16"], "swap them"),
    "a future date": (["--start-date", "2024-04-16", "--end-date", "2999-01-01"], "1990-01-01 to tomorrow"),
    "a future date in a list": (["--dates", "2024-04-16,2999-01-01"], "1990-01-01 to tomorrow"),
    "a day that does not exist": (["--start-date", "2024-02-30", "--end-date", "2024-03-01"], "2024-02-30"),
    "a word for a date": (["--dates", "yesterday"], "expected a date like 2024-04-16"),
    "half a range": (["--end-date", "2024-04-16"], "found only --end-date"),
    "no dates": ([], "expected --start-date and --end-date, or --dates; found neither"),
    "a range and a list": ([*RANGE, "--dates", "2024-04-16"], "found both"),
    "a gate of more than all": ([*RANGE, "--gate", "1.5"], "expected strict, report, or a share of the dates"),
    "nobody": ([*RANGE, "--who", " "], "who: expected a text"),
    "two backfills at once": (["--resume", "20240701-3fa2", *RANGE], "expected --resume alone"),
    "one gone on with otherwise": (["--resume", "20240701-3fa2", "--max-in-flight", "2"], "found --max-in-flight, too"),
    "another gate on the way": (["--resume", "20240701-3fa2", "--gate", "strict", "--again"], "--again, --gate, too"),
}
AFAR = {
    "backfill": ["backfill", *RANGE, "--dry-run"],
    "list": ["backfill", "list"],
    "show": ["backfill", "show", "20240701-3fa2"],
    "cancel": ["backfill", "cancel", "20240701-3fa2"],
    "resume": ["backfill", "--resume", "20240701-3fa2"],
    "rollback": ["rollback", "20240701-3fa2"],
    "retry": ["retry", "phase2_to_phase3", "2024-04-16", "--why", "w"],
}


@pytest.fixture
def nowhere(pipeline, monkeypatch):
    """BigQuery and Pub/Sub are where nobody answers."""
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", "some-project")
    monkeypatch.setenv("BIGQUERY_EMULATOR_HOST", "http://127.0.0.1:9")
    monkeypatch.setenv("PUBSUB_EMULATOR_HOST", "127.0.0.1:9")
    for module in ("bigquery", "ledger.create", "warehouse.catalog"):
        monkeypatch.setattr(importlib.import_module(f"gapheal.{module}"), "RETRY", None)


@pytest.mark.parametrize("name", WRONG)
@pytest.mark.parametrize("form", ["text", "json"])
def test_what_cannot_be_asked_is_told_before_any_service_is(nowhere, gapheal, name, form):
    words, said = WRONG[name]
    result = gapheal("backfill", *words, *(["--json"] if form == "json" else []))
    told = json.loads(result.output)["error"] if form == "json" else " ".join(result.output.split())

    assert (result.exit_code, said in told) == (2, True), result.output


@pytest.mark.parametrize("name", AFAR)
@pytest.mark.parametrize("form", ["text", "json"])
def test_a_service_that_does_not_answer_is_exit_code_3(nowhere, gapheal, name, form):
    result = gapheal(*AFAR[name], *(["--json"] if form == "json" else []))
    told = json.loads(result.output)["error"] if form == "json" else result.output

    assert (result.exit_code, "BigQuery did not answer" in told) == (3, True), result.output


@pytest.mark.parametrize("option", [("--only", "late"), ("--max-in-flight", "0"), ("--max-in-flight", "many")])
def test_an_option_that_makes_no_sense_is_exit_code_2(nowhere, gapheal, option):
    result = gapheal("backfill", *RANGE, *option)

    assert (result.exit_code, f"Invalid value for '{option[0]}'" in result.output) == (2, True), result.output


@pytest.mark.parametrize("words", [["backfill"], ["backfill", "show"], ["rollback"], ["complete"]])
def test_the_help_has_an_example_and_the_exit_codes(gapheal, words):
    result = gapheal(*words, "--help")

    assert result.exit_code == 0
    assert f"Example: gapheal {' '.join(words)}" in " ".join(result.output.split())
    assert "--json" in result.output
    assert "Exit codes: 0" in result.output or words not in (["backfill"], ["rollback"])
