"""What a pass writes down: the ledger's rows, and the report that its caller reads."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from hashlib import sha256
from typing import Any

from gapheal.intervals import Interval
from gapheal.judge.case import Case
from gapheal.model.passes import Action, Condition, Entry, Memory, Observations, Request, Source, Verdict
from gapheal.model.pipeline import Pipeline
from gapheal.ports import Row
from gapheal.reconcile.healing import Healing, Sent

NOTES = {
    "dry_run": "a dry run: nothing was sent or written; the same request without dry_run heals",
    "dry_run_observe": "a dry run in mode observe: nothing was sent or written; `policy.mode: heal` in the file heals",
    "observe": "mode observe: nothing was sent; `policy.mode: heal` in the file heals",
    "observe_blocked": "mode observe: nothing was sent; `policy.mode: heal` would send nothing now either, see why",
    "paused": "mode paused: nothing was looked at; `policy.mode: observe` or `heal` in the file looks again",
}


NOTHING = Memory(queries=0)
QUIET = frozenset({Source.EVENT, Source.BACKFILL})
"""Sources of many passes that see nothing new."""


@dataclass(frozen=True, slots=True)
class Pass:
    """One finished pass over one transition."""

    pass_id: str
    pipeline: Pipeline
    transition: str
    request: Request
    now: datetime
    """The query's own clock; where nothing was observed, the rough one."""
    memory: Memory = NOTHING
    seen: Observations | None = None
    verdicts: Sequence[Verdict] = ()
    healing: Healing = field(default_factory=Healing)
    duration_ms: int = 0
    source_gaps: Sequence[date] = ()
    """Dates that a first phase should have and lacks: told, never triggered."""
    breaker: str | None = None
    """Its state: `slow_start`, `closed` or `open`; None where nothing was looked at."""
    warnings: Sequence[str] = ()
    """What the caller should know beside the verdicts."""

    @property
    def case(self) -> Case | None:
        """What it judged by, made anew; None where nothing was observed."""
        if self.seen is None:
            return None
        return Case(self.pipeline, self.transition, self.seen, self.memory, self.request).saw(self.verdicts)

    @property
    def queries(self) -> int:
        """BigQuery jobs that read."""
        return self.memory.queries + (self.seen.queries if self.seen else 0)

    @property
    def bytes_billed(self) -> int:
        """Of those jobs."""
        return self.memory.bytes_billed + (self.seen.bytes_billed if self.seen else 0)

    @property
    def settled(self) -> list[Verdict]:
        """The verdicts as they came out: what could not be claimed or sent is not `heal`."""
        actions = self.healing.actions
        return [v._replace(action=actions[v.day]) if v.day in actions else v for v in self.verdicts]

    @property
    def window(self) -> Interval | None:
        """What the request named, else from the first judged date to the last."""
        if self.request.window:
            return self.request.window
        days = self.request.dates or [verdict.day for verdict in self.verdicts]
        return Interval.inclusive(min(days), max(days)) if days else None


def report(done: Pass) -> dict[str, Any]:
    """The answer to the caller, as plain JSON values."""
    verdicts, window = done.settled, done.window
    actions = Counter(str(verdict.action) for verdict in verdicts)
    conditions = Counter(str(verdict.condition) for verdict in verdicts)
    triggered = [str(verdict.day) for verdict in verdicts if verdict.action is Action.HEAL]
    answer = {
        "transition": done.transition,
        "pass_id": done.pass_id,
        "source": str(done.request.source),
        "mode": done.pipeline.transitions[done.transition].policy.mode,
        "dry_run": done.request.dry_run,
        "window": {
            "start_date": str(window.start) if window else None,
            "end_date": str(window.last) if window else None,
        },
        "gaps_found": sum(verdict.is_gap for verdict in verdicts),
        "triggered": len(triggered),
        "triggered_dates": triggered,
        "conditions": {str(condition): conditions[condition] for condition in Condition},
        "actions": {str(action): actions[action] for action in Action if action is not Action.NONE},
        "source_gaps": [str(day) for day in done.source_gaps],
        "errors": list(dict.fromkeys(done.healing.errors)),
        "queries": done.queries,
        "bytes_billed": done.bytes_billed,
        "duration_ms": done.duration_ms,
    }
    also = {"breaker": done.breaker, "warnings": list(done.warnings), "note": done.request.note or _note(done)}
    return {**answer, **{key: value for key, value in also.items() if value}}


def unjudged(seen: Observations) -> list[str]:
    """What lies in the tables and belongs to no date, a sentence a table."""
    return [
        f"{key.table} ({key.phase}): {rows:,} rows in {where} belong to no date and are not judged"
        for key, facts in seen.facts.items()
        for where, rows in facts.unjudged.items()
        if rows
    ]


