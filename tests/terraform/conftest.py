"""Terraform without a cloud: the real terraform and the real provider's schema, and no network (tfoffline)."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import functions_framework
import pytest
from google.pubsub_v1 import types

from gapheal import app, package
from gapheal.local.push import request
from gapheal.spec import load
from gapheal.testing import FrozenClock, World

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
        for name in ("requirements.txt", "gap_detector/main.py"):
            (home / "functions" / name).parent.mkdir(exist_ok=True)
            shutil.copy(ROOT / "functions" / name, home / "functions" / name)
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


class Configured(NamedTuple):
    """One request that Terraform has Google send."""

    transition: str
    why: str
    """`scan`, `sweep`, or the phase that a subscription brings news of."""
    body: bytes
    headers: Mapping[str, str]


@pytest.fixture(scope="session")
def jobs(shipped) -> list[Configured]:
    """What Cloud Scheduler posts to each function, as the plan says it."""
    made = []
    for job in shipped.of("google_cloud_scheduler_job"):
        (target,), (name, _, kind) = job.values["http_target"], job.key.partition("/")
        assert target["http_method"] == "POST"
        made.append(Configured(name, kind or "sweep", base64.b64decode(target["body"]), target["headers"]))
    return made


@pytest.fixture(scope="session")
def pushes(shipped) -> Callable[[dict[str, Any]], list[Configured]]:
    """What Pub/Sub posts of an event to each function: wrapped or bare, as the plan's subscriptions say."""

    def push(data: dict[str, Any]) -> list[Configured]:
        sent = types.PubsubMessage.pb()(data=json.dumps(data).encode(), message_id="42")
        sent.publish_time.FromJsonString("2024-06-18T09:00:00Z")
        made = []
        for each in shipped.of("google_pubsub_subscription", "event"):
            name, phase = each.key.split("/")
            subscription = types.Subscription.pb()(name=f"projects/{PROJECT}/subscriptions/{each.values['name']}")
            for bare in each.values["push_config"][0]["no_wrapper"]:
                subscription.push_config.no_wrapper.write_metadata = bare["write_metadata"]
            body, headers = request(subscription, sent)
            if each.values["dead_letter_policy"]:  # then the service counts
                body = json.dumps({**json.loads(body), "deliveryAttempt": 1}).encode()
            made.append(Configured(name, phase, body, headers))
        return made

    return push


@pytest.fixture
def world() -> World:
    """The shipped pipeline, with memory in the place of Google Cloud."""
    return World(load(ROOT / "pipeline.yaml"), FrozenClock(datetime(2025, 7, 1, 16, tzinfo=UTC)))


@pytest.fixture
def function_of(monkeypatch, world) -> Callable[[str], Callable[..., Any]]:
    """How to post to a function of the shipped pipeline in that world."""
    monkeypatch.setenv("GAPHEAL_PIPELINE", str(ROOT / "pipeline.yaml"))
    monkeypatch.delenv("GAPHEAL_MODE", raising=False)
    monkeypatch.setattr("gapheal.app.build", partial(app.build, **world.ports))

    def client(name: str) -> Callable[..., Any]:
        source = ROOT / "functions" / name / "main.py"
        door = functions_framework.create_app("handle", str(source)).test_client()
        return lambda body, headers: door.post("/", data=body, headers=headers)

    return client


@pytest.fixture
def log_lines(function_of, capsys) -> list[dict[str, Any]]:
    """What a function logs of a scan, and then the detector of a sweep."""
    function_of("phase2_to_phase3")(b'{"scan_for_gaps": true}', {})
    function_of("gap_detector")(b'{"scan_for_gaps": true, "sweep": true}', {})
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]
