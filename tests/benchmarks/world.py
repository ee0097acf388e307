"""The NBA example on this machine, with all its functions in mode heal and room for every event."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gapheal import spec
from gapheal.local.example import Example
from gapheal.local.stack import Stack

ROOM = 1000


@contextmanager
def running() -> Iterator[Stack]:
    """The stack, seeded; nobody listens to the triggers, so that a benchmark can."""
    example = Example.nba()
    with tempfile.TemporaryDirectory(prefix="gapheal-bench-") as folder:
        path = Path(folder) / "pipeline.json"
        path.write_text(json.dumps(_eager(example.pipeline)))
        with Stack(path, seed=example.seed) as stack:
            yield stack


def _eager(path: Path) -> dict[str, object]:
    data = spec.resolved(spec.load(path))
    for transition in data["transitions"].values():
        transition["policy"] |= {
            "mode": "heal",
            "max_in_flight": ROOM,
            "breaker_after": ROOM,
            "max_age_days": None,
            "batch_size": 1,
        }
    return data