def _note(done: Pass) -> str | None:
    """What would change that nothing was sent."""
    mode = done.pipeline.transitions[done.transition].policy.mode
    if mode == "paused":
        return NOTES["paused"]
    if done.request.dry_run:
        return NOTES["dry_run" if mode == "heal" else "dry_run_observe"]
    if mode != "observe" or not any(verdict.is_gap for verdict in done.verdicts):
        return None
    would = any(verdict.action is Action.WOULD_HEAL for verdict in done.verdicts)
    return NOTES["observe" if would else "observe_blocked"]


def changed(done: Pass) -> list[Verdict]:
    """The verdicts that say something else than the ledger remembers, and every heal."""
    entries = done.memory.entries
    return [v for v in done.settled if v.triggered_at or _news(v, entries.get(v.day, Entry()))]


def _news(verdict: Verdict, entry: Entry) -> bool:
    """Whether the ledger would learn something of the date. What comes and goes by itself is no news."""
    remembered = entry.condition, entry.action, entry.watermark
    if (verdict.condition, verdict.action, verdict.watermark) != remembered:
        return True
    # Why there is no room changes with the traffic of other dates.
    if verdict.action is not Action.DEFERRED and verdict.reason.code != entry.code:
        return True
    if verdict.condition is Condition.COMPLETE and verdict.spec != (entry.spec or ""):
        return True
    return verdict.grew_at != entry.grew_at or dict(verdict.seen_whole) != dict(entry.seen_whole)


def ledger_rows(done: Pass) -> Mapping[str, Sequence[Row]]:
    """The rows to append, by table; an event that changed nothing leaves none, nor does a backfill that waits."""
    common = {"observed_at": _iso(done.now), "transition": done.transition, "pass_id": done.pass_id}
    verdicts = [{**common, **_verdict_row(verdict)} for verdict in changed(done)]
    triggers = [{**common, **_trigger_row(done, sent)} for sent in done.healing.sent]
    quiet = done.request.source in QUIET and not verdicts and not triggers
    passes = [] if quiet else [{**common, **_pass_row(done)}]
    learnt = {"counts": [{**common, **row} for row in done.seen.learnt]} if done.seen and done.seen.learnt else {}
    return {"triggers": triggers, "verdicts": verdicts, "passes": passes, **learnt}


def failed_rows(
    pipeline: Pipeline, transition: str, request: Request, now: datetime, pass_id: str, error: Exception
) -> Mapping[str, Sequence[Row]]:
    """The row of a scan or sweep that could not look."""
    if request.source is Source.EVENT:
        return {}
    rows = ledger_rows(Pass(pass_id, pipeline, transition, request, now))
    return {"passes": [{**row, "error": str(error)} for row in rows["passes"]]}


def _pass_row(done: Pass) -> Row:
    answer = report(done)
    return {
        "source": answer["source"],
        "mode": answer["mode"],
        "window_start": answer["window"]["start_date"],
        "window_end": answer["window"]["end_date"],
        # Null says that nothing was looked at: such a pass is nobody's baseline.
        "gaps_found": answer["gaps_found"] if done.seen else None,
        **{key: answer[key] for key in ("triggered", "conditions", "actions", "queries")},
        "bytes_billed": answer["bytes_billed"],
        "duration_ms": answer["duration_ms"],
        "spec_hash": sha256(done.pipeline.model_dump_json().encode()).hexdigest()[:16],
        "breaker": done.breaker,
        "error": "; ".join(answer["errors"]) or None,
    }


def _verdict_row(verdict: Verdict) -> Row:
    return {
        "partition_date": str(verdict.day),
        "condition": str(verdict.condition),
        "action": str(verdict.action),
        "watermark": verdict.watermark,
        "code": verdict.reason.code,
        "numbers": dict(verdict.reason.numbers),
        "sentence": verdict.reason.sentence,
        "downstream_rows": verdict.rows,
        "downstream_entities": verdict.entities,
        "attempts": verdict.attempts,
        "first_seen_at": _iso(verdict.first_seen_at),
        "arrived_at": _iso(verdict.arrived_at),
        "triggered_at": _iso(verdict.triggered_at),
        "trigger_id": verdict.trigger_id,
        "grew_at": _iso(verdict.grew_at),
        "spec_hash": verdict.spec or None,
        "seen_whole": dict(verdict.seen_whole) or None,
    }


def _trigger_row(done: Pass, sent: Sent) -> Row:
    verdict, delivery = sent.verdict, sent.delivery
    target = done.pipeline.transitions[done.transition].trigger
    return {
        "trigger_id": delivery.message.trigger_id if delivery else None,
        "source": str(done.request.source),
        "partition_date": str(verdict.day),
        "n": sent.n,
        "part": delivery.message.attributes.get("part") if delivery else None,
        "reason": str(verdict.condition),
        "watermark": verdict.watermark,
        "downstream_rows": verdict.rows,
        "downstream_entities": verdict.entities,
        "claimed_at": _iso(sent.claimed_at),
        "destination": target.pubsub.topic if target.pubsub else target.http.url if target.http else None,
        "message_id": delivery.message_id if delivery else None,
        "outcome": sent.outcome,
        "error": delivery.error if delivery else "another pass claimed this and never recorded what it sent",
    }


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
