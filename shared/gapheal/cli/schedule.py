"""The commands that look at and steer the jobs of Cloud Scheduler: schedule list, pause, resume, run."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from gapheal.cli import common
from gapheal.cli.common import DEFAULT_PIPELINE, SET_UP, Exit, JsonOption, PipelineOption
from gapheal.errors import ConfigError
from gapheal.spec import load

if TYPE_CHECKING:
    from gapheal.scheduler import ScheduledJob, Scheduler

NamesArgument = Annotated[
    list[str] | None, typer.Argument(metavar="[TRANSITION...]", help="Only these; without one, all of the file.")
]
LocationOption = Annotated[
    str | None, typer.Option("--location", help="The jobs' region; by default the pipeline's location.")
]
SweepOption = Annotated[bool, typer.Option("--sweep", help="The daily sweep instead of the hourly scan.")]


def register(command: typer.Typer) -> None:
    """Add this group to the panel `Set up`."""
    group = typer.Typer(no_args_is_help=True, help="The jobs of Cloud Scheduler that ask for scans and sweeps.")
    group.command("list")(list_jobs)
    for function in (pause, resume, run):
        group.command()(function)
    command.add_typer(group, name="schedule", rich_help_panel=SET_UP)


def list_jobs(
    transition: NamesArgument = None,
    location: LocationOption = None,
    as_json: JsonOption = False,
    pipeline: PipelineOption = DEFAULT_PIPELINE,
) -> None:
    """List the jobs: state, schedule, how the last call went, when the next one comes.

    Exit code 1 when a transition has no scan job, or a job's last call failed.

    Example: gapheal schedule list --location us-west2
    """
    with common.told(as_json=as_json):
        scheduler, names = _opened(pipeline, location, transition)
        jobs = scheduler.jobs(names)
    lacking = sorted({*names} - {job.transition for job in jobs if job.kind == "scan"}, key=names.index)
    if as_json:
        common.print_json({"jobs": [job.plain() for job in jobs], "without_scan": lacking})
    else:
        _print(jobs)
        for name in lacking:
            common.out.print(f"note: {name} has no scan job: only events ask for it", style="yellow", markup=False)
    remains = lacking or any(job.last_error for job in jobs)
    raise typer.Exit(Exit.REMAINS if remains else Exit.DONE)


def pause(
    transition: NamesArgument = None,
    location: LocationOption = None,
    as_json: JsonOption = False,
    pipeline: PipelineOption = DEFAULT_PIPELINE,
) -> None:
    """Stop the schedule of scans and sweeps. Events still heal; `policy.mode: paused` stops those, too.

    Example: gapheal schedule pause phase2_to_phase3
    """
    _each(lambda scheduler, job: scheduler.pause(job), transition, location, as_json=as_json, path=pipeline)


def resume(
    transition: NamesArgument = None,
    location: LocationOption = None,
    as_json: JsonOption = False,
    pipeline: PipelineOption = DEFAULT_PIPELINE,
) -> None:
    """Let the schedule of scans and sweeps go on.

    Example: gapheal schedule resume
    """
    _each(lambda scheduler, job: scheduler.resume(job), transition, location, as_json=as_json, path=pipeline)


def run(
    transition: NamesArgument = None,
    sweep: SweepOption = False,
    location: LocationOption = None,
    as_json: JsonOption = False,
    pipeline: PipelineOption = DEFAULT_PIPELINE,
) -> None:
    """Have Cloud Scheduler ask now, with its own identity, as it will by itself. The answer is not waited for.

    Example: gapheal schedule run phase2_to_phase3
    """
    kinds = ("sweep",) if sweep else ("scan",)
    _each(lambda scheduler, job: scheduler.run(job), transition, location, as_json=as_json, path=pipeline, kinds=kinds)


def _opened(path: Path, location: str | None, transitions: list[str] | None) -> tuple[Scheduler, list[str]]:
    from gapheal.app.wiring import project_of  # noqa: PLC0415
    from gapheal.scheduler import Scheduler  # noqa: PLC0415 - an extra, and slow to import

    pipeline = load(path)
    names = common.chosen(pipeline, transitions, "TRANSITION")
    return Scheduler(pipeline, project_of(pipeline), location), names


def _each(
    act: Callable[[Scheduler, ScheduledJob], ScheduledJob],
    transitions: list[str] | None,
    location: str | None,
    *,
    as_json: bool,
    path: Path,
    kinds: tuple[str, ...] = ("scan", "sweep"),
) -> None:
    """Do it to every job; with names, each of them must have one."""
    with common.told(as_json=as_json):
        scheduler, names = _opened(path, location, transitions)
        jobs = [job for job in scheduler.jobs(names) if job.kind in kinds]
        lacking = [name for name in names if name not in {job.transition for job in jobs}]
        if (lacking and transitions) or not jobs:
            raise ConfigError(
                f"expected a {' or '.join(kinds)} job of {lacking[0]}, found none; `gapheal schedule list` says more"
            )
        done = [act(scheduler, job) for job in jobs]
    if as_json:
        common.print_json({"jobs": [job.plain() for job in done]})
    else:
        _print(done)


def _print(jobs: list[ScheduledJob]) -> None:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("transition", "asks for", "state", "schedule", "last call", "next", "job"):
        table.add_column(title, overflow="fold")
    for job in jobs:
        last = f"{job.last_attempt:%Y-%m-%d %H:%M}Z" if job.last_attempt else "none yet"
        outcome = f": {job.last_error}" if job.last_error else ""
        upcoming = f"{job.next_run:%Y-%m-%d %H:%M}Z" if job.next_run else ""
        table.add_row(
            job.transition, job.kind, job.state, f"{job.schedule} ({job.timezone})", last + outcome, upcoming, job.job
        )
    common.out.print(table)
