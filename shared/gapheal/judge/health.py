"""The healer's own health, and its sources': what a daily look at everything finds beside the gaps. Pure.

What the ledger, Cloud Scheduler or a pass knows goes in as plain rows, findings come out; nothing found, no finding.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from gapheal.judge.reasons import moment
from gapheal.model.findings import Finding, Kind
from gapheal.model.pipeline import DETECTOR, Pipeline

Row = Mapping[str, Any]

UNSEEN_FOR = timedelta(hours=2)
"""Scans are hourly: one may be late, two are a silence."""


def unscanned(pipeline: Pipeline, rows: Iterable[Row], now: datetime) -> Iterator[Finding]:
    """Transitions that no scan has looked at for two hours.

    Args:
        pipeline: a transition in mode `paused` is not looked at by anybody, on purpose.
        rows: as `Ledger.health` answers. One that was never looked at before has not begun.
        now: the moment, UTC.
    """
    known = {row["transition"]: row for row in rows}
    for name, step in pipeline.transitions.items():
        row = known.get(name)
        if step.policy.mode == "paused" or row is None:
            continue
        last, first = row["last_scan_at"], row["first_pass_at"]
        since = datetime.fromisoformat(last or first)
        if now - since <= UNSEEN_FOR:
            continue
        found = f"found the last at {moment(since)}" if last else f"found none since the first pass at {moment(since)}"
        why = f"expected a successful scan every hour, {found}"
        if row["last_error"]:
            why += f"; the last one failed: {row['last_error']}"
        numbers = {"last_scan_at": last, "first_pass_at": first}
        yield Finding(Kind.NO_SCAN, name, why, f"gapheal schedule list {name}", since=since, numbers=numbers)


def rejected(rows: Iterable[Row], since: datetime) -> Iterator[Finding]:
    """Events that could not be used, and that nobody has replayed.

    Args:
        rows: `transition`, `rejected_at`, `replayed` of each, as `gapheal rejections` lists them.
        since: the beginning of the time that they are of.
    """
    by_transition: dict[str, list[datetime]] = {}
    for row in rows:
        if row["replayed"] is None:
            by_transition.setdefault(row["transition"], []).append(datetime.fromisoformat(row["rejected_at"]))
    for name, moments in by_transition.items():
        events = "1 event" if len(moments) == 1 else f"{len(moments)} events"
        why = f"{events} could not be used since {moment(since)}, kept for a person: mend the sender, then replay"
        command = f"gapheal rejections --transition {name}"
        yield Finding(Kind.REJECTIONS, name, why, command, since=min(moments), numbers={"events": len(moments)})


class Job(NamedTuple):
    """One job of Cloud Scheduler that there should be, and what is the matter with it."""

    transition: str
    name: str
    wrong: str
    mend: str


def unscheduled(pipeline: Pipeline, jobs: Sequence[Row] | None) -> Iterator[Finding]:
    """Jobs of Cloud Scheduler that are paused, absent or failing, a finding for each transition.

    Args:
        pipeline: each of its transitions needs a scan; and a sweep, unless the detector sweeps.
        jobs: `transition`, `kind`, `job`, `state`, `last_attempt`, `last_error` of each; None: not known.
    """
    if jobs is None:
        return
    if not jobs:
        why = "expected a scan job for each transition, found no job at all: nothing but events asks for a look"
        yield Finding(Kind.SCHEDULE, None, why, "gapheal schedule list", numbers={"jobs": 0})
        return
    by_transition: dict[str, list[Job]] = {}
    for wrong in [*_absent(pipeline, jobs), *_sick(pipeline, jobs)]:
        by_transition.setdefault(wrong.transition, []).append(wrong)
    for name, found in by_transition.items():
        why = "; ".join(each.wrong for each in found)
        numbers = {"jobs": sorted({each.name for each in found})}
        yield Finding(Kind.SCHEDULE, None if name == DETECTOR else name, why, found[0].mend, numbers=numbers)


def _absent(pipeline: Pipeline, jobs: Sequence[Row]) -> Iterator[Job]:
    there = {(row["transition"], row["kind"]) for row in jobs}
    for name in pipeline.transitions:
        if (name, "scan") not in there:
            yield Job(name, "scan", "it has no scan job: only events ask for a look", f"gapheal schedule list {name}")
        if not there & {(name, "sweep"), (DETECTOR, "sweep")}:
            wrong = "nothing sweeps its whole history: there is neither a sweep job nor the detector's"
            yield Job(name, "sweep", wrong, "gapheal schedule list")


def _sick(pipeline: Pipeline, jobs: Sequence[Row]) -> Iterator[Job]:
    for row in jobs:
        name, job = row["transition"], row["job"]
        if name not in pipeline.transitions and name != DETECTOR:
            continue
        if row["state"] != "enabled":
            yield Job(name, job, f"{job} is {row['state']}", f"gapheal schedule resume {name}")
        elif row["last_error"]:
            yield Job(name, job, f"the last call of {job} failed: {row['last_error']}", f"gapheal schedule list {name}")
