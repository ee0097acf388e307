"""One way to BigQuery: explicit location, labels, limits and deadlines; every failure in gapheal's own words."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, NamedTuple, cast
from urllib.parse import urlsplit

from google.api_core import exceptions as google
from google.auth import exceptions as auth
from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery
from google.cloud.bigquery.retry import DEFAULT_RETRY
from requests import exceptions as http

from gapheal.errors import ConfigError, GaphealError, Unavailable, brief

if TYPE_CHECKING:
    from google.api_core.retry import Retry

RETRY: Retry = DEFAULT_RETRY.with_deadline(20)
"""Longer waits belong to the caller, who redelivers; the client's own default is ten minutes."""
CALL_SECONDS = 30
QUERY_SECONDS = 120
OWNER_LABEL = "gapheal_pipeline"
"""On every job, dataset and claim: whose it is."""
MAX_BYTES_BILLED = 100 * 2**30
"""A guard against a scan of a table that is not partitioned as its owner believes."""
TOO_MUCH = "bytesBilledLimitExceeded"
"""BigQuery's reason for stopping there."""

UNAVAILABLE = (
    google.ServerError,
    google.TooManyRequests,
    google.Forbidden,
    google.RetryError,
    auth.TransportError,
    auth.RefreshError,
    http.ConnectionError,
    http.Timeout,
    TimeoutError,
)

EMULATOR = "BIGQUERY_EMULATOR_HOST"

NO_CREDENTIALS = (
    "no Google credentials were found: run `gcloud auth application-default login`, "
    "or set BIGQUERY_EMULATOR_HOST and PUBSUB_EMULATOR_HOST to work against the local stack"
)


class Rows(NamedTuple):
    """What a query answered."""

    rows: list[Mapping[str, Any]]
    bytes_billed: int


Parameter = str | bool | int | date | datetime | Sequence[date]


@dataclass(frozen=True)
class Connection:
    """A client, and where and for whom it works."""

    client: bigquery.Client
    project: str
    location: str
    labels: Mapping[str, str]
    emulator: bool

    def query(
        self,
        sql: str,
        parameters: Mapping[str, Parameter],
        job_id: str | None = None,
        *,
        seconds: float = QUERY_SECONDS,
    ) -> Rows:
        """Run one statement and wait for it.

        Args:
            sql: values stand in it as `@name` only.
            parameters: a date, timestamp, text, number, or a list of dates, by name.
            job_id: a stable id makes a statement that changes data run once: after a lost reply the same
                call attaches to the job that exists.
            seconds: how long it may take.

        Raises:
            google.api_core.exceptions.GoogleAPICallError: and the other errors that `translated` knows.
        """
        config = self._config(parameters, maximum_bytes_billed=MAX_BYTES_BILLED)
        # Not query_and_wait: the emulator answers its failures with an empty result there.
        try:
            job = self.client.query(
                sql,
                job_config=config,
                job_id=job_id,
                # With one, the client would wrap our deadline in another of ten minutes.
                job_retry=None,
                retry=RETRY,
                timeout=CALL_SECONDS,
                location=self.location,
            )
        except google.Conflict:
            if job_id is None:
                raise
            job = cast(
                "bigquery.QueryJob",
                self.client.get_job(job_id, location=self.location, retry=RETRY, timeout=CALL_SECONDS),
            )
        rows = job.result(retry=RETRY, timeout=seconds)
        return Rows([dict(row.items()) for row in rows], job.total_bytes_billed or 0)

    def rehearse(self, sql: str, parameters: Mapping[str, Parameter]) -> int:
        """Have one statement checked without running it (a dry run, free); the bytes that it would read.

        Raises:
            google.api_core.exceptions.GoogleAPICallError: and the other errors that `translated` knows.
        """
        config = self._config(parameters, dry_run=True, use_query_cache=False)
        job = self.client.query(
            sql, job_config=config, job_retry=None, retry=RETRY, timeout=CALL_SECONDS, location=self.location
        )
        return job.total_bytes_processed or 0

    def _config(self, parameters: Mapping[str, Parameter], **more: Any) -> bigquery.QueryJobConfig:
        values = [_parameter(name, value) for name, value in parameters.items()]
        return bigquery.QueryJobConfig(query_parameters=values, labels=dict(self.labels), **more)


def connect(pipeline: str, project: str, location: str) -> Connection:
    """A connection for `pipeline`; under BIGQUERY_EMULATOR_HOST without looking for credentials.

    Raises:
        ConfigError: there are no credentials, or the emulator's address is none.
    """
    emulator = _emulated()
    credentials = AnonymousCredentials() if emulator else None  # type: ignore[no-untyped-call]  # google-auth has no types
    try:
        client = bigquery.Client(project=project, location=location, credentials=credentials)
    except auth.DefaultCredentialsError as error:
        raise ConfigError(NO_CREDENTIALS) from error
    return Connection(client, project, location, {OWNER_LABEL: pipeline}, emulator)


def _emulated() -> bool:
    """Whether an emulator stands in for BigQuery; Google's client takes any text for its address."""
    address = os.environ.get(EMULATOR)
    if address and not _is_address(address):
        raise ConfigError(f"{EMULATOR}: expected an address such as http://127.0.0.1:9050, found {address!a}")
    return bool(address)


def _is_address(text: str) -> bool:
    try:
        url = urlsplit(text)
        return url.scheme in {"http", "https"} and bool(url.hostname) and url.port != 0
    except ValueError:  # its port is none
        return False


@contextmanager
def translated(doing: str) -> Iterator[None]:
    """Turn the failures of Google's clients into `Unavailable` or `ConfigError`, saying what was being done."""
    try:
        yield
    except (*UNAVAILABLE, google.GoogleAPICallError) as error:
        raise _in_our_words(doing, error) from error


def _in_our_words(doing: str, error: Exception) -> GaphealError:
    if _reads_too_much(error):
        return ConfigError(
            f"{doing}: would read more than {MAX_BYTES_BILLED:,} bytes; is the table partitioned by its "
            f"date column? A smaller policy.scan_days reads less. {brief(error)}"
        )
    if isinstance(error, UNAVAILABLE):
        host = os.environ.get(EMULATOR)
        mend = f"; {EMULATOR} is {host}: is `gapheal local up` at work there?" if host else ""
        return Unavailable(f"{doing}: BigQuery did not answer, or refused for now: {brief(error)}{mend}")
    cannot = "BigQuery cannot run this: " if isinstance(error, google.BadRequest) else ""
    return ConfigError(f"{doing}: {cannot}{brief(error)}")


def _reads_too_much(error: Exception) -> bool:
    """The client does not know this reason, and calls it a fault of the server: asked again, it would be the same."""
    if not isinstance(error, google.GoogleAPICallError):
        return False
    return TOO_MUCH in str(error) or any(each.get("reason") == TOO_MUCH for each in error.errors)


def _parameter(name: str, value: Parameter) -> bigquery.ScalarQueryParameter | bigquery.ArrayQueryParameter:
    if isinstance(value, str):
        return bigquery.ScalarQueryParameter(name, "STRING", value)
    if isinstance(value, bool):
        return bigquery.ScalarQueryParameter(name, "BOOL", value)
    if isinstance(value, int):
        return bigquery.ScalarQueryParameter(name, "INT64", value)
    if isinstance(value, datetime):
        kind = "TIMESTAMP" if value.tzinfo else "DATETIME"
        return bigquery.ScalarQueryParameter(name, kind, value)
    if isinstance(value, date):
        return bigquery.ScalarQueryParameter(name, "DATE", value)
    return bigquery.ArrayQueryParameter(name, "DATE", list(value))
