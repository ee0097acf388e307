"""The errors that a newcomer meets first, word by word."""

import importlib
import json
import os
import sys

import pytest
from google.cloud import bigquery

from gapheal.cli import main
from gapheal.errors import Unavailable


@pytest.fixture
def nowhere(monkeypatch, tmp_path):
    """A machine without emulators and without credentials."""
    for name in [name for name in os.environ if name.startswith(("GOOGLE_", "CLOUDSDK")) or "EMULATOR" in name]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path))
    monkeypatch.setenv("NO_GCE_CHECK", "true")


def test_no_pipeline_file(gapheal, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = gapheal("plan")

    assert (result.exit_code, "pipeline.yaml" in result.output) == (2, True)


def test_no_project(pipeline, nowhere, gapheal):
    result = gapheal("plan")

    assert result.exit_code == 2
    assert result.output == (
        "gapheal: no Google Cloud project: write `project` in the pipeline file, or set GOOGLE_CLOUD_PROJECT\n"
    )


def test_no_credentials(pipeline, nowhere, gapheal, monkeypatch):
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", "some-project")
    result = gapheal("plan")

    assert result.exit_code == 2
    assert result.output == (
        "gapheal: no Google credentials were found: run `gcloud auth application-default login`, or set "
        "BIGQUERY_EMULATOR_HOST and PUBSUB_EMULATOR_HOST to work against the local stack\n"
    )


def test_nothing_in_an_error_is_markup(gapheal, tmp_path):
    name = tmp_path / r"[red]\[/x].yaml"
    result = gapheal("validate", "--pipeline", name)

    assert result.exit_code == 2
    assert str(name) in result.output


def test_no_path_is_markup(pipeline, gapheal):
    name = pipeline.with_name("[bold][x].yaml")
    name.write_text(pipeline.read_text())

    assert gapheal("validate", "--pipeline", name).output.startswith(f"{name} is valid")


def test_table_not_found(pipeline, tables, topic, gapheal):
    pipeline.write_text(pipeline.read_text().replace("player_game_summary", "player_game_sumary"))
    result = gapheal("plan")

    assert result.exit_code == 2
    assert result.output == (
        "phase2_to_phase3: phases.phase3: table nba_analytics.player_game_sumary was not found. "
        "Nearest in nba_analytics: player_game_summary\n"
    )


def test_wrong_location(pipeline, bq, topic, gapheal):
    for name in ("nba_raw", "nba_analytics"):
        dataset = bigquery.Dataset(f"{bq.project}.{name}")
        dataset.location = "EU"
        bq.create_dataset(dataset, retry=None, timeout=10)
    for table in ("nba_raw.bdl_player_boxscores", "nba_analytics.player_game_summary"):
        bq.query(f"CREATE TABLE {table} (game_date DATE)", retry=None, timeout=30).result(timeout=30)
    result = gapheal("plan")

    assert result.exit_code == 2
    assert result.output.startswith(
        "phase2_to_phase3: phases.phase2: table nba_raw.bdl_player_boxscores is in location EU, "
        "the file says location: us-west2; mend `location` in the file"
    )


def test_bigquery_does_not_answer(pipeline, project, gapheal, monkeypatch):
    monkeypatch.setenv("BIGQUERY_EMULATOR_HOST", "http://127.0.0.1:9")
    for module in ("bigquery", "ledger.create", "warehouse.catalog"):
        monkeypatch.setattr(importlib.import_module(f"gapheal.{module}"), "RETRY", None)
    result = gapheal("plan")

    assert (result.exit_code, "BigQuery did not answer" in result.output) == (3, True)


@pytest.mark.parametrize("words", [["status"], ["plan"], ["sweep"]])
def test_a_service_that_is_away_is_waited_for_once(pipeline, gapheal, monkeypatch, words):
    """However many statements and transitions would ask it next: each would wait as long as the first did."""
    asked = []

    def away(*_):
        asked.append(1)
        raise Unavailable("BigQuery did not answer")

    monkeypatch.setattr("gapheal.ledger.create", away)
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", "some-project")
    monkeypatch.setenv("BIGQUERY_EMULATOR_HOST", "http://127.0.0.1:9")
    pipeline.write_text(f"{pipeline.read_text()}  phase3_to_phase4: {{}}\n".replace("]\ntr", "]\n  phase4: [d.t]\ntr"))
    result = gapheal(*words, "--json")

    assert (result.exit_code, len(asked)) == (3, 1), result.output


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["plan", "--start-date", "2024-02-30"], "2024-02-30"),
        (["plan", "--start-date", "2024-03-02", "--end-date", "2024-03-01"], "2024-03-01"),
        (["plan", "--transition", "phase3_to_phase4"], "expected one of phase2_to_phase3, found phase3_to_phase4"),
        (["explain", "phase2_to_phase3", "yesterday"], "yesterday"),
        (["explain", "phase2_to_phase9", "2024-03-01"], "did you mean phase2_to_phase3"),
        (["demo", "--broker", "kafka"], "'kafka' is not one of"),
    ],
)
def test_wrong_words(words, said, pipeline, bq, gapheal):
    result = gapheal(*words)

    assert (result.exit_code, said in result.output) == (2, True), result.output


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["nosuch"], "No such command 'nosuch'"),
        (["status", "--nosuch"], "No such option: --nosuch"),
        (["explain"], "Missing argument"),
        (["accept", "phase2_to_phase3", "2024-04-16"], "Missing option '--why'"),
        (["backfill", "--only", "late"], "Invalid value for '--only'"),
    ],
)
def test_wrong_words_in_json(words, said, gapheal):
    result = gapheal(*words, "--json")

    assert (result.exit_code, said in json.loads(result.stdout)["error"], result.stderr) == (2, True, "")


@pytest.mark.parametrize("words", [("--port", "80000"), ("--port", "-1"), ("--tick", "-1")])
def test_no_stack_with_impossible_numbers(words, gapheal):
    result = gapheal("local", "up", *words)

    assert (result.exit_code, f"Invalid value for '{words[0]}'" in result.output) == (2, True), result.output


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("location:", "loaction:", "did you mean location?"),
        (
            "phase2_to_phase3: {}",
            "phase2_to_phase3: {policy: {mode: off}}",
            "found off, which YAML reads as false; did you mean",
        ),
        (
            "phase2_to_phase3: {}",
            "phase2_to_phase3: {trigger: {payload: {game_date: {date}}}}",
            '"{date}"',
        ),
    ],
    ids=["unknown key", "mode off", "unquoted placeholder"],
)
def test_faults_of_the_file(old, new, said, pipeline, gapheal):
    pipeline.write_text(pipeline.read_text().replace(old, new))
    result = gapheal("validate")

    assert (result.exit_code, said in result.output) == (2, True), result.output


def test_ctrl_c_while_it_loads(monkeypatch):
    class Interrupted:
        def find_spec(self, name, *_):
            if name == "gapheal.cli.commands":
                raise KeyboardInterrupt

    monkeypatch.delitem(sys.modules, "gapheal.cli.commands", raising=False)
    monkeypatch.setattr(sys, "meta_path", [Interrupted(), *sys.meta_path])
    with pytest.raises(SystemExit) as ended:
        main()

    assert ended.value.code == 130
