"""What a function takes from its surroundings: the file, the mode, the project."""

from __future__ import annotations

import json
import shutil
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from functools import partial
from pathlib import Path

import functions_framework
import pytest

from gapheal import app
from gapheal.errors import ConfigError
from gapheal.spec import load, resolved

SCAN = b'{"scan_for_gaps": true}'
MAIN = Path(__file__).parents[2] / "functions" / "phase2_to_phase3" / "main.py"


@pytest.fixture
def deployed(tmp_path, pipeline_file, monkeypatch):
    """A function's folder as it is deployed, still without the pipeline file that lies elsewhere."""
    monkeypatch.delenv("GAPHEAL_PIPELINE")
    assert pipeline_file.is_file()
    folder = tmp_path / "deployed"
    folder.mkdir()
    shutil.copy(MAIN, folder)
    return folder


def client(folder):
    return functions_framework.create_app("handle", str(folder / "main.py")).test_client()


@pytest.mark.usefixtures("world")
def test_without_a_file_the_answer_says_where_one_is_looked_for(deployed):
    answer = client(deployed).post("/", data=SCAN)

    assert answer.status_code == 500
    assert answer.json == {
        "error": "expected a pipeline file, found none: set GAPHEAL_PIPELINE to its path, "
        f"or put pipeline.json or pipeline.yaml into {deployed}"
    }


@pytest.mark.parametrize("name", ["pipeline.json", "pipeline.yaml"])
def test_the_file_beside_main_is_found(world, deployed, pipeline_file, name):
    text = json.dumps(resolved(world.pipeline)) if name.endswith("json") else pipeline_file.read_text()
    (deployed / name).write_text(text)

    assert client(deployed).post("/", data=SCAN).status_code == 200


@pytest.mark.usefixtures("world")
def test_the_resolved_file_is_taken_before_the_written_one(deployed, pipeline_file):
    (deployed / "pipeline.yaml").write_text(pipeline_file.read_text())
    (deployed / "pipeline.json").write_text("{}")

    answer = client(deployed).post("/", data=SCAN)

    assert answer.status_code == 500
    assert "pipeline.json" in answer.json["error"]


def test_a_faulty_file_is_an_answer_and_is_read_again_when_mended(function, pipeline_file):
    good = pipeline_file.read_text()
    pipeline_file.write_text(good.replace("location:", "locaton:"))

    answers = [function.client.post("/", data=SCAN), function.client.get("/")]

    assert [answer.status_code for answer in answers] == [500, 500]
    assert "location" in answers[0].json["error"]
    pipeline_file.write_text(good)
    assert function.client.post("/", data=SCAN).status_code == 200


@pytest.mark.fault(26)
def test_a_file_without_the_transition_names_the_nearest(function, pipeline_file):
    pipeline_file.write_text(pipeline_file.read_text().replace("phase2_to_phase3: {}, ", ""))

    answer = function.client.post("/", data=SCAN)

    assert answer.status_code == 500
    assert answer.json["error"].startswith(
        "expected one of the file's transitions (phase3_to_phase4, phase4_to_phase5, phase5_to_phase6), "
        "found phase2_to_phase3; did you mean phase"
    )


def test_the_file_is_read_once_however_many_come_first(world, monkeypatch):
    made = []
    gate = threading.Barrier(8)

    def build(pipeline):
        made.append(pipeline)
        return partial(app.wiring.build, **world.ports)(pipeline)

    monkeypatch.setattr("gapheal.app.build", build)
    handle = functions_framework.create_app("handle", str(MAIN))

    def ask(_):
        gate.wait()
        return handle.test_client().post("/", data=SCAN).status_code

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(ask, range(8))) == {200}
    assert len(made) == 1


MODES = {
    ("heal", None): ("heal", 1),
    ("heal", ""): ("heal", 1),
    ("heal", "heal"): ("heal", 1),
    ("heal", "observe"): ("observe", 0),
    ("heal", "paused"): ("paused", 0),
    ("observe", "observe"): ("observe", 0),
    ("observe", "heal"): ("observe", 0),
    ("observe", "paused"): ("paused", 0),
    ("paused", "observe"): ("paused", 0),
    ("paused", "heal"): ("paused", 0),
}


@pytest.mark.parametrize(("modes", "outcome"), MODES.items())
def test_the_environment_can_only_lower_the_mode(function, pipeline_file, monkeypatch, modes, outcome):
    written, environment = modes
    pipeline_file.write_text(pipeline_file.read_text().replace("mode: heal", f"mode: {written}"))
    if environment is not None:
        monkeypatch.setenv("GAPHEAL_MODE", environment)
    function.world.warehouse.put("nba_raw.bdl_player_boxscores", date(2024, 6, 18))

    report = function.client.post("/", data=SCAN).json

    assert (report["mode"], report["triggered"]) == outcome
    assert ("GAPHEAL_MODE" in report.get("note", "")) is (outcome[0] != written)


@pytest.mark.parametrize(
    ("word", "mend"), [("off", ""), ("HEAL", "; did you mean heal?"), ("obsrve", "; did you mean observe?")]
)
def test_a_mode_that_is_none_is_told(function, monkeypatch, word, mend):
    monkeypatch.setenv("GAPHEAL_MODE", word)

    answer = function.client.post("/", data=SCAN)

    assert answer.status_code == 500
    assert answer.json["error"] == f"GAPHEAL_MODE: expected paused, observe, heal, found '{word}'{mend}"


def test_without_a_project_the_mend_is_told(pipeline_file, monkeypatch):
    monkeypatch.delenv("GOOGLE_CLOUD_PROJECT", raising=False)
    pipeline = load(pipeline_file).model_copy(update={"project": None})

    with pytest.raises(ConfigError, match="write `project` in the pipeline file, or set GOOGLE_CLOUD_PROJECT"):
        app.build(pipeline)


@pytest.mark.parametrize(
    ("given", "written", "environment", "expected"),
    [
        ("given-1", "written-1", "environ-1", "given-1"),
        (None, "written-1", "environ-1", "written-1"),
        (None, None, "environ-1", "environ-1"),
    ],
)
def test_the_project_is_the_nearest_that_is_named(pipeline_file, monkeypatch, given, written, environment, expected):
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", environment)
    monkeypatch.setenv("BIGQUERY_EMULATOR_HOST", "http://127.0.0.1:1")
    pipeline = load(pipeline_file).model_copy(update={"project": written})

    wired = app.build(pipeline, project=given)

    assert wired.loop.ledger._name.startswith(f"{expected}.")
    assert wired.loop.publisher._topics._project == expected
