"""Commands that heal: scan and sweep."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable
from typing import Annotated, Any
from uuid import uuid4

import typer

from gapheal.app import App
from gapheal.app.sweeping import Sweep, digest, plain
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
from gapheal.model.findings import Finding
from gapheal.model.order import in_order
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
    with common.told(as_json=as_json):
        app = common.opened(pipeline)
        request = Request(Source.SCAN, window=common.window(start_date, end_date, app.today), dry_run=dry_run)
        names = common.chosen(app.pipeline, transition)
    each = Each(names, as_json=as_json)
    each.ask(lambda name: _shown(app, app.run(name, request), as_json=as_json))
    if as_json:
        common.print_json(each.answers)
    each.leave(app.pipeline)


def sweep(
    transition: TransitionsOption = None,
    dry_run: DryRunOption = False,
    as_json: JsonOption = False,
    pipeline: PipelineOption = DEFAULT_PIPELINE,
) -> None:
    """Look at the whole history, as the daily call does, whatever scan_days says; tell all that stands open.

    The digest at the end holds the healer's own health, too: silence, schedules, triggers that bring nothing, events
    that could not be used, seasons that are over, sources that have stopped. In JSON each report has its `findings`;
    those of the pipeline as a whole (`transition` null) stand with every one.

    Example: gapheal sweep --dry-run --json
    """
    with common.told(as_json=as_json):
        app = common.opened(pipeline)
        names = in_order(app.pipeline, common.chosen(app.pipeline, transition))
        swept = Sweep(app, names, dry_run=dry_run, seconds=math.inf, pass_id=uuid4().hex)
    each = Each(names, as_json=as_json)
    each.ask(lambda name: _shown(app, swept.ask(name), as_json=as_json))
    findings = swept.findings()
    if not dry_run and len(names) == len(app.pipeline.transitions):
        swept.tell(findings)
    if as_json:
        common.print_json([_with(report, findings) for report in each.answers])
    else:
        for line in ("", *digest(swept, findings, sys.maxsize)):
            common.out.print(line, markup=False, soft_wrap=True)
    each.leave(app.pipeline)


def _with(report: dict[str, Any], findings: Iterable[Finding]) -> dict[str, Any]:
    """A report, and what stands open of its transition and of the pipeline."""
    own = [plain(finding) for finding in findings if finding.transition in {None, report["transition"]}]
    return {**report, "findings": own}


def _shown(app: App, report: dict[str, Any], *, as_json: bool) -> dict[str, Any]:
    """The report of a pass, told in its lines where a person reads."""
    if report["triggered"] and (deaf := app.deaf(report["transition"])):
        report["note"] = deaf
    if not as_json:
        common.out.print(tables.headline(report), soft_wrap=True)
        for line in [*report["errors"], *tables.asides(report), *filter(None, [report.get("note")])]:
            common.out.print(f"  {line}", style="yellow", markup=False, soft_wrap=True)
    return report
