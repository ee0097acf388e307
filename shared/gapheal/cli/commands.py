"""The command tree."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Annotated, Any

import typer
from typer.core import TyperGroup
from typer.exceptions import TyperException

import gapheal
from gapheal.cli import (
    alerts,
    backfill,
    common,
    complete,
    dashboard,
    decide,
    doctor,
    heal,
    heals,
    init,
    look,
    rejections,
    rollback,
    schedule,
    setup,
    status,
)


class Root(TyperGroup):
    """The whole command. What cannot be typed so is told in JSON, too, to whoever asked for JSON."""

    def main(self, args: Sequence[str] | None = None, *rest: Any, **more: Any) -> Any:
        """Run it and end the process; typer tells of wrong words in a frame on stderr, which no machine reads."""
        if "--json" not in (sys.argv[1:] if args is None else args):
            return super().main(args, *rest, **more)
        try:
            code = super().main(args, *rest, **{**more, "standalone_mode": False})
        except TyperException as wrong:
            common.print_json({"error": wrong.format_message()})
            code = wrong.exit_code
        sys.exit(code)


command = typer.Typer(
    name="gapheal",
    cls=Root,
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    help="Keeps every phase of a BigQuery pipeline caught up with the phase before it.\n\n"
    "Exit codes: 0 done, 1 gaps or failures remain, 2 usage or configuration, 3 a service is unavailable.",
)
for panel in (
    *(status, look, heals, dashboard, heal, backfill, complete, rollback),
    *(decide, rejections, init, setup, doctor, schedule, alerts),
):
    panel.register(command)


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"gapheal {gapheal.__version__}")
        raise typer.Exit


@command.callback()
def _root(
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Say which.")] = False,
) -> None:
    del version
