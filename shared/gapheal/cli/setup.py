"""Commands that set up: validate, ledger, local, demo."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from rich.table import Table
from rich.text import Text

from gapheal import spec
from gapheal.cli import common
from gapheal.cli.common import DEFAULT_PIPELINE, SET_UP, JsonOption, PipelineOption
from gapheal.errors import ConfigError
from gapheal.model.pipeline import Pipeline

if TYPE_CHECKING:
    from gapheal.app.live import Live

Broker = Literal["auto", "official", "embedded"]
BrokerOption = Annotated[
    Broker, typer.Option("--broker", help="Pub/Sub: official is Google's emulator; auto takes it where it is found.")
]


def register(command: typer.Typer) -> None:
    """Add these commands to the panel `Set up`."""
    command.command(rich_help_panel=SET_UP)(validate)
    ledger = typer.Typer(no_args_is_help=True, help="The ledger's tables in BigQuery.")
    ledger.command("create")(create_ledger)
    command.add_typer(ledger, name="ledger", rich_help_panel=SET_UP)
    local = typer.Typer(no_args_is_help=True, help="The whole pipeline on this machine, without a cloud.")
    local.command("up")(up)
    command.add_typer(local, name="local", rich_help_panel=SET_UP)
    command.command(rich_help_panel=SET_UP)(demo)


def validate(
    resolved: Annotated[Path | None, typer.Option(help="Write the file with every default filled in.")] = None,
    schema: Annotated[bool, typer.Option("--schema", help="Print the JSON Schema of the file, for editors.")] = False,
    live: Annotated[bool, typer.Option("--live", help="Hold the file against its tables in BigQuery, too.")] = False,
    as_json: JsonOption = False,
    pipeline: PipelineOption = DEFAULT_PIPELINE,
) -> None:
    """Check the pipeline file: every fault at once, each with its line and the mend.

    With --live also its tables: where they are, how they are cut, what of them would stay unseen.

    Example: gapheal validate --live
    """
    if schema:
        common.print_json(spec.json_schema())
        return
    with common.told(as_json=as_json):
        found = spec.load(pipeline)
        if resolved:
            _write(resolved, found)
        world = _held_against_bigquery(found) if live else None
    # Seasons that are over are no matter, unless upstream goes on without them: its tables know.
    remarks = spec.remarks(found, None if live else datetime.now(found.zone).date())
    if as_json:
        common.print_json({"valid": True, "remarks": remarks, **(world.plain() if world else {})})
        return
    common.out.print(f"{pipeline} is valid", style="green", markup=False, soft_wrap=True)
    for remark in remarks:
        common.out.print(f"  {remark}", markup=False, soft_wrap=True)
    if world:
        common.out.print(_table_of(world))
        for warning in world.warnings:
            common.out.print(f"warning: {warning}", style="yellow", markup=False, soft_wrap=True)
    if resolved:
        common.out.print(f"wrote {resolved}", markup=False)


def create_ledger(as_json: JsonOption = False, pipeline: PipelineOption = DEFAULT_PIPELINE) -> None:
    """Create the ledger's dataset, tables and views, and the claims dataset; what is there stays.

    Example: gapheal ledger create
    """
    from gapheal.app import create_ledger as create  # noqa: PLC0415 - Google's clients are slow to import

    with common.told(as_json=as_json):
        created = create(spec.load(pipeline))
    if as_json:
        common.print_json({"ledger": created})
    else:
        common.out.print(f"the ledger {created} is there", markup=False)


def up(
    broker: BrokerOption = "auto",
    port: Annotated[int, typer.Option(min=0, max=65_500, help="The first of a row of ports; 0 takes free ones.")] = 0,
    tick: Annotated[
        float, typer.Option(min=0, help="Seconds between the scans that Cloud Scheduler would ask for; 0: none.")
    ] = 60,
    pipeline: Annotated[
        Path | None, typer.Option("--pipeline", "-p", help="A pipeline file; without one the NBA example runs.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Run everything on this machine until Ctrl-C: BigQuery and Pub/Sub emulators, functions, a scheduler.

    With --json one document, once all of it runs, says what listens where; what goes on is told on stderr.

    Example: gapheal local up --pipeline pipeline.yaml
    """
    with common.told(as_json=as_json):
        _needs_local()
        from gapheal.local.up import plain  # noqa: PLC0415 - an extra
        from gapheal.local.up import up as run  # noqa: PLC0415

        where = common.err if as_json else common.out
        run(
            pipeline,
            broker=broker,
            first_port=port,
            tick_seconds=tick,
            say=lambda line: where.print(line, markup=False, soft_wrap=True),
            ready=(lambda stack: common.print_json(plain(stack))) if as_json else None,
        )


def demo(
    plant: Annotated[int | None, typer.Option(help="A seed: other dates are broken as well, at random.")] = None,
    broker: BrokerOption = "auto",
    as_json: JsonOption = False,
) -> None:
    """Break a pipeline as the seasons of 2021 to 2024 broke one, and watch it heal; ends with what was measured.

    With --json that end is one document, and the story goes to stderr.

    Example: gapheal demo --plant 7
    """
    with common.told(as_json=as_json):
        _needs_local()
        from gapheal.local.demo import run  # noqa: PLC0415 - an extra

        raise typer.Exit(run(plant=plant, broker=broker, tell=common.print_json if as_json else None))


def _held_against_bigquery(pipeline: Pipeline) -> Live:
    from gapheal.app.live import live  # noqa: PLC0415 - Google's clients are slow to import

    return live(pipeline)


def _table_of(world: Live) -> Table:
    """One line for each table of the file."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in world.columns:
        table.add_column(name.replace("_", " "), overflow="fold")
    for row in world.plain()["tables"]:
        table.add_row(*(Text(row[name]) for name in world.columns))
    return table


def _write(path: Path, pipeline: Pipeline) -> None:
    try:
        path.write_text(json.dumps(spec.resolved(pipeline), indent=2) + "\n")
    except OSError as error:
        raise ConfigError(f"--resolved: expected a file that can be written, found {path}: {error.strerror}") from error


def _needs_local() -> None:
    try:
        import bqemulator  # noqa: F401, PLC0415 - only whether it is there
    except ModuleNotFoundError as missing:
        raise ConfigError(
            "the local stack needs gapheal's extra `local`: install it with that (in a clone, `make setup` does)"
        ) from missing
