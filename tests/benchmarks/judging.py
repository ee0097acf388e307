"""Which dates are missing and may be healed: gapheal's judge, a set difference, and the peers, over the same file."""

from __future__ import annotations

import json
import random
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import NamedTuple

from tests.benchmarks.peers import HELD, OURS, PEERS, PLAIN, Answer, Contender, NoAnswer, ask
from tests.benchmarks.tables import Table, time, times

START = "1985-01-01"
HOLE = 190
SLOW = 1.0
"""Seconds; who takes longer is asked once."""
LONG = 20.0
"""Seconds; a peer that would take longer over a large size is told by proportion, from the sample."""


TITLE = "Which dates are missing and may be healed"
HEAD = ("transitions x days", "who", "median", "against the set difference", "per date", "memory", "import")
NOTE = (
    "1 % of upstream's dates are absent, 10 % of the downstream's, and a hole of 190 days. Each contender has the "
    "dates in its own form and is timed from there to the answer, in processor time; one hash for all. gapheal and the "
    "sets begin at a query's rows. One transition after the other is read, answered and let go, as passes do; `all "
    "sets at once` keeps two sets for each until the last rows are there. Only gapheal judges: a condition, an action, "
    "a watermark and a sentence for every gap."
)


class Size(NamedTuple):
    """How much history."""

    transitions: int
    days: int

    def __str__(self) -> str:
        return f"{self.transitions:,} x {self.days:,}"

    @property
    def dates(self) -> int:
        """To be judged."""
        return self.transitions * self.days


class Found(NamedTuple):
    """What one contender takes for one size."""

    answer: Answer
    seconds: float
    """The median of its answers, or by proportion."""
    sample: Size | None = None
    """What was measured, if not the size itself."""


@dataclass
class Judging:
    """What was found so far, at each size and by the contender's name."""

    rounds: int
    """How often who is quick is asked."""
    peers: bool
    """Whether they are asked, too."""
    sample: Size | None = None
    """Of the larger sizes of as many days: their first transitions, and to be asked for before them."""
    table: Table = field(default_factory=lambda: Table(TITLE, HEAD, note=NOTE))
    found: dict[Size, Mapping[str, Found]] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    """Answers of ours that are absent, and answers of anybody that differ."""

    def at(self, size: Size) -> None:
        """Ask everybody at this size."""
        known = _of_sample(self.found, self.sample, size)
        sets = (PLAIN, HELD) if size.transitions > 1 else (PLAIN,)
        contenders = [*sets, OURS, *(PEERS if self.peers else ())]
        with tempfile.TemporaryDirectory(prefix="gapheal-bench-") as folder:
            path = written(Path(folder), size)
            told, untold = _compare(path, self.rounds, [each for each in contenders if each.name not in known])
        self.found[size] = told | known
        for contender in contenders:
            self.table.rows.append(_row(size, contender, self.found[size], untold.get(contender.name, "")))
        self.problems += [f"{size}, {name}: {why}" for name, why in untold.items() if _counts(name, why)]

    def ratios(self, size: Size) -> dict[str, float]:
        """Each contender's time as a multiple of the set difference's; empty where that is not known."""
        found = self.found.get(size, {})
        plain = found.get(PLAIN.name)
        return {name: each.seconds / plain.seconds for name, each in found.items()} if plain else {}


def memory(sizes: Sequence[Size]) -> Table:
    """How the judge's process grows."""
    table = Table(
        "Memory by history and transitions",
        ("transitions x days", "gapheal", PLAIN.name, HELD.name, "judging"),
        note="The most that each process held. gapheal judges one transition after the other, so that it is the "
        "history of one that counts.",
    )
    with tempfile.TemporaryDirectory(prefix="gapheal-bench-") as folder:
        for size in sizes:
            path = written(Path(folder), size)
            try:
                ours, plain, held = (ask(contender, path) for contender in (OURS, PLAIN, HELD))
            except NoAnswer as why:
                table.rows.append((str(size), str(why), "", "", ""))
                continue
            mib = (f"{answer.mib:.0f} MiB" for answer in (ours, plain, held))
            table.rows.append((str(size), *mib, time(ours.seconds)))
    return table


def written(folder: Path, size: Size) -> Path:
    """The data, as the contenders read it."""
    path = folder / "history.jsonl"
    with path.open("w") as lines:
        lines.write(json.dumps({"start": START, "days": size.days}) + "\n")
        lines.writelines(json.dumps(pair) + "\n" for pair in history(size))
    return path


def history(size: Size) -> Iterator[tuple[list[int], list[int]]]:
    """For each transition the days, counted from the start, that upstream and the downstream have.

    Of as many days, fewer transitions are the first of more.
    """
    chance = random.Random(size.days)  # noqa: S311 - the same history every time
    for _ in range(size.transitions):
        hole = chance.randrange(max(size.days - HOLE, 1))
        upstream = [n for n in range(size.days) if chance.random() > 0.01]
        downstream = [n for n in range(size.days) if chance.random() > 0.1 and not hole <= n < hole + HOLE]
        yield upstream, downstream


def _of_sample(found: Mapping[Size, Mapping[str, Found]], sample: Size | None, size: Size) -> dict[str, Found]:
    """Peers that would take too long over `size`, by what they took for the sample."""
    if sample is None or sample not in found or sample.days != size.days or sample == size:
        return {}
    factor = size.transitions / sample.transitions
    peers = {peer.name for peer in PEERS}
    return {
        name: Found(each.answer, each.seconds * factor, sample)
        for name, each in found[sample].items()
        if name in peers and each.seconds * factor > LONG
    }


def _compare(path: Path, rounds: int, contenders: Sequence[Contender]) -> tuple[dict[str, Found], dict[str, str]]:
    """What each takes, and why some are not told."""
    answers: dict[str, list[Answer]] = defaultdict(list)
    untold: dict[str, str] = {}
    for _ in range(rounds):
        for contender in contenders:
            known = answers[contender.name]
            if contender.name in untold or (known and known[-1].seconds > SLOW):
                continue
            try:
                known.append(ask(contender, path))
            except NoAnswer as why:
                untold[contender.name] = str(why)
    right = answers[PLAIN.name][0] if answers[PLAIN.name] else None
    for name, known in answers.items():
        if right and any(answer.hash != right.hash for answer in known):
            untold[name] = f"another answer: {known[-1].gaps:,} dates, expected {right.gaps:,}"
    told = {name: known for name, known in answers.items() if known and name not in untold}
    return {name: Found(known[-1], median(each.seconds for each in known)) for name, known in told.items()}, untold


def _counts(name: str, why: str) -> bool:
    """Whether the benchmark failed by it: a peer may be absent or slow."""
    return name in {PLAIN.name, HELD.name, OURS.name} or why.startswith("another answer")


def _row(size: Size, contender: Contender, found: Mapping[str, Found], why: str) -> list[str]:
    told = found.get(contender.name)
    if told is None or PLAIN.name not in found:
        return [str(size), contender.name, why, "", "", "", ""]
    answer, seconds, sample = told
    name = f"{contender.name} {answer.version}" if contender in PEERS else contender.name
    median = time(seconds)
    if sample:
        measured = seconds * sample.transitions / size.transitions
        median += f", by proportion: {time(measured)} for {sample}, x {size.transitions // sample.transitions}"
    return [
        str(size),
        name,
        median,
        times(seconds / found[PLAIN.name].seconds),
        time(seconds / size.dates),
        f"{answer.mib:.0f} MiB",
        time(answer.imported) if answer.imported else "-",
    ]
