"""Commands by which a person decides: accept and retry."""

from __future__ import annotations

import getpass
from pathlib import Path
from typing import Annotated

import typer

from gapheal.app.decisions import Word
from gapheal.cli import common, completing
from gapheal.cli.common import DECIDE, DEFAULT_PIPELINE, JsonOption, PipelineOption
from gapheal.errors import RequestError

NameArgument = Annotated[
    str,
    typer.Argument(
        metavar="TRANSITION",
        help="e.g. phase2_to_phase3, or a first phase.",
        autocompletion=completing.decided,
    ),
]
DatesArgument = Annotated[
    list[str], typer.Argument(metavar="DATES...", help="YYYY-MM-DD, or a run YYYY-MM-DD..YYYY-MM-DD.")
]
WhyOption = Annotated[str, typer.Option("--why", help="What others will read.")]
WhoOption = Annotated[str | None, typer.Option("--who", help="Who says so; by default the user of this machine.")]
UntilOption = Annotated[str | None, typer.Option("--until", help="The last day on which this counts, YYYY-MM-DD.")]


def register(command: typer.Typer) -> None:
    """Add these commands to the panel `Decide`."""
    for function in (accept, retry):
        command.command(rich_help_panel=DECIDE)(function)


def accept(
    transition: NameArgument,
    dates: DatesArgument,
    why: WhyOption,
    who: WhoOption = None,
    until: UntilOption = None,
    as_json: JsonOption = False,
    pipeline: PipelineOption = DEFAULT_PIPELINE,
) -> None:
    """Let a transition's downstream stay as it is on these dates: no gap there, and nothing later waits for it.

    In TRANSITION's place a phase that no transition feeds may stand: what it lacks is accepted.

    Example: gapheal accept phase2_to_phase3 2024-04-16..2024-04-30 --why "the provider lost these games"
    """
    _decide("accept", transition, dates, who, why, until, as_json=as_json, path=pipeline)


def retry(
    transition: NameArgument,
    dates: DatesArgument,
    why: WhyOption,
    who: WhoOption = None,
    until: UntilOption = None,
    as_json: JsonOption = False,
    pipeline: PipelineOption = DEFAULT_PIPELINE,
) -> None:
    """Ask for these dates again, though they are held or stalled; an accept of them is taken back.

    Earlier triggers no longer count. It lasts until a date is complete, seven days at most.

    Example: gapheal retry phase2_to_phase3 2024-04-16 2024-04-18 --why "the job is mended"
    """
    _decide("retry", transition, dates, who, why, until, as_json=as_json, path=pipeline)


def _decide(
    word: Word,
    name: str,
    dates: list[str],
    who: str | None,
    why: str,
    until: str | None,
    *,
    as_json: bool,
    path: Path,
) -> None:
    with common.told(as_json=as_json):
        app = common.opened(path)
        kept = app.decide(word, name, dates, who=me() if who is None else who, why=why, until=until)
    if as_json:
        common.print_json(kept)
        return
    runs = ", ".join(kept["runs"])
    unit = "date" if kept["dates"] == 1 else "dates"
    common.out.print(f"{word} {name}, {kept['dates']} {unit}: {runs}", markup=False, soft_wrap=True)
    common.out.print(f"  by {kept['who']}: {kept['why']}", markup=False, soft_wrap=True)
    common.out.print(f"  {kept['means']}", markup=False, soft_wrap=True)


def me() -> str:
    """The user of this machine; in a container there may be none."""
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        raise RequestError("who: expected a name, found none on this machine; say --who") from None
