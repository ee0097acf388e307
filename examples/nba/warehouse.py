"""BigQuery as the example uses it: scripts with constants in them."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any, NamedTuple

from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery
from google.cloud.bigquery.retry import DEFAULT_RETRY

LOCATION = "us-west2"
TIMEOUT = 60.0
RETRY = DEFAULT_RETRY.with_timeout(30.0)
"""The client's own goes on for ten minutes."""


class Span(NamedTuple):
    """All dates from the first to the last."""

    first: date
    last: date


Value = str | date | Span | Sequence[str] | Sequence[date]


class Warehouse:
    """BigQuery, or its emulator at `emulator` (an URL; by default `BIGQUERY_EMULATOR_HOST`, if that is set)."""

    def __init__(self, project: str, emulator: str | None = os.environ.get("BIGQUERY_EMULATOR_HOST")) -> None:
        self.project = project
        self.client = bigquery.Client(
            project=project,
            location=LOCATION,
            credentials=AnonymousCredentials() if emulator else None,  # type: ignore[no-untyped-call]
            client_options={"api_endpoint": emulator} if emulator else None,
        )

    def create_datasets(self, names: Iterable[str]) -> None:
        """Create what is not there yet, in the example's location."""
        for name in names:
            dataset = bigquery.Dataset(f"{self.project}.{name}")
            dataset.location = LOCATION
            self.client.create_dataset(dataset, exists_ok=True, retry=RETRY, timeout=TIMEOUT)

    def run(self, statement: str, **values: Value) -> list[dict[str, Any]]:
        """Run one statement or script and return its rows; `values` stand for the text's `@names`.

        They become constants, as the emulator binds no parameters inside a script.
        """
        job = self.client.query(bound(statement, **values), retry=RETRY, timeout=TIMEOUT, job_retry=None)
        return [dict(row) for row in job.result(retry=RETRY, timeout=TIMEOUT, job_retry=None)]


def bound(statement: str, **values: Value) -> str:
    """The statement with constants in the place of its `@names`."""
    for name, value in values.items():
        statement = statement.replace(f"@{name}", _literal(value))
    return statement


def insert(table: str, select: str) -> str:
    """A statement that adds to `table` what `select` yields."""
    return f"INSERT INTO {table}\n{select.rstrip()};\n"


def replace(table: str, select: str, where: str) -> str:
    """Statements that make `table` hold what `select` yields, wherever `where` holds; running them twice is once."""
    return f"DELETE FROM {table} WHERE {where};\n{insert(table, select)}"


def script(statements: str) -> str:
    """All of them in one script; outside of one, the emulator copies a table for each statement."""
    return f"BEGIN\n{statements}END;"


def transaction(statements: str) -> str:
    """All of them or none, and nobody sees half of them."""
    return f"BEGIN TRANSACTION;\n{statements}COMMIT TRANSACTION;"


def _literal(value: Value) -> str:
    match value:
        case date():
            return f"'{value}'"
        case Span():
            return f"SELECT day FROM UNNEST(GENERATE_DATE_ARRAY(DATE '{value.first}', DATE '{value.last}')) AS day"
        case str():
            return json.dumps(value)
        case _:
            return ", ".join(map(_literal, value))
