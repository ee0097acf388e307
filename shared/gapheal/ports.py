"""What the loop needs of the world. Each port has a real adapter and a memory double in `gapheal.testing`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, Protocol

from gapheal.errors import ConfigError
from gapheal.intervals import Interval
from gapheal.model.findings import Finding
from gapheal.model.passes import Claim, Count, Counted, Delivery, Memory, Message, Observations, Scope
from gapheal.model.past import Back, Reach
from gapheal.model.pipeline import Trigger

Row = Mapping[str, Any]
"""One ledger row: column name to a JSON value (dates and timestamps in ISO 8601)."""


PUBLISH_SECONDS = 30
"""How long one call to a topic may take; a URL's own time is `trigger.http.timeout_seconds`."""

RETRY_LASTS = timedelta(days=7)
"""A person's `retry` is about what is wrong now, no standing order."""

HOLD = "hold"
"""The ledger's word of a rollback: the date is left alone until the next word."""


class Clock(Protocol):
    """Time, for the rough edges only: what a pass judges by is the query's own clock."""

    def now(self) -> datetime:
        """The present moment, UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds from an arbitrary start, never backwards."""
        ...


class Warehouse(Protocol):
    """Reads what exists."""

    def observe(self, transition: str, scope: Scope, counted: Counted | None = None) -> Observations:
        """Read every table that judging `transition` needs, in `scope`: rows, entities, last writes, by date.

        A date without rows is absent from its table's counts. Of the window, what was `counted` before may stand where
        it is known not to have changed since; single dates are always read.

        Raises:
            ConfigError: a table or column is absent or misplaced, or a table hides its rows: it is never "empty".
            Unavailable: BigQuery did not answer, or refused for now.
        """
        ...


class Ledger(Protocol):
    """Remembers passes, triggers, verdict changes, people's decisions and rejections."""

    def recall(self, transition: str, dates: frozenset[date] | None) -> Memory:
        """Entries of `dates` (None: all), and always those of open, leased and retried dates."""
        ...

    def record(self, pass_id: str, rows: Mapping[str, Sequence[Row]]) -> list[str]:
        """Append rows by table name; returns the errors instead of raising them (the claims hold)."""
        ...

    def reject(self, row: Row) -> None:
        """Keep an event that could not be used, or the word that one was replayed (its `raw` is None)."""
        ...

    def rejections(self, since: datetime, until: datetime, characters: int) -> Sequence[Row]:
        """What `reject` kept from `since` to `until`, newest first.

        Of each body (`raw`) its first `characters`; `bytes` is the length of what is kept of it.

        Raises:
            GaphealError: the ledger cannot be read.
        """
        ...

    def decide(self, rows: Sequence[Row]) -> None:
        """Keep a person's words.

        Raises:
            GaphealError: they could not be kept.
        """
        ...

    def keep_backfill(self, row: Row) -> None:
        """Keep a new state of a backfill.

        Raises:
            GaphealError: it could not be kept.
        """
        ...

    def backfills(self) -> Sequence[Row]:
        """What `keep_backfill` kept, oldest first.

        Raises:
            GaphealError: the ledger cannot be read.
        """
        ...

    def backfill_words(self, backfill_id: str) -> Sequence[Row]:
        """What a backfill decided: the last word it said of each (transition, partition_date), with `observed_at`.

        Raises:
            GaphealError: the ledger cannot be read.
        """
        ...

    def backfill_dates(self, transitions: Sequence[str], window: Interval, since: datetime) -> Sequence[Row]:
        """Every (transition, partition_date) of the window with a verdict or a delivered trigger since then.

        Its last verdict (`condition`, `action`, `code`, `sentence`; null: none), its `triggers` since then, the first
        and last of them (`first_at`, `last_at`), and when one of them was first seen healed (`healed_at`).

        Raises:
            GaphealError: the ledger cannot be read.
        """
        ...

    def heal_times(self, transitions: Sequence[str]) -> Sequence[Row]:
        """When dates were `triggered_at` and seen healed (`healed_at`): the last 200 of each transition.

        Raises:
            GaphealError: the ledger cannot be read.
        """
        ...

    def status(self, transition: str) -> Mapping[str, Any]:
        """What the ledger alone knows of a transition."""
        ...

    def told(self, transition: str | None) -> Row | None:
        """What people were last told of a transition (None: of the pipeline as a whole), as `Memory.told`.

        Raises:
            GaphealError: the ledger cannot be read.
        """
        ...

    def health(self) -> Sequence[Row]:
        """How each transition that was ever looked at is watched.

        When it was first looked at (`first_pass_at`), when a scan last went well (`last_scan_at`), what the newest scan
        failed of (`last_error`), when a sweep last went well (`last_sweep_at`); null: never.

        Raises:
            GaphealError: the ledger cannot be read.
        """
        ...

    def heals(self, since: datetime) -> Sequence[Row]:
        """Gaps that were triggered and seen healed since then, newest first: when seen, triggered, healed.

        Raises:
            GaphealError: the ledger cannot be read.
        """
        ...

    def board(self) -> Sequence[Row]:
        """The last verdict of each date of every transition, by transition and date.

        Raises:
            GaphealError: the ledger cannot be read.
        """
        ...

    def passes(self, since: datetime, most: int) -> Sequence[Row]:
        """The last passes since then, newest first, `most` of a transition.

        Raises:
            GaphealError: the ledger cannot be read.
        """
        ...

    def slo(self, since: datetime) -> Mapping[str, Any]:
        """How well the gaps seen since then were healed, and what looking cost: `figures`, and `days` (UTC).

        `figures`: the whole pipeline (transition null), then each transition. `gaps` were seen, apart from the
        `baseline_gaps` that a transition's first look found; `healed_1h` of the `due_1h` that are older than an hour,
        `healed_24h` and `alone_24h` (no person said a word) of the `due_24h`, and the shares of these (null: nothing
        due); seconds from arrival to first sight, and from there to rows; `open_now`; passes, queries, bytes billed.

        Raises:
            GaphealError: the ledger cannot be read.
        """
        ...


