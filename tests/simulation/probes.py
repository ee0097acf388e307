"""The breaker, from the ledger's rows alone: when it surely is open, and when the next probe is due."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta

from tests.simulation.oracle import Oracle
from tests.simulation.witness import Run, Witness

from gapheal.ledger.recall import Fact

HOUR = timedelta(hours=1)
RAREST = timedelta(days=1)


class Probes:
    """What a pass should have known of the breaker.

    It is open when `breaker_after` messages have failed since anything last grew, healed or was retried: their leases
    are over, and their dates have no more rows or entities than before. Then one message may go at a time: the first
    at once, the next ones 1 h, 2 h, 4 h … 24 h after the last. Where dates may wait or settle the law is silent.
    """

    def __init__(self, witness: Witness, oracle: Oracle) -> None:
        self._witness = witness
        self._oracle = oracle

    def refused(self, run: Run, triggers: Sequence[Fact], verdicts: Sequence[Fact], sent: int) -> str | None:
        """Why `run` should not have sent `sent` messages, or None."""
        policy, now = self._oracle.policy(run.transition), run.observed_at
        if policy.settle_minutes or policy.lookback_days or policy.depends_on_past or now is None:
            return None
        good = self._last_good(run, triggers, verdicts)
        if good == now:
            return None
        lease = timedelta(minutes=policy.lease_minutes)
        over = sorted(claimed + lease for claimed in self._failed(run, triggers, good) if claimed + lease <= now)
        if len(over) < policy.breaker_after:
            return None
        since = over[policy.breaker_after - 1]
        claims = {(row["partition_date"], row["n"]): _moment(row["claimed_at"]) for row in triggers}
        failed = {(row["partition_date"], row["n"]) for row in triggers if row["outcome"] == "failed"}
        probes = sorted(claimed for key, claimed in claims.items() if claimed > since and key not in failed)
        if sent > 1:
            return f"{sent} messages behind a breaker that is open since {since}"
        if not probes:
            return None
        due = probes[-1] + min(HOUR * 2 ** min(len(probes) - 1, 5), RAREST)
        return f"the next probe is due at {due}, {len(probes)} since {since}" if now < due else None

    def must_be_closed(self, run: Run, triggers: Iterable[Fact], verdicts: Iterable[Fact]) -> str | None:
        """Why the breaker cannot be open for this pass, or None where it may.

        Since the last heal or `retry` that the ledger tells of, too few messages can have failed: those whose leases,
        or what a heal has added to them, ended after it. A whole lease later nothing is sure.
        """
        name, now = run.transition, run.observed_at
        policy, recalled = self._oracle.policy(name), run.recalled_at
        lease = timedelta(minutes=policy.lease_minutes)
        complete = {
            row["partition_date"]: _moment(row["observed_at"]) for row in verdicts if row["condition"] == "complete"
        }
        moments = [
            said
            for (step, day), words in self._witness.retried.items()
            for said in words
            # A word ends when its date is complete.
            if step == name
            and recalled
            and said <= recalled
            and said > complete.get(str(day), datetime.min.replace(tzinfo=UTC))
        ]
        heals = [_moment(row["observed_at"]) for row in verdicts if row["triggered_at"]]
        moments += heals
        good = max(moments, default=None)
        if good is None or now is None or now >= good + lease:
            return None
        claims = {(row["partition_date"], row["n"]): _moment(row["claimed_at"]) for row in triggers}
        ends = ({claimed, *(heal for heal in heals if heal > claimed)} for claimed in claims.values())
        failed = sum(any(good < end + lease <= now for end in some) for some in ends)
        if failed >= policy.breaker_after:
            return None
        return f"something healed or was retried at {good}, and at most {failed} messages can have failed since"

    def _failed(self, run: Run, triggers: Iterable[Fact], good: datetime | None) -> Iterable[datetime]:
        """When each message that surely brought nothing was claimed."""
        messages = defaultdict(list)
        for row in triggers:
            if row["outcome"] in {"published", "unknown"}:
                messages[row["trigger_id"] or (row["partition_date"], row["n"])].append(row)
        seen: set[tuple[str, int]] = set()
        for rows in messages.values():
            key = rows[0]["partition_date"], rows[0]["n"]
            if key in seen:
                continue  # another part
            seen.add(key)
            claimed = max(_moment(row["claimed_at"]) for row in rows)
            if (good is None or claimed > good) and all(self._is_vain(run, row) for row in rows):
                yield claimed

    def _is_vain(self, run: Run, row: Fact) -> bool:
        day, tables = date.fromisoformat(row["partition_date"]), run.tables or {}
        rows, entities = self._witness.down(tables, run.transition, day)
        if rows > (row["downstream_rows"] or 0) or entities > (row["downstream_entities"] or 0):
            return False
        return self._oracle.why_not(run, day) is None and self._oracle.lacks(tables, run.transition, day) is not None

    def _last_good(self, run: Run, triggers: Iterable[Fact], verdicts: Iterable[Fact]) -> datetime | None:
        """The latest time at which anything may have been seen to grow; this pass's own time included."""
        name, tables, now = run.transition, run.tables or {}, run.observed_at
        moments = [said for (step, _), words in self._witness.retried.items() for said in words if step == name]
        latest: dict[str, Fact] = {}
        for row in verdicts:
            latest[row["partition_date"]] = row
            moments += [_moment(row["observed_at"])] if row["condition"] == "complete" else []
            moments += [_moment(row["grew_at"])] if row.get("grew_at") else []
        for row in triggers:
            day = date.fromisoformat(row["partition_date"])
            rows, entities = self._witness.down(tables, name, day)
            known = latest.get(row["partition_date"], {})
            more = rows > max(known.get("downstream_rows") or 0, row["downstream_rows"] or 0)
            more |= entities > max(known.get("downstream_entities") or 0, row["downstream_entities"] or 0)
            if now and (more or not self._oracle.lacks(tables, name, day)):
                moments.append(now)
        return max(moments, default=None)


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
