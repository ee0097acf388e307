"""The demo from outside: in an empty folder, as somebody runs it who has just installed the package."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from gapheal import spec
from gapheal.cli import common
from gapheal.errors import ConfigError
from gapheal.local import demo
from gapheal.local.demo import story
from gapheal.local.demo.findings import Findings, Plan, Witnessed
from gapheal.local.demo.story import DemoFailed
from gapheal.local.example import Example

MEASURED = ("gaps", "healed", "dates_asked_for", "messages", "useless")
TURNED = {"mode", "max_age_days", "max_in_flight"}


def test_the_demo_heals_with_the_shipped_file_but_for_what_it_says():
    shipped = spec.load(Example.nba().pipeline)
    healing = spec.parse(demo.healing(Example.nba().pipeline.read_text()))

    for name, transition in shipped.transitions.items():
        ours = healing.transitions[name]
        assert ours.policy.mode == ("paused" if transition.policy.mode == "paused" else "heal")
        assert ours.policy.max_age_days is None
        assert ours.policy.model_dump(exclude=TURNED) == transition.policy.model_dump(exclude=TURNED)
        assert ours.model_dump(exclude={"policy"}) == transition.model_dump(exclude={"policy"})
    assert healing.model_dump(exclude={"transitions"}) == shipped.model_dump(exclude={"transitions"})


def test_a_shipped_file_without_the_line_to_be_turned_is_a_fault_that_names_it():
    with pytest.raises(ConfigError, match="mode: observe"):
        demo.healing("version: 1\n")


@pytest.mark.parametrize("holds", [True, False])
def test_machines_are_told_what_was_measured_and_nothing_else(capsys, monkeypatch, holds):
    def told(_plant, _broker, _folder, narrator):
        narrator.say("the story")
        if not holds:
            raise DemoFailed("Not all of it holds")
        return Findings(Plan((), (), (), (), {"phase3": frozenset()}, {}), {}, {"phase3": Witnessed()}, {}, None)

    monkeypatch.setattr(demo, "_run", told)
    code = demo.run(tell=common.print_json)
    out, err = capsys.readouterr()
    said = json.loads(out)

    assert (code, said["holds"], "the story" in err) == (0 if holds else 1, holds, True)
    if holds:
        assert said["phases"] == {"phase3": dict.fromkeys(MEASURED, 0)}
    else:
        assert said["error"] == "Not all of it holds"


@pytest.mark.emulator
@pytest.mark.slow
def test_it_ends_with_an_error_that_says_what_does_not_hold(capsys, monkeypatch, tmp_path):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(story, "PATIENCE", 1.0)
    monkeypatch.setenv("GAPHEAL_MODE", "observe")

    code = demo.run(broker="embedded")

    told = capsys.readouterr().out
    assert code == 1
    assert "phase3: 137 gaps were never triggered: 2022-04-16" in told
    assert "grading: 199 gaps were never triggered: 2024-11-06" in told
    assert "phase2_to_phase3: a second scan was to find nothing to do, and found 137 gaps" in told
    assert "nba_analytics.player_game_summary: expected 87 games from 2022-04-16 to 2022-06-17, found 0" in told
    assert "nba_predictions.prediction_accuracy: expected 199 graded dates, found 1" in told
    assert "the logs stay in" in told


RUNS = [
    ("--broker", "embedded", "--plant", "7"),
    ("--broker", "embedded", "--plant", "1"),
    ("--broker", "embedded", "--plant", "42"),
    ("--broker", "official"),
]
"""A minute each: a laptop is asked for the first, CI for all."""


class Told:
    """What a process prints, line by line, and when."""

    def __init__(self, *arguments: str, cwd: Path) -> None:
        command = [sys.executable, "-c", "from gapheal.cli import main; main()", "demo", *arguments]
        started = time.monotonic()
        self.lines: list[str] = []
        self.at: list[float] = []
        environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
        with subprocess.Popen(
            command, cwd=cwd, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        ) as process:
            assert process.stdout is not None
            for line in process.stdout:
                self.lines.append(line.rstrip())
                self.at.append(time.monotonic() - started)
        self.code = process.returncode

    @property
    def longest_silence(self) -> float:
        return max(later - earlier for earlier, later in zip(self.at, self.at[1:], strict=False))

    def row(self, name: str) -> str:
        """The line of the last table that begins so."""
        return next(line for line in reversed(self.lines) if line.startswith(f"{name} "))


@pytest.mark.emulator
@pytest.mark.slow
@pytest.mark.parametrize("arguments", RUNS if os.environ.get("CI") else RUNS[:1], ids=" ".join)
def test_all_gaps_heal_and_no_trigger_is_useless(tmp_path, arguments, measured):
    told = Told(*arguments, cwd=tmp_path)

    assert told.code == 0, "\n".join(told.lines)
    measured(f"demo {' '.join(arguments)}: {told.at[-1]:.0f} s, longest silence {told.longest_silence:.1f} s")
    assert told.longest_silence < 20, "2 s are promised to a machine that does nothing else"
    assert told.lines[-1].endswith("gapheal local up")
    assert {"2021            87", "2022            84", "2023            88", "137", "199"} <= set(told.lines)
    assert told.row("phase5_to_grading").split()[:4] == ["phase5_to_grading", "213", "199", "0"]
    if "--plant" not in arguments:
        for name in ("phase2_to_phase3", "phase3_to_phase4", "phase4_to_phase5", "phase5_to_phase6"):
            assert "137 dates in" in told.row(name)
        assert "in 685 messages" in told.row("phase3_to_phase4"), "five a date"
    assert list(tmp_path.iterdir()) == [], "nothing is left behind"
