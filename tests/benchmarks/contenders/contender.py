"""What every contender does alike: read the same data, time the same question, tell the answer's hash. Stdlib only.

The question: which dates does the downstream lack that upstream has? Each contender gets the dates in the form in which
it would have them (rows of a query, targets, intervals, partitions); making that form is not timed, the answer is.
"""

from __future__ import annotations

import hashlib
import json
import sys
import time
from collections.abc import Callable, Iterable
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


def held() -> float:
    """Most memory that this process held, in MiB; what its parent held before the fork does not count."""
    status = Path("/proc/self/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")) / 1024


def run(version: str, imported: float, prepare: Callable[[Pair], Any], find: Callable[[Any], Iterable[date]]) -> None:
    """Answer for every pair of the file that the command line names; print what was measured as JSON.

    Args:
        version: of the contender.
        imported: processor seconds that its import took.
        prepare: makes its own form of a pair; not timed.
        find: the dates, from that form; timed.
    """
    data = json.loads(Path(sys.argv[1]).read_text())
    start, seconds, told, gaps = date.fromisoformat(data["start"]), 0.0, hashlib.sha256(), 0
    for upstream, downstream in data["pairs"]:
        form = prepare(Pair(start, data["days"], upstream, downstream))
        began = time.process_time()  # the processor's own: all of them use one thread, and the machine may be busy
        found = find(form)
        seconds += time.process_time() - began
        days = sorted(found)
        gaps += len(days)
        told.update(",".join(map(str, days)).encode() + b"\n")
    answer = {"version": version, "imported": imported, "seconds": seconds, "gaps": gaps, "hash": told.hexdigest()}
    sys.stdout.write(json.dumps({**answer, "mib": held()}) + "\n")
