"""Whether each transition is looked at, by which file, and what came of its last triggers. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from hashlib import sha256

from gapheal.app.wiring import MODES
from gapheal.doctor.check import Check, Group
from gapheal.doctor.history import History, Row
from gapheal.model.moments import minute
from gapheal.model.pipeline import Mode, Pipeline, Transition
from gapheal.spec.share import share

heartbeat, deliveries = Group("heartbeat"), Group("deliveries")
SILENCE = timedelta(hours=3)
"""Scans are hourly; one may fail."""


def checks(pipeline: Pipeline, history: History, now: datetime, *, local: bool) -> Iterator[Check]:
    """Of each transition: its last scan or sweep, the file that it went by, its last delivery."""
    for name in pipeline.transitions:
        passes = history.passes.get(name, ())
        yield _beat(name, passes[0] if passes else None, now, local=local)
        if passes and passes[0]["spec_hash"] not in _hashes(pipeline, name):
            yield heartbeat.warn(
                "file",
                name,
                f"the last {passes[0]['source']} of {name} went by another pipeline file than this one",
                "make plan, make deploy; or name the deployed file with --pipeline",
            )
        if last := history.deliveries.get(name):
            yield _delivery(name, last[0])


def _beat(name: str, last: Row | None, now: datetime, *, local: bool) -> Check:
    run = f"gapheal schedule run {name}"
    if last is None:
        if local:
            return heartbeat.skipped("scan", name, "was never scanned; on this machine only you ask")
        return heartbeat.warn("scan", name, f"{name} was never scanned", run)
    when = minute(last["observed_at"])
    if last["error"]:
        return heartbeat.fail(
            "scan",
            name,
            f"the last {last['source']} of {name}, {when}, failed: {last['error']}",
            "mend what it names; the function's log says more",
        )
    if now - last["observed_at"] > SILENCE:
        if local:
            return heartbeat.skipped("scan", name, f"was last scanned on {when}; on this machine only you ask")
        return heartbeat.fail(
            "scan",
            name,
            f"expected a scan of {name} each hour, found the last on {when}",
            f"gapheal schedule list, then {run}",
        )
    gaps = "looked at nothing" if last["gaps_found"] is None else f"{last['gaps_found']} gaps"
    return heartbeat.ok("scan", name, f"last {last['source']} {when}: {gaps}")


def _delivery(name: str, last: Row) -> Check:
    when = minute(last["observed_at"])
    told = f"the last trigger of {name}, {when} for {last['partition_date']}"
    if last["outcome"] == "failed" or (last["outcome"] == "published" and last["error"]):
        return deliveries.fail(
            "answer",
            name,
            f"{told}, was not taken: {last['error']}",
            "mend what it names; `gapheal retry` renews the attempts",
        )
    if last["outcome"] == "unknown":
        return deliveries.warn(
            "answer",
            name,
            f"{told}: not known whether it arrived: {last['error']}",
            f"gapheal explain {name} {last['partition_date']}",
        )
    return deliveries.ok("answer", name, f"{told}: {last['outcome']}")


def _hashes(pipeline: Pipeline, transition: str) -> Iterator[str]:
    """What a pass keeps of this file: of the whole or the function's share of it, GAPHEAL_MODE lowering it or not."""
    for form in (pipeline, share(pipeline, transition)):
        for highest in MODES:
            lowered = {name: _lowered(step, highest) for name, step in form.transitions.items()}
            effective = form.model_copy(update={"transitions": lowered})
            yield sha256(effective.model_dump_json().encode()).hexdigest()[:16]


def _lowered(step: Transition, highest: Mode) -> Transition:
    mode = min(step.policy.mode, highest, key=MODES.index)
    return step.model_copy(update={"policy": step.policy.model_copy(update={"mode": mode})})
