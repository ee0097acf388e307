"""`make plan`, `deploy`, `destroy`: what they ask for first, with a terraform that only notes what it is told."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[2]
TERRAFORM = """#!/bin/sh
echo "$@" >> "$CALLS"
case "$2" in
  plan) for each in "$@"; do case "$each" in -out=*) : > "${each#-out=}";; esac; done ;;
  state) cat "$STATE" ;;
esac
"""


class Made(NamedTuple):
    code: int
    told: str
    calls: list[str]


@pytest.fixture
def make(tmp_path) -> Callable[..., Made]:
    """Run a target; with a copy of what it reads, so that times are this test's own."""
    home = tmp_path / "clone"
    for name in ("functions", "terraform"):
        shutil.copytree(ROOT / name, home / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("Makefile", "pipeline.yaml"):
        shutil.copy2(ROOT / name, home)
    (home / "shared").mkdir()
    (home / "shared" / "gapheal").symlink_to(ROOT / "shared" / "gapheal")
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "terraform").write_text(TERRAFORM)
    (tools / "terraform").chmod(0o755)
    calls, state = tmp_path / "calls", tmp_path / "state"
    state.touch()

    def run(*words: str, path: str = f"{tools}:{os.environ['PATH']}", **env: str) -> Made:
        calls.write_text("")
        done = subprocess.run(
            ["make", "-o", ".venv/ready", f"BIN={ROOT / '.venv' / 'bin'}", *words],
            cwd=home,
            env={"PATH": path, "CALLS": str(calls), "STATE": str(state), **env},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        return Made(done.returncode, done.stdout + done.stderr, calls.read_text().splitlines())

    return run


def test_a_plan_needs_a_project(make):
    made = make("plan")

    assert made.code != 0
    assert "make plan PROJECT=my-project" in made.told
    assert made.calls == []


def test_a_plan_needs_terraform(make, tmp_path):
    (tmp_path / "empty").mkdir()
    for tool in ("sh", "ls", "make", "sed"):
        (tmp_path / "empty" / tool).symlink_to(shutil.which(tool))

    made = make("plan", "PROJECT=my-project-1", path=str(tmp_path / "empty"))

    assert made.code != 0
    assert "terraform 1.9 or newer is not on PATH" in made.told


def test_a_plan_needs_a_folder_with_terraform_in_it(make):
    made = make("plan", "PROJECT=my-project-1", "STACK=functions")

    assert made.code != 0
    assert "STACK=functions is no folder with .tf files" in made.told


def test_a_plan_needs_a_pipeline_that_is_right(make, tmp_path):
    (tmp_path / "clone" / "pipeline.yaml").write_text("version: 1\n")

    made = make("plan", "PROJECT=my-project-1")

    assert made.code != 0
    assert made.calls == []


def test_what_was_planned_is_what_is_deployed(make, tmp_path):
    planned = make("plan", "PROJECT=my-project-1", "MODE=observe")
    deployed = make("deploy")

    written = tmp_path / "clone" / "dist" / "minimal.plan"
    packages = tmp_path / "clone" / "dist"
    said = f"-var project_id=my-project-1 -var packages={packages} -var mode=observe"
    assert planned.calls == [
        "-chdir=terraform/examples/minimal init -input=false",
        f"-chdir=terraform/examples/minimal plan -input=false -out={written} {said}",
    ]
    assert deployed.calls == [f"-chdir=terraform/examples/minimal apply -input=false {written}"]
    assert make("deploy").calls == []


def test_nothing_is_deployed_that_was_not_planned(make):
    made = make("deploy")

    assert made.code != 0
    assert "there is no plan" in made.told


def test_a_plan_that_is_older_than_what_it_planned_is_not_deployed(make, tmp_path):
    make("plan", "PROJECT=my-project-1")
    later = (tmp_path / "clone" / "dist" / "minimal.plan").stat().st_mtime + 5
    os.utime(tmp_path / "clone" / "pipeline.yaml", (later, later))

    made = make("deploy")

    assert made.code != 0
    assert "pipeline.yaml is newer than the plan" in made.told
    assert made.calls == []


@pytest.mark.parametrize("said", [[], ["CONFIRM=yes"]])
def test_nothing_is_destroyed_by_a_slip(make, said):
    made = make("destroy", "PROJECT=my-project-1", *said)

    assert made.code != 0
    assert "CONFIRM=nba-props" in made.told
    assert made.calls == []


@pytest.mark.parametrize("line", ["pipeline: 'nba-props'", "# nothing"])
def test_a_file_whose_name_cannot_be_read_confirms_nothing(make, tmp_path, line):
    file = tmp_path / "clone" / "pipeline.yaml"
    file.write_text(file.read_text().replace("pipeline: nba-props", line))

    made = make("destroy", "PROJECT=my-project-1")

    assert made.code != 0
    assert "expected a line pipeline: my-name in pipeline.yaml" in made.told
    assert made.calls == []


def test_the_ledger_is_not_destroyed_with_the_rest(make, tmp_path):
    (tmp_path / "state").write_text('module.pipeline.google_bigquery_table.ledger["passes"]\n')

    refused = make("destroy", "PROJECT=my-project-1", "CONFIRM=nba-props")
    meant = make("destroy", "PROJECT=my-project-1", "CONFIRM=nba-props", TF_VAR_deletion_protection="false")

    assert refused.code != 0
    assert "how to keep it" in refused.told
    assert [call for call in refused.calls if "destroy" in call] == []
    assert [call for call in meant.calls if "destroy" in call] != []


def test_without_a_ledger_in_its_state_a_deployment_is_removed(make):
    made = make("destroy", "PROJECT=my-project-1", "CONFIRM=nba-props")

    assert made.code == 0
    assert made.calls[-1].startswith("-chdir=terraform/examples/minimal destroy -var project_id=my-project-1")
