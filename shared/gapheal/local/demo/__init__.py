"""`gapheal demo`: a pipeline breaks as a real one broke, heals, and tells what it took."""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from gapheal import spec
from gapheal.errors import ConfigError
from gapheal.local.demo.findings import Findings, Plan
from gapheal.local.demo.narrator import Narrator
from gapheal.local.demo.story import DemoFailed, Story
from gapheal.local.demo.world import World
from gapheal.local.example import Example
from gapheal.local.pubsub import Kind
from gapheal.local.stack import Stack

TURNED = {
    "mode: observe": "mode: heal\n    max_in_flight: 150",
    "max_age_days: 30": "max_age_days: null",
}
"""Where the demo differs from the shipped file: it heals, whatever the age, and in bigger steps: one engine on this
machine does the work of a whole warehouse."""


def run(
    plant: int | None = None, broker: Kind = "auto", tell: Callable[[Mapping[str, Any]], object] | None = None
) -> int:
    """Tell the story; the exit code is 0 if all of it holds.

    Args:
        plant: breaks other dates as well; the same number, the same dates.
        broker: which Pub/Sub.
        tell: is given what was measured, as JSON values; the story goes to stderr then.
    """
    tell_machines = tell or (lambda _: None)
    with (
        Narrator(aside=tell is not None) as narrator,
        tempfile.TemporaryDirectory(prefix="gapheal-demo-") as folder,
    ):
        try:
            findings = _run(plant, broker, Path(folder), narrator)
        except DemoFailed as failure:
            narrator.title(str(failure))
            tell_machines({"holds": False, "error": str(failure)})
            return 1
        except KeyboardInterrupt:
            narrator.title("Stopped. Nothing is left running.")
            return 130
        tell_machines({"holds": True, "seconds": round(narrator.elapsed), "phases": findings.plain()})
        narrator.title(f"All of it holds, after {narrator.elapsed:.0f} s. Nothing is left running.")
        narrator.say(f"Next, the same world to play with:  {_command()} local up")
    return 0


def _run(plant: int | None, broker: Kind, folder: Path, narrator: Narrator) -> Findings:
    example = Example.nba()
    pipeline, plan = folder / "pipeline.yaml", folder / "plan.json"
    pipeline.write_text(healing(example.pipeline.read_text()))
    narrator.say("Seven phases of an NBA pipeline, four seasons, 853 dates; everything runs on this machine.")
    turned = "; ".join(line.strip() for text in TURNED.values() for line in text.splitlines())
    narrator.say(f"Its pipeline.yaml is the shipped one, but for {turned}.")
    narrator.doing("starting BigQuery and Pub/Sub emulators, six functions, the phases' workers")
    stack = Stack(
        pipeline,
        workers=example.workers,
        broker=broker,
        functions_dir=example.pipeline.parent / "functions",
        seed=lambda stack: _seed(stack, example, plan, plant, narrator),
        say=narrator.step,
    )
    with stack, World.of(stack) as world:
        shipped = spec.load(example.pipeline)
        return Story(stack, world, Plan.read(json.loads(plan.read_text())), shipped, narrator).tell()


def _seed(stack: Stack, example: Example, plan: Path, plant: int | None, narrator: Narrator) -> None:
    narrator.doing("filling four seasons of seven phases, and breaking them")
    command: list[str | Path] = [sys.executable, example.folder / "planter.py"]
    command += ["--project", stack.project, "--plan", plan]
    stack.supervisor.run("planter", [*command, *(["--seed", str(plant)] if plant is not None else [])], stack.env())


def healing(shipped: str) -> str:
    """The shipped pipeline file, set to heal whatever the age.

    Raises:
        ConfigError: a line that is to be changed is not there once.
    """
    for line, turned in TURNED.items():
        if shipped.count(line) != 1:
            raise ConfigError(f"the example's pipeline.yaml: expected one line with {line!a}; reinstall gapheal")
        shipped = shipped.replace(line, turned)
    return shipped


def _command() -> str:
    """How the reader calls us: by name, or by the way to this environment's script."""
    return "gapheal" if shutil.which("gapheal") else os.path.relpath(Path(sys.executable).with_name("gapheal"))
