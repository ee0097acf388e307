"""Which dates are missing and may be healed: gapheal's judge, a set difference, and the peers, over the same file."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from tests.benchmarks.tables import Table, time, times

ROOT = Path(__file__).parents[2]
BENCH = ROOT / ".bench"
"""Where `make bench` installs each peer into an environment of its own."""
FUNCTION = BENCH / "function"
"""What functions/requirements.txt pins, and nothing else: no pyarrow, no pandas."""
START = "1985-01-01"
HOLE = 190
SLOW = 1.0
"""Seconds; who takes longer is asked once."""
PATIENCE = 150


class Contender(NamedTuple):
    """Who answers, and how it is started."""

    name: str
    home: Path | None
    """Its environment; None: ours, or that of a function where it is installed."""
    words: tuple[str, ...]

    @property
    def command(self) -> list[str]:
        """Up to the data's file."""
        python = (self.home or FUNCTION) / "bin" / "python"
        here = self.home is None and not python.exists()
        return [sys.executable if here else str(python), str(Path(__file__).parent / "contenders" / self.words[0])]


OURS, PLAIN = "gapheal, with reasons", "set difference of dates"
CONTENDERS = (
    Contender(PLAIN, None, ("plain.py",)),
    Contender(OURS, None, ("ours.py",)),
    Contender("Luigi, dates alone", BENCH / "luigi", ("luigi_range.py", "bulk")),
    Contender("Luigi, with requires()", BENCH / "luigi", ("luigi_range.py", "requires")),
    Contender("SQLMesh missing_intervals", BENCH / "sqlmesh", ("sqlmesh_snapshot.py",)),
    Contender("Dagster subset difference", BENCH / "dagster", ("dagster_subset.py",)),
)


class Size(NamedTuple):
    """How much history."""

    transitions: int
    days: int

    def __str__(self) -> str:
        return f"{self.transitions:,} x {self.days:,}"


def measure(sizes: Sequence[Size], rounds: int, *, peers: bool) -> tuple[Table, dict[str, float]]:
    """The table, and each contender's time over the largest size as a multiple of the set difference's."""
    table = Table(
        "Which dates are missing and may be healed",
        ("transitions x days", "who", "median", "against the set difference", "per date", "memory", "import"),
        note="1 % of upstream's dates are absent, 10 % of the downstream's, and a hole of 190 days. Each contender has "
        "the dates in its own form and is timed from there to the answer, in processor time; one hash for all. "
        "Only gapheal judges: a condition, an action, a watermark and a sentence for every date.",
    )
    ratios: dict[str, float] = {}
    with tempfile.TemporaryDirectory(prefix="gapheal-bench-") as folder:
        for size in sizes:
            path = Path(folder) / f"{size.transitions}-{size.days}.json"
            path.write_text(json.dumps({"start": START, "days": size.days, "pairs": history(size)}))
            ratios = _compare(table, size, path, rounds, [c for c in CONTENDERS if peers or c.home is None])
    return table, ratios


def memory(sizes: Sequence[Size]) -> Table:
    """How the judge's process grows."""
    table = Table("Memory by history and transitions", ("transitions x days", "gapheal", "set difference", "judging"))
    with tempfile.TemporaryDirectory(prefix="gapheal-bench-") as folder:
        for size in sizes:
            path = Path(folder) / "history.json"
            path.write_text(json.dumps({"start": START, "days": size.days, "pairs": history(size)}))
            plain, ours = (ask(contender, path) for contender in CONTENDERS[:2])
            cells = (f"{ours['mib']:.0f} MiB", f"{plain['mib']:.0f} MiB", time(ours["seconds"]))
            table.rows.append((str(size), *cells))
    return table


def _compare(table: Table, size: Size, path: Path, rounds: int, contenders: Sequence[Contender]) -> dict[str, float]:
    answers: dict[str, list[dict[str, Any]]] = defaultdict(list)
    failures: dict[str, str] = {}
    for _ in range(rounds):
        for contender in contenders:
            known = answers[contender.name]
            if contender.name in failures or (known and known[-1]["seconds"] > SLOW):
                continue
            try:
                known.append(ask(contender, path))
            except (OSError, subprocess.SubprocessError) as error:
                failures[contender.name] = _why(contender, error)
    if len(told := {answer["hash"] for known in answers.values() for answer in known}) > 1:
        raise AssertionError(f"expected one answer from all, found {len(told)}")
    found = {name: median(answer["seconds"] for answer in known) for name, known in answers.items() if known}
    for contender in contenders:
        name = contender.name
        if name in failures:
            table.rows.append((str(size), name, failures[name], "", "", "", ""))
            continue
        last = answers[name][-1]
        named = name if name in {OURS, PLAIN} else f"{name} {last['version']}"
        each = time(found[name] / (size.transitions * size.days))
        cells = (time(found[name]), times(found[name] / found[PLAIN]), each, f"{last['mib']:.0f} MiB")
        table.rows.append((str(size), named, *cells, time(last["imported"]) if last["imported"] else "-"))
    return {name: seconds / found[PLAIN] for name, seconds in found.items()}


def ask(contender: Contender, path: Path) -> dict[str, Any]:
    """One answer over the file at `path`."""
    words = [*contender.command, str(path), *contender.words[1:]]
    env = {**os.environ, "PYTHONPATH": str(ROOT / "shared")} if contender.home is None else None
    done = subprocess.run(words, cwd=ROOT, env=env, capture_output=True, text=True, check=True, timeout=PATIENCE)
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


def history(size: Size) -> list[tuple[list[int], list[int]]]:
    """For each transition the days, counted from the start, that upstream and the downstream have."""
    chance = random.Random(size.days)  # noqa: S311 - the same history every time
    pairs = []
    for _ in range(size.transitions):
        hole = chance.randrange(max(size.days - HOLE, 1))
        upstream = [n for n in range(size.days) if chance.random() > 0.01]
        downstream = [n for n in range(size.days) if chance.random() > 0.1 and not hole <= n < hole + HOLE]
        pairs.append((upstream, downstream))
    return pairs


def _why(contender: Contender, error: Exception) -> str:
    if isinstance(error, subprocess.TimeoutExpired):
        return f"more than {PATIENCE} s"
    if isinstance(error, FileNotFoundError):
        return f"not installed in {contender.home}"
    told = getattr(error, "stderr", "") or str(error)
    return f"failed: {told.strip().splitlines()[-1]}"
