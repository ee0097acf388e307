"""What the ledger tells people, from rows in lists: `outlook`'s statements in Python."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from gapheal.ledger.outlook import LAST_30_DAYS, LAST_DAY, told
from gapheal.model.passes import GAPS
from gapheal.model.spread import percentile

Rows = Mapping[str, list[dict[str, Any]]]
_PASS = ("pass_id", "source", "mode", "observed_at", "gaps_found", "triggered", "duration_ms", "error")


def outlook(rows: Rows, latest: Sequence[Mapping[str, Any]], transition: str, now: datetime) -> Mapping[str, Any]:
    """As `gapheal.ledger.outlook`; `latest` are the transition's last verdicts, one a date."""
    passes = sorted((row for row in rows["passes"] if row["transition"] == transition), key=_when)
    last = {key: passes[-1].get(key) for key in _PASS} if passes else None
    if last:
        states = [row["breaker"] for row in passes if row.get("breaker")]
        last["breaker"] = states[-1] if states else None
    lately = [row for row in healed(rows, now - LAST_30_DAYS) if row["transition"] == transition]
    seconds = [row["seconds_to_heal"] for row in lately]
    healing = {
        "last_day": sum(_moment(row["healed_at"]) > now - LAST_DAY for row in lately),
        "last_30_days": len(lately),
        "p50_seconds": percentile(seconds, 0.5),
        "p95_seconds": percentile(seconds, 0.95),
    }
    dates = _counted(latest, ("condition", "action"))
    open_now = [row for row in latest if row["condition"] in GAPS]
    gaps = sorted(_counted(open_now, ("code", "condition", "action")), key=lambda row: -row["dates"])
    return told([{k: v for k, v in row.items() if k != "first_seen_at"} for row in dates], gaps, healing, last)


def healed(rows: Rows, since: datetime) -> list[dict[str, Any]]:
    """What healed since then, the newest first: of passes that saw the same heal the first one counts."""
    first: dict[tuple[str, str, str], dict[str, Any]] = {}
    for row in sorted(rows["verdicts"], key=_when):
        if row["condition"] == "complete" and row["triggered_at"]:
            first.setdefault((row["transition"], row["partition_date"], row["triggered_at"]), row)
    found = [
        {
            **{key: row[key] for key in ("transition", "partition_date", "first_seen_at", "triggered_at", "attempts")},
            "healed_at": row["observed_at"],
            "seconds_to_heal": int((_when(row) - _moment(row["first_seen_at"])).total_seconds()),
        }
        for row in first.values()
        if _when(row) >= since
    ]
    named = sorted(found, key=lambda row: (row["transition"], row["partition_date"]))
    return sorted(named, key=lambda row: _moment(row["healed_at"]), reverse=True)


def health(rows: Rows) -> list[dict[str, Any]]:
    """As `health.sql`."""
    by_transition: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for row in sorted(rows["passes"], key=_when):
        by_transition[row["transition"]].append(row)
    return [_watched(name, passes) for name, passes in sorted(by_transition.items())]


def _watched(transition: str, passes: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """`passes` oldest first."""

    def failed(row: Mapping[str, Any]) -> bool:
        return row["gaps_found"] is None and row["error"] is not None

    scans, sweeps = ([row for row in passes if row["source"] == source] for source in ("scan", "sweep"))
    good_scans, good_sweeps = ([row["observed_at"] for row in some if not failed(row)] for some in (scans, sweeps))
    return {
        "transition": transition,
        "first_pass_at": passes[0]["observed_at"],
        "last_scan_at": good_scans[-1] if good_scans else None,
        "last_error": scans[-1]["error"] if scans and failed(scans[-1]) else None,
        "last_sweep_at": good_sweeps[-1] if good_sweeps else None,
    }


def _counted(latest: Iterable[Mapping[str, Any]], keys: tuple[str, ...]) -> list[dict[str, Any]]:
    groups: dict[tuple[str, ...], list[Mapping[str, Any]]] = defaultdict(list)
    for row in latest:
        groups[tuple(str(row[key]) for key in keys)].append(row)
    return [
        {
            **dict(zip(keys, name, strict=True)),
            "dates": len(some),
            "oldest": min(row["partition_date"] for row in some),
            "newest": max(row["partition_date"] for row in some),
            "first_seen_at": min((row["first_seen_at"] for row in some if row["first_seen_at"]), default=None),
        }
        for name, some in sorted(groups.items())
    ]


def _when(row: Mapping[str, Any]) -> datetime:
    return _moment(row["observed_at"])


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
