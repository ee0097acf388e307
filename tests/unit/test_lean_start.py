"""What a function imports before its first answer: nothing that only some passes need."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from gapheal.spec import load, resolved
from gapheal.spec.seal import sealed

ROOT = Path(__file__).parents[2]
ANSWERED = """
import sys
import functions_framework
client = functions_framework.create_app("handle", "main.py").test_client()
for _ in range(2):
    assert client.post("/", data=b"[]").status_code == 400
print(*sys.modules)
"""


def imported(folder: Path, source: str, pipeline: str) -> set[str]:
    """Every module that a function of these sources has imported when it has answered."""
    (folder / "main.py").write_text((ROOT / "functions" / source / "main.py").read_text())
    written = json.dumps(resolved(load(ROOT / pipeline))).encode()
    name, content = sealed("pipeline.json", written)
    (folder / "pipeline.json").write_bytes(written)
    (folder / name).write_bytes(content)
    env = {
        **os.environ,
        "GAPHEAL_MODE": "paused",
        "GOOGLE_CLOUD_PROJECT": "gapheal-test",
        "BIGQUERY_EMULATOR_HOST": "http://127.0.0.1:1",
        "PUBSUB_EMULATOR_HOST": "127.0.0.1:1",
    }
    words = [sys.executable, "-c", ANSWERED]
    return set(subprocess.run(words, cwd=folder, env=env, capture_output=True, text=True, check=True).stdout.split())


@pytest.fixture(scope="module", params=["phase2_to_phase3", "gap_detector"])
def after_an_answer(request, tmp_path_factory) -> set[str]:
    return imported(tmp_path_factory.mktemp("deployed"), request.param, "pipeline.yaml")


@pytest.mark.parametrize(
    "module",
    [
        pytest.param("pydantic", id="its file was validated when it was packed"),
        pytest.param("pydantic_core", id="nor the half of it that is not Python"),
        pytest.param("google.pubsub_v1", id="until something is published"),
        pytest.param("apprise", id="until something is told"),
        pytest.param("yaml", id="a function reads JSON"),
        pytest.param("pygal", id="until somebody looks at a page"),
        *("gapheal.cli", "gapheal.dashboard", "gapheal.local", "gapheal.testing", "rich", "typer"),
    ],
)
def test_a_function_answers_without(module, after_an_answer):
    assert module not in after_an_answer


def test_what_a_function_answers_with_is_all_there(after_an_answer):
    """Else the above would say nothing."""
    assert {"gapheal.app", "gapheal.warehouse", "google.cloud.bigquery"} <= after_an_answer


@pytest.mark.parametrize("module", ["google.cloud.bigquery", "google.pubsub_v1", "grpc", "numpy", "apprise", "pygal"])
def test_the_command_says_what_it_can_do_without(module):
    words = [sys.executable, "-c", "import sys, gapheal.cli.commands; print(*sys.modules)"]
    said = subprocess.run(words, capture_output=True, text=True, check=True).stdout.split()

    assert "gapheal.cli.commands" in said
    assert module not in said
