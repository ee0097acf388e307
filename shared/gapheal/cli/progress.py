"""What a backfill shows while it works: bars on a terminal, lines elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from types import TracebackType
from typing import Protocol, Self

from rich import progress as bars

from gapheal.backfill import Kind, Plan, Round
from gapheal.cli import common

SAID_EVERY = timedelta(seconds=60)
"""A line although nothing has ended: somebody may wonder."""


class Progress(Protocol):
    """Shows rounds until it is closed."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def saw(self, found: Round) -> None:
        """Take in one round."""
        ...

    def close(self) -> None:
        """Show nothing more: something else has to be said."""
        ...


def watcher(planned: Plan, *, shown: bool) -> Progress:
    """What suits where the answer goes."""
    if not shown:
        return Lines(planned, lambda _: None)
    if common.out.is_terminal:
        return Bars(planned)
    return Lines(planned, lambda line: common.out.print(line, markup=False, soft_wrap=True))


def about(seconds: float | None) -> str:
    """A time as people say it."""
    if seconds is None:
        return "unknown"
    minutes = round(seconds / 60)
    if minutes < 1:
        return f"{max(round(seconds), 1)} s"
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h {minutes % 60} min"  # noqa: PLR2004


class Lines:
    """A line for each step in which something happened."""

    def __init__(self, planned: Plan, say: Callable[[str], None]) -> None:
        self._say = say
        self._said_at = planned.now

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing to tidy up."""

    def close(self) -> None:
        """Nothing to tidy up."""

    def saw(self, found: Round) -> None:
        """Say what has changed."""
        if found.trouble:
            self._say(f"{found.now:%H:%M:%S}Z  no answer, asked again: {found.trouble}")
        for name, work in found.works.items():
            ended, sent = found.ended[name], found.triggered.get(name, 0)
            quiet = found.now - self._said_at < SAID_EVERY or not work.in_flight
            if ended or sent or not quiet:
                self._said_at = found.now
                total = len(work.todo) + len(work.ends)
                parts = [f"{work.count(Kind.DONE)} of {total} done", f"{work.in_flight} in flight"]
                bad = sum(work.count(kind) for kind in (Kind.FAILED, Kind.BLOCKED, Kind.WAITING))
                parts += [f"{bad} not to be had"] if bad else []
                parts += [f"about {about(found.seconds_left)} left"] if found.seconds_left else []
                self._say(f"{found.now:%H:%M:%S}Z  {name}: {', '.join(parts)}")


class Bars:
    """One bar for each step."""

    def __init__(self, planned: Plan) -> None:
        self._bars = bars.Progress(
            bars.TextColumn("{task.description}"),
            bars.BarColumn(),
            bars.MofNCompleteColumn(),
            bars.TextColumn("{task.fields[told]}"),
            console=common.out,
        )
        self._tasks = {
            name: self._bars.add_task(name, total=len(step.todo | step.short | step.touched), told="")
            for name, step in planned.steps.items()
            if not step.faults
        }

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Leave the bars as they stand."""
        self._bars.stop()

    def saw(self, found: Round) -> None:
        """Move the bars."""
        for name, work in found.works.items():
            bad = sum(work.count(kind) for kind in (Kind.FAILED, Kind.BLOCKED, Kind.WAITING))
            told = [f"{work.in_flight} in flight"] if work.in_flight else []
            told += [f"[red]{bad} not to be had[/red]"] if bad else []
            told += [f"about {about(found.seconds_left)} left"] if found.seconds_left and work.todo else []
            self._bars.update(self._tasks[name], completed=len(work.ends), told=", ".join(told))
        if found.trouble:
            self._bars.console.print(f"no answer, asked again: {found.trouble}", style="yellow", markup=False)
