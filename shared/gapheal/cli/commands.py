"""The command tree."""

from __future__ import annotations

from typing import Annotated

import typer

import gapheal
from gapheal.cli import (
    alerts,
    backfill,
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

command = typer.Typer(
    name="gapheal",
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
