"""The ledger in memory: the same rows in lists, recalled as `recall.sql` recalls them."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from gapheal.ledger.recall import memory
from gapheal.model.passes import OPEN, Memory
from gapheal.model.pipeline import Pipeline
from gapheal.ports import Row
from gapheal.testing.clock import FrozenClock

_VERDICT = ("condition", "action", "watermark", "code", "first_seen_at", "arrived_at")
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
        return memory(_Recollection(self, transition, dates).rows(), 0)

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

    def status(self, transition: str) -> Mapping[str, Any]:
        """Counts by condition and action as last judged, and the last pass."""
        if self.fails:
            raise self.fails
        states: dict[tuple[str, str], list[str]] = defaultdict(list)
        for day, row in _Recollection(self, transition, None).latest.items():
            states[row["condition"], row["action"]].append(str(day))
        dates = [
            {"condition": condition, "action": action, "dates": len(days), "oldest": min(days), "newest": max(days)}
            for (condition, action), days in sorted(states.items())
        ]
        passes = [row for row in self.rows["passes"] if row["transition"] == transition]
        return {"dates": dates, "last_pass": passes[-1] if passes else None}


class _Recollection:
    """`recall.sql` in Python, step by step under the same names."""

    def __init__(self, ledger: MemoryLedger, transition: str, dates: frozenset[date] | None) -> None:
        of = {name: [_typed(r) for r in rows if r["transition"] == transition] for name, rows in ledger.rows.items()}
        verdicts = sorted(of.get("verdicts", []), key=lambda row: row["observed_at"])
        self.scanned = any(
            row["source"] in {"scan", "sweep"} and row["gaps_found"] is not None for row in of.get("passes", [])
        )
        self.triggers = of.get("triggers", [])
        self.heals = [row for row in verdicts if row["triggered_at"]]
        self.latest = {row["partition_date"]: row for row in verdicts}
        self.completed = {
            row["partition_date"]: row["observed_at"] for row in verdicts if row["condition"] == "complete"
        }
        self.dates = dates
        lease = timedelta(minutes=ledger.pipeline.transitions[transition].policy.lease_minutes)
        self.heals_since = ledger.clock.now() - lease

    def rows(self) -> Iterable[Mapping[str, Any]]:
        for day in sorted(self._remembered()):
            claims = self._claims(day)
            highest = {"highest_n": max((claim["n"] for claim in claims), default=None)}
            verdict = {key: self.latest.get(day, {}).get(key) for key in _VERDICT}
            recent = [c for c in claims if day not in self.completed or c["claimed_at"] > self.completed[day]]
            for claim in recent or [{"n": None}]:
                yield {"kind": "date", "partition_date": day, **verdict, **highest, **claim}
        for row in self.heals:
            if row["observed_at"] > self.heals_since:
                yield {"kind": "heal", "claimed_at": row["triggered_at"], "healed_at": row["observed_at"]}
        yield {"kind": "healed_before", "flag": bool(self.heals)}
        yield {"kind": "scanned_before", "flag": self.scanned}

    def _remembered(self) -> set[date]:
        known = set(self.latest) | {row["partition_date"] for row in self.triggers}
        if self.dates is None:
            return known
        pending = {day for day, row in self.latest.items() if row["condition"] in OPEN}
        pending |= {
            row["partition_date"]
            for row in self.triggers
            if row["claimed_at"] > self.completed.get(row["partition_date"], datetime.min.replace(tzinfo=UTC))
        }
        return pending | (known & self.dates)

    def _claims(self, day: date) -> list[dict[str, Any]]:
        by_n: dict[int, list[dict[str, Any]]] = defaultdict(list)
        for row in self.triggers:
            if row["partition_date"] == day:
                by_n[row["n"]].append(row)
        return [
            {
                "n": n,
                "claimed_at": min(row["claimed_at"] for row in rows),
                "claim_watermark": rows[0]["watermark"],
                "downstream_rows": rows[0]["downstream_rows"],
                "downstream_entities": rows[0]["downstream_entities"],
                "outcome": min((row["outcome"] for row in rows), key=_OUTCOMES.index),
            }
            for n, rows in sorted(by_n.items())
        ]


def _typed(row: Mapping[str, Any]) -> dict[str, Any]:
    moments = {key: datetime.fromisoformat(row[key]) for key in row if key.endswith("_at") and row[key]}
    day = {"partition_date": date.fromisoformat(row["partition_date"])} if "partition_date" in row else {}
    return {**row, **moments, **day}
