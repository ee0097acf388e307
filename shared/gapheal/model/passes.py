"""What one pass sees, remembers, decides and writes down: plain values, no I/O."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Literal, NamedTuple

from gapheal.intervals import Interval

Outcome = Literal["published", "busy", "failed", "unknown"]


class Source(StrEnum):
    """Who asked for the pass."""

    EVENT = "event"
    SCAN = "scan"
    SWEEP = "sweep"
    BACKFILL = "backfill"


class Condition(StrEnum):
    """What the data alone says of a date; the first that fits."""

    EXCUSED = "excused"
    WAITING = "waiting"
    SETTLING = "settling"
    MISSING = "missing"
    PARTIAL = "partial"
    STALE = "stale"
    COMPLETE = "complete"

    __hash__ = str.__hash__  # as equality is; Enum's own is a slow one


GAPS = frozenset({Condition.MISSING, Condition.PARTIAL, Condition.STALE})
OPEN = GAPS | {Condition.WAITING, Condition.SETTLING}
"""Conditions that a later pass has to look at again, whatever its window."""


class Action(StrEnum):
    """What is done about a gap; the first that fits."""

    NONE = "none"
    LEASED = "leased"
    STALLED = "stalled"
    HELD = "held"
    DEFERRED = "deferred"
    WOULD_HEAL = "would_heal"
    HEAL = "heal"

    __hash__ = str.__hash__


class Count(NamedTuple):
    """What one table holds of one date."""

    rows: int = 0
    entities: int | None = None
    written_at: datetime | None = None
    """The last write of the date, UTC; None where nothing tells it."""


class Remembered(NamedTuple):
    """What was counted of one date of one table, and what its partitions' metadata said then."""

    held: Count
    """With no rows: there were none."""
    stamp: str
    """Another one, as soon as the metadata says anything else."""
    at: datetime
    """When it was counted, UTC."""


Counted = Mapping[str, Mapping[date, Remembered]]
"""What is remembered of tables, by a hash of all that their counts depend on."""


class TableKey(NamedTuple):
    """One table in its role: the same table may stand in two phases with different filters."""

    phase: str
    """The phase, or `<phase>.expected`."""
    table: str


class TableFacts(NamedTuple):
    """What is known of a table as a whole."""

    retention: timedelta | None = None
    """How long after the beginning (UTC) of a date its rows are kept; None: for ever."""
    buffered: bool = False
    """Whether rows are still in the streaming buffer: last writes tell nothing then."""
    unjudged: Mapping[str, int] = MappingProxyType({})
    """Rows that belong to no date, by where they are: `__NULL__`, `__UNPARTITIONED__`, `out of range`."""


class Scope(NamedTuple):
    """Which dates a pass looks at: a run of days, single days, or both."""

    window: Interval | None = None
    dates: frozenset[date] = frozenset()

    def __contains__(self, day: object) -> bool:
        return (self.window is not None and day in self.window) or day in self.dates


class Observations(NamedTuple):
    """What BigQuery held at `now` (UTC, the query's own clock). A date absent from a table has no rows."""

    now: datetime
    counts: Mapping[TableKey, Mapping[date, Count]]
    facts: Mapping[TableKey, TableFacts] = MappingProxyType({})
    """Of a table that is not named nothing special is known."""
    judged: Scope | None = None
    """What is to be judged, where more was seen: the dates before those; None: all that was seen."""
    queries: int = 1
    bytes_billed: int = 0
    learnt: Sequence[Mapping[str, Any]] = ()
    """What was counted and is worth remembering: rows of the ledger's table `counts`."""


class Attempt(NamedTuple):
    """One claim of a date and what became of its trigger."""

    n: int
    claimed_at: datetime
    outcome: Outcome
    watermark: str
    rows: int = 0
    """Downstream rows of the date when it was triggered."""
    entities: int | None = None
    """Downstream entities of the date when it was triggered."""
    message: str | None = None
    """The trigger id that it was sent with: several dates may share a message."""

    @property
    def delivered(self) -> bool:
        """Whether the trigger reached its target, or may have."""
        return self.outcome in {"published", "unknown"}


class Accepted(NamedTuple):
    """A person's word that a phase may stay as it is on a date, or is to be left alone there."""

    who: str
    why: str


