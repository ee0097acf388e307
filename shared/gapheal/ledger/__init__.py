"""The memory of gapheal: append-only tables in BigQuery, read back in one query a pass."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from threading import Lock
from time import monotonic
from typing import Any, NamedTuple

from google.api_core import exceptions as google

from gapheal.bigquery import Connection, Parameter, translated
from gapheal.errors import ConfigError, GaphealError, Unavailable, brief
from gapheal.intervals import Interval
from gapheal.ledger.counted import KEPT, counted
from gapheal.ledger.create import check_owner, create
from gapheal.ledger.outlook import outlook
from gapheal.ledger.recall import Question, facts, memory, told
from gapheal.ledger.schema import columns, sql
from gapheal.ledger.slo import slo
from gapheal.model.passes import Memory
from gapheal.model.pipeline import Pipeline
from gapheal.ports import Row

__all__ = ["Asked", "BigQueryLedger"]

BYTES_A_STATEMENT = 8_000_000
"""Of rows as they travel; BigQuery takes requests of ten million. A date of many tables has some thousands."""
CLOCKS_DIFFER = timedelta(days=1)
"""A row's own moment is its writer's; it is stored under BigQuery's."""
AWAY_SECONDS = 1.0
"""What was away for one is away for whoever asks right after: else each waits for it as long as the first did."""
ABSENT = ("Unrecognized name", "is not present in table")
"""What BigQuery says of a column that is not there."""


class Asked(NamedTuple):
    """What the ledger is asked for one pass, and by whom the answer is read."""

    question: Question
    sql: str


