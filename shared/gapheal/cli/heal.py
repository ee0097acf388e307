"""Commands that heal: scan and sweep."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from gapheal.cli import common, tables
from gapheal.cli.common import (
    DEFAULT_PIPELINE,
    HEAL,
    EndOption,
    JsonOption,
    PipelineOption,
    StartOption,
    TransitionsOption,
)
from gapheal.cli.each import Each
from gapheal.model.passes import Request, Source

DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Send and write nothing.")]


def register(command: typer.Typer) -> None:
    """Add these commands to the panel `Heal`."""
    for function in (scan, sweep):
        command.command(rich_help_panel=HEAL)(function)


def scan(
    transition: TransitionsOption = None,
    start_date: StartOption = None,
    end_date: EndOption = None,
    dry_run: DryRunOption = False,
    as_json: JsonOption = False,
    pipeline: PipelineOption = DEFAULT_PIPELINE,
) -> None:
    """Look for gaps, as the hourly call does, and trigger what can be healed.

    Exit code 1 while gaps or failures remain: a trigger counts only when its rows are seen.

    Example: gapheal scan --transition phase2_to_phase3 --dry-run
    """
    _pass(Source.SCAN, transition, start_date, end_date, dry_run=dry_run, as_json=as_json, path=pipeline)


def sweep(
    transition: TransitionsOption = None,
    dry_run: DryRunOption = False,
    as_json: JsonOption = False,
    pipeline: PipelineOption = DEFAULT_PIPELINE,
) -> None:
    """Look at the whole history, as the daily call does, whatever scan_days says.

    Example: gapheal sweep --dry-run --json
    """
    _pass(Source.SWEEP, transition, None, None, dry_run=dry_run, as_json=as_json, path=pipeline)


def _pass(
    source: Source,
    transitions: list[str] | None,
    start: str | None,
    end: str | None,
    *,
    dry_run: bool,
    as_json: bool,
    path: Path,
) -> None:
    with common.told(as_json=as_json):
        app = common.opened(path)
        request = Request(source, window=common.window(start, end, app.today), dry_run=dry_run)
        names = common.chosen(app.pipeline, transitions)

    def passed(name: str) -> dict[str, Any]:
        report = app.run(name, request)
        if report["triggered"] and (deaf := app.deaf(name)):
            report["note"] = deaf
        if not as_json:
            common.out.print(tables.headline(report), soft_wrap=True)
            for line in [*report["errors"], *tables.asides(report), *filter(None, [report.get("note")])]:
                common.out.print(f"  {line}", style="yellow", markup=False, soft_wrap=True)
        return report

    each = Each(names, as_json=as_json)
    each.ask(passed)
    if as_json:
        common.print_json(each.answers)
    each.leave(app.pipeline)
