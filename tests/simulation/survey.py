"""Many histories at once: which failed, and what was met in how many of them."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context

from tests.simulation.engine import Violation
from tests.simulation.facts import draw
from tests.simulation.history import History, Outcome

WANTED = (
    "crash between claim and publish",
    "crash between publish and record",
    "lost reply",
    "overlapping passes",
    "rows after the lease",
    "breaker opened and closed",
    "retry of a stalled date",
    "watermark moving each pass",
)
AT_LEAST = 0.02
"""Of the histories, each of these."""
CHUNK = 10


@dataclass
class Survey:
    """What so many histories came to."""

    histories: int = 0
    passes: int = 0
    triggers: int = 0
    met: Counter[str] = field(default_factory=Counter)
    failed: list[int] = field(default_factory=list)
    nearest: float = 0.0
    """Of all histories, the largest share of its bound that calm took."""

    def add(self, seed: int, outcome: Outcome | None) -> None:
        """One history more; None where it failed."""
        self.histories += 1
        if outcome is None:
            self.failed.append(seed)
            return
        self.passes += outcome.passes
        self.triggers += outcome.triggers
        self.met.update(outcome.met)
        self.nearest = max(self.nearest, outcome.calm_scans / outcome.bound)

    @property
    def uncovered(self) -> list[str]:
        """What was met too rarely to say anything of it."""
        return [name for name in WANTED if self.met[name] < AT_LEAST * self.histories]

    def told(self) -> str:
        """For people."""
        lines = [
            f"{self.histories} histories, {self.passes} passes, {self.triggers} triggers; {len(self.failed)} failed",
            *([f"failed: {', '.join(map(str, self.failed))}"] if self.failed else []),
            f"calm took at most {self.nearest:.0%} of its bound",
            *(f"{self.met[name] / max(self.histories, 1):7.1%}  {name}" for name in WANTED),
        ]
        return "\n".join(lines)


def outcome_of(seed: int) -> tuple[int, Outcome | None]:
    """One history; None where an invariant did not hold."""
    logging.disable(logging.CRITICAL)
    try:
        return seed, History(draw(seed)).run()
    except Violation:
        return seed, None


def survey(seeds: Iterable[int], processes: int = 2, *, stop: bool = False) -> Survey:
    """All of these seeds.

    Args:
        seeds: of the histories.
        processes: at once.
        stop: at the first failure.
    """
    found = Survey()
    if processes < 2:
        for seed in seeds:
            found.add(*outcome_of(seed))
            if stop and found.failed:
                break
        return found
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        for seed, outcome in pool.map(outcome_of, seeds, chunksize=CHUNK):
            found.add(seed, outcome)
    return found
