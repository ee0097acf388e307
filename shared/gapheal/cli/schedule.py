"""The commands that look at and steer the jobs of Cloud Scheduler: schedule list, pause, resume, run."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table
from rich.text import Text

from gapheal.cli import common, completing
from gapheal.cli.common import DEFAULT_PIPELINE, SET_UP, Exit, JsonOption, PipelineOption
from gapheal.errors import ConfigError
from gapheal.model.moments import minute
from gapheal.model.pipeline import DETECTOR
from gapheal.spec import load

if TYPE_CHECKING:
    from gapheal.scheduler import ScheduledJob, Scheduler

NamesArgument = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[TRANSITION...]",
        help="Only these (or gap_detector); without one, all of the file.",
        autocompletion=completing.transitions,
    ),
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

    A transition needs a scan job, and a sweep: its own, or that of the gap_detector, which sweeps them all. Exit code 1
    when one is lacking, or a job's last call failed.

    Example: gapheal schedule list --location us-west2
    """
    with common.told(as_json=as_json):
        scheduler, names = _opened(pipeline, location, transition)
        found = _found(scheduler, names)
    there = {(job.transition, job.kind) for job in found}
    transitions = [name for name in names if name != DETECTOR]
    unscanned = [name for name in transitions if (name, "scan") not in there]
    unswept = [name for name in transitions if not there & {(name, "sweep"), (DETECTOR, "sweep")}]
    jobs = [job for job in found if job.transition in names]
    if as_json:
        common.print_json({"jobs": [job.plain() for job in jobs], "without_scan": unscanned, "without_sweep": unswept})
    else:
        _print(jobs)
        notes = [f"note: {name} has no scan job: only events ask for it" for name in unscanned]
        notes += [f"note: {name} has no sweep: nothing looks further back than scan_days" for name in unswept]
        for note in notes:
            common.out.print(note, style="yellow", markup=False)
    remains = unscanned or unswept or any(job.last_error for job in jobs)
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
    asked = [name for name in transitions or () if name != DETECTOR]
    names = common.chosen(pipeline, asked, "TRANSITION") if asked or not transitions else []
    detector = [DETECTOR] if not transitions or DETECTOR in transitions else []
    return Scheduler(pipeline, project_of(pipeline), location), [*names, *detector]


def _found(scheduler: Scheduler, names: list[str]) -> list[ScheduledJob]:
    """The jobs of these, and the detector's, where it is there.

    Raises:
        ConfigError: there is not one.
    """
    transitions = [name for name in names if name != DETECTOR]
    found = scheduler.every(transitions)
    if not any(job.transition in names for job in found):
        if not transitions:
            raise ConfigError(f"expected a job of {DETECTOR}, found none; is it packaged and deployed?")
        return scheduler.jobs(transitions)
    return found


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
        found = _found(scheduler, names)
        named = transitions or ()
        # The detector has but one job: whoever names it means that.
        jobs = [
            job
            for job in found
            if job.transition in names and (job.kind in kinds or (job.transition == DETECTOR and DETECTOR in named))
        ]
        lacking = [name for name in names if name not in {job.transition for job in jobs}]
        if (lacking and transitions) or not jobs:
            sweeps = any(job.transition == DETECTOR for job in found)
            more = (
                f"{DETECTOR} sweeps them all" if sweeps and kinds == ("sweep",) else "`gapheal schedule list` says more"
            )
            raise ConfigError(f"expected a {' or '.join(kinds)} job of {lacking[0]}, found none; {more}")
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
        last = minute(job.last_attempt) if job.last_attempt else "none yet"
        outcome = f": {job.last_error}" if job.last_error else ""
        upcoming = minute(job.next_run) if job.next_run else ""
        table.add_row(
            job.transition,
            job.kind,
            job.state,
            f"{job.schedule} ({job.timezone})",
            Text(last + outcome),
            upcoming,
            job.job,
        )
    common.out.print(table)
