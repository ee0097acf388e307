"""What a person reads of a message."""

from __future__ import annotations

import re
from datetime import date
from itertools import pairwise

from tests.alerts.receiver import Said
from tests.alerts.timetable import News

from gapheal.intervals import Interval, unfold

VERBS = {"": "opened", "more: ": "more", "over: ": "over", "still open: ": "still"}
BLOCK = re.compile(r"^(more: |over: |still open: |)([a-z][a-z ]+), ([\d,]+) dates?(?: \(since [^)]+\)|: .*)$")
RUN = re.compile(r"(\d{4}-\d\d-\d\d)(?:\.\.(\d{4}-\d\d-\d\d))?")


def heard(said: Said) -> frozenset[News]:
    """What a person reads: each block's first line, and its dates."""
    found, lines = [], said.text.splitlines()
    for head, after in pairwise(lines):
        if (block := BLOCK.match(head)) and after.startswith("  dates: "):
            verb, kind, _ = block.groups()
            found.append(News(VERBS[verb], kind, dates(after), left(after)))
    return frozenset(found)


def dates(line: str) -> frozenset[date]:
    runs = [(date.fromisoformat(a), date.fromisoformat(b or a)) for a, b in RUN.findall(line)]
    return frozenset(unfold(Interval.inclusive(*run) for run in runs))


def left(line: str) -> int:
    more = re.search(r", and ([\d,]+) more", line)
    return int(more[1].replace(",", "")) if more else 0
