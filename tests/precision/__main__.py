"""Plants worlds, lets gapheal look at them, and counts: `make precision`. Exit code 1 on any disagreement."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
import uuid
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from tests.precision.kinds import BLOCK, absent, table
from tests.precision.planter import plant
from tests.precision.runner import Result, play
from tests.precision.sql import SqlStage
from tests.precision.stages import MemoryStage
from tests.precision.withheld import Withheld, play_withheld

from gapheal.local import bqemulator
from gapheal.local.ports import Ports
from gapheal.local.processes import Supervisor

EVERY = 9
"""One seed in so many goes through SQL; prime to ten, so that every kind of world does."""
SHOWN = 40
"""Disagreements that are printed."""

Costs = dict[str, Withheld]
Answer = TypeVar("Answer")


def through_sql(seed: int) -> bool:
    """Whether the seed's world is put into tables."""
    return seed % EVERY == EVERY // 2


def in_memory(seed: int) -> Result:
    """Play a seed's world over doubles."""
    world = plant(seed)
    return play(world, MemoryStage(world))


def in_sql(seed: int) -> Result:
    """Play a seed's world in the emulator that BIGQUERY_EMULATOR_HOST names, in a project of its own."""
    world = plant(seed, datetime.now(UTC))
    stage = SqlStage(world, f"precision-{uuid.uuid4().hex[:12]}")
    try:
        return play(world, stage)
    finally:
        stage.close()


@contextmanager
def emulator() -> Iterator[None]:
    """BigQuery's emulator, while it is needed."""
    with tempfile.TemporaryDirectory(prefix="gapheal-precision-") as folder, Supervisor(Path(folder)) as supervisor:
        child = bqemulator.start(supervisor, Ports())
        supervisor.wait_until_ready(child)
        os.environ["BIGQUERY_EMULATOR_HOST"] = child.address
        yield


def main() -> int:
    """Both experiments over all seeds; how many disagreements is the answer."""
    parser = argparse.ArgumentParser(prog="python -m tests.precision", description=__doc__)
    parser.add_argument("--seeds", type=int, default=200, help="how many worlds (default: 200)")
    parser.add_argument("--first", type=int, default=0, help="the first seed (default: 0)")
    asked = parser.parse_args()
    seeds = range(asked.first, asked.first + asked.seeds)
    started = time.monotonic()
    with ProcessPoolExecutor(max_workers=2) as pool:
        memory = _each(pool, in_memory, (seed for seed in seeds if not through_sql(seed)))
        withheld = _each(pool, play_withheld, seeds)
        with emulator():
            sql = {seed: in_sql(seed) for seed in seeds if through_sql(seed)}
        results = {**{seed: future.result() for seed, future in memory.items()}, **sql}
        second = [future.result() for _, future in sorted(withheld.items())]
    wrong = _first(results, through=len(sql)) + _second([result for result, _ in second], [cost for _, cost in second])
    _say(f"{time.monotonic() - started:.0f} s")
    return min(wrong, 1)


def _each(
    pool: ProcessPoolExecutor, play_one: Callable[[int], Answer], seeds: Iterable[int]
) -> dict[int, Future[Answer]]:
    return {seed: pool.submit(play_one, seed) for seed in seeds}


def _first(results: dict[int, Result], through: int) -> int:
    """Print what came of the worlds whose file says all that is known."""
    counts = {seed: results[seed].kinds for seed in sorted(results)}
    _say(f"planted{'':17}   all  in each {BLOCK} seeds")
    for line in table(counts):
        _say(line)
    found = list(results.values())
    real, sent, right = (sum(getattr(each, name) for each in found) for name in ("real", "sent", "right"))
    _say(
        f"{len(found)} worlds ({through} of them in tables, through SQL), {sum(each.judged for each in found)} "
        f"verdicts: {real} real gaps, {sent} triggered, {right} of them real"
    )
    _say(f"precision {_ratio(right, sent)}, recall {_ratio(right, real)}")
    return _complain([*(line for each in found for line in each.wrong), *absent(counts)])


def _second(results: list[Result], costs: list[Costs]) -> int:
    """Print what came of the worlds whose file leaves excuses out."""
    together: Costs = defaultdict(Withheld)
    for cost in costs:
        for kind, one in cost.items():
            together[kind].add(one)
    _say("\nexcuse withheld    rules  dates  useless triggers  most a date  stalled  by the hint they get")
    for kind, one in sorted(together.items()):
        hinted = ", ".join(f"{name} {count}" for name, count in one.hinted.most_common() if count)
        _say(f"{kind:17}{one.rules:7}{one.dates:7}{one.triggers:18}{one.most:13}{one.stalled:9}  {hinted}")
    real, sent, right = (sum(getattr(each, name) for each in results) for name in ("real", "sent", "right"))
    useless = sum(one.triggers for one in together.values())
    _say(
        f"{len(results)} worlds: {sent} triggers, {useless} of them useless; "
        f"{right - useless} of {real - useless} real gaps triggered"
    )
    return _complain([line for each in results for line in each.wrong])


def _complain(wrong: list[str]) -> int:
    for line in wrong[:SHOWN]:
        _say(line)
    _say(f"{len(wrong)} disagreements" + (f", the first {SHOWN} above" if len(wrong) > SHOWN else ""))
    return len(wrong)


def _ratio(part: int, whole: int) -> str:
    return f"{part / whole:.4f}" if whole else "undefined"


def _say(line: str) -> None:
    """Print at once, also into a pipe."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
