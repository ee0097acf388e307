"""The ledger in memory: the same rows in lists, recalled as `recall.sql` recalls them."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from gapheal.intervals import Interval
from gapheal.ledger.counted import KEPT, counted
from gapheal.ledger.recall import RETRIES, Question, memory, told
from gapheal.model.passes import OPEN, Counted, Memory
from gapheal.model.pipeline import Pipeline
from gapheal.ports import Row
from gapheal.testing.board import board, passes
from gapheal.testing.clock import FrozenClock
from gapheal.testing.outlook import healed, health, outlook
from gapheal.testing.slo import slo

_OUTCOMES = ("published", "unknown", "busy", "failed")


@dataclass
class MemoryLedger:
    """Rows in lists; `fails` raises on reading, `refuses` is what every write answers."""

    pipeline: Pipeline
    clock: FrozenClock
    rows: dict[str, list[dict[str, Any]]] = field(default_factory=lambda: defaultdict(list))
    fails: Exception | None = None
    refuses: str | None = None

    def recall(self, transition: str, dates: frozenset[date] | None) -> Memory:
        """What `recall.sql` answers, from the lists."""
        if self.fails:
            raise self.fails
        question = Question(self.pipeline, transition, self.clock.now())
        found = memory(question, _Recollection(self.rows, question, dates).facts())
        if dates is not None or self.pipeline.recount == "all":
            return found
        return found._replace(counted=_counted(self.rows["counts"], transition, question.now - KEPT), queries=2)

    def record(self, pass_id: str, rows: Mapping[str, Sequence[Row]]) -> list[str]:
        """Append; a pass that was recorded is not recorded twice."""
        if self.refuses:
            return [self.refuses]
        for table, some in rows.items():
            if not any(row.get("pass_id") == pass_id for row in self.rows[table]):
                self.rows[table] += [json.loads(json.dumps(dict(row))) for row in some]
        return []

    def reject(self, row: Row) -> None:
        """Keep an event that could not be used."""
        if self.fails:
            raise self.fails
        self.rows["rejections"].append(dict(row))

    def rejections(self, since: datetime, until: datetime, characters: int) -> list[Row]:
        """What `reject` kept of a time, newest first."""
        if self.fails:
            raise self.fails
        found = [row for row in reversed(self.rows["rejections"]) if since <= _when(row) <= until]
        return [{**row, **_beginning(row["raw"], characters)} for row in sorted(found, key=_when, reverse=True)]

    def decide(self, rows: Sequence[Row]) -> None:
        """Keep a person's words."""
        if self.fails:
            raise self.fails
        self.rows["decisions"] += [json.loads(json.dumps(dict(row))) for row in rows]

    def keep_backfill(self, row: Row) -> None:
        """Keep a new state of a backfill."""
        if self.fails:
            raise self.fails
        self.rows["backfills"].append(json.loads(json.dumps(dict(row))))

    def backfills(self) -> list[Row]:
        """Every state of every backfill, oldest first."""
        if self.fails:
            raise self.fails
        return sorted(self.rows["backfills"], key=_when)

    def backfill_words(self, backfill_id: str) -> Sequence[Row]:
        """The last word that a backfill said of each date."""
        if self.fails:
            raise self.fails
        return _latest(row for row in self.rows["decisions"] if row.get("backfill_id") == backfill_id)

    def backfill_dates(self, transitions: Sequence[str], window: Interval, since: datetime) -> list[Row]:
        """What became of each date of the window since then."""
        if self.fails:
            raise self.fails
        return list(became(self.rows, transitions, window, since))

    def heal_times(self, transitions: Sequence[str]) -> list[Row]:
        """When dates were triggered and seen healed."""
        if self.fails:
            raise self.fails
        healed: dict[tuple[str, str, str], Row] = {}
        for row in sorted(self.rows["verdicts"], key=_when):
            if row["transition"] in transitions and row["condition"] == "complete" and row["triggered_at"]:
                key = row["transition"], row["partition_date"], row["triggered_at"]
                healed.setdefault(key, {"transition": key[0], "triggered_at": key[2], "healed_at": row["observed_at"]})
        return list(healed.values())

    def status(self, transition: str) -> Mapping[str, Any]:
        """Dates by verdict, open gaps by reason, what healed lately, the breaker, and the last pass."""
        if self.fails:
            raise self.fails
        latest = _latest(row for row in self.rows["verdicts"] if row["transition"] == transition)
        return outlook(self.rows, latest, transition, self.clock.now())

    def told(self, transition: str | None) -> Row | None:
        """What people were last told of a transition, or of the pipeline as a whole."""
        if self.fails:
            raise self.fails
        last = _last_alert(self.rows["alerts"], transition)
        return told(last) if last else None

    def health(self) -> Sequence[Row]:
        """How each transition that was ever looked at is watched."""
        if self.fails:
            raise self.fails
        return health(self.rows)

    def heals(self, since: datetime) -> Sequence[Row]:
        """Gaps that were triggered and seen healed since then, newest first."""
        if self.fails:
            raise self.fails
        return healed(self.rows, since)

    def board(self) -> Sequence[Row]:
        """The last verdict of each date of every transition."""
        if self.fails:
            raise self.fails
        return board(_latest(self.rows["verdicts"]))

    def passes(self, since: datetime, most: int) -> Sequence[Row]:
        """The last passes since then, newest first."""
        if self.fails:
            raise self.fails
        return passes(self.rows, since, most)

    def slo(self, since: datetime) -> Mapping[str, Any]:
        """How well the gaps seen since then were healed, and what looking cost."""
        if self.fails:
            raise self.fails
        return slo(self.rows, since, self.clock.now())


