"""Pub/Sub on this machine: the official emulator where there is one, else the embedded broker."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Literal

from gapheal.errors import ConfigError
from gapheal.local.ports import HOST, Ports
from gapheal.local.processes import Child, Supervisor, answers, listening

Kind = Literal["auto", "official", "embedded"]

_PROGRAM = Path("platform") / "pubsub-emulator" / "bin" / "cloud-pubsub-emulator"


def start(supervisor: Supervisor, ports: Ports, kind: Kind = "auto") -> Child:
    """Start a broker; its address is what PUBSUB_EMULATOR_HOST wants. `auto`: the official one, if it is here.

    Raises:
        ConfigError: the official emulator was asked for and is not here.
    """
    official = None if kind == "embedded" else official_emulator()
    if kind == "official" and official is None:
        raise ConfigError(
            "the official Pub/Sub emulator was asked for, and gcloud with that component, or Java, was not found. "
            "Install both (`gcloud components install pubsub-emulator`, a Java runtime), or use the embedded broker."
        )
    port = ports.take("the Pub/Sub broker")
    address = f"{HOST}:{port}"
    if official:
        command: list[str | Path] = [official, f"--host={HOST}", f"--port={port}"]
        mend = "`--broker embedded` does without Java."
        return supervisor.start("pubsub", command, address=address, ready=answers(f"http://{address}/"), mend=mend)
    command = [sys.executable, "-m", "gapheal.local.broker", "--port", str(port)]
    return supervisor.start("pubsub", command, address=address, ready=listening(port))


def official_emulator() -> Path | None:
    """Its program, where gcloud brought it along and a Java to run it is there."""
    gcloud = shutil.which("gcloud")
    if gcloud is None or shutil.which("java") is None:
        return None
    near = Path(gcloud).resolve().parent.parent / _PROGRAM
    if near.exists():
        return near
    # Some packages put a small script in the path, away from the rest: it knows where that is.
    asked = subprocess.run(  # noqa: S603 - what the user runs as gcloud
        [gcloud, "info", "--format=value(installation.sdk_root)"], capture_output=True, text=True, check=False
    )
    told = Path(asked.stdout.strip()) / _PROGRAM
    return told if told.exists() else None
