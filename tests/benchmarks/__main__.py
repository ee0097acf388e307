"""How fast, as ratios measured side by side in one run: `make bench`. A ratio outlives the machine, a time does not."""

from __future__ import annotations

import argparse
import os
import platform
import re
import sys
from contextlib import ExitStack
from importlib.metadata import version
from pathlib import Path

from tests.benchmarks import chart, demo, judging, latency, passes, publishing, startup
from tests.benchmarks.judging import Judging, Size
from tests.benchmarks.peers import HELD, OURS
from tests.benchmarks.sections import NOT_MEASURED, Report
from tests.benchmarks.tables import times
from tests.benchmarks.world import running

from gapheal.local.stack import Stack

PACKAGES = ("google-cloud-bigquery", "google-cloud-pubsub", "functions-framework", "pydantic", "bqemulator", "duckdb")
BEGIN, END = "<!-- measured: make bench writes from here", "<!-- to here -->"

SAMPLE, LARGEST = Size(20, 3_650), Size(1_000, 3_650)
SIZES = (Size(1, 10_000), Size(1, 100_000), SAMPLE, LARGEST)
MEMORY = (Size(1, 365), Size(1, 5 * 365), Size(1, 20 * 365), Size(100, 365), Size(1_000, 365))

JUDGING = f"judging {LARGEST} with reasons, against the set difference"
HELD_MEMORY = f"memory of judging {LARGEST}, against all sets at once"
START = "cold start, against hello + bigquery"
JOBS = "BigQuery jobs of a quiet pass"
HEALING = "healing pass, against the four calls it needs"
PUBLISHING = "publishing, against the raw client's speed"
EVENT = "event to trigger, against the raw calls (p50, one at a time)"
TARGETS = {
    JUDGING: "≤ 1.0 x",
    HELD_MEMORY: "≤ 0.5 x",
    START: "≤ 1.15 x",
    JOBS: "≤ 2",
    HEALING: "≤ 2 x",
    PUBLISHING: "≥ 0.8 x",
    EVENT: "≤ 2 x",
}


def main() -> None:
    """Measure all, print each result as it is known, and with `--page` write them there; exit 1 if any failed."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("--tiny", action="store_true", help="so small that it proves only that it runs; no peers")
    parser.add_argument("--page", type=Path, help="write the tables, and a chart beside it, into this page")
    asked = parser.parse_args()
    report = Report(TARGETS)
    report.say(f"gapheal {version('gapheal')} on {machine()}\n")
    report.say(", ".join(f"{name} {version(name)}" for name in PACKAGES) + "\n")
    drawn = _judging(report, tiny=asked.tiny)
    if not asked.tiny:
        _startup(report)
    _stack(report, tiny=asked.tiny)
    if not asked.tiny:
        with report.section("the demonstration", 300):
            report.show(demo.measure())
    report.show(report.targets())
    report.say(f"{report.spent()} Now {load()}.")
    if asked.page:
        _write(asked.page, "\n".join(report.told))
        if drawn:
            asked.page.with_suffix(".svg").write_text(drawn)
    if report.problems:
        sys.exit("\n".join(["expected every section to be measured, found:", *report.problems]))


def _judging(report: Report, *, tiny: bool) -> str | None:
    """The chart, if there is anything to draw."""
    sizes = (Size(1, 100), Size(2, 365)) if tiny else SIZES
    judged = Judging(rounds=1 if tiny else 3, peers=not tiny, sample=SAMPLE)
    for size in sizes:
        with report.section(f"judging {size}", 800 if size == LARGEST else 400):
            judged.at(size)
    report.show(judged.table)
    report.problems += judged.problems
    found, ratios = judged.found.get(LARGEST, {}), judged.ratios(LARGEST)
    if OURS.name in ratios:
        report.found(JUDGING, times(ratios[OURS.name]))
    if {OURS.name, HELD.name} <= found.keys():
        report.found(HELD_MEMORY, times(found[OURS.name].answer.mib / found[HELD.name].answer.mib))
    with report.section("memory", 240):
        report.show(judging.memory([Size(1, 365)] if tiny else MEMORY))
    drawn = judged.ratios(sizes[0])
    return chart.bars(drawn, str(sizes[0])) if drawn else None


def _startup(report: Report) -> None:
    with report.section("cold start", 300):
        table, ratio = startup.measure(rounds=7)
        report.show(table)
        report.found(START, times(ratio) if ratio else NOT_MEASURED)


def _stack(report: Report, *, tiny: bool) -> None:
    """What needs the running example."""
    with ExitStack() as undo:
        stack: Stack | None = None
        with report.section("starting the stack", 120):
            stack = undo.enter_context(running())
        if stack is None:
            return
        with report.section("passes", 240):
            table, found = passes.measure(stack, rounds=2 if tiny else 9)
            report.show(table)
            report.found(JOBS, str(found.jobs))
            report.found(HEALING, times(found.healing))
        with report.section("latency", 420):
            table, ratio = latency.measure(stack, 3 if tiny else 20, (1,) if tiny else (1, 10, 100))
            report.show(table)
            report.found(EVENT, times(ratio))
        with report.section("publishing", 180):
            table, share = publishing.measure(stack, 100 if tiny else 10_000, (10, 1_000))
            report.show(table)
            report.found(PUBLISHING, times(share))


def machine() -> str:
    """What it was measured on, and how busy that was."""
    system = f"{platform.system()} {platform.machine()}"
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    size = f"{os.cpu_count()} cores{_model()}, {memory:.0f} GiB"
    return f"Python {platform.python_version()}, {system}, {size}, {load()}"


def load() -> str:
    """How many processes wanted to run, over the last minute."""
    return f"load {os.getloadavg()[0]:.1f}"


def _model() -> str:
    """The processor's name, where the system tells it."""
    told = Path("/proc/cpuinfo")
    found = re.search(r"^model name\s*: (.+)$", told.read_text() if told.exists() else "", re.MULTILINE)
    return f" of {found[1]}" if found else ""


def _write(page: Path, measured: str) -> None:
    text = page.read_text()
    found = re.search(f"({re.escape(BEGIN)}.*?-->\n).*?({re.escape(END)})", text, re.DOTALL)
    if found is None:
        raise SystemExit(f"{page}: expected `{BEGIN} … -->` and `{END}`, found no such place")
    page.write_text(text[: found.end(1)] + f"\n{measured}\n\n" + text[found.start(2) :])


if __name__ == "__main__":
    main()