class _Recollection:
    """`recall.sql` in Python, step by step under the same names."""

    def __init__(
        self, rows: Mapping[str, list[dict[str, Any]]], question: Question, days: Iterable[date] | None
    ) -> None:
        self.question = question
        self.days = None if days is None else {str(day) for day in days}
        names = frozenset(question.phases)
        of = {table: [row for row in some if row["transition"] in names] for table, some in rows.items()}
        own = {table: [row for row in some if row["transition"] == question.transition] for table, some in of.items()}
        completed = [row for row in own.get("verdicts", []) if row["condition"] == "complete"]
        self.completed = {row["partition_date"]: row["observed_at"] for row in sorted(completed, key=_when)}
        self.verdicts = _latest(of.get("verdicts", []))
        self.words = _latest(of.get("decisions", []))
        self.claims = _claims(own.get("triggers", []))
        self.heals = [row for row in own.get("verdicts", []) if row["triggered_at"]]
        self.told = _last_alert(rows.get("alerts", []), question.transition)
        self.scans = sum(
            row["source"] in {"scan", "sweep"} and row["gaps_found"] is not None for row in own.get("passes", [])
        )

    def facts(self) -> Iterator[tuple[str, Any]]:
        wanted, name = self._remembered(), self.question.transition
        for row in self.verdicts:
            day = row["partition_date"]
            if day in wanted if row["transition"] == name else row["action"] == "stalled":
                yield "verdict", {**row, "completed_at": self.completed.get(day)}
        yield from (("claim", claim) for claim in self.claims if claim["partition_date"] in wanted)
        yield from (("word", row) for row in self.words)
        for row in self.heals:
            yield "heal", {**row, "healed_at": row["observed_at"]}
        yield "scans", self.scans
        if self.told:
            yield "told", self.told

    def _remembered(self) -> set[str]:
        own = [row for row in self.verdicts if row["transition"] == self.question.transition]
        if self.days is None:
            return {row["partition_date"] for row in [*own, *self.claims]}
        leased = {claim["partition_date"] for claim in self.claims if self._is_open(claim)}
        retried = {row["partition_date"] for row in self.words if self._is_retried(row)}
        return self.days | leased | retried | {row["partition_date"] for row in own if row["condition"] in OPEN}

    def _is_open(self, claim: Mapping[str, Any]) -> bool:
        completed_at = self.completed.get(claim["partition_date"])
        return completed_at is None or _moment(claim["claimed_at"]) > _moment(completed_at)

    def _is_retried(self, word: Mapping[str, Any]) -> bool:
        own = word["transition"] == self.question.transition and word["decision"] in RETRIES
        return own and _when(word) > self.question.retried_since


