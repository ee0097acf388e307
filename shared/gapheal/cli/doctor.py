"""The command `doctor`: every piece of a deployment, how it stands, and the mend."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table
from rich.text import Text

from gapheal.cli import common
from gapheal.cli.common import DEFAULT_PIPELINE, SET_UP, Exit, JsonOption, PipelineOption
from gapheal.spec import load

if TYPE_CHECKING:
    from gapheal.doctor import Check, World
    from gapheal.doctor.canary import Canary

COLOURS = {"ok": "green", "warn": "yellow", "fail": "red", "unknown": "magenta", "skipped": "dim"}
LocationOption = Annotated[
    str | None, typer.Option("--location", help="The region of Scheduler's jobs; by default the pipeline's location.")
]
CanaryOption = Annotated[
    bool,
    typer.Option(
        "--canary", help="Also try it: dry-run every statement, make one claim and one scratch topic, delete both."
    ),
]


def register(command: typer.Typer) -> None:
    """Add this command to the panel `Set up`."""
    command.command(rich_help_panel=SET_UP)(doctor)


def doctor(
    canary: CanaryOption = False,
    location: LocationOption = None,
    as_json: JsonOption = False,
    pipeline: PipelineOption = DEFAULT_PIPELINE,
) -> None:
    """Look at every piece of a deployment, and tell what is wrong, what was expected, and the mend.

    Tables, ledger, topics and subscriptions, Scheduler's jobs, functions, the last scans and triggers, the file's
    numbers against what happened. Changes nothing; --canary creates one claim and one topic, and deletes them.
    Exit code 1 when something fails or could not be looked at, 3 when a service did not answer.

    Example: gapheal doctor --canary
    """
    with common.told(as_json=as_json):
        world = _opened(pipeline, location)
        found = _examined(world)
        tried = _canary(world) if canary else None
        if tried and not as_json:
            for line in tried.creates:
                common.out.print(f"canary: {line}", markup=False, soft_wrap=True)
        if tried:
            found += tried.run()
    if as_json:
        told = {"checks": [check.plain() for check in found], "summary": _summary(found)}
        common.print_json({**told, **({"creates": tried.creates} if tried else {})})
    else:
        _print(found)
    raise typer.Exit(_exit(found))


def _opened(path: Path, location: str | None) -> World:
    from gapheal.doctor import opened  # noqa: PLC0415 - Google's clients are slow to import

    return opened(load(path), location)


def _examined(world: World) -> list[Check]:
    from gapheal.doctor import examine  # noqa: PLC0415

    return list(examine(world))


def _canary(world: World) -> Canary:
    from gapheal.doctor.canary import Canary  # noqa: PLC0415

    return Canary(world)


def _exit(found: Iterable[Check]) -> Exit:
    """What could not be looked at is never ok."""
    states = [("unavailable" if check.unavailable else str(check.state)) for check in found]
    if "unavailable" in states:
        return Exit.UNAVAILABLE
    return Exit.REMAINS if {"fail", "unknown"} & {*states} else Exit.DONE


def _summary(found: Iterable[Check]) -> dict[str, int]:
    counted = Counter(str(check.state) for check in found)
    return {state: counted[state] for state in COLOURS}


def _print(found: Sequence[Check]) -> None:
    table = Table(box=None, pad_edge=False, show_header=False)
    for name in ("state", "about", "sentence"):
        table.add_column(name, overflow="fold")
    ordered = sorted(found, key=lambda check: _first(found, check.group))
    for group, checks in groupby(ordered, key=lambda check: check.group):
        table.add_row(Text(group, style="bold"))
        for check in checks:
            sentence = Text(check.sentence, style="dim" if check.state == "skipped" else "")
            if check.mend:
                sentence.append(f"\n→ {check.mend}", style="cyan")
            table.add_row(Text(f"  {check.state}", style=COLOURS[check.state]), Text(check.about), sentence)
    common.out.print(table)
    said = ", ".join(f"{number} {state}" for state, number in _summary(found).items() if number)
    common.out.print(f"\n{said}", markup=False)


def _first(found: Sequence[Check], group: str) -> int:
    """Where a group begins; its later checks join it there."""
    return next(place for place, check in enumerate(found) if check.group == group)
