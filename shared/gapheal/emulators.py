"""Whether the environment names emulators on this machine instead of Google's services."""

from __future__ import annotations

import os

EMULATORS = ("BIGQUERY_EMULATOR_HOST", "PUBSUB_EMULATOR_HOST")
"""Where one of these is set, no credentials are looked for."""
SCHEDULER = "CLOUD_SCHEDULER_EMULATOR_HOST"


def emulated() -> bool:
    """Whether this is local work: nobody asks who calls."""
    return any(os.environ.get(name) for name in EMULATORS)


def scheduled() -> bool:
    """Whether there is a Cloud Scheduler to ask: beside an emulator only where one stands in for it."""
    return bool(os.environ.get(SCHEDULER)) or not emulated()
