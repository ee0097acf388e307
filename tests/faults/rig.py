"""Functions as real processes, with a proxy between their real clients and each emulator."""

from __future__ import annotations

import json
import os
import signal
from contextlib import ExitStack
from datetime import date
from pathlib import Path
from typing import Any, Self

import yaml
from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery
from tests.faults.proxy import Proxy

from gapheal import spec
from gapheal.local import functions, wiring
from gapheal.local.calls import Reply, call
from gapheal.local.ports import Ports
from gapheal.local.processes import Child, Supervisor
from gapheal.scaffold import write_function

FILE = Path(__file__).parents[1] / "e2e" / "pipeline.yaml"
NAME = "raw_to_refined"


class Rig:
    """The small pipeline in a project of its own; its tables are there and empty."""

    def __init__(self, folder: Path, supervisor: Supervisor, project: str, bigquery_url: str, broker: str) -> None:
        self.folder, self.project = folder, project
        self.bigquery_address, self.broker_address = bigquery_url, broker
        self.bigquery = Proxy(bigquery_url, http=True)
        self.broker = Proxy(broker, http=False)
        self._supervisor = supervisor
        self._children: list[Child] = []
        self.bq = bigquery.Client(
            project=project, credentials=AnonymousCredentials(), client_options={"api_endpoint": bigquery_url}
        )

    def __enter__(self) -> Self:
        with ExitStack() as undo:
            undo.enter_context(self.bigquery)
            undo.enter_context(self.broker)
            undo.callback(lambda: self._supervisor.stop(*self._children))
            self._undo = undo.pop_all()
        dataset = bigquery.Dataset(f"{self.project}.d")
        dataset.location = "us-west2"
        self.bq.create_dataset(dataset, retry=None, timeout=10)
        for phase in ("raw", "refined", "served"):
            self.run(f"CREATE TABLE d.{phase} (day DATE, game STRING) PARTITION BY day")
        self.write({})
        return self

    def __exit__(self, *_: object) -> None:
        self._undo.close()

    def write(self, policy: dict[str, Any]) -> None:
        """Write the pipeline file; processes that start later read it."""
        pipeline = yaml.safe_load(FILE.read_text())
        pipeline["defaults"]["policy"] |= policy
        (self.folder / "pipeline.yaml").write_text(yaml.safe_dump(pipeline))

    def wire(self, listener: str) -> None:
        """Create the topics; `listener` hears the triggers of the first transition."""
        pipeline = spec.load(self.folder / "pipeline.yaml")
        with wiring.clients(self.broker_address) as clients:
            wiring.wire(pipeline, self.project, clients, {})
            request = {
                "name": f"projects/{self.project}/subscriptions/listener",
                "topic": wiring.topic_path(self.project, pipeline.transitions[NAME].trigger.pubsub.topic),
                "push_config": {"push_endpoint": listener},
                "ack_deadline_seconds": 60,
            }
            clients.subscriber.create_subscription(request=request, retry=None, timeout=10)

    def start(self, count: int = 1, *, straight: bool = False, **policy: Any) -> list[Child]:
        """Start processes of the first function; `straight`: past the proxies."""
        if policy:
            self.write(policy)
        env = {
            "BIGQUERY_EMULATOR_HOST": self.bigquery_address if straight else self.bigquery.address,
            "PUBSUB_EMULATOR_HOST": self.broker_address if straight else self.broker.address,
            "GOOGLE_CLOUD_PROJECT": self.project,
            "GAPHEAL_PIPELINE": str(self.folder / "pipeline.yaml"),
        }
        source = write_function(self.folder / "functions", NAME)
        names = [f"{self.project}-{len(self._children) + number}" for number in range(count)]
        started = [functions.start(self._supervisor, Ports(), name, source, env) for name in names]
        self._children += started
        self._supervisor.wait_until_ready(*started)
        return started

    def kill(self, child: Child) -> None:
        """End it as a machine that dies does."""
        os.killpg(child.process.pid, signal.SIGKILL)
        child.process.wait()

    def post(self, child: Child, body: Any) -> Reply:
        return call("POST", child.address, json.dumps(body).encode(), {}, timeout=120)

    def scan(self, child: Child) -> dict[str, Any]:
        """The report of a scan that worked."""
        reply = self.post(child, {"scan_for_gaps": True})
        assert reply.status == 200, reply
        report: dict[str, Any] = json.loads(reply.body)
        return report

    def run(self, sql: str) -> list[Any]:
        """A statement past the proxy."""
        return list(self.bq.query(sql, retry=None, timeout=30).result(timeout=30))

    def fill(self, phase: str, days: list[date], games: int = 2) -> None:
        listed = ", ".join(f"DATE '{day}'" for day in days)
        self.run(
            f"BEGIN INSERT INTO d.{phase} SELECT day, CAST(game AS STRING) "
            f"FROM UNNEST([{listed}]) AS day, UNNEST(GENERATE_ARRAY(1, {games})) AS game; END"
        )

    def triggers(self) -> list[tuple[int, str]]:
        """What the ledger tells: number and outcome of each trigger, once."""
        rows = self.run("SELECT DISTINCT partition_date, n, outcome FROM gapheal_small.triggers ORDER BY 1, 2, 3")
        return [(row["n"], row["outcome"]) for row in rows]
