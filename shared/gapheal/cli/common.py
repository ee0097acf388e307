"""What every command shares: its options, its output, and how an error becomes an exit code."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, time
from enum import IntEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.text import Text

from gapheal import app, events
from gapheal.cli import completing
from gapheal.errors import ConfigError, GaphealError, RequestError, Unavailable
from gapheal.intervals import Interval
from gapheal.model.pipeline import Pipeline
from gapheal.spec import load

LOOK, HEAL, DECIDE, SET_UP = "Look", "Heal", "Decide", "Set up"
"""Panels of the help."""


class Exit(IntEnum):
    """What a script reads."""

    DONE = 0
    REMAINS = 1
    USAGE = 2
    UNAVAILABLE = 3


INTERRUPTED = 130
"""What a shell calls Ctrl-C."""

PipelineOption = Annotated[
    Path, typer.Option("--pipeline", "-p", envvar="GAPHEAL_PIPELINE", help="The pipeline file, or its resolved form.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Answer in JSON, for machines.")]
TransitionsOption = Annotated[
    list[str] | None,
    typer.Option(
        "--transition", "-t", help="Only this transition; may be repeated.", autocompletion=completing.transitions
    ),
]
StartOption = Annotated[str | None, typer.Option("--start-date", help="Nothing before this date.")]
EndOption = Annotated[str | None, typer.Option("--end-date", help="Nothing after this date.")]
DEFAULT_PIPELINE = Path("pipeline.yaml")

WIDE = 200
"""Columns where nobody looks: a log or a pipe wraps nothing."""

out = Console(highlight=False, width=None if sys.stdout.isatty() else WIDE)
err = Console(stderr=True, highlight=False, width=None if sys.stderr.isatty() else WIDE)


@contextmanager
def told(*, as_json: bool) -> Iterator[None]:
    """Turn our errors into one readable message and the exit code that fits; a stack trace helps no user."""
    try:
        yield
    except GaphealError as error:
        if as_json:
            print_json({"error": str(error)})
        else:
            err.print(Text.assemble(("gapheal:", "red"), f" {error}"), soft_wrap=True)
        raise typer.Exit(exit_code(error)) from None


def exit_code(error: GaphealError) -> Exit:
    """What a script reads of an error."""
    return Exit.UNAVAILABLE if isinstance(error, Unavailable) else Exit.USAGE


def opened(path: Path) -> app.App:
    """The pipeline of the file, wired to the world that the environment names."""
    return app.build(load(path))


def chosen(pipeline: Pipeline, names: list[str] | None, where: str = "--transition") -> list[str]:
    """The transitions to act on, in the file's order: all, or those that were named."""
    for name in names or []:
        if name not in pipeline.transitions:
            raise ConfigError(f"{where}: expected one of {', '.join(pipeline.transitions)}, found {name}")
    return [name for name in pipeline.transitions if not names or name in names]


def window(start: str | None, end: str | None, today: date) -> Interval | None:
    """The dates that were asked for, by the rules that a scan request follows."""
    asked = {key: value for key, value in (("start_date", start), ("end_date", end)) if value is not None}
    body = json.dumps({"scan_for_gaps": True, **asked}).encode()
    return events.read(body, {}, date_keys=(), today=today).window


def day(text: str, today: date) -> date:
    """One date, by the same rules."""
    try:
        return events.day(text, today)
    except GaphealError as error:
        raise RequestError(str(error)) from None


def since(text: str | None, wired: app.App, otherwise: datetime) -> datetime:
    """The beginning of that day in the pipeline's time zone; without one, `otherwise`."""
    if text is None:
        return otherwise
    return datetime.combine(day(text, wired.today), time(), wired.pipeline.zone).astimezone(UTC)


def confirm(question: str, *, as_json: bool, shows: str, otherwise: str) -> None:
    """Ask before anything is done; who says no, or Ctrl-C, ends the command here.

    Args:
        question: yes goes on.
        as_json: a machine is not asked.
        shows: what --dry-run would.
        otherwise: what is told when nothing is done.

    Raises:
        RequestError: there is nobody to ask.
    """
    if as_json or not is_somebody_there():
        raise RequestError(f"expected --yes, found nobody to ask (no terminal or --json); --dry-run shows {shows}")
    try:
        goes_on, code = typer.confirm(question), int(Exit.DONE)
    except typer.Abort:
        out.print()
        goes_on, code = False, INTERRUPTED
    if not goes_on:
        out.print(otherwise)
        raise typer.Exit(code)


def is_somebody_there() -> bool:
    """Whether a question would be read."""
    return sys.stdin.isatty()


def print_json(value: Any) -> None:
    """For machines: one document, no colours."""
    typer.echo(json.dumps(value, indent=2, default=str))
