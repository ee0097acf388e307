"""One running stack for each module of these tests: real processes, real clients, two emulators."""

from __future__ import annotations

import json
import time
import urllib.request
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest
import yaml
from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery

from gapheal.local.stack import Stack

HERE = Path(__file__).parent


class Small:
    """The small pipeline, running, with an empty table for each phase."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.bq = bigquery.Client(
            project=stack.project,
            credentials=AnonymousCredentials(),
            client_options={"api_endpoint": stack.bigquery_host},
        )
        dataset = bigquery.Dataset(f"{stack.project}.d")
        dataset.location = "us-west2"
        self.bq.create_dataset(dataset, retry=None, timeout=10)
        for phase in ("raw", "refined", "served"):
            self.run(f"CREATE TABLE d.{phase} (day DATE, game STRING) PARTITION BY day")

    def run(self, sql: str) -> list[bigquery.Row]:
        return list(self.bq.query(sql, retry=None, timeout=30).result(timeout=30))

    def fill(self, phase: str, days: list[date], games: int = 2) -> None:
        listed = ", ".join(f"DATE '{day}'" for day in days)
        self.run(
            f"INSERT INTO d.{phase} SELECT day, CAST(game AS STRING) "
            f"FROM UNNEST([{listed}]) AS day, UNNEST(GENERATE_ARRAY(1, {games})) AS game"
        )

    def days(self, phase: str) -> set[date]:
        return {row[0] for row in self.run(f"SELECT DISTINCT day FROM d.{phase}")}

    def log(self) -> list[dict]:
        with urllib.request.urlopen(self.stack.workers_url, timeout=10) as answer:  # noqa: S310 - our own worker
            return json.load(answer)


def event(**said: object) -> dict:
    """A completion event, as Pub/Sub pushes it."""
    import base64  # noqa: PLC0415

    data = base64.b64encode(json.dumps(said).encode()).decode()
    return {"message": {"data": data, "messageId": "1", "attributes": {}}, "subscription": "s"}


def eventually(what: Callable[[], bool], seconds: float = 300) -> bool:
    """Whether `what` comes true in time."""
    deadline = time.monotonic() + seconds
    while not what():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True


def span(first: date, number: int) -> list[date]:
    return [first + timedelta(days=index) for index in range(number)]


@pytest.fixture
def helpers():
    return {"event": event, "eventually": eventually, "span": span}


@pytest.fixture
def start(tmp_path):
    """Starts the small pipeline: `start(workers=True, copies=…, **policy)`."""
    stacks = []

    def start(*, workers: bool = True, **policy: object) -> Small:
        pipeline = yaml.safe_load((HERE / "pipeline.yaml").read_text())
        pipeline["defaults"]["policy"] |= policy
        path = tmp_path / "pipeline.yaml"
        path.write_text(yaml.safe_dump(pipeline))
        stack = Stack(path, workers=HERE / "worker.py" if workers else None, broker="embedded")
        stacks.append(stack.__enter__())
        return Small(stack)

    yield start
    for stack in reversed(stacks):
        stack.__exit__(None, None, None)
