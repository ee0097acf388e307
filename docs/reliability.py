"""Writes reliability.md from the marks of the tests: `python docs/reliability.py`."""  # noqa: INP001

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
PATH = Path(__file__).with_name("reliability.md")
GUARDS = ROOT / "tests" / "faults" / "guards.py"

INTRODUCTION = """\
# Reliability

<!-- Written by docs/reliability.py from the marks of the tests; change those, or the sentences there. -->

Between the clouds everything comes at least once: Scheduler, Pub/Sub, HTTP retries; and a process may end between any
two calls. What gapheal promises is this: it converges from any state, it asks for no date more often than the file
allows, and it loses nothing. Late or repeated, never lost.

Each row is a fault, what comes of it, and the tests that show it, by the mark `@pytest.mark.fault(number)`. A test
fails when a number has no test, or when this page is out of date.

- A number with ✂ has a *guard* that is taken out in `tests/faults/guards.py`: the test named there then fails.
- `tests/faults/` plays faults through the HTTP door, in memory and with real processes: killed between two calls, cut
  from the emulators by a proxy that resets, delays, drops replies and answers 429 and 503, and fed with broken bodies.
- `make soak` runs 1,000 hourly passes while one call in twenty fails: at the end all dates are whole, none was asked
  for too often, and the process is as large as it was at pass 100.

BigQuery and Pub/Sub are emulators in all of this. What they do not do as the cloud does is played by doubles, and it is
said so in [Surprises](surprises.md).
"""


class Fault(NamedTuple):
    """One thing that goes wrong, and what comes of it."""

    what: str
    outcome: str
    untested: bool = False
    """Nothing here can show it yet; the outcome says why."""


FAULTS: Mapping[int, Fault] = {
    1: Fault("the same push comes twice, one after the other", "one trigger; the second pass finds a lease, or rows"),
    2: Fault("the same push comes twice at once", "one claim wins; the loser reports `leased` and answers 200"),
    3: Fault("a scan overlaps an event", "every date of the two is triggered once"),
    4: Fault("a tick of the Scheduler comes twice", "as above; both passes are in the ledger, each with its own id"),
    5: Fault(
        "a crash after the claim, before the message",
        "nothing until the lease is over; then the orphan claim is recorded as `unknown`, an attempt, and the next "
        "pass triggers under the next number",
    ),
    6: Fault(
        "a crash after the message, before the record",
        "at most one more trigger, after the lease, and none if the job did its work; the ledger learns of the claim. "
        "The second trigger has a `trigger_id` of its own: it is a new attempt, no repeat",
    ),
    7: Fault(
        "a claim is created, and the reply is lost", "the claim is read back; its owner is us, and the pass goes on"
    ),
    8: Fault(
        "publishing times out, though the message was accepted",
        "the outcome is `unknown`, which counts as sent: a lease and an attempt. What the client itself repeats "
        "within the call has the same `trigger_id`",
    ),
    9: Fault(
        "3 of 50 messages cannot be published", "47 are recorded, 3 are told in `errors`, `deferred`, and come next"
    ),
    10: Fault(
        "a topic is gone, there is no permission, Pub/Sub is down",
        "the error names the topic and the role; no attempt is used; with nothing sent and Pub/Sub down the answer is "
        "503",
    ),
    11: Fault(
        "BigQuery answers 503 or 429, resets, or stops for a while",
        "tried again for 20 seconds, then 503 and no trigger: what cannot be read is never empty",
    ),
    12: Fault("wrong dataset, wrong location", "an error with path, table and mend; never zero rows"),
    13: Fault(
        "downstream is suddenly empty, or its rows are hidden",
        "most of ten known dates gone: `held` for a person; rows hidden by a policy: an error with both numbers; and "
        "there is only so much room anyway",
    ),
    14: Fault("a table is dropped, a column renamed", "an error of that transition's passes; the others go on"),
    15: Fault(
        "the ledger refuses an INSERT (too many statements in its queue)",
        "`errors` says so, the claims hold, nothing is sent twice. INSERTs never conflict with each other in BigQuery, "
        "so `could not serialize access` is no answer to one",
    ),
    16: Fault(
        "an INSERT was committed, and the reply is lost",
        "its job has a stable id: the second try attaches to the first. The emulator runs it again: the rows are there "
        "twice, and are recalled as one",
    ),
    17: Fault(
        "a query would read more than may be billed", "an error that names the limit and `scan_days`; not repeated"
    ),
    18: Fault("rows are still in the streaming buffer", "they are counted, and nothing is called stale meanwhile"),
    19: Fault("rows without a date, or of 1959 and 2160", "counted in a warning, judged nowhere"),
    20: Fault("a partition with too few rows", "`partial`, with found and needed number, or `missing`"),
    21: Fault(
        "upstream is written again after downstream was made", "`stale`, by the policy; told apart from `missing`"
    ),
    22: Fault(
        "a body that is empty, cut, an array, NaN, has duplicate keys, has 33 MB, comes in thousands",
        "4xx, or for an event 200 and kept for `gapheal rejections`; one line in the log, no stack trace, never a 5xx",
    ),
    23: Fault(
        "a push of attributes alone, without attributes, with other spellings, with bad base64",
        "the first three are read, the last is kept as rejected",
    ),
    24: Fault("dates that are none, or lie in year 1 or far ahead", "rejected with the reason; none reaches SQL"),
    25: Fault("names and values made to break SQL or the log", "refused by the file's checks; a line stays one line"),
    26: Fault(
        "an unknown transition; a header or word that pretends to be the Scheduler",
        "an error that names the nearest; a header only ever takes power away",
    ),
    27: Fault(
        "a token that is missing, expired, or somebody else's",
        "not gapheal's to judge: Cloud Run's IAM refuses such a call before any code runs. Terraform lets the accounts "
        "of Scheduler and Pub/Sub in and nobody else, and no header stands for an identity. The refusal itself only a "
        "cloud can show",
    ),
    28: Fault(
        "clocks: the days on which they change, midnights, leap days",
        "today is the pipeline's own, by one clock in one zone",
    ),
    29: Fault("a backlog of five years", "healed a few at a time, the oldest first; each report says what is left"),
    30: Fault("a date that never heals", "`stalled` after its attempts; the others are not held up"),
    31: Fault("phases in a circle, doubled or of themselves", "refused when the file is read, with the path"),
    32: Fault(
        "the alerting service is down, slow, or answers 429",
        "the pass heals and records as ever, and waits eight seconds at most; its report warns. What was not delivered "
        "is in the ledger, and a later pass sends it, in order",
    ),
}


