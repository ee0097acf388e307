"""The jobs of phases 3 to 6 and of the grading, behind one HTTP server.

    python workers.py --port 8090

They use the same environment as everything on this machine: GAPHEAL_PIPELINE (for the topics on which they announce
what is done), GOOGLE_CLOUD_PROJECT, BIGQUERY_EMULATOR_HOST and PUBSUB_EMULATOR_HOST.

`POST /<phase>` takes a trigger: pushed by Pub/Sub, or for phase 5, whose job is called by HTTP, as it is. The answer
comes at once, the work after it: a job that dies then leaves rows missing, and nothing else tells. `GET /log` says what
came and what was there, `GET /` answers when ready.
"""

from __future__ import annotations

import argparse
import base64
import logging
import os
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import yaml
from flask import Flask, Request, request
from flask.typing import ResponseReturnValue
from google.cloud.pubsub_v1 import PublisherClient
from werkzeug.serving import make_server

from coordinator import Coordinator
from jobs import QUIET, Announce, Job
from triggers import read
from warehouse import Warehouse
from world import PHASES, Phase

PUBLISH_SECONDS = 30.0
CALLED = "phase5"
"""The phase whose job is called by HTTP."""
PATIENT = 2.5
"""Seconds of quiet that a job waits for when it gets a message a date: they come one by one, each after a claim."""
BY_THE_MONTH = frozenset({"phase3", "grading"})
"""Those that get many dates in a message."""
HEADER = "gapheal-"
"""How the names of a caller's attributes begin."""


def app(jobs: Mapping[str, Job]) -> Flask:
    """The server's routes, a path per phase."""
    server = Flask(__name__)
    coordinator = Coordinator(jobs[CALLED]) if CALLED in jobs else None

    @server.get("/")
    def ready() -> ResponseReturnValue:
        return {"phases": list(jobs)}

    @server.get("/log")
    def log() -> ResponseReturnValue:
        return [entry.as_json() for job in jobs.values() for entry in list(job.log)]

    @server.post("/<phase>")
    def perform(phase: str) -> ResponseReturnValue:
        if phase not in jobs:
            return {"error": f"expected one of {', '.join(jobs)}; found {phase}"}, 404
        if coordinator and phase == CALLED:
            return _called(coordinator)
        return _pushed(jobs[phase])

    return server


def _called(coordinator: Coordinator) -> ResponseReturnValue:
    try:
        status, body = coordinator.start(request.get_data(), _attributes(request))
    except ValueError as fault:
        return {"error": str(fault)}, 400
    return dict(body), status


def _attributes(call: Request) -> dict[str, str]:
    return {
        name.lower().removeprefix(HEADER).replace("-", "_"): unquote(text)
        for name, text in call.headers.items()
        if name.lower().startswith(HEADER)
    }


def _pushed(job: Job) -> ResponseReturnValue:
    message = (request.get_json(force=True, silent=True) or {}).get("message") or {}
    try:
        data = base64.b64decode(message.get("data", ""))
        trigger = read(job.phase.name, data, message.get("attributes") or {})
    except ValueError as fault:
        # Acknowledged: a message that lacks something would only come back for ever.
        print(f"{job.phase.name}: rejected, {fault}", flush=True)
        return {"rejected": True, "error": str(fault)}
    job.take(trigger)
    return {"accepted": True}


def jobs_of(pipeline: Mapping[str, Any], project: str) -> dict[str, Job]:
    """A job for each phase of the example, announcing on the topics that the pipeline file names."""
    warehouse = Warehouse(project)
    publisher = PublisherClient()

    def announcer(phase: Phase) -> Announce:
        topic = publisher.topic_path(project, pipeline["phases"][phase.name]["completion_topic"])
        return lambda data: publisher.publish(topic, data).result(timeout=PUBLISH_SECONDS)

    return {
        phase.name: Job(phase, warehouse, announcer(phase), QUIET if phase.name in BY_THE_MONTH else PATIENT)
        for phase in PHASES.values()
    }


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
    jobs = jobs_of(pipeline, project)
    for job in jobs.values():
        threading.Thread(target=job.keep_working, daemon=True).start()
    make_server(arguments.host, arguments.port, app(jobs), threaded=True).serve_forever()


if __name__ == "__main__":
    main()
