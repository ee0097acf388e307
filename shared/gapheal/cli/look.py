"""Commands that look and change nothing: plan; the others have their own files."""

from __future__ import annotations

from typing import Any

import typer

from gapheal.cli import common, tables
from gapheal.cli.check import check
from gapheal.cli.common import (
    DEFAULT_PIPELINE,
    LOOK,
    EndOption,
    JsonOption,
    PipelineOption,
    StartOption,
    TransitionsOption,
)
from gapheal.cli.each import Each
from gapheal.cli.explain import explain
from gapheal.cli.graph import GraphCommand, GraphOption
from gapheal.cli.graph import show as show_graph


def register(command: typer.Typer) -> None:
    """Add these commands to the panel `Look`."""
    for function in (plan, check, explain):
        command.command(rich_help_panel=LOOK, cls=GraphCommand if function is plan else None)(function)


def plan(
    transition: TransitionsOption = None,
    start_date: StartOption = None,
    end_date: EndOption = None,
    graph: GraphOption = None,
    as_json: JsonOption = False,
    pipeline: PipelineOption = DEFAULT_PIPELINE,
) -> None:
    """Say what a scan would do now, and why, date by date. Nothing is sent or written.

    Exit code 1 when there are gaps.

    Example: gapheal plan --transition phase2_to_phase3 --start-date 2024-04-16
    """
    if graph:
        show_graph(pipeline, graph, as_json=as_json)
        return
    with common.told(as_json=as_json):
        app = common.opened(pipeline)
        window = common.window(start_date, end_date, app.today)
        names = common.chosen(app.pipeline, transition)

    def planned(name: str) -> dict[str, Any]:
        (report, groups), deaf = app.plan(name, window), app.deaf(name)
        if not as_json:
            common.out.print(tables.headline(report), soft_wrap=True)
            common.out.print(tables.plan_table(groups))
            for note in filter(None, [deaf, *tables.asides(report), _note(report)]):
                common.out.print(f"note: {note}", style="yellow", soft_wrap=True, markup=False)
            common.out.print()
        warnings = [*filter(None, [deaf]), *report.get("warnings", [])]
        return {**report, "verdicts": [group.plain() for group in groups], "warnings": warnings}

    each = Each(names, as_json=as_json)
    each.ask(planned)
    if as_json:
        common.print_json(each.answers)
    each.leave(app.pipeline)


def _note(report: dict[str, Any]) -> str | None:
    """What would change that a plan sends nothing; where it would send nothing anyway, the reasons tell."""
    if report["mode"] == "heal":
        return "`gapheal scan` sends what `would_heal`" if report["actions"]["would_heal"] else None
    return report.get("note") if report["gaps_found"] or report["mode"] == "paused" else None
