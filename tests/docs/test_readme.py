"""The README's tour, walked: its blocks run in their order, and what it shows is what is printed."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from gapheal.local.example import Example
from gapheal.local.stack import Stack

README = Path(__file__).parents[2] / "README.md"
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PLACEHOLDER = "  phase2_to_phase3: {}\n"
SECONDS = 300


class Tour:
    """Somebody who follows the README in an empty folder."""

    def __init__(self, folder: Path, stack: Stack) -> None:
        self.folder = folder
        self.stack = stack
        self.said = ""

    def write(self, block: str) -> None:
        """The first block is the file, the next takes the place of its last line."""
        path = self.folder / "first.yaml"
        path.write_text(path.read_text().replace(PLACEHOLDER, block) if path.exists() else block)

    def run(self, block: str) -> None:
        """Run each line, in the environment that the stack prints."""
        self.said = ""
        for line in block.splitlines():
            program, *arguments = line.split()
            assert program == "gapheal"
            done = subprocess.run(
                [Path(sys.executable).with_name(program), *arguments],
                cwd=self.folder,
                env={"PATH": "", "HOME": str(self.folder), **self.stack.env()},
                capture_output=True,
                text=True,
                timeout=SECONDS,
                check=False,
            )
            assert done.returncode in {0, 1}, f"{line}: {done.stderr}"
            self.said += done.stdout

    def sees(self, block: str) -> None:
        """Every line that is shown was printed; spaces do not count, and … stands for anything."""
        printed = [" ".join(line.split()) for line in self.said.splitlines()]
        for line in block.splitlines():
            shown = ".*".join(re.escape(part) for part in " ".join(line.split()).split("…"))
            assert any(re.fullmatch(shown, each) for each in printed), f"{line!r} is not in\n" + "\n".join(printed)

    def wait(self) -> None:
        """A moment later: the workers have done what they were sent."""
        until = time.monotonic() + SECONDS
        while "leased" in self.plan():
            assert time.monotonic() < until, self.said
            time.sleep(0.2)

    def plan(self) -> str:
        """What a scan would do now."""
        self.run("gapheal plan --pipeline first.yaml")
        return self.said


@pytest.fixture
def tour(tmp_path) -> Iterator[Tour]:
    pytest.importorskip("bqemulator")
    example = Example.nba()
    with Stack(example.pipeline, workers=example.workers, seed=example.seed) as stack:
        yield Tour(tmp_path, stack)


@pytest.mark.emulator
@pytest.mark.slow
def test_the_tour_shows_what_happens(tour):
    *_, five_minutes = README.read_text().partition("## Five minutes")
    blocks = BLOCK.findall(five_minutes.partition("\n## ")[0])
    assert [kind for kind, _ in blocks].count("sh") >= 4

    for kind, text in blocks:
        if kind == "yaml":
            tour.write(text)
        elif kind == "sh" and "local up" not in text:
            if "scan" in text and "triggered" in tour.said:
                tour.wait()
            tour.run(text)
        elif kind == "text":
            tour.sees(text)


def test_the_file_of_the_tour_has_ten_lines():
    first = next(text for kind, text in BLOCK.findall(README.read_text()) if kind == "yaml")

    assert len(first.splitlines()) == 10
    assert PLACEHOLDER in first


def test_the_test_command_is_the_one_that_ci_runs():
    commands = "\n".join(text for kind, text in BLOCK.findall(README.read_text()) if kind == "sh")
    script = (README.parent / ".ci" / "run").read_text()

    assert "make test" in commands
    assert re.search(r"^make test\b", script, re.MULTILINE)
