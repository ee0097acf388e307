"""gapheal in this process, wired as a function is, over a client that remembers what it was asked and what it got."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple
from unittest.mock import patch
from uuid import uuid4

from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery

from gapheal import app
from gapheal.bigquery import Connection
from gapheal.local import wiring
from gapheal.local.stack import Stack
from gapheal.model.passes import Delivery, Message
from gapheal.model.pipeline import Trigger
from gapheal.publisher import PubSubPublisher

CALL: dict[str, Any] = {"retry": None, "timeout": 60.0}


class Asked(NamedTuple):
    """One call of a pass."""

    kind: str
    """`read`, `insert`, `claim` or `publish`."""
    again: Callable[[], int]
    """Asks the same again, under no stable id; the rows that come back."""


class Recording(bigquery.Client):
    """A client that remembers what it was asked."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.asked: list[Asked] = []
        self.moved = 0
        """Bytes of all answers' bodies."""
        self._http.hooks["response"].append(self._count)

    def query(self, query: str, **settings: Any) -> bigquery.QueryJob:
        """As always."""
        again = {**settings, "job_id": None, "job_retry": None}
        raw = super().query
        kind = "insert" if query.startswith("INSERT") else "read"
        self.asked.append(Asked(kind, lambda: len(list(raw(query, **again).result(retry=None, timeout=60)))))
        return raw(query, **settings)

    def create_table(self, table: bigquery.Table, **settings: Any) -> bigquery.Table:
        """As always; again under another name."""
        raw = super().create_table

        def again() -> int:
            other = bigquery.Table(f"{table.project}.{table.dataset_id}.bench_{uuid4().hex}")
            raw(other, **settings)
            return 0

        self.asked.append(Asked("claim", again))
        return raw(table, **settings)

    def moves(self, work: Callable[[], object]) -> int:
        """How many bytes come back while `work` is done."""
        before = self.moved
        work()
        return self.moved - before

    def _count(self, answer: Any, **_: Any) -> None:
        self.moved += len(answer.content)


class Publisher(PubSubPublisher):
    """The real one, remembering what it sent."""

    def __init__(self, stack: Stack, client: Recording, raw: wiring.Clients) -> None:
        super().__init__(stack.project)
        self._asked = client.asked
        self._raw = raw

    def publish(self, trigger: Trigger, messages: list[Message]) -> list[Delivery]:
        """As always."""
        wire = [{"data": each.data, "attributes": dict(each.attributes)} for each in messages]
        topic = self._path(trigger.pubsub.topic)
        raw = self._raw.publisher.publish
        self._asked.append(Asked("publish", lambda: len(raw(topic=topic, messages=wire, **CALL).message_ids)))
        return super().publish(trigger, messages)


@contextmanager
def loop(stack: Stack) -> Iterator[tuple[app.App, Recording]]:
    """The application against the stack in this process, and the client that remembers."""
    pipeline = stack.pipeline
    client = Recording(
        project=stack.project,
        location=pipeline.location,
        credentials=AnonymousCredentials(),
        client_options={"api_endpoint": stack.bigquery_host},
    )
    to_emulator = Connection(client, stack.project, pipeline.location, {}, emulator=True)
    with (
        wiring.clients(stack.pubsub_host) as raw,
        patch.dict("os.environ", stack.env()),
        patch("gapheal.app.adapters.connect", lambda *_: to_emulator),
    ):
        yield app.build(pipeline, publisher=Publisher(stack, client, raw)), client
