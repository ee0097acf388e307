"""What every contender does alike: read the same data, time the same question, tell the answer's hash. Stdlib only.

The question: which dates does the downstream lack that upstream has? Each contender gets the dates in the form in which
it would have them (rows of a query, targets, intervals, partitions); making that form is not timed, the answer is.
"""

from __future__ import annotations

import hashlib
import json
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

DAY = timedelta(days=1)


class Pair:
    """One transition: the dates that each side has, within `start` (included) and `end` (excluded)."""

    def __init__(self, start: date, days: int, upstream: list[int], downstream: list[int]) -> None:
        self.start, self.end = start, start + days * DAY
        self.upstream = [start + n * DAY for n in upstream]
        self.downstream = [start + n * DAY for n in downstream]


def pairs(path: Path) -> Iterator[Pair]:
    """The file's transitions, one line and one in memory at a time: whoever holds more does so for its own sake."""
    with path.open() as lines:
        head = json.loads(next(lines))
        for line in lines:
            yield Pair(date.fromisoformat(head["start"]), head["days"], *json.loads(line))


def held() -> float:
    """Most memory that this process held, in MiB; what its parent held before the fork does not count."""
    status = Path("/proc/self/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")) / 1024


class Timer:
    """Adds up what work takes; the processor's own time, since all use one thread and the machine may be busy."""

    seconds = 0.0

    def __call__(self, work: Callable[[Any], Any], form: Any) -> Any:
        """What `work` makes of `form`."""
        began = time.process_time()
        made = work(form)
        self.seconds += time.process_time() - began
        return made


def run(
    version: str,
    imported: float,
    prepare: Callable[[Pair], Any],
    find: Callable[[Any], Iterable[date]],
    hold: Callable[[Any], Any] | None = None,
) -> None:
    """Answer for every pair of the file that the command line names; print what was measured as JSON.

    Args:
        version: of the contender.
        imported: processor seconds that its import took.
        prepare: makes its own form of a pair; not timed.
        find: the dates, from that form; timed.
        hold: what it keeps of a form until all pairs are there, timed; None: one pair is answered after the other.
    """
    timer, told, gaps = Timer(), hashlib.sha256(), 0
    forms: Iterable[Any] = map(prepare, pairs(Path(sys.argv[1])))
    if hold:
        forms = [timer(hold, form) for form in forms]
    for form in forms:
        days = sorted(timer(find, form))
        gaps += len(days)
        told.update(",".join(map(str, days)).encode() + b"\n")
    answer = {"version": version, "imported": imported, "seconds": timer.seconds, "gaps": gaps}
    sys.stdout.write(json.dumps({**answer, "hash": told.hexdigest(), "mib": held()}) + "\n")