class Entry(NamedTuple):
    """What the ledger remembers of one date of one transition."""

    n: int = 0
    """The highest claim number; it only ever grows."""
    attempts: tuple[Attempt, ...] = ()
    """Claims since the date was last seen complete, oldest first."""
    condition: Condition | None = None
    action: Action | None = None
    watermark: str | None = None
    code: str | None = None
    first_seen_at: datetime | None = None
    """When the open gap was first seen with its present watermark."""
    arrived_at: datetime | None = None
    """When its data arrived, as known then."""
    rows: int | None = None
    """Downstream rows then."""
    entities: int | None = None
    """Downstream entities then."""
    grew_at: datetime | None = None
    """When the downstream was last seen to grow since the date was triggered."""
    spec: str | None = None
    """`spec_hash` of the tables as they stood in the file when the verdict was given."""
    seen_whole: Mapping[str, tuple[str, str]] = MappingProxyType({})
    """By downstream table, from when it was last seen whole: upstream's watermark, and the table's own."""
    retried_at: datetime | None = None
    """When a person last said `retry`; None once the date was seen complete, or after seven days."""
    again_at: datetime | None = None
    """When a person asked for it to be made anew, though complete; None once that was done, or after seven days."""
    hold: Accepted | None = None
    """Whose word it is that nothing is triggered here: a rollback's, until the next word."""


class Heal(NamedTuple):
    """A date that was triggered and later seen complete."""

    triggered_at: datetime
    healed_at: datetime
    message: str | None = None
    """The trigger id that it was sent with."""


class Memory(NamedTuple):
    """What the ledger remembers of a transition: the dates asked about, and every open or leased one."""

    entries: Mapping[date, Entry] = MappingProxyType({})
    baseline: bool = False
    """True until a scan or sweep of this transition has been recorded."""
    healed_before: bool = False
    """Whether any trigger was ever followed by a complete date: slow start is over."""
    heals: tuple[Heal, ...] = ()
    """Those of the last lease time, and the last one that ever was."""
    accepted: Mapping[str, Mapping[date, Accepted]] = MappingProxyType({})
    """By phase, of the transition's own phases: dates that a person has accepted as they are."""
    stalled: Mapping[str, frozenset[date]] = MappingProxyType({})
    """By upstream phase: dates on which the transition that feeds it is stalled."""
    told: Mapping[str, Any] | None = None
    """What people were last told of the transition, as it was written down; None: nothing yet."""
    counted: Counted | None = None
    """What was counted lately (`recount: changed`); None: nobody asked."""
    queries: int = 1
    bytes_billed: int = 0


class Request(NamedTuple):
    """What a caller asked for, whichever door it came through."""

    source: Source
    dates: frozenset[date] = frozenset()
    """An event's own dates."""
    window: Interval | None = None
    """`start_date`/`end_date` of the request: nothing is triggered outside them."""
    asked: frozenset[date] | None = None
    """A backfill's: of the window these dates alone; None: all of it."""
    only: frozenset[Condition] = GAPS
    """A backfill's: which gaps may be triggered."""
    dry_run: bool = False
    note: str | None = None
    quiet: bool = False
    """The caller asked that nothing be triggered by this request; `note` says so in the report."""


class Reason(NamedTuple):
    """Why a verdict is what it is: counts and timestamps, never elapsed time."""

    code: str
    numbers: Mapping[str, Any]
    sentence: str


class Verdict(NamedTuple):
    """What one pass says of one date."""

    day: date
    condition: Condition
    action: Action
    reason: Reason
    watermark: str
    rows: int = 0
    """Downstream rows, all required tables together."""
    entities: int | None = None
    attempts: int = 0
    """Attempts used for the present watermark."""
    first_seen_at: datetime | None = None
    arrived_at: datetime | None = None
    triggered_at: datetime | None = None
    """Of a date seen complete after a trigger: when that trigger was claimed."""
    trigger_id: str | None = None
    """Of such a date: what that trigger was sent with."""
    grew_at: datetime | None = None
    """When the downstream was last seen to grow since the date was triggered, and is not complete yet."""
    spec: str = ""
    """`spec_hash` of the tables as they stand in the file."""
    seen_whole: Mapping[str, tuple[str, str]] = MappingProxyType({})
    """As in `Entry`, after this pass."""

    @property
    def is_gap(self) -> bool:
        """Missing, partial or stale."""
        return self.condition in GAPS


class Won(NamedTuple):
    """The claim is ours."""

    created_at: datetime


class Lost(NamedTuple):
    """Somebody else created the claim, at `created_at` by the server's clock."""

    created_at: datetime


class Limited(NamedTuple):
    """The claim could not be tried: a rate limit or a passing fault."""

    error: str


Claim = Won | Lost | Limited


class Message(NamedTuple):
    """One trigger to be sent: for a date, or a run of dates."""

    trigger_id: str
    days: tuple[date, ...]
    data: bytes
    attributes: Mapping[str, str]


class Delivery(NamedTuple):
    """What became of one message."""

    message: Message
    outcome: Outcome
    message_id: str | None = None
    error: str | None = None
    unreachable: bool = False
    """Surely not delivered, because the service itself could not be reached: the caller may redeliver at once."""
