"""What a shell offers after <TAB>: the names of the pipeline file. A file with faults offers nothing, and says nothing.

Ids of backfills are not offered: the ledger would have to be asked, which takes longer than anybody waits for a <TAB>.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

import typer

from gapheal.errors import GaphealError
from gapheal.model.pipeline import Pipeline
from gapheal.spec import load

FILE = "pipeline.yaml"


def transitions(context: typer.Context, incomplete: str) -> list[str]:
    """The transitions of the file."""
    return _beginning(incomplete, (name for found in _files(context) for name in found.transitions))


def phases(context: typer.Context, incomplete: str) -> list[str]:
    """The phases of the file."""
    return _beginning(incomplete, (name for found in _files(context) for name in found.phases))


def fed(context: typer.Context, incomplete: str) -> list[str]:
    """The phases that a transition feeds, one after the other with commas between."""
    before, comma, last = incomplete.rpartition(",")
    names = (step.downstream for found in _files(context) for step in found.transitions.values())
    free = (name for name in names if name not in before.split(","))
    return [f"{before}{comma}{name}" for name in _beginning(last, free)]


def decided(context: typer.Context, incomplete: str) -> list[str]:
    """What `accept` and `retry` may name: transitions, and phases that none feeds."""
    names = [
        name
        for found in _files(context)
        for name in (*found.transitions, *(phase for phase in found.phases if found.feeder(phase) is None))
    ]
    return _beginning(incomplete, names)


def _files(context: typer.Context) -> Iterator[Pipeline]:
    """The file that the command would read, if it can be read."""
    path = context.params.get("pipeline") or os.environ.get("GAPHEAL_PIPELINE") or FILE
    with suppress(GaphealError, OSError):
        yield load(Path(path))


def _beginning(incomplete: str, names: Iterable[str]) -> list[str]:
    return [name for name in names if name.startswith(incomplete)]