class Alerts(Protocol):
    """Tells people, on change only. Never raises: whatever breaks here hurts no healing."""

    def tell(
        self,
        transition: str | None,
        findings: Sequence[Finding],
        *,
        now: datetime,
        baseline: bool,
        pass_id: str,
        told: Row | None = None,
    ) -> list[str]:
        """Tell what has changed since people were last told, and try again what could not be delivered.

        `findings` are all that stand open: what was told before and is not among them is over. With a transition they
        are of the kinds that its passes know (`findings.OF_A_PASS`) and end no other; without one they are of all the
        other kinds, whatever transition they name. A pass that failed has seen nothing: where one of them is
        `failing`, the rest stays as it was.

        Args:
            transition: whose pass it was; None: the daily sweep of the whole pipeline.
            findings: what stands open now.
            now: the moment, UTC.
            baseline: the first look at something: it is told, and nobody is called.
            pass_id: of the pass, for the ledger.
            told: what `Ledger.told` would answer, where it was read already; None: it is read.

        Returns:
            What went wrong, in words, without a secret.
        """
        ...

    def announce(self, title: str, text: str, *, now: datetime, pass_id: str) -> list[str]:
        """Send a message as it is, once for each title, e.g. the digest of a day; returns as `tell`."""
        ...


class Silent:
    """Nobody is told anything."""

    def tell(self, transition: str | None, findings: Sequence[Finding], **about: Any) -> list[str]:  # noqa: ARG002
        """Nothing."""
        return []

    def announce(self, title: str, text: str, **about: Any) -> list[str]:  # noqa: ARG002
        """Nothing."""
        return []


class Past(Protocol):
    """Reads what tables held, and puts it back: for a person's rollback; no function has it.

    Of a transition its downstream tables, by the names that the file gives them.
    """

    def reach(self, transition: str) -> Mapping[str, Reach]:
        """How far back each table can be read, and whether its dates can be put back at all.

        Raises:
            ConfigError: a table is absent or misplaced.
            Unavailable: BigQuery did not answer.
        """
        ...

    def held(self, transition: str, moments: Mapping[date, datetime]) -> Mapping[str, Mapping[date, Count]]:
        """What each table held of each date at that date's moment; a date without rows has a count of 0.

        Raises:
            ConfigError: a table cannot be read as it was then.
            Unavailable: BigQuery did not answer.
        """
        ...

    def restore(self, transition: str, table: str, days: Sequence[Back]) -> None:
        """Put dates of one table back, all of them or none.

        Raises:
            ConfigError: it holds other rows by now than were seen, or history tells otherwise: nothing was changed.
            Unavailable: BigQuery did not answer; look before trying again.
        """
        ...


class Schedule(Protocol):
    """What asks for scans and sweeps."""

    def jobs(self) -> Sequence[Row]:
        """The pipeline's jobs: `transition` (`gap_detector`: its sweep of all), `kind`, `job`, `state`, `last_error`.

        Raises:
            GaphealError: they cannot be known from here.
        """
        ...


class Unasked:
    """Nobody knows what asks for scans."""

    def jobs(self) -> Sequence[Row]:
        """Nothing.

        Raises:
            ConfigError: always.
        """
        raise ConfigError("no schedule is known here")


class Claims(Protocol):
    """Atomic creation of a name: exactly one creator wins."""

    def acquire(self, transition: str, day: date, n: int, watermark: str) -> Claim:
        """Try to create the claim; a lost reply is resolved by reading the owner back.

        Raises:
            ConfigError: there is no place for claims.
            Unavailable: the service did not answer.
        """
        ...


class Publisher(Protocol):
    """Sends triggers."""

    def publish(self, trigger: Trigger, messages: Sequence[Message]) -> list[Delivery]:
        """Send all, wait for each; never raises for a message, its outcome says what is known."""
        ...

    def subscriptions(self, topic: str) -> int | None:
        """How many subscriptions listen to `topic`; None where we may not know.

        Raises:
            ConfigError: there is no such topic.
            Unavailable: the service did not answer.
        """
        ...
