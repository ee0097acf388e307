"""The command `init`: a first pipeline file, from the datasets themselves."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gapheal.cli import common
from gapheal.cli.common import SET_UP, JsonOption
from gapheal.errors import ConfigError
from gapheal.model.pipeline import DETECTOR
from gapheal.scaffold import write_function

if TYPE_CHECKING:
    from gapheal.app.draft import Draft

DatasetsOption = Annotated[
    list[str], typer.Option("--dataset", help="PHASE=DATASET, in the order of the pipeline; once for each.")
]
ProjectOption = Annotated[str | None, typer.Option("--project", help="By default GOOGLE_CLOUD_PROJECT.")]
NameOption = Annotated[str | None, typer.Option("--name", help="Of the pipeline; by default the project's.")]
ZoneOption = Annotated[str | None, typer.Option("--timezone", help='What "today" means: America/New_York.')]
OutOption = Annotated[
    Path, typer.Option("--out", "--pipeline", "-p", help="The file to write; one that is there is never touched.")
]
FunctionsOption = Annotated[Path, typer.Option("--functions", help="The folder of the functions.")]
DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Print the file, and write nothing.")]


def register(command: typer.Typer) -> None:
    """Add this command to the panel `Set up`."""
    command.command(rich_help_panel=SET_UP)(init)


def init(
    dataset: DatasetsOption,
    project: ProjectOption = None,
    name: NameOption = None,
    timezone: ZoneOption = None,
    out: OutOption = Path("pipeline.yaml"),
    functions: FunctionsOption = Path("functions"),
    dry_run: DryRunOption = False,
    as_json: JsonOption = False,
) -> None:
    """Look at your datasets and write a first pipeline file with comments, and a function for each transition.

    In mode observe: it says what it would do. With --dry-run or --json it is printed instead.

    Example: gapheal init --project my-project --dataset raw=nba_raw --dataset analytics=nba_analytics
    """
    prints = dry_run or as_json
    with common.told(as_json=as_json):
        if out.exists() and not prints:
            raise ConfigError(f"{out} is there already, and is never overwritten: name another with --out")
        found = _draft(dataset, project, name, timezone)
        written = [] if prints else _write(found, out, functions)
    if as_json:
        common.print_json(found.plain())
    elif dry_run:
        typer.echo(found.text, nl=False)
    else:
        for line in written:
            common.out.print(line, markup=False, soft_wrap=True)
        for table, why in found.left_out.items():
            common.out.print(f"left out {table}: {why}", style="yellow", markup=False, soft_wrap=True)
        again = "" if out == common.DEFAULT_PIPELINE else f" --pipeline {out}"
        common.out.print(f"next: read {out}, then `gapheal validate --live{again}`", markup=False, soft_wrap=True)


def _draft(datasets: list[str], project: str | None, name: str | None, timezone: str | None) -> Draft:
    from gapheal.app.draft import draft  # noqa: PLC0415 - Google's clients are slow to import

    where = project or os.environ.get("GOOGLE_CLOUD_PROJECT")
    if not where:
        raise ConfigError("no Google Cloud project: name it with --project, or set GOOGLE_CLOUD_PROJECT")
    pairs = [_pair(text) for text in datasets]
    called = name or re.sub(r"[^a-z0-9-]", "-", where.rpartition(":")[2].lower())[:40].rstrip("-")
    return draft(pairs, project=where, name=called, timezone=timezone, named=project is not None)


def _pair(text: str) -> tuple[str, str]:
    phase, _, dataset = text.partition("=")
    if not re.fullmatch(r"(?:[a-z0-9.:-]+\.)?\w+", dataset, re.ASCII):
        raise ConfigError(f"--dataset: expected PHASE=DATASET such as raw=nba_raw, found {text!a}")
    return phase, dataset


def _write(found: Draft, out: Path, functions: Path) -> list[str]:
    """Write what is not there; a line for each file."""
    told = []
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with out.open("x") as file:
            file.write(found.text)
        told.append(f"wrote {out}")
        for name in (*found.pipeline.transitions, DETECTOR):
            there = (functions / name / "main.py").exists()
            told.append(f"{'kept' if there else 'wrote'} {write_function(functions, name)}")
    except OSError as error:
        raise ConfigError(f"expected to write {error.filename}, found: {error.strerror}") from error
    return told
