"""A scan that finds nothing to do, against the bare BigQuery calls that it makes: what gapheal adds to them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery
from tests.benchmarks.clocks import side_by_side

from gapheal import app
from gapheal.bigquery import Connection
from gapheal.claims import BigQueryClaims
from gapheal.ledger import BigQueryLedger
from gapheal.local.stack import Stack
from gapheal.model.passes import Request, Source
from gapheal.testing import MemoryPublisher
from gapheal.warehouse import BigQueryWarehouse

TRANSITION = "phase5_to_phase6"
"""What phase 5 lacks nobody asks of phase 6, so nothing is open here."""


class Recording(bigquery.Client):
    """A client that remembers its queries."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.asked: list[Callable[[], object]] = []

    def query(self, query: str, **settings: Any) -> bigquery.QueryJob:
        """As always; `asked` asks the same again, under no stable id."""
        again = {**settings, "job_id": None, "job_retry": None}
        self.asked.append(lambda: list(super(Recording, self).query(query, **again).result(retry=None, timeout=60)))
        return super().query(query, **settings)


def measure(stack: Stack, rounds: int) -> str:
    """One line: both times, and their ratio."""
    pipeline = stack.pipeline
    client = Recording(
        project=stack.project,
        location=pipeline.location,
        credentials=AnonymousCredentials(),
        client_options={"api_endpoint": stack.bigquery_host},
    )
    to_emulator = Connection(client, stack.project, pipeline.location, {}, emulator=True)
    scan = partial(
        app.build(
            pipeline,
            warehouse=BigQueryWarehouse(pipeline, to_emulator),
            ledger=BigQueryLedger(pipeline, to_emulator),
            claims=BigQueryClaims(pipeline, to_emulator),
            publisher=MemoryPublisher(),
        ).run,
        TRANSITION,
        Request(Source.SCAN),
    )
    scan()  # the first one looks the tables up and has every verdict to write
    client.asked.clear()
    found = scan()
    calls = list(client.asked)
    if found["gaps_found"] or found["errors"]:
        raise AssertionError(f"expected a quiet scan, found {found}")
    ours, bare = side_by_side(rounds, scan, lambda: [call() for call in calls])
    return (
        f"a quiet scan of {sum(found['conditions'].values())} dates: {ours * 1000:.0f} ms, "
        f"its {len(calls)} BigQuery calls alone {bare * 1000:.0f} ms: {ours / bare:.2f} times as long"
    )
