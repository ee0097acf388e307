"""How fast, as ratios measured side by side in one run: `make bench`. A ratio outlives the machine, a time does not."""

from __future__ import annotations

import argparse
import os
import platform
import re
import subprocess
import sys
import time as clock
from importlib.metadata import version
from pathlib import Path

from tests.benchmarks import chart, judging, latency, passes, publishing, startup
from tests.benchmarks.judging import ROOT, Size
from tests.benchmarks.tables import Table, time
from tests.benchmarks.world import running

PACKAGES = ("google-cloud-bigquery", "google-cloud-pubsub", "functions-framework", "pydantic", "bqemulator", "duckdb")
BEGIN, END = "<!-- measured: make bench writes from here", "<!-- to here -->"


def main() -> None:
    """Measure all, print each result as it is known, and with `--page` write them there."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("--tiny", action="store_true", help="so small that it proves only that it runs; no peers")
    parser.add_argument("--page", type=Path, help="write the tables, and a chart beside it, into this page")
    asked = parser.parse_args()
    told: list[str] = []

    def say(text: str) -> None:
        told.append(text)
        sys.stdout.write(text + "\n")
        sys.stdout.flush()

    began = clock.monotonic()
    say(f"gapheal {version('gapheal')} on {machine()}\n")
    say(", ".join(f"{name} {version(name)}" for name in PACKAGES) + "\n")
    judged, ratios = _judging(tiny=asked.tiny)
    for table in judged:
        say(table.markdown())
    targets = Table("Targets", ("what", "target", "found"))
    targets.rows.append(
        ("judging with reasons, against the set difference", "≤ 1.0 x", f"{ratios[judging.OURS]:.0f} x")
    )
    if not asked.tiny:
        table, ratio = startup.measure(rounds=3)
        say(table.markdown())
        start = f"{ratio:.2f} x" if ratio else "not measured"
        targets.rows.append(("cold start, against hello + bigquery", "≤ 1.15 x", start))
    with running() as stack:
        table, found = passes.measure(stack, rounds=2 if asked.tiny else 9)
        say(table.markdown())
        targets.rows.append(("BigQuery jobs of a quiet pass", "≤ 2", str(found.jobs)))
        targets.rows.append(("healing pass, against the four calls it needs", "≤ 2 x", f"{found.healing:.2f} x"))
        rates = (1,) if asked.tiny else (1, 10, 100)
        say(latency.measure(stack, found.gaps, 3 if asked.tiny else 30, rates).markdown())
        table, share = publishing.measure(
            stack, 100 if asked.tiny else 10_000, (10, 1_000), rounds=2 if asked.tiny else 3
        )
        say(table.markdown())
        targets.rows.append(("publishing, against the raw client's speed", "≥ 0.8 x", f"{share:.2f} x"))
    if not asked.tiny:
        say(_demo().markdown())
    say(targets.markdown())
    say(f"All of it took {clock.monotonic() - began:.0f} s.")
    if asked.page:
        _write(asked.page, "\n".join(told))
        asked.page.with_suffix(".svg").write_text(chart.bars(ratios))


def _judging(*, tiny: bool) -> tuple[list[Table], dict[str, float]]:
    if tiny:
        table, ratios = judging.measure([Size(1, 100), Size(2, 365)], rounds=1, peers=False)
        return [table, judging.memory([Size(1, 365)])], ratios
    few = [Size(1, 365), Size(1, 5 * 365), Size(1, 20 * 365), Size(100, 365), Size(1_000, 100)]
    sizes = [Size(1, 10_000), Size(1, 100_000), Size(20, 3_650)]
    table, ratios = judging.measure(sizes, rounds=3, peers=True)
    return [table, judging.memory(few)], ratios


def _demo() -> Table:
    """The demonstration as people run it."""
    began = clock.perf_counter()
    words = [sys.executable, "-m", "gapheal.cli", "demo"]
    code = subprocess.run(words, cwd=ROOT, capture_output=True, timeout=300, check=False).returncode
    took = clock.perf_counter() - began
    return Table("The demonstration", ("gapheal demo", "exit code"), [(time(took), str(code))])


def machine() -> str:
    """What it was measured on, and how busy that was."""
    load = f"load {os.getloadavg()[0]:.1f}"
    return (
        f"Python {platform.python_version()}, {platform.system()} {platform.machine()}, {os.cpu_count()} cores, {load}"
    )


def _write(page: Path, measured: str) -> None:
    text = page.read_text()
    found = re.search(f"({re.escape(BEGIN)}.*?-->\n).*?({re.escape(END)})", text, re.DOTALL)
    if found is None:
        raise SystemExit(f"{page}: expected `{BEGIN} … -->` and `{END}`, found no such place")
    page.write_text(text[: found.end(1)] + f"\n{measured}\n\n" + text[found.start(2) :])


if __name__ == "__main__":
    main()
