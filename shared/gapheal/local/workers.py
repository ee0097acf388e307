"""The jobs of the phases on this machine: one script, that serves them all."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

from gapheal.local.ports import HOST, Ports
from gapheal.local.processes import Child, Supervisor


def start(supervisor: Supervisor, ports: Ports, script: Path, env: Mapping[str, str]) -> Child:
    """Start `script --port N`; `GET /` tells when it is ready."""
    port = ports.take("the example's workers")
    return supervisor.start(
        "workers",
        [sys.executable, script, "--port", str(port)],
        address=f"http://{HOST}:{port}",
        env=env,
        mend=f"Mend what the log names; the workers are {script}.",
    )
