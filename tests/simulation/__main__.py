"""`make simulate SEEDS=10000`, and `make simulate SEED=123` to see one history with all that happened in it."""

from __future__ import annotations

import argparse
import sys
import time

from tests.simulation import replay, survey
from tests.simulation.facts import draw


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def main() -> int:
    """The exit code: 1 where an invariant did not hold."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--seeds", type=int, default=500)
    asked.add_argument("--seed", type=int, help="one history, with its trace")
    asked.add_argument("--first", type=int, default=0)
    asked.add_argument("--processes", type=int, default=2)
    asked.add_argument("--until-failure", action="store_true", help="stop at the first that fails, and name it")
    given = asked.parse_args()
    if given.seed is not None:
        _say(replay.told(given.seed))
        return 0
    seeds = range(given.first, given.first + given.seeds)
    if given.until_failure:
        found = survey.survey(seeds, processes=1, stop=True)
        _say("\n".join(f"seed {seed}: {replay.broken(draw(seed))[0]}" for seed in found.failed) or "none failed")
        return 1 if found.failed else 0
    started = time.monotonic()
    found = survey.survey(seeds, given.processes)
    _say(f"{found.told()}\n{time.monotonic() - started:.0f} s")
    for seed in found.failed[:1]:
        _say(replay.failure(seed))
    return 1 if found.failed or found.uncovered else 0


if __name__ == "__main__":
    sys.exit(main())