class BigQueryLedger:
    """The real ledger. Under the emulator it is created on first use; elsewhere Terraform or the command does."""

    def __init__(self, pipeline: Pipeline, connection: Connection) -> None:
        self._pipeline = pipeline
        self._connection = connection
        self._name = f"{connection.project}.{pipeline.ledger_dataset}"
        self._ready = False
        self._away, self._away_until = "", 0.0
        self._lock = Lock()

    def recall(self, transition: str, dates: frozenset[date] | None) -> Memory:
        """Entries of `dates` (None: all), and always those of open, leased and retried dates.

        Where all are asked for and the file says `recount: changed`, what was counted lately, too: a second job.

        Raises:
            ConfigError: there is no ledger, or it is another pipeline's.
            Unavailable: BigQuery did not answer.
        """
        question = Question(self._pipeline, transition, datetime.now(UTC), dates)
        rows, bytes_billed = self._read("recall", question.parameters)
        found = memory(question, facts(rows), bytes_billed)
        if dates is not None or self._pipeline.recount == "all":
            return found
        rows, also_billed = self._read("counts", {"transition": transition, "recorded_since": question.now - KEPT})
        return found._replace(counted=counted(rows), queries=2, bytes_billed=bytes_billed + also_billed)

    def asked(self, transition: str, dates: frozenset[date] | None) -> Asked:
        """What `recall` would ask, not yet asked.

        Raises:
            ConfigError: there is no ledger, or it is another pipeline's.
            Unavailable: BigQuery did not answer.
        """
        self._make_ready()
        question = Question(self._pipeline, transition, datetime.now(UTC), dates)
        return Asked(question, sql("recall", self._name))

    def record(self, pass_id: str, rows: Mapping[str, Sequence[Row]]) -> list[str]:
        """Append rows by table name, one INSERT a table; returns the errors (the claims hold without them)."""
        wanted = [(table, list(some)) for table, some in rows.items() if some]
        with ThreadPoolExecutor(max_workers=max(len(wanted), 1)) as pool:
            return [error for error in pool.map(lambda item: self._insert(pass_id, *item), wanted) if error]

    def reject(self, row: Row) -> None:
        """Keep an event that could not be used.

        Raises:
            GaphealError: it could not be kept; the caller must not acknowledge the event.
        """
        self._make_ready()
        with translated("keeping a rejected event"):
            self._append("rejections", [row], None)

    def rejections(self, since: datetime, until: datetime, characters: int) -> list[Row]:
        """Rejected events and their replays of a time, newest first; of each body its first `characters`.

        Raises:
            GaphealError: the ledger cannot be read.
        """
        moments: dict[str, Parameter] = {"since": since, "until": until, "recorded_since": since - CLOCKS_DIFFER}
        rows, _ = self._read("rejections", {**moments, "characters": characters})
        return [_plain(row) for row in rows]

    def decide(self, rows: Sequence[Row]) -> None:
        """Keep a person's words, in one statement: all of them or none.

        Raises:
            GaphealError: they could not be kept.
        """
        self._make_ready()
        with translated(f"writing {len(rows)} decisions to {self._name}.decisions"):
            self._append("decisions", rows, None)

    def keep_backfill(self, row: Row) -> None:
        """Keep a new state of a backfill.

        Raises:
            GaphealError: it could not be kept.
        """
        self._make_ready()
        with translated(f"writing the backfill {row['backfill_id']} to {self._name}.backfills"):
            self._append("backfills", [row], None)

    def backfills(self) -> list[Row]:
        """Every state of every backfill, oldest first.

        Raises:
            GaphealError: the ledger cannot be read.
        """
        rows, _ = self._read("backfills", {})
        return [json.loads(row["fact"]) for row in rows]

    def backfill_words(self, backfill_id: str) -> list[Row]:
        """The last word that a backfill said of each date.

        Raises:
            GaphealError: the ledger cannot be read.
        """
        rows, _ = self._read("backfill_words", {"backfill_id": backfill_id})
        return [_plain(row) for row in rows]

    def backfill_dates(self, transitions: Sequence[str], window: Interval, since: datetime) -> list[Row]:
        """What became of each date of the window since then.

        Raises:
            GaphealError: the ledger cannot be read.
        """
        names = ",".join(transitions)
        rows, _ = self._read(
            "backfill_dates", {"names": names, "first": window.start, "last": window.last, "since": since}
        )
        return [_plain(row) for row in rows]

    def heal_times(self, transitions: Sequence[str]) -> list[Row]:
        """When dates were triggered and seen healed, the last of each transition.

        Raises:
            GaphealError: the ledger cannot be read.
        """
        rows, _ = self._read("heal_times", {"names": ",".join(transitions)})
        return [_plain(row) for row in rows]

    def status(self, transition: str) -> Mapping[str, Any]:
        """Dates by verdict, open gaps by reason, what healed lately, the breaker, and the last pass.

        Raises:
            GaphealError: the ledger cannot be read.
        """
        return outlook(self._told, transition, datetime.now(UTC))

    def told(self, transition: str | None) -> Row | None:
        """What people were last told of a transition, or of the pipeline as a whole.

        Raises:
            GaphealError: the ledger cannot be read.
        """
        rows, _ = self._read("told", {"transition": transition or ""})
        return next((told(json.loads(row["fact"])) for row in rows), None)

    def health(self) -> list[Row]:
        """How each transition that was ever looked at is watched.

        Raises:
            GaphealError: the ledger cannot be read.
        """
        return self._told("health", {})

    def heals(self, since: datetime) -> list[Row]:
        """Gaps that were triggered and seen healed since then, newest first.

        Raises:
            GaphealError: the ledger cannot be read.
        """
        return self._told("healed", {"since": since})

    def board(self) -> list[Row]:
        """The last verdict of each date of every transition.

        Raises:
            GaphealError: the ledger cannot be read.
        """
        return self._told("board", {})

    def passes(self, since: datetime, most: int) -> list[Row]:
        """The last passes since then, newest first.

        Raises:
            GaphealError: the ledger cannot be read.
        """
        return self._told("passes", {"since": since, "recorded_since": since - CLOCKS_DIFFER, "most": most})

    def slo(self, since: datetime) -> Mapping[str, Any]:
        """How well the gaps seen since then were healed, and what looking cost, day by day.

        Raises:
            GaphealError: the ledger cannot be read.
        """
        return slo(self._told, since, datetime.now(UTC))

    def _told(self, name: str, parameters: Mapping[str, Parameter]) -> list[Row]:
        return [_plain(row) for row in self._read(name, parameters)[0]]

    def _read(self, name: str, parameters: Mapping[str, Parameter]) -> tuple[list[Mapping[str, Any]], int]:
        self._make_ready()
        with _asking(f"reading the ledger {self._name}"):
            answer = self._connection.query(sql(name, self._name), parameters)
        return answer.rows, answer.bytes_billed

    def _insert(self, pass_id: str, table: str, rows: list[Row]) -> str | None:
        try:
            self._make_ready()
            with _asking(f"writing {len(rows)} rows to {self._name}.{table}"):
                for start, some in _portions(rows):
                    self._append(table, some, f"gapheal-{pass_id}-{table}-{start}")
        except GaphealError as error:
            return str(error)
        return None

    def _append(self, table: str, rows: Sequence[Row], job_id: str | None) -> None:
        names = {name: kind for name, kind in columns(table).items() if name != "recorded_at"}
        values = ",\n  ".join(_value(name, kind) for name, kind in names.items())
        statement = (
            f"INSERT INTO `{self._name}.{table}` (recorded_at, {', '.join(names)})\n"
            f"SELECT CURRENT_TIMESTAMP(),\n  {values}\n"
            f"FROM UNNEST(JSON_QUERY_ARRAY(@rows)) AS r"
        )
        self._connection.query(statement, {"rows": json.dumps(list(rows))}, job_id)

    def _make_ready(self) -> None:
        with self._lock:
            if self._ready:
                return
            if monotonic() < self._away_until:
                raise Unavailable(self._away)
            try:
                self._find()
            except Unavailable as error:
                self._away, self._away_until = str(error), monotonic() + AWAY_SECONDS
                raise
            self._ready = True

    def _find(self) -> None:
        if self._connection.emulator:
            create(self._connection, self._pipeline)
        else:
            check_owner(self._connection, self._pipeline.pipeline, self._pipeline.ledger_dataset)


def _portions(rows: Sequence[Row]) -> Iterator[tuple[int, Sequence[Row]]]:
    """The rows in as few portions as requests may have, each with the place of its first row."""
    start, size = 0, 0
    for place, row in enumerate(rows):
        # Text inside of JSON: what is quoted in it is quoted once more.
        own = len(json.dumps(json.dumps(row)))
        if size + own > BYTES_A_STATEMENT and place > start:
            yield start, rows[start:place]
            start, size = place, 0
        size += own
    yield start, rows[start:]


@contextmanager
def _asking(doing: str) -> Iterator[None]:
    """As `translated`; of a table or a column that is absent it names the mend."""
    with translated(doing):
        try:
            yield
        except (google.NotFound, google.BadRequest) as error:
            if isinstance(error, google.NotFound) or any(absent in str(error) for absent in ABSENT):
                raise ConfigError(
                    f"{doing}: {brief(error)}; if an older release made this ledger, `gapheal ledger create` or the "
                    "Terraform module adds what is absent"
                ) from error
            raise


def _value(name: str, kind: str) -> str:
    if kind == "JSON":
        return f"PARSE_JSON(JSON_QUERY(r, '$.{name}'), wide_number_mode => 'round')"
    text = f"JSON_VALUE(r, '$.{name}')"
    return text if kind == "STRING" else f"CAST({text} AS {kind})"


def _plain(row: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value.isoformat() if isinstance(value, date) else value for key, value in row.items()}
