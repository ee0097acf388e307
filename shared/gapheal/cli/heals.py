"""The command `heals`: which gaps were seen, triggered and healed, and how long that took."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any

import typer
from rich.table import Table

from gapheal.cli import common
from gapheal.cli.common import DEFAULT_PIPELINE, LOOK, JsonOption, PipelineOption, TransitionsOption
from gapheal.cli.slo import lately
from gapheal.model.moments import lasting, minute
from gapheal.model.spread import percentile

SinceOption = Annotated[str | None, typer.Option("--since", help="Nothing healed before this date; default: 30 days.")]


def register(command: typer.Typer) -> None:
    """Add this command to the panel `Look`."""
    command.command(rich_help_panel=LOOK)(heals)


def heals(
    since: SinceOption = None,
    transition: TransitionsOption = None,
    as_json: JsonOption = False,
    pipeline: PipelineOption = DEFAULT_PIPELINE,
) -> None:
    """List what healed, newest first: when the gap was seen, when its rows were, and how long that took.

    A heal counts when a pass sees the rows. At the end, how many, and the time of half and of 95 % of them.

    Example: gapheal heals --since 2024-06-01 --transition phase2_to_phase3
    """
    with common.told(as_json=as_json):
        app = common.opened(pipeline)
        names = common.chosen(app.pipeline, transition)
        begun = common.since(since, app, lately(app))
        found = [row for row in app.loop.ledger.heals(begun) if row["transition"] in names]
    took = {"heals": len(found)} | _took(found)
    if as_json:
        common.print_json({"heals": found, "summary": took})
        return
    if not found:
        common.out.print("nothing healed in that time")
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("transition", "date", "gap seen", "triggered", "rows seen", "took", "attempts"):
        table.add_column(title, justify="right" if title in {"took", "attempts"} else "left", overflow="fold")
    for row in found:
        moments = (minute(datetime.fromisoformat(row[name])) for name in ("first_seen_at", "triggered_at", "healed_at"))
        table.add_row(
            row["transition"], row["partition_date"], *moments, lasting(row["seconds_to_heal"]), _attempts(row)
        )
    common.out.print(table)
    half, most = lasting(took["p50_seconds"]), lasting(took["p95_seconds"])
    common.out.print(f"{len(found)} healed; half of them within {half}, 95 % within {most}")


def _attempts(row: Mapping[str, Any]) -> str:
    return str(row["attempts"] or "")


def _took(found: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    seconds = [row["seconds_to_heal"] for row in found]
    return {"p50_seconds": percentile(seconds, 0.5), "p95_seconds": percentile(seconds, 0.95)}
