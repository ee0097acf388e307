"""Claims: the atomic creation of an empty table is the lock; an existing name answers 409, to everyone but one."""

from __future__ import annotations

import time
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from threading import Lock
from uuid import uuid4

from google.api_core import exceptions as google
from google.cloud import bigquery

from gapheal.bigquery import CALL_SECONDS, OWNER_LABEL, RETRY, Connection, translated
from gapheal.errors import brief
from gapheal.model.passes import Claim, Limited, Lost, Won
from gapheal.model.pipeline import Pipeline

PER_SECOND = 10
"""BigQuery allows an account ten `tables.insert` a second."""
RATE_LIMITS = {"rateLimitExceeded", "quotaExceeded"}
KEPT = timedelta(days=7)


class BigQueryClaims:
    """The real claims, at most ten a second."""

    def __init__(self, pipeline: Pipeline, connection: Connection) -> None:
        self._pipeline = pipeline
        self._connection = connection
        self._dataset = f"{connection.project}.{pipeline.claims_dataset}"
        self._next = 0.0
        self._lock = Lock()

    def acquire(self, transition: str, day: date, n: int, watermark: str) -> Claim:
        """Try to create claim `n` of a date.

        A lost reply is retried by the client and answers 409 for our own claim: the owner label tells.

        Raises:
            ConfigError: the claims dataset is absent.
            Unavailable: BigQuery did not answer, or no longer allows it.
        """
        owner = uuid4().hex
        name = f"{self._dataset}.claim_{transition}_{day:%Y%m%d}_{n}"
        self._pace()
        with translated(f"claiming {transition}/{day}"):
            try:
                return Won(_created(self._create(name, transition, owner, watermark)))
            except google.Conflict:
                return self._read(name, owner)
            except (google.TooManyRequests, google.Forbidden) as error:
                if isinstance(error, google.Forbidden) and not RATE_LIMITS & {e.get("reason") for e in error.errors}:
                    raise
                return Limited(f"claiming {transition}/{day}: {brief(error)}")

    def _create(self, name: str, transition: str, owner: str, watermark: str) -> bigquery.Table:
        table = bigquery.Table(name)
        table.labels = {
            OWNER_LABEL: self._pipeline.pipeline,
            "owner": owner,
            "watermark": sha256(watermark.encode()).hexdigest()[:32],
        }
        known = self._pipeline.transitions.get(transition)  # alerts claim too, under names of their own
        lease = timedelta(minutes=known.policy.lease_minutes if known else 0)
        table.expires = datetime.now(UTC) + max(KEPT, 4 * lease)
        return self._connection.client.create_table(table, retry=RETRY, timeout=CALL_SECONDS)

    def _read(self, name: str, owner: str) -> Claim:
        found = self._connection.client.get_table(name, retry=RETRY, timeout=CALL_SECONDS)
        return Won(_created(found)) if found.labels.get("owner") == owner else Lost(_created(found))

    def _pace(self) -> None:
        if self._connection.emulator:
            return
        with self._lock:
            wait = self._next - time.monotonic()
            self._next = max(self._next, time.monotonic()) + 1 / PER_SECOND
        if wait > 0:
            time.sleep(wait)


def _created(table: bigquery.Table) -> datetime:
    created: datetime | None = table.created
    if created is None:
        raise AssertionError(f"BigQuery named no creation time of {table.full_table_id}")
    return created
