"""Flame graphs of where the time goes: `make profile`, or `python -m tests.benchmarks.profiles FOLDER`."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from pyinstrument import Profiler
from pyinstrument.renderers import HTMLRenderer
from tests.benchmarks.passes import QUIET
from tests.benchmarks.peers import ROOT
from tests.benchmarks.recording import loop
from tests.benchmarks.startup import environment
from tests.benchmarks.world import running

from gapheal.model.passes import Request, Source

INTERVAL = 0.0005
"""Seconds between two looks at the stack."""
START = """
from functions_framework import create_app
create_app("handle", "main.py").test_client().post("/", json=[])
"""


def main(folder: Path) -> None:
    """Write `start.html` and `pass.html` into `folder`, each a page of its own."""
    folder.mkdir(parents=True, exist_ok=True)
    start = folder / "start.html"
    words = ["--interval", str(INTERVAL), "--renderer", "html", "--outfile", str(start.resolve()), "-c", START]
    source = ROOT / "functions" / "phase2_to_phase3"
    env = {**environment(), "GAPHEAL_PIPELINE": str(ROOT / "pipeline.yaml")}
    subprocess.run([sys.executable, "-m", "pyinstrument", *words], cwd=source, env=env, check=True)
    with running() as stack, loop(stack) as (application, _):
        application.run(QUIET, Request(Source.SCAN))
        with Profiler(interval=INTERVAL) as profiler:
            application.run(QUIET, Request(Source.SCAN))
    (folder / "pass.html").write_text(profiler.output(HTMLRenderer()))
    sys.stdout.write(f"{start}\n{folder / 'pass.html'}\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
