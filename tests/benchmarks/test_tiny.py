"""The benchmark runs, in a size at which its numbers mean nothing."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from tests.benchmarks import chart
from tests.benchmarks.judging import CONTENDERS, Contender, Size, measure

ROOT = Path(__file__).parents[2]
MARK = "<!-- measured: make bench writes from here -->\n"


@pytest.mark.emulator
@pytest.mark.slow
def test_the_benchmark_names_the_machine_and_writes_every_table_and_the_chart(tmp_path):
    pytest.importorskip("bqemulator")
    page = tmp_path / "page.md"
    page.write_text(f"# Before\n{MARK}old\n<!-- to here -->\nafter\n")
    command = [sys.executable, "-m", "tests.benchmarks", "--tiny", "--page", str(page)]

    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)

    assert done.returncode == 0, done.stderr
    assert re.match(r"gapheal \d+\.\d+\.\d+ on Python 3\.\d+", done.stdout)
    text = page.read_text()
    assert text.startswith(f"# Before\n{MARK}\ngapheal ")
    assert text.endswith("<!-- to here -->\nafter\n")
    assert "old" not in text.splitlines()
    titles = [line[4:] for line in text.splitlines() if line.startswith("### ")]
    assert titles == [
        "Which dates are missing and may be healed",
        "Memory by history and transitions",
        "A pass",
        "From event to trigger",
        "Publishing 100 triggers",
        "Targets",
    ]
    assert page.with_suffix(".svg").read_text().count("<rect") == 1 + 2  # the ground, gapheal and the set difference


def test_a_peer_that_is_not_installed_is_told_in_its_line(tmp_path, monkeypatch):
    absent = Contender("Luigi", tmp_path / "nowhere", ("luigi_range.py", "bulk"))
    monkeypatch.setattr("tests.benchmarks.judging.CONTENDERS", (*CONTENDERS[:2], absent))

    table, ratios = measure([Size(1, 30)], rounds=1, peers=True)

    assert [row[2] for row in table.rows if row[1] == "Luigi"] == [f"not installed in {tmp_path / 'nowhere'}"]
    assert set(ratios) == {contender.name for contender in CONTENDERS[:2]}


def test_a_bar_is_as_long_as_the_ratios_logarithm():
    drawn = chart.bars({"one": 1, "ten": 10, "hundred": 100})

    widths = [int(width) for width in re.findall(r'width="(\d+)" height="18"', drawn)]
    assert widths == [2, 205, 410]