def _last_alert(rows: Iterable[dict[str, Any]], transition: str | None) -> dict[str, Any] | None:
    """As `told.sql`."""
    of = [row for row in rows if row["transition"] == transition]
    return max(of, key=lambda row: (row["n"], row["step"]), default=None)


def _counted(rows: Iterable[Mapping[str, Any]], transition: str, since: datetime) -> Counted:
    """As `counts.sql`."""
    return counted(
        {
            **row,
            "partition_date": date.fromisoformat(row["partition_date"]),
            "written_at": row["written_at"] and _moment(row["written_at"]),
            "observed_at": _when(row),
        }
        for row in sorted(rows, key=_when)
        if row["transition"] == transition and _when(row) > since
    )


def _claims(triggers: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    parts: dict[tuple[str, int], list[Mapping[str, Any]]] = defaultdict(list)
    for row in triggers:
        parts[row["partition_date"], row["n"]].append(row)
    return [
        {
            **rows[0],
            "claimed_at": min((row["claimed_at"] for row in rows), key=_moment),
            "outcome": min((row["outcome"] for row in rows), key=_OUTCOMES.index),
        }
        for rows in parts.values()
    ]


def became(
    rows: Mapping[str, list[dict[str, Any]]], transitions: Sequence[str], window: Interval, since: datetime
) -> Iterator[Row]:
    """As `backfill_dates.sql`."""

    def mine(row: Mapping[str, Any]) -> bool:
        return row["transition"] in transitions and date.fromisoformat(row["partition_date"]) in window

    verdicts = [row for row in rows["verdicts"] if mine(row)]
    latest = {(row["transition"], row["partition_date"]): row for row in _latest(verdicts)}
    healed: dict[tuple[str, str], str] = {}
    for row in sorted(verdicts, key=_when):
        if row["condition"] == "complete" and row["triggered_at"] and _moment(row["triggered_at"]) >= since:
            healed.setdefault((row["transition"], row["partition_date"]), row["observed_at"])
    claims: dict[tuple[str, str], list[Mapping[str, Any]]] = defaultdict(list)
    for row in rows["triggers"]:
        if mine(row) and _moment(row["claimed_at"]) >= since and row["outcome"] in {"published", "unknown"}:
            claims[row["transition"], row["partition_date"]].append(row)
    for key in sorted({*latest, *claims}):
        verdict, sent = latest.get(key, {}), sorted((row["claimed_at"] for row in claims[key]), key=_moment)
        yield {
            "transition": key[0],
            "partition_date": key[1],
            **{name: verdict.get(name) for name in ("condition", "action", "code", "sentence")},
            "healed_at": healed.get(key),
            "triggers": len({row["n"] for row in claims[key]}),
            "first_at": sent[0] if sent else None,
            "last_at": sent[-1] if sent else None,
        }


def _latest(rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Of each transition and date the newest row; of equals the one that was written last."""
    found = {(row["transition"], row["partition_date"]): row for row in sorted(rows, key=_when)}
    return list(found.values())


def _when(row: Mapping[str, Any]) -> datetime:
    return _moment(row["observed_at"])


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _beginning(raw: str | None, characters: int) -> dict[str, Any]:
    return {"raw": raw and raw[:characters], "bytes": None if raw is None else len(raw.encode())}
