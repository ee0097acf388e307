"""The walkthrough: what the demo printed, in its order, and nothing that takes long."""

from __future__ import annotations

import runpy
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

DOCS = Path(__file__).parents[2] / "docs"
SVG = "{http://www.w3.org/2000/svg}"
SAID = [
    (0.2, "Seven phases & <more>."),
    *((1.5 * n, f"   {n}.0 s  … starting emulators") for n in range(1, 40)),
    (60.1, ""),
    (60.1, "The hole"),
    *((61 + n, f"line {n}") for n in range(40)),
    (140.0, "  139.0 s  phase3 ░░░   5/137   grading ░░"),
    (140.0, "░░   5/199"),
]


@pytest.fixture(scope="module")
def walkthrough():
    return runpy.run_path(str(DOCS / "walkthrough.py"))


def test_nobody_waits_for_an_emulator_and_every_other_line_is_shown(walkthrough):
    shown = walkthrough["timetable"](SAID)
    times = [line.at for line in shown]

    assert [line.text for line in shown if "…" in line.text] == ["   39.0 s  … starting emulators"]
    assert [line.text for line in shown if line.text.startswith("line ")] == [f"line {n}" for n in range(40)]
    assert [line.text for line in shown if line.chapter] == ["The hole"]
    assert "5/199" not in shown[-1].text
    assert times == sorted(times)
    assert times[-1] < 60


def test_it_is_one_drawing_that_begins_in_the_terminal_and_ends_with_the_dashboard(walkthrough):
    root = ET.fromstring(walkthrough["svg"](SAID))  # noqa: S314 - our own drawing
    texts = [node.text for node in root.iter(f"{SVG}text")]
    begins = [float(node.find(f"{SVG}animate").get("begin").rstrip("s")) for node in root.iter(f"{SVG}image")]

    assert "Seven phases & <more>." in texts
    assert texts[-1] == walkthrough["SLIDES"][-1][1]
    assert len(begins) == len(walkthrough["SLIDES"])
    assert begins == sorted(begins)
    assert begins[0] > walkthrough["timetable"](SAID)[-1].at


def test_a_demo_that_does_not_hold_is_not_shown(walkthrough):
    with pytest.raises(SystemExit, match="ended with 1"):
        walkthrough["recorded"](["false"])
