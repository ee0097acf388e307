"""Everything that the page shows, read from the ledger at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from gapheal.app import App
from gapheal.dashboard.calendar import encoded
from gapheal.dashboard.standing import OPEN, Standing, commands, standing
from gapheal.model.spread import percentile
from gapheal.ports import Ledger, Row

TREND = timedelta(days=90)
LATELY = timedelta(days=30)
PASSES = 25
"""Of each transition."""

READS: Mapping[str, Callable[[Ledger, datetime], Any]] = {
    "board": lambda ledger, _: ledger.board(),
    "passes": lambda ledger, now: ledger.passes(now - LATELY, PASSES),
    "heals": lambda ledger, now: ledger.heals(now - TREND),
    "slo": lambda ledger, now: ledger.slo(now - TREND),
}
"""What the ledger is asked; `slo` is two statements."""


@dataclass(frozen=True, slots=True)
class Figures:
    """The state of one pipeline at one moment; what was not read is empty."""

    app: App
    now: datetime
    board: Sequence[Row]
    """Every date's last verdict, with its `standing`."""
    passes: Sequence[Row]
    heals: Sequence[Row]
    slo: Mapping[str, Any]
    next_scans: Mapping[str, str | None]

    @property
    def overview(self) -> list[dict[str, Any]]:
        """How each transition stands, in the file's order."""
        return [self._stands(name) for name in self.app.pipeline.transitions]

    @property
    def totals(self) -> dict[str, int]:
        """Verdicts of all transitions by standing."""
        found = Counter(row["standing"] for row in self.board)
        return {str(each): found[str(each)] for each in Standing}

    @property
    def dates(self) -> list[dict[str, Any]]:
        """Every date's last verdict."""
        return [dict(row) for row in self.board]

    @property
    def gaps(self) -> list[dict[str, Any]]:
        """Every open gap, and what else waits for a person."""
        return [row for row in self.dates if row["standing"] in OPEN]

    @property
    def calendar(self) -> dict[str, Any]:
        """What the page's script draws."""
        pipeline = self.app.pipeline
        return {
            **encoded(self.board, list(pipeline.transitions)),
            "transitions": [_named(self.app, name) for name in pipeline.transitions],
            "commands": {str(kind): commands(kind) for kind in Standing},
            "stuck_commands": commands(Standing.PERSON, stuck=True),
            "open_standings": sorted(OPEN),
            "now": self.now.isoformat(timespec="seconds"),
        }

    def _stands(self, name: str) -> dict[str, Any]:
        own = [row for row in self.board if row["transition"] == name]
        kinds = Counter(row["standing"] for row in own)
        looks = [row for row in self.passes if row["transition"] == name]
        seconds = [row["seconds_to_heal"] for row in self._lately(name)]
        since = min((row["first_seen_at"] for row in own if _is_open(row) and row["first_seen_at"]), default=None)
        return {
            **_named(self.app, name),
            "mode": self.app.pipeline.transitions[name].policy.mode,
            "dates": len(own),
            "first_date": own[0]["partition_date"] if own else None,
            "last_date": own[-1]["partition_date"] if own else None,
            "standings": {str(each): kinds[str(each)] for each in Standing},
            "open_gaps": sum(kinds[str(each)] for each in OPEN),
            "open_since": since,
            "breaker": next((row["breaker"] for row in looks if row["breaker"]), None),
            "last_pass": looks[0] if looks else None,
            "healed_30_days": len(seconds),
            "p50_seconds": percentile(seconds, 0.5),
            "p95_seconds": percentile(seconds, 0.95),
            "next_scan": self.next_scans.get(name),
        }

    def _lately(self, name: str) -> list[Row]:
        since = self.now - LATELY
        return [
            row for row in self.heals if row["transition"] == name and datetime.fromisoformat(row["healed_at"]) >= since
        ]

    def plain(self) -> dict[str, Any]:
        """All of it as JSON values."""
        return {
            "pipeline": self.app.pipeline.pipeline,
            "asked_at": self.now.isoformat(timespec="seconds"),
            "timezone": str(self.app.pipeline.zone),
            "totals": self.totals,
            "transitions": self.overview,
            "gaps": self.gaps,
            "slo": self.slo,
            "passes": list(self.passes),
        }


def gather(
    app: App, next_scans: Mapping[str, str | None] | None = None, reads: Collection[str] = tuple(READS)
) -> Figures:
    """Read the ledger, side by side: at most five statements.

    Args:
        app: whose pipeline.
        next_scans: when each transition is looked at next, where somebody knows.
        reads: of `READS` what is wanted.

    Raises:
        GaphealError: the ledger cannot be read.
    """
    now, ledger = app.loop.clock.now(), app.loop.ledger
    known = set(app.pipeline.transitions)
    with ThreadPoolExecutor(max_workers=len(READS)) as pool:
        asked = {name: pool.submit(READS[name], ledger, now) for name in reads}
        found = {name: answer.result() for name, answer in asked.items()}
    return Figures(
        app,
        now,
        [_standing(app, row) for row in found.get("board", ()) if row["transition"] in known],
        [row for row in found.get("passes", ()) if row["transition"] in known],
        found.get("heals", ()),
        found.get("slo", {}),
        next_scans or {},
    )


def _named(app: App, name: str) -> dict[str, Any]:
    """A transition by its phases' labels, which people know better than names."""
    step, phases = app.pipeline.transitions[name], app.pipeline.phases
    upstream = " + ".join(phases[phase].label or phase for phase in step.upstream)
    label = phases[step.downstream].label or step.downstream
    return {"transition": name, "upstream": upstream, "downstream": label, "phase": step.downstream}


def _standing(app: App, row: Row) -> Row:
    """The row, and how the date stands."""
    mode = app.pipeline.transitions[row["transition"]].policy.mode
    return {**row, "standing": str(standing(row["condition"], row["action"], row["code"] or "", mode))}


def _is_open(row: Row) -> bool:
    return row["standing"] in OPEN
