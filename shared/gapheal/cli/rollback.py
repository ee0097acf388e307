"""The command `rollback`: dates of a backfill that failed their post-check go back to what they were."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.table import Table

from gapheal import backfill as backfills
from gapheal.app.history import past_of
from gapheal.backfill import Desk, Part, Rollback
from gapheal.cli import common
from gapheal.cli.backfill import IdArgument, WhoOption
from gapheal.cli.common import DEFAULT_PIPELINE, HEAL, Exit, JsonOption, PipelineOption
from gapheal.cli.decide import me
from gapheal.model.moments import second
from gapheal.model.passes import Count

DatesOption = Annotated[
    str | None,
    typer.Option("--dates", help="Of the dates that failed these alone; runs like 2024-04-16..2024-04-30, too."),
]
DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Show what would be done, and stop there.")]
YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
WhyOption = Annotated[str | None, typer.Option("--why", help="What others will read; by default, of which backfill.")]


def register(command: typer.Typer) -> None:
    """Add this command to the panel `Heal`."""
    command.command(rich_help_panel=HEAL)(rollback)


def rollback(
    id: IdArgument,  # noqa: A002 - the word that people type
    dates: DatesOption = None,
    dry_run: DryRunOption = False,
    yes: YesOption = False,
    who: WhoOption = None,
    why: WhyOption = None,
    as_json: JsonOption = False,
    pipeline: PipelineOption = DEFAULT_PIPELINE,
) -> None:
    """Put dates of a backfill that failed their post-check back to what they were when it first triggered them.

    First the rows of each table before, now and after, then a question, then one transaction a table, by BigQuery's
    time travel and with your own credentials. What somebody else has written since stays as it is, and is told. From
    then on no pass asks for these dates, until `gapheal retry` or a backfill does.

    Exit codes: 0 all is put back, 1 some dates are not, 2 usage, 3 a service is away.

    Example: gapheal rollback 20240701-3fa2 --dates 2024-04-16..2024-04-18
    """
    with common.told(as_json=as_json):
        app = common.opened(pipeline)
        found = Desk(app).find(id)
        who, why = backfills.texts(me() if who is None else who, f"backfill {id} failed" if why is None else why)
        only = backfills.dated(None, None, dates, app.today)[1] if dates is not None else None
        past = past_of(app.pipeline)
        found_now = backfills.planned(app, past, found, only)
        if not as_json:
            _show(found_now)
        done: list[Part] = []
        if found_now.parts and not dry_run:
            if not yes:
                common.confirm(
                    "Put these dates back?", as_json=as_json, shows="the rows", otherwise="nothing was written"
                )
            done = backfills.performed(app, past, found_now, who, why)
    if as_json:
        common.print_json({**found_now.plain(), "done": len(done)})
    elif done:
        number = len({(part.transition, part.day) for part in done})
        common.out.print(
            f"put back: {number} {'dates' if number > 1 else 'date'}; no pass asks for them until somebody says retry"
        )
    raise typer.Exit(Exit.REMAINS if found_now.refusals and not dry_run else Exit.DONE)


def _show(found: Rollback) -> None:
    if found.parts:
        common.out.print(_table(found))
    for each in found.refusals:
        line = f"{each.transition} {each.day} stays as it is: {each.why}"
        common.out.print(line, style="yellow", markup=False, soft_wrap=True)
    if not (found.parts or found.refusals):
        common.out.print(
            f"nothing to put back: no date of backfill {found.found.order.id} failed its post-check, or all are back"
        )


def _table(found: Rollback) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("step", "date", "table", "as of", "before", "now", "after"):
        table.add_column(title, justify="right" if title in {"before", "now", "after"} else "left", overflow="fold")
    for part in found.parts:
        rows = (_said(count) for count in (part.then, part.now, part.then))
        table.add_row(part.transition, str(part.day), part.table, second(part.at), *rows)
    return table


def _said(count: Count) -> str:
    return f"{count.rows}" if count.entities is None else f"{count.rows} ({count.entities})"
