"""A backfill by one command on the local stack: real processes, real clients, jobs that take their time."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from pathlib import Path
from statistics import mean

import yaml
from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery
from tests.backfill.season import alone
from tests.conftest import Endpoint
from tests.season.worker import PHASES

from gapheal.intervals import fold
from gapheal.local import wiring
from gapheal.local.stack import Stack

GAMES = 3
CALL = {"retry": None, "timeout": 120}
PIPELINE = {
    "version": 1,
    "pipeline": "season",
    "location": "us-west2",
    "timezone": "America/New_York",
    "defaults": {
        "date_column": "day",
        "entity_column": "game",
        # As shipped, but for the jobs' own pace.
        "policy": {"mode": "observe", "lease_minutes": 30, "max_in_flight": 10},
    },
    "phases": {name: {"tables": [f"d.{name}"], "completion_topic": f"{name}-complete"} for name in PHASES},
    "transitions": {f"{up}_to_{down}": {} for up, down in pairwise(PHASES)},
}


@dataclass(frozen=True)
class Outcome:
    """What one command came to."""

    said: str
    seconds: float
    log: list[dict]
    """What each job was asked, and what it found upstream."""
    events: list[dict]
    """Completion events."""
    rows: dict[str, Counter[str]]

    def least(self, days: list[date], at_once: int) -> float:
        """Seconds that the jobs alone need, each as long as they took on the average: their own critical path."""
        return alone(days, {phase: (at_once, mean(self._took(phase))) for phase in PHASES[1:]})

    def _took(self, phase: str) -> list[float]:
        return [entry["took"] for entry in self.log if entry["phase"] == phase]


def backfilled(folder: Path, days: list[date], seconds: float, at_once: int) -> Outcome:
    """One command over these dates, on a stack of its own, and what became of them."""
    with _stack(folder, seconds, at_once) as stack, Endpoint() as witness:
        client = bigquery.Client(
            project=stack.project,
            credentials=AnonymousCredentials(),
            client_options={"api_endpoint": stack.bigquery_host},
        )
        _fill(client, days)
        _listen(stack, witness)
        began = time.monotonic()
        said = _gapheal(stack, *_asked(days), "--max-in-flight", at_once, "--why", "history", "--yes")
        took = time.monotonic() - began
        with urllib.request.urlopen(stack.workers_url, timeout=30) as answer:  # noqa: S310 - our own worker
            log = json.load(answer)
        bodies = [json.loads(each.body)["message"]["data"] for each in witness.wait_for(len(PHASES) - 1)]
        rows = {phase: _rows(client, phase) for phase in PHASES}
        return Outcome(said, took, log, [json.loads(base64.b64decode(each)) for each in bodies], rows)


@contextmanager
def _stack(folder: Path, seconds: float, at_once: int) -> Iterator[Stack]:
    path = folder / "pipeline.yaml"
    path.write_text(yaml.safe_dump(PIPELINE))
    os.environ |= {"SEASON_SECONDS": str(seconds), "SEASON_AT_ONCE": str(at_once)}
    with Stack(path, workers=Path(__file__).parent / "worker.py", broker="embedded") as stack:
        yield stack


def _fill(client: bigquery.Client, days: list[date]) -> None:
    dataset = bigquery.Dataset(f"{client.project}.d")
    dataset.location = "us-west2"
    client.create_dataset(dataset, **CALL)
    for phase in PHASES:
        client.query(f"CREATE TABLE d.{phase} (day DATE, game STRING) PARTITION BY day", **CALL).result(timeout=60)
    listed = ", ".join(f"DATE '{day}'" for day in days)
    client.query(
        f"INSERT INTO d.raw SELECT day, CAST(game AS STRING) FROM UNNEST([{listed}]) AS day, "
        f"UNNEST(GENERATE_ARRAY(1, {GAMES})) AS game",
        **CALL,
    ).result(timeout=60)


def _listen(stack: Stack, witness: Endpoint) -> None:
    with wiring.clients(stack.pubsub_host) as clients:
        for phase in PHASES[1:]:
            request = {
                "name": f"projects/{stack.project}/subscriptions/witness-{phase}",
                "topic": wiring.topic_path(stack.project, f"{phase}-complete"),
                "push_config": {"push_endpoint": witness.url},
            }
            clients.subscriber.create_subscription(request=request, **CALL)


def _asked(days: list[date]) -> list[str]:
    """The dates as a person types them: one range, or the runs that have many days between them."""
    runs = fold(days)
    blocks = [[runs[0]]]
    for run in runs[1:]:
        near = (run.start - blocks[-1][-1].last).days < 60  # a summer is more
        blocks[-1].append(run) if near else blocks.append([run])
    ends = [(str(block[0].start), str(block[-1].last)) for block in blocks]
    if len(ends) == 1:
        return ["--start-date", ends[0][0], "--end-date", ends[0][1]]
    return ["--dates", ",".join(f"{first}..{last}" for first, last in ends)]


def _gapheal(stack: Stack, *words: object) -> str:
    command = [str(Path(sys.executable).with_name("gapheal")), "backfill", *map(str, words)]
    env = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/"), **stack.env()}
    done = subprocess.run(command, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def _rows(client: bigquery.Client, phase: str) -> Counter[str]:
    sql = f"SELECT day, COUNT(DISTINCT game) AS games FROM d.{phase} GROUP BY day"
    return Counter({str(row["day"]): row["games"] for row in client.query(sql, **CALL).result(timeout=60)})
