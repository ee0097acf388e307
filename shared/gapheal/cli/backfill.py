"""The command `backfill`: any range of dates through every phase; `list`, `show` and `cancel` beside it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import typer

from gapheal import backfill as backfills
from gapheal.backfill import Cancelled, Desk, Kept, Order, Plan, Run, Stopped, Wish, Work, lifted
from gapheal.cli import common, completing
from gapheal.cli.backfill_shown import plan_lines, result_lines, row_of
from gapheal.cli.common import DEFAULT_PIPELINE, HEAL, Exit, JsonOption, PipelineOption
from gapheal.cli.decide import me
from gapheal.cli.progress import Progress, watcher
from gapheal.cli.stopping import Stopping
from gapheal.errors import GaphealError, RequestError
from gapheal.model.moments import minute

NO_REASON = "no reason was given"
WISHED = ("start_date", "end_date", "dates", "phases", "only", "again", "newest_first", "max_in_flight", "gate", "why")
"""What a backfill keeps from its beginning to its end."""

Only = Literal["missing", "partial", "stale", "all"]
WhoOption = Annotated[
    str | None, typer.Option("--who", help="Who answers for it; by default the user of this machine.")
]
IdArgument = Annotated[str, typer.Argument(metavar="ID", help="As `gapheal backfill list` shows it.")]

group = typer.Typer(
    name="backfill",
    invoke_without_command=True,
    subcommand_metavar="[list|show|cancel]",
)


def register(command: typer.Typer) -> None:
    """Add this group to the panel `Heal`."""
    command.add_typer(group, rich_help_panel=HEAL)


@group.callback()
def backfill(
    context: typer.Context,
    start_date: Annotated[str | None, typer.Option("--start-date", help="The first date.")] = None,
    end_date: Annotated[str | None, typer.Option("--end-date", help="The last date, included.")] = None,
    dates: Annotated[
        str | None, typer.Option("--dates", help="Instead: dates, or runs like 2024-04-16..2024-04-30; commas between.")
    ] = None,
    phases: Annotated[
        str | None,
        typer.Option(
            "--phases",
            help="The phases to fill, e.g. 3,4,5,6; by default all that are not paused.",
            autocompletion=completing.fed,
        ),
    ] = None,
    only: Annotated[Only, typer.Option("--only", help="The kind of gap to heal.")] = "all",
    again: Annotated[
        bool, typer.Option("--again", help="Make complete dates anew, too: after a mend of the code.")
    ] = False,
    newest_first: Annotated[bool, typer.Option("--newest-first", help="Begin with the newest date.")] = False,
    max_in_flight: Annotated[
        int | None,
        typer.Option("--max-in-flight", min=1, help="Dates under way at once, instead of the file's number."),
    ] = None,
    gate: Annotated[
        str, typer.Option("--gate", help="What each phase must come to: strict, a share like 0.95, or report.")
    ] = "strict",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the plan and the gates, and stop there.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    who: WhoOption = None,
    why: Annotated[str, typer.Option("--why", help="What others will read.")] = NO_REASON,
    resume: Annotated[str | None, typer.Option("--resume", metavar="ID", help="Go on with this one.")] = None,
    as_json: JsonOption = False,
    pipeline: PipelineOption = DEFAULT_PIPELINE,
) -> None:
    """Bring any range of dates through every phase, and wait until the rows are seen.

    First the plan and what the gates say, then a question, then phase after phase by the same passes as ever. A date
    goes on to the next phase once its rows are whole; one that fails stops only what follows it. Ctrl-C leaves it:
    --resume, or the same command again, goes on, here or on another machine.

    Exit codes: 0 every date is done, 1 some are not or a gate says no, 2 usage, 3 a service is away, 130 interrupted.

    Example: gapheal backfill --start-date 2024-04-16 --end-date 2024-06-18 --phases 3,4,5,6 --why "playoffs"
    """
    if context.invoked_subcommand:
        return
    with common.told(as_json=as_json):
        desk = Desk(common.opened(pipeline))
        who, why = backfills.texts(me() if who is None else who, why)
        if resume:
            _must_be_alone(context)
            found: Kept | None = (kept := desk.find(resume))
            wish = kept.order.wish
        else:
            window, days = backfills.dated(start_date, end_date, dates, desk.app.today)
            steps = backfills.chosen(desk.app.pipeline, phases)
            wish = Wish(window, days, steps, only, again, newest_first, max_in_flight, backfills.gated(gate))
            found = desk.same(wish)
        order = _still_open(found)
        planned = desk.plan(wish, order)
        if not as_json:
            _show(planned, order)
        if planned.faults and wish.gate != "report":
            raise _left(as_json, Exit.REMAINS, id=order and order.id, plan=planned.plain())
        if dry_run or not (planned.dates or order):
            raise _left_at_that(planned, dry_run=dry_run, as_json=as_json)
        if not yes:
            question = "Go on with it?" if order else "Begin?"
            common.confirm(question, as_json=as_json, shows="the plan", otherwise="nothing was sent or written")
        order, planned = _taken_up(desk, planned, order, who, why)
        works = _run(desk, order, planned, who, as_json=as_json)
        report = desk.finish(order, works, who)
    if not as_json:
        for line in result_lines(order.id, report):
            common.out.print(line, soft_wrap=True)
    raise _left(
        as_json, Exit.DONE if report["passed"] else Exit.REMAINS, id=order.id, plan=planned.plain(), report=report
    )


@group.command("list")
def list_(as_json: JsonOption = False, pipeline: PipelineOption = DEFAULT_PIPELINE) -> None:
    """List the backfills, the newest first: whose they are, what they ask for, and how they stand.

    Example: gapheal backfill list
    """
    with common.told(as_json=as_json):
        found = list(reversed(backfills.every(common.opened(pipeline).loop.ledger)))
    if as_json:
        common.print_json([row_of(each) for each in found])
        return
    if not found:
        common.out.print("no backfill yet")
        return
    common.out.print(_table(found))


@group.command()
def show(
    id: IdArgument,  # noqa: A002 - the word that people type
    markdown: Annotated[bool, typer.Option("--markdown", help="As a page to hand over.")] = False,
    as_json: JsonOption = False,
    pipeline: PipelineOption = DEFAULT_PIPELINE,
) -> None:
    """Tell of one backfill: who, why, dates, times, what is healed, excused, in flight, and what failed and why.

    Example: gapheal backfill show 20240701-3fa2 --markdown
    """
    with common.told(as_json=as_json):
        desk = Desk(common.opened(pipeline))
        told = desk.told(desk.find(id))
    if as_json:
        common.print_json(told)
    elif markdown:
        typer.echo(backfills.markdown(told), nl=False)
    else:
        for line in backfills.markdown(told).splitlines():
            common.out.print(line, markup=False, soft_wrap=True)


@group.command()
def cancel(
    id: IdArgument,  # noqa: A002 - the word that people type
    who: WhoOption = None,
    as_json: JsonOption = False,
    pipeline: PipelineOption = DEFAULT_PIPELINE,
) -> None:
    """End a backfill now: what it has not triggered is free at once; what is still in flight is told.

    Example: gapheal backfill cancel 20240701-3fa2
    """
    with common.told(as_json=as_json):
        desk = Desk(common.opened(pipeline))
        answer = desk.cancel(desk.find(id), me() if who is None else who)
    if as_json:
        common.print_json(answer)
        return
    common.out.print(f"backfill {answer['id']} is cancelled: its dates are free", markup=False)
    for name, runs in answer["in_flight"].items():
        listed = ", ".join(run.replace("..", " .. ") for run in runs)
        common.out.print(f"  {name}: still in flight: {listed}", markup=False, soft_wrap=True)


def _must_be_alone(context: typer.Context) -> None:
    """With --resume nothing may be said that a backfill keeps: it would not be heard."""
    told = [name for name in WISHED if (source := context.get_parameter_source(name)) and source.name == "COMMANDLINE"]
    if told:
        listed = ", ".join(f"--{name.replace('_', '-')}" for name in told)
        raise RequestError(f"expected --resume alone: what is to be done is kept with it; found {listed}, too")


def _still_open(found: Kept | None) -> Order | None:
    if found:
        found.must_be_open()
    return found.order if found else None


def _left_at_that(planned: Plan, *, dry_run: bool, as_json: bool) -> typer.Exit:
    """A plan, and nothing that follows it."""
    short = any(step.short or step.elsewhere for step in planned.steps.values()) and planned.wish.share is not None
    if not planned.dates and not as_json:
        common.out.print("nothing to do")
    return _left(as_json, Exit.REMAINS if short and not dry_run else Exit.DONE, id=None, plan=planned.plain())


def _taken_up(desk: Desk, planned: Plan, order: Order | None, who: str, why: str) -> tuple[Order, Plan]:
    """The backfill, kept from now on, and what is left of it to do."""
    if order:
        desk.resume(desk.find(order.id), who)
        return order, planned
    order = desk.begin(planned, who, why)
    # Another may have begun at the same moment: the first of the two has the dates.
    return order, desk.plan(order.wish, order)


def _run(desk: Desk, order: Order, planned: Plan, who: str, *, as_json: bool) -> Mapping[str, Work]:
    """Work until every date has ended; what ends this process before says how to go on."""
    progress: Progress = watcher(planned, shown=not as_json)
    with Stopping() as stopping, progress:
        run = Run(
            lifted(desk.app, order.wish),
            order,
            planned,
            sleep=stopping.wait,
            watch=progress.saw,
            is_over=stopping.is_wanted,
        )
        try:
            return run.go()
        except Cancelled:
            progress.close()
            said = f"backfill {order.id} was cancelled; `gapheal backfill show {order.id}` tells by whom"
            if not as_json:
                common.err.print(said)
            raise _left(as_json, Exit.REMAINS, id=order.id, error=said) from None
        except (Stopped, KeyboardInterrupt):
            progress.close()
            _goes_on(order)
            _keep_interrupted(desk, order, who)
            said = f"interrupted; `gapheal backfill --resume {order.id}` goes on with it"
            raise _left(as_json, common.INTERRUPTED, id=order.id, error=said) from None
        except GaphealError:
            progress.close()
            _goes_on(order)
            raise


def _keep_interrupted(desk: Desk, order: Order, who: str) -> None:
    """For whoever lists it; nothing depends on it."""
    try:
        desk.interrupt(order, who)
    except GaphealError as error:
        common.err.print(str(error), style="yellow", markup=False, soft_wrap=True)


def _goes_on(order: Order) -> None:
    common.err.print(f"backfill {order.id} is open; go on, here or elsewhere, with:", markup=False, soft_wrap=True)
    common.err.print(f"  gapheal backfill --resume {order.id}", markup=False, soft_wrap=True)


def _show(planned: Plan, order: Order | None) -> None:
    if order:
        begun = minute(order.started_at)
        common.out.print(f"backfill {order.id} by {order.who}, begun {begun}, goes on", markup=False, soft_wrap=True)
    for line in plan_lines(planned):
        common.out.print(line, soft_wrap=True)


def _left(as_json: bool, code: int, **answer: Any) -> typer.Exit:
    """The end of the command, and for machines the answer."""
    if as_json:
        common.print_json(answer)
    return typer.Exit(code)


def _table(found: list[Kept]) -> Any:
    from rich.table import Table  # noqa: PLC0415 - only here
    from rich.text import Text  # noqa: PLC0415

    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("id", "state", "dates", "steps", "begun", "who", "why"):
        table.add_column(title, overflow="fold", no_wrap=title == "id")
    for each in found:
        row = row_of(each)
        told = (row["id"], row["state"], each.order.wish.said(), row["steps"], minute(each.order.started_at))
        # What people wrote is no markup.
        table.add_row(*told, Text(row["who"]), Text(row["why"]))
    return table
