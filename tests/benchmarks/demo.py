"""The demonstration as people run it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time as clock
from pathlib import Path

from tests.benchmarks.peers import ROOT
from tests.benchmarks.tables import Table, time

PATIENCE = 240


def measure() -> Table:
    """The table.

    Raises:
        AssertionError: it fails, or has not ended in time; its last line is told.
    """
    words = [Path(sys.executable).parent / "gapheal", "demo"]
    # A file and a group of its own: whatever it starts can keep neither a pipe nor this process waiting.
    with tempfile.TemporaryFile() as said:
        began = clock.perf_counter()
        process = subprocess.Popen(
            words, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=said, stderr=said, start_new_session=True
        )
        try:
            code: int | str = process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            code = f"none within {PATIENCE} s"
        finally:
            _end(process)
        took = clock.perf_counter() - began
        said.seek(0)
        last = said.read().decode(errors="replace").strip().splitlines()[-1:]
    if code != 0:
        raise AssertionError(f"expected exit code 0 of gapheal demo, found {code}: {''.join(last)}")
    return Table("The demonstration", ("gapheal demo", "exit code"), [(time(took), str(code))])


def _end(process: subprocess.Popen[bytes]) -> None:
    """It first, politely: it ends what it started, in groups of their own. Then what is left of its group."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(15)
