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
    runtime = supervisor.run_dir / "runtime" / name
    runtime.mkdir(parents=True, exist_ok=True)
    return supervisor.start(
        name,
        [
            *(sys.executable, "-m", "functions_framework", "--target", "handle", "--source", source),
            *("--host", HOST, "--port", str(port)),
        ],
        address=url,
        # The framework itself answers this path (404): it tells that the module is loaded, and asks no BigQuery.
        ready=answers(f"{url}/robots.txt"),
        # gunicorn puts a control socket there, and else into the user's home, one for all.
        env={**env, "THREADS": str(THREADS), "XDG_RUNTIME_DIR": str(runtime)},
        mend=f"Mend what the log names; the function is {source}.",
    )
