"""Terraform without a cloud: the real terraform and the real provider's schema, and no network (tfoffline)."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import functions_framework
import pytest

from gapheal import app, package
from gapheal.spec import load
from gapheal.testing import World

ROOT = Path(__file__).parents[2]
MODULE = ROOT / "terraform"
TOOL = Path(os.environ.get("TFOFFLINE") or ROOT.parent / "shared" / "tools" / "tfoffline" / "tfoffline")
PROJECT = "my-project-1"
SECONDS = 600


class Resource(NamedTuple):
    """One resource that a plan would make."""

    kind: str
    name: str
    key: str | None
    """Of for_each."""
    values: dict[str, Any]
    """What is known of it before it is made."""


class Plan(list[Resource]):
    """What a plan would make."""

    def of(self, kind: str, name: str | None = None) -> list[Resource]:
        """Those of one kind, and by their name in the module."""
        return [each for each in self if each.kind == kind and name in (None, each.name)]


def offline(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run tfoffline; skip where it cannot be, but not in CI."""
    lacking = [
        name for name, there in {"terraform": shutil.which("terraform"), TOOL.name: TOOL.exists()}.items() if not there
    ]
    if lacking:
        told = f"needs {' and '.join(lacking)}; TFOFFLINE names the latter's path"
        if os.environ.get("CI") == "true":
            pytest.fail(told)
        pytest.skip(told)
    return subprocess.run([TOOL, *arguments], capture_output=True, text=True, timeout=SECONDS, check=False)


@pytest.fixture(scope="session")
def terraform() -> Callable[..., subprocess.CompletedProcess[str]]:
    return offline


def _resources(module: dict[str, Any]) -> Iterator[Resource]:
    for each in module.get("resources", []):
        if each["mode"] == "managed":
            yield Resource(each["type"], each["name"], each.get("index"), each["values"])
    for child in module.get("child_modules", []):
        yield from _resources(child)


@pytest.fixture(scope="session")
def packed(tmp_path_factory) -> Callable[[Path], Path]:
    """Pack the functions of a pipeline file; the folder that they are in."""

    def pack(pipeline: Path) -> Path:
        home = tmp_path_factory.mktemp("packed")
        (home / "functions").mkdir()
        shutil.copy(ROOT / "functions" / "requirements.txt", home / "functions")
        package.build(home / "functions", pipeline, home / "dist")
        return home / "dist"

    return pack


@pytest.fixture(scope="session")
def planned(tmp_path_factory) -> Callable[..., Plan]:
    """Plan the module, or an example, for packed functions."""

    def plan(packages: Path, *, folder: Path = MODULE, **variables: str) -> Plan:
        written = tmp_path_factory.mktemp("planned") / "plan.json"
        said = {"project_id": PROJECT, "packages": str(packages), **variables}
        flags = [flag for name, value in said.items() for flag in ("-var", f"{name}={value}")]
        done = offline("plan", folder, *flags, "--json-out", written)
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
        return Plan(_resources(json.loads(written.read_text())["planned_values"]["root_module"]))

    return plan


@pytest.fixture(scope="session")
def shipped(packed, planned) -> Plan:
    """The plan for the pipeline that ships."""
    return planned(packed(ROOT / "pipeline.yaml"))


@pytest.fixture
def function_of(monkeypatch) -> Callable[[str], Callable[..., Any]]:
    """How to post to a function of the shipped pipeline, with memory in the place of Google Cloud."""
    pipeline = ROOT / "pipeline.yaml"
    monkeypatch.setenv("GAPHEAL_PIPELINE", str(pipeline))
    monkeypatch.delenv("GAPHEAL_MODE", raising=False)
    monkeypatch.setattr("gapheal.app.build", partial(app.build, **World(load(pipeline)).ports))

    def client(name: str) -> Callable[..., Any]:
        source = ROOT / "functions" / name / "main.py"
        door = functions_framework.create_app("handle", str(source)).test_client()
        return lambda body, headers: door.post("/", data=body, headers=headers)

    return client


@pytest.fixture
def a_scan_line(function_of, capsys) -> dict[str, Any]:
    """What a function logs of a scan."""
    function_of("phase2_to_phase3")(b'{"scan_for_gaps": true}', {})
    line: dict[str, Any] = json.loads(capsys.readouterr().out)
    return line
