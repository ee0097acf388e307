"""Events that could not be used: what is kept of them, and how one goes through the door again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from gapheal.errors import ConfigError, Rejected
from gapheal.events.rejections import KEPT
from gapheal.model.passes import Request
from gapheal.ports import Clock, Ledger, Row

SHOWN = 200
"""Characters of a body that are shown."""
ID_DIGITS = 12
FIRST = datetime(1990, 1, 1, tzinfo=UTC)
"""Nothing was kept before."""
AS_EVENT = {"x-goog-pubsub-message-id": "replayed"}
"""Of the headers nothing is kept. What was an event stays one, whatever its body says: it never becomes a scan."""

Read = Callable[[str, Mapping[str, str], bytes], Request]
"""What an event asks for, by transition, headers and body; raises `Rejected`."""
Run = Callable[[str, Request], dict[str, Any]]
"""One pass; its report."""


@dataclass(frozen=True, slots=True)
class Kept:
    """One rejected event, as the ledger keeps it."""

    id: str
    """The message's own; where it had none, a hash of what is known of it."""
    transition: str
    at: datetime
    error: str
    publish_time: str | None
    begins: str
    """Its first `SHOWN` characters."""
    cut: bool
    """As much is kept as is ever kept: its end may be missing."""
    replayed: str | None = None
    """When, and what came of it."""

    def plain(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            "id": self.id,
            "transition": self.transition,
            "rejected_at": self.at.isoformat(),
            "error": self.error,
            "publish_time": self.publish_time,
            "raw": self.begins,
            "cut": self.cut,
            "replayed": self.replayed,
        }


def kept(ledger: Ledger, since: datetime, until: datetime) -> list[Kept]:
    """Every event that was rejected in that time, newest first, and whether it was replayed.

    Raises:
        GaphealError: the ledger cannot be read.
    """
    replayed: dict[tuple[str, str], str] = {}
    found = []
    # Newest first: a replay counts for what was rejected before it, not for what came again after it.
    for row in ledger.rejections(since, until, SHOWN):
        if row["raw"] is None:
            replayed.setdefault((row["transition"], row["message_id"]), f"{row['observed_at'][:19]}Z: {row['error']}")
            continue
        one = _kept(row)
        found.append(replace(one, replayed=replayed.get((one.transition, one.id))))
    return found


def replay(one: Kept, ledger: Ledger, clock: Clock, read: Read, run: Run) -> dict[str, Any]:
    """Let one event through the door again; the report of its pass, or why it is rejected still.

    It is not kept twice. Once its pass has run it is no longer listed.

    Raises:
        GaphealError: the pass could not run, or the ledger could not be read or written; it stays listed.
    """
    about = {"id": one.id, "transition": one.transition}
    if one.cut:
        most = f"{KEPT // 1024} KiB"
        return {**about, "rejected": True, "error": f"its first {most} are all that was kept: let it be sent again"}
    body = _body(one, ledger)
    try:
        request = read(one.transition, AS_EVENT, body)
    except Rejected as wrong:
        return {**about, "rejected": True, "error": str(wrong)}
    report = run(one.transition, request)
    said = f"replayed: pass {report['pass_id']} found {report['gaps_found']} gaps, triggered {report['triggered']}"
    common = {"observed_at": clock.now().isoformat(), "transition": one.transition, "message_id": one.id}
    ledger.reject({**common, "raw": None, "error": said, "publish_time": None})
    return {**about, "rejected": False, "report": report}


def _kept(row: Row) -> Kept:
    at = datetime.fromisoformat(row["observed_at"])
    return Kept(
        id=row["message_id"] or _hash(row),
        transition=row["transition"],
        at=at,
        error=row["error"],
        publish_time=row["publish_time"],
        begins=row["raw"][:SHOWN],
        cut=row["bytes"] >= KEPT,
    )


def _hash(row: Row) -> str:
    return sha256(f"{row['transition']} {row['observed_at']} {row['error']}".encode()).hexdigest()[:ID_DIGITS]


def _body(one: Kept, ledger: Ledger) -> bytes:
    """What is kept of its body."""
    for row in ledger.rejections(one.at, one.at, KEPT):
        if row["raw"] is not None and _kept(row).id == one.id and row["transition"] == one.transition:
            raw: str = row["raw"]
            return raw.encode()
    raise ConfigError(f"rejection {one.id} of {one.transition} was listed, and is no longer in the ledger")