class Shown(NamedTuple):
    """One test that shows what comes of a fault."""

    path: str
    name: str

    @property
    def sentence(self) -> str:
        """Its name is one."""
        return re.sub(r"^test_(lesson_\d+_)?", "", self.name).replace("_", " ")


def shown() -> dict[int, list[Shown]]:
    """The tests by the number of the fault that they are marked with."""
    found: dict[int, list[Shown]] = {}
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        for number, name in _marked(path):
            found.setdefault(number, []).append(Shown(path.relative_to(ROOT).as_posix(), name))
    return found


def page() -> str:
    """The whole text."""
    tests, guarded = shown(), _guarded()
    lines = [INTRODUCTION, "| | fault | what comes of it | shown by |", "|---|---|---|---|"]
    for number, fault in FAULTS.items():
        links = "; ".join(f"[{test.sentence}](../{test.path})" for test in tests.get(number, []))
        mark = f"{number} ✂" if number in guarded else str(number)
        lines.append(f"| {mark} | {fault.what} | {fault.outcome} | {links or 'nothing yet'} |")
    return "\n".join(lines) + "\n"


def _marked(path: Path) -> Iterator[tuple[int, str]]:
    for node in ast.walk(ast.parse(path.read_text())):
        if not isinstance(node, ast.FunctionDef):
            continue
        for decorator in node.decorator_list:
            if isinstance(decorator, ast.Call) and ast.unparse(decorator.func) == "pytest.mark.fault":
                yield from ((ast.literal_eval(number), node.name) for number in decorator.args)


def _guarded() -> set[int]:
    """The faults of which a guard is taken out."""
    calls = (node for node in ast.walk(ast.parse(GUARDS.read_text())) if isinstance(node, ast.Call))
    return {ast.literal_eval(call.args[0]) for call in calls if ast.unparse(call.func) == "Guard" and call.args}


if __name__ == "__main__":
    PATH.write_text(page())
    sys.stdout.write(f"{PATH.name}: {len(FAULTS)} faults\n")
