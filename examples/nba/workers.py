"""The jobs of phases 3 to 6 behind one HTTP server, where Pub/Sub pushes their triggers to.

    python workers.py --port 8090

They use the same environment as everything on this machine: GAPHEAL_PIPELINE (for the topics on which they announce
what is done), GOOGLE_CLOUD_PROJECT, BIGQUERY_EMULATOR_HOST and PUBSUB_EMULATOR_HOST.

`POST /phase3` to `/phase6` take triggers, `GET /log` tells what came and what was there, `GET /` answers when ready.
"""

from __future__ import annotations

import argparse
import base64
import logging
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import yaml
from flask import Flask, request
from flask.typing import ResponseReturnValue
from google.cloud.pubsub_v1 import PublisherClient
from werkzeug.serving import make_server

from jobs import Trigger, Worker
from world import PHASES, Phase, Warehouse

PUBLISH_SECONDS = 30.0


def app(workers: Mapping[str, Worker]) -> Flask:
    """The server's routes, a path per phase."""
    server = Flask(__name__)

    @server.get("/")
    def ready() -> ResponseReturnValue:
        return {"phases": list(workers)}

    @server.get("/log")
    def log() -> ResponseReturnValue:
        return [entry.as_json() for worker in workers.values() for entry in worker.log]

    @server.post("/<phase>")
    def perform(phase: str) -> ResponseReturnValue:
        if phase not in workers:
            return {"error": f"expected one of {', '.join(workers)}; found {phase}"}, 404
        message = (request.get_json(force=True, silent=True) or {}).get("message") or {}
        try:
            trigger = Trigger.read(base64.b64decode(message.get("data", "")), message.get("attributes") or {})
        except ValueError as fault:
            # Acknowledged: a message without dates would only come back for ever.
            print(f"{phase}: rejected, {fault}", flush=True)
            return {"rejected": True, "error": str(fault)}
        entry = workers[phase].perform(trigger)
        print(f"{phase}: {len(trigger.days)} dates from {trigger.days[0]} in {entry.seconds} s", flush=True)
        return entry.as_json()

    return server


def workers(pipeline: Mapping[str, Any], project: str) -> dict[str, Worker]:
    """A worker for each phase of the example, announcing on the topics that the pipeline file names."""
    warehouse = Warehouse(project)
    publisher = PublisherClient()

    def announcer(phase: Phase) -> Callable[[bytes], None]:
        topic = publisher.topic_path(project, pipeline["phases"][phase.name]["completion_topic"])
        return lambda data: publisher.publish(topic, data).result(timeout=PUBLISH_SECONDS)

    return {phase.name: Worker(phase, warehouse, announcer(phase)) for phase in PHASES.values()}


def main() -> None:
    """Serve until ended."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--pipeline", type=Path, default=os.environ.get("GAPHEAL_PIPELINE", "pipeline.yaml"))
    arguments = parser.parse_args()
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    pipeline = yaml.safe_load(arguments.pipeline.read_text())
    project = pipeline.get("project") or os.environ["GOOGLE_CLOUD_PROJECT"]
    make_server(arguments.host, arguments.port, app(workers(pipeline, project)), threaded=True).serve_forever()


if __name__ == "__main__":
    main()
