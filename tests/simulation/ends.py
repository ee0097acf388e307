"""How a history may end: whole, or with a reason that is true."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

from tests.simulation.oracle import Oracle
from tests.simulation.witness import Tables, Witness

from gapheal.model.passes import Count
from gapheal.model.pipeline import Policy

RETRY_LASTS = timedelta(days=7)


class Ends:
    """Which dates are not at their end yet."""

    def __init__(self, witness: Witness, oracle: Oracle, rows: dict[str, list[dict[str, Any]]]) -> None:
        self._witness = witness
        self._oracle = oracle
        self._rows = rows

    def unsettled(self, name: str, tables: Tables, now: datetime) -> Iterator[str]:
        """Each date that is neither whole nor has a true reason not to be, in words."""
        latest = self.latest(name)
        step = self._oracle.step(name)
        days = {day for table in self._witness.pipeline.phases[step.upstream[0]].tables for day in tables[table.table]}
        for day in sorted(days):
            verdict = latest.get(day)
            if verdict is None:
                if self._is_looked_at(name, tables, day, now):
                    yield f"{name} {day} has no verdict"
            elif why := self._unsettled(name, tables, day, now, verdict):
                yield f"{name} {day} is {verdict['condition']}, {verdict['action']}, {verdict['code']}: {why}"

    def latest(self, name: str) -> dict[date, dict[str, Any]]:
        """The ledger's newest word of each date."""
        rows = [row for row in self._rows["verdicts"] if row["transition"] == name]
        rows.sort(key=lambda row: datetime.fromisoformat(row["observed_at"]))
        return {date.fromisoformat(row["partition_date"]): row for row in rows}

    def _is_looked_at(self, name: str, tables: Tables, day: date, now: datetime) -> bool:
        return self._oracle.has_upstream(tables, name, day)

    def _unsettled(  # noqa: PLR0911 - one answer for each way to end
        self, name: str, tables: Tables, day: date, now: datetime, verdict: dict[str, Any]
    ) -> str | None:
        policy, oracle = self._oracle.policy(name), self._oracle
        condition, action, code = verdict["condition"], verdict["action"], verdict["code"]
        if condition == "excused":
            return self._excused(name, tables, day, now, code)
        if condition == "complete":
            lacks = oracle.lacks(tables, name, day)
            return f"but {lacks}" if lacks else None
        if condition == "waiting":
            short = oracle.short(tables, oracle.step(name).upstream[0], day, name)
            if not short:
                behind = code.startswith(("past_open", "lookback"))
                return None if behind and self._before(name, day) else "but upstream is whole"
            return None if code.startswith("stuck") else "it does not say stuck yet"
        if condition == "settling":
            return "it has had its time"
        if action == "stalled":
            return self._stalled(name, tables, day, now, policy)
        if action == "held":
            return self._held(name, day, now, code, policy)
        if policy.mode == "observe" and action in {"would_heal", "deferred"}:
            return None
        return "it could be healed"

    def _before(self, name: str, day: date) -> bool:
        """Whether an earlier date waits for a person: the later ones wait with it."""
        feeders = [
            n for n, t in self._witness.pipeline.transitions.items() if t.downstream in self._oracle.step(name).upstream
        ]
        told = [row for n in (name, *feeders) for before, row in self.latest(n).items() if before < day]
        return any(row["action"] == "held" or str(row["code"]).startswith("stuck") for row in told)

    def _excused(self, name: str, tables: Tables, day: date, now: datetime, code: str) -> str | None:
        phase = self._oracle.step(name).downstream
        if self._oracle.in_file(name, day) or (phase, day) in self._witness.accepted:
            return None
        if not self._oracle.has_upstream(tables, name, day):
            return None
        return None if day > self._oracle.newest_due(name, now) else f"nothing excuses it ({code})"

    def _stalled(self, name: str, tables: Tables, day: date, now: datetime, policy: Policy) -> str | None:
        """Enough claims for this very data since the last word, or enough in vain in a day."""
        said = max(self._witness.retried[name, day], default=None)
        if said and now - said >= RETRY_LASTS and self._waited_for_a_probe(name, day, said):
            said = None
        known = [
            row
            for row in self._rows["triggers"]
            if row["transition"] == name and row["partition_date"] == str(day)
            if row["outcome"] in {"published", "unknown"}
        ]
        claimed = {row["n"]: datetime.fromisoformat(row["claimed_at"]) for row in known}
        marks = {row["n"]: _data(row["watermark"]) for row in known}
        upstream = self._oracle.step(name).upstream
        present = _present(self._witness, tables, upstream[0], day)
        since = [n for n, moment in claimed.items() if said is None or moment > said]
        same = [n for n in since if marks[n] == present]
        lately = [n for n in since if now - claimed[n] < timedelta(hours=24)]
        if len(same) >= policy.max_attempts or len(lately) >= policy.max_attempts:
            return None
        return f"only {len(same)} of {policy.max_attempts} triggers were for this data, {len(lately)} within a day"

    def _waited_for_a_probe(self, name: str, day: date, since: datetime) -> bool:
        """Whether the date's turn did not come while its `retry` lasted."""
        return any(
            row["action"] == "deferred" and datetime.fromisoformat(row["observed_at"]) > since
            for row in self._rows["verdicts"]
            if row["transition"] == name and row["partition_date"] == str(day)
        )

    def _held(self, name: str, day: date, now: datetime, code: str, policy: Policy) -> str | None:
        words = [word for word in self._witness.retried[name, day] if now - word < RETRY_LASTS]
        completed = [
            datetime.fromisoformat(row["observed_at"])
            for row in self._rows["verdicts"]
            if row["transition"] == name and row["partition_date"] == str(day) and row["condition"] == "complete"
        ]
        if words and not any(moment >= max(words) for moment in completed):
            return "a person said retry"
        if code == "too_old":
            limit = policy.max_age_days
            old = limit is not None and (now - self._oracle.midnight(day)).days > limit
            return None if old else f"it is not older than {limit} days"
        if code == "sudden_loss":
            return None if self._witness.lost_at else "nothing was lost"
        if code == "stale_reported":
            return None if policy.stale == "report" else "stale is not report"
        return f"unknown reason {code}"


def _data(watermark: str) -> list[str]:
    """Rows and entities of each table of the date itself, without times."""
    return [part.partition("@")[0] for part in watermark.partition("~")[0].split("+")]


def _present(witness: Witness, tables: Tables, phase: str, day: date) -> list[str]:
    counts = [tables[table.table].get(day, Count()) for table in witness.pipeline.phases[phase].tables]
    return [f"{count.rows}" + ("" if count.entities is None else f"/{count.entities}") for count in counts]
