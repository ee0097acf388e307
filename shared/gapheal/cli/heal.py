"""Commands that heal: scan and sweep."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gapheal.cli import common, tables
from gapheal.cli.common import (
    DEFAULT_PIPELINE,
    HEAL,
    EndOption,
    Exit,
    JsonOption,
    PipelineOption,
    StartOption,
    TransitionsOption,
)
from gapheal.errors import GaphealError
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
    reports, failures = [], list[GaphealError]()
    for name in names:
        # One transition's fault stops no other.
        try:
            report = app.run(name, request)
        except GaphealError as error:
            failures.append(error)
            reports.append({"transition": name, "error": str(error)})
            if not as_json:
                common.err.print(f"[red]{name}:[/red]", end=" ")
                common.err.print(str(error), markup=False, soft_wrap=True)
            continue
        if report["triggered"] and (deaf := app.deaf(name)):
            report["note"] = deaf
        reports.append(report)
        if not as_json:
            common.out.print(tables.headline(report), soft_wrap=True)
            for line in [*report["errors"], *filter(None, [report.get("note")])]:
                common.out.print(f"  {line}", style="yellow", markup=False, soft_wrap=True)
    if as_json:
        common.print_json(reports)
    if failures:
        raise typer.Exit(max(common.exit_code(error) for error in failures))
    remains = any(report["gaps_found"] or report["errors"] for report in reports)
    raise typer.Exit(Exit.REMAINS if remains else Exit.DONE)
