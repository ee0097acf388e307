"""One week, three playoffs and the season 2023-24, each by one command: `python -m tests.season` (SPAN, SECONDS)."""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from tests.backfill.season import SPANS
from tests.season.run import PHASES, backfilled
from tests.season.test_week import check


def main() -> None:
    """Run them, and say how long each took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("spans", nargs="*", choices=[*SPANS, []], metavar="|".join(SPANS), help="by default all")
    parser.add_argument("--seconds", type=float, default=5.0, help="of a job, a date")
    parser.add_argument("--at-once", type=int, default=10, help="jobs of a phase, and dates in flight")
    parser.add_argument("--quiet", action="store_true", help="leave out what the command itself printed")
    asked = parser.parse_args()
    for name in asked.spans or SPANS:
        days = SPANS[name]
        with tempfile.TemporaryDirectory() as folder:
            done = backfilled(Path(folder), days, asked.seconds, asked.at_once)
        check(done, days)
        if not asked.quiet:
            print(done.said)  # noqa: T201
        least = done.least(days, asked.at_once)
        jobs = f"{len(PHASES) - 1} phases, jobs of {asked.seconds:g} s, {asked.at_once} at once"
        took = f"{done.seconds:.0f} s, the jobs alone {least:.0f} s, ratio {done.seconds / least:.2f}"
        print(f"{name}: {len(days)} dates x {jobs}: {took}", flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
