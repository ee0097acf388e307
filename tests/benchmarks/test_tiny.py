"""The benchmark runs, in a size at which its numbers mean nothing."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.emulator
@pytest.mark.slow
def test_the_benchmark_names_the_machine_and_prints_every_ratio():
    pytest.importorskip("bqemulator")
    command = [sys.executable, "-m", "tests.benchmarks", "--tiny"]

    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=180, check=False)

    assert done.returncode == 0, done.stderr
    machine, versions, *measured = done.stdout.splitlines()
    assert re.match(r"gapheal \d+\.\d+\.\d+ on Python 3\.\d+", machine)
    assert "bqemulator" in versions
    assert [line.split()[0] for line in measured] == ["judging", "judging", "a", "event"]
    assert all(re.search(r": [\d.]+ times as long$", line) for line in measured)
