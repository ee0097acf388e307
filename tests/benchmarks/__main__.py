"""How fast, as ratios measured side by side in one run: `make bench`. A ratio outlives the machine, a time does not."""

from __future__ import annotations

import argparse
import os
import platform
import sys
from importlib.metadata import version

from tests.benchmarks import judging, latency, quiet
from tests.benchmarks.world import running

PACKAGES = ("google-cloud-bigquery", "google-cloud-pubsub", "pydantic", "bqemulator", "duckdb")


def main() -> None:
    """Measure all, and print each result as it is known."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("--tiny", action="store_true", help="so small that it proves only that it runs")
    tiny = parser.parse_args().tiny
    say(f"gapheal {version('gapheal')} on {machine()}")
    say(", ".join(f"{name} {version(name)}" for name in PACKAGES))
    for dates in (100, 1_000) if tiny else (10_000, 100_000):
        say(judging.measure(dates, rounds=2 if tiny else 5))
    with running() as stack:
        say(quiet.measure(stack, rounds=2 if tiny else 20))
        say(latency.measure(stack, events=3 if tiny else 50))


def machine() -> str:
    """What it was measured on."""
    return f"Python {platform.python_version()}, {platform.system()} {platform.machine()}, {os.cpu_count()} cores"


def say(line: str) -> None:
    """Print at once, also into a pipe."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
