"""The command `complete`: say that a phase has finished dates."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer

from gapheal import completion
from gapheal.cli import common, completing
from gapheal.cli.common import DEFAULT_PIPELINE, HEAL, EndOption, JsonOption, PipelineOption, StartOption
from gapheal.intervals import fold
from gapheal.spec import load

PhaseOption = Annotated[
    str,
    typer.Option("--phase", help="A phase of the file; 3 means phase3.", autocompletion=completing.phases),
]
DatesOption = Annotated[
    str | None, typer.Option("--dates", help="Instead: dates, or runs like 2024-04-16..2024-04-30; commas between.")
]
TopicOption = Annotated[str | None, typer.Option("--topic", help="Instead of the phase's completion_topic.")]
NameOption = Annotated[str | None, typer.Option("--processor-name", help="What ran, for people.")]
CorrelationOption = Annotated[str | None, typer.Option("--correlation-id", help="For people who follow it in logs.")]


def register(command: typer.Typer) -> None:
    """Add this command to the panel `Heal`."""
    command.command(rich_help_panel=HEAL)(complete)


def complete(
    phase: PhaseOption,
    start_date: StartOption = None,
    end_date: EndOption = None,
    dates: DatesOption = None,
    topic: TopicOption = None,
    processor_name: NameOption = None,
    correlation_id: CorrelationOption = None,
    as_json: JsonOption = False,
    pipeline: PipelineOption = DEFAULT_PIPELINE,
) -> None:
    """Announce that a phase has finished dates: one event, for a whole range as for one date.

    What a script that writes rows by hand runs last. Whoever hears it looks at the rows: saying it twice does no harm.

    Example: gapheal complete --phase 3 --start-date 2024-04-16 --end-date 2024-06-18
    """
    with common.told(as_json=as_json):
        found = load(pipeline)
        listed = None if dates is None else [day.strip() for day in dates.split(",") if day.strip()]
        days = completion.days_of(start_date, end_date, listed, datetime.now(found.zone).date())
        about = {"processor_name": processor_name, "correlation_id": correlation_id}
        said = completion.compose(found, phase, days, topic=topic, about=about)
        done = completion.publish(said, completion.publisher_of(found, None))
    if as_json:
        common.print_json(done.plain())
        return
    number = f"{len(days)} dates" if len(days) > 1 else "1 date"
    runs = ", ".join(str(run).replace("..", " .. ") for run in fold(days))
    common.out.print(f"announced {number} to {said.topic}: {runs}", markup=False, soft_wrap=True)
    if done.warning:
        common.out.print(f"note: {done.warning}", style="yellow", markup=False, soft_wrap=True)
