"""The benchmark runs, in a size at which its numbers mean nothing."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.benchmarks import chart, judging
from tests.benchmarks.judging import Judging, Size
from tests.benchmarks.peers import OURS, PLAIN, Answer, Contender, NoAnswer
from tests.benchmarks.sections import Report

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
    monkeypatch.setattr(judging, "PEERS", (absent,))

    judged = Judging(rounds=1, peers=True)
    judged.at(Size(1, 30))

    assert [row[2] for row in judged.table.rows if row[1] == "Luigi"] == [f"not installed in {tmp_path / 'nowhere'}"]
    assert set(judged.ratios(Size(1, 30))) == {PLAIN.name, OURS.name}
    assert not judged.problems


def answering(monkeypatch, peer, seconds, told="right"):
    """Everybody answers at once; `peer` takes so long for each transition, and tells what it is told to."""

    def ask(contender, path):
        transitions = len(path.read_text().splitlines()) - 1
        if contender is not peer:
            return Answer("1", 0.0, 0.001 * transitions, 7, "right", 20.0)
        return Answer("1", 0.0, seconds * transitions, 8, told, 20.0)

    monkeypatch.setattr(judging, "PEERS", (peer,))
    monkeypatch.setattr(judging, "ask", ask)


def test_a_peer_that_would_take_too_long_is_told_by_proportion_and_says_so(tmp_path, monkeypatch):
    peer = Contender("Slow", tmp_path, ("slow.py",))
    answering(monkeypatch, peer, seconds=3.0)

    judged = Judging(rounds=1, peers=True, sample=Size(2, 30))
    judged.at(Size(2, 30))
    judged.at(Size(20, 30))

    told = [row[2] for row in judged.table.rows if row[1] == "Slow 1"]
    assert told == ["6 s", "60 s, by proportion: 6 s for 2 x 30, x 10"]
    assert judged.ratios(Size(20, 30))["Slow"] == pytest.approx(3_000)


def test_another_answer_is_told_and_is_a_failure_of_the_benchmark(tmp_path, monkeypatch):
    peer = Contender("Wrong", tmp_path, ("wrong.py",))
    answering(monkeypatch, peer, seconds=0.1, told="wrong")

    judged = Judging(rounds=1, peers=True)
    judged.at(Size(1, 30))

    assert [row[2] for row in judged.table.rows if row[1] == "Wrong"] == ["another answer: 8 dates, expected 7"]
    assert judged.problems == ["1 x 30, Wrong: another answer: 8 dates, expected 7"]


def test_no_answer_of_ours_is_a_failure_of_the_benchmark(monkeypatch):
    def ask(contender, path):
        if contender is OURS:
            raise NoAnswer("no answer within 1 s")
        return Answer("1", 0.0, 0.001, 7, "right", 20.0)

    monkeypatch.setattr(judging, "ask", ask)

    judged = Judging(rounds=2, peers=False)
    judged.at(Size(1, 30))

    assert judged.problems == [f"1 x 30, {OURS.name}: no answer within 1 s"]


def test_fewer_transitions_are_the_first_of_more():
    assert list(judging.history(Size(2, 300))) == list(judging.history(Size(3, 300)))[:2]


def test_a_section_that_fails_or_hangs_is_told_and_the_next_one_runs(capsys):
    report = Report({"speed": "≤ 1 x", "memory": "≤ 2 x"})

    with report.section("first", 60):
        raise ValueError("no such\ntable")
    with report.section("second", 1):
        time.sleep(30)
    with report.section("third", 60):
        report.found("memory", "1 x")

    assert [problem.partition(":")[0] for problem in report.problems] == ["first", "second"]
    assert "**first could not be measured**: no such table\n" in report.told
    assert "**second could not be measured**: second took more than 1 s\n" in report.told
    assert report.targets().rows == [("speed", "≤ 1 x", "not measured"), ("memory", "≤ 2 x", "1 x")]
    assert list(report.times) == ["first", "second", "third"]


def test_a_bar_is_as_long_as_the_ratios_logarithm():
    drawn = chart.bars({"one": 1, "ten": 10, "hundred": 100}, "1 x 100")

    widths = [int(width) for width in re.findall(r'width="(\d+)" height="18"', drawn)]
    assert widths == [2, 205, 410]
