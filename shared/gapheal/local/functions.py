"""The functions on this machine, each under functions-framework as in the cloud."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

from gapheal.local.ports import HOST, Ports
from gapheal.local.processes import Child, Supervisor, answers

THREADS = 16
"""Requests that one process serves at once: an instance's concurrency in the cloud."""


def start(supervisor: Supervisor, ports: Ports, name: str, source: Path, env: Mapping[str, str]) -> Child:
    """Start one process that serves `source`, a `main.py` with `handle`."""
    port = ports.take(f"the function {name}")
    url = f"http://{HOST}:{port}"
    return supervisor.start(
        name,
        [
            *(sys.executable, "-m", "functions_framework", "--target", "handle", "--source", source),
            *("--host", HOST, "--port", str(port)),
        ],
        address=url,
        # The framework itself answers this path (404): it tells that the module is loaded, and asks no BigQuery.
        ready=answers(f"{url}/robots.txt"),
        env={**env, "THREADS": str(THREADS)},
        mend=f"Mend what the log names; the function is {source}.",
    )
