"""The command `status`: what the ledger alone knows of each transition, and when it is looked at next."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import typer
from rich.table import Table
from rich.text import Text

from gapheal.app import App
from gapheal.app.wiring import project_of
from gapheal.cli import common
from gapheal.cli.common import DEFAULT_PIPELINE, LOOK, JsonOption, PipelineOption, TransitionsOption
from gapheal.cli.slo import SloOption, SloSinceOption
from gapheal.cli.slo import show as show_slo
from gapheal.cli.tables import COLOURS
from gapheal.emulators import scheduled
from gapheal.errors import GaphealError
from gapheal.model.moments import lasting, minute

GLANCE_SECONDS = 5.0
"""How long Cloud Scheduler may take: the ledger's answer is worth more than the next scan's time."""


def register(command: typer.Typer) -> None:
    """Add this command to the panel `Look`."""
    command.command(rich_help_panel=LOOK)(status)


def status(
    transition: TransitionsOption = None,
    slo: SloOption = False,
    since: SloSinceOption = None,
    as_json: JsonOption = False,
    pipeline: PipelineOption = DEFAULT_PIPELINE,
) -> None:
    """Say how each transition stands: its last pass, open gaps by reason and age, what healed, breaker, next scan.

    From the ledger alone: the tables are not read, so it says what the last pass saw. Exit code 1 while gaps are open.
    With --slo: how well gaps were healed lately, and what looking cost; --json adds each day.

    Example: gapheal status --transition phase2_to_phase3
    """
    with common.told(as_json=as_json):
        app = common.opened(pipeline)
        names = common.chosen(app.pipeline, transition)
        if slo or since:
            show_slo(app, names, since, as_json=as_json)
            return
        found = [app.status(name) for name in names]
        scans = next_scans(app, names)
    found = [each | ({"next_scan": scans[each["transition"]]} if each["transition"] in scans else {}) for each in found]
    if as_json:
        common.print_json(found)
    else:
        for each in found:
            _print(each, app.loop.clock.now())
    remains = any(_remains(app, each) for each in found)
    raise typer.Exit(common.Exit.REMAINS if remains else common.Exit.DONE)


def next_scans(app: App, names: list[str]) -> dict[str, str | None]:
    """When each transition's scan runs next, where Cloud Scheduler can be asked; else nothing, and no word of it."""
    from gapheal.scheduler import Scheduler  # noqa: PLC0415 - an extra, and slow to import

    if not scheduled():
        return {}
    try:
        jobs = Scheduler(app.pipeline, project_of(app.pipeline), seconds=GLANCE_SECONDS).jobs(names)
    except GaphealError:
        return {}
    scans = [job for job in jobs if job.kind == "scan"]
    return {job.transition: job.next_run.isoformat() if job.next_run else job.state for job in scans}


def _remains(app: App, found: dict[str, Any]) -> bool:
    """Whether gaps or a failed pass remain; stale dates that are only reported are for a person to read."""
    reported = app.pipeline.transitions[found["transition"]].policy.stale == "report"
    gaps = [row for row in found["gaps"] if not (reported and row["condition"] == "stale")]
    return bool(gaps or (found["last_pass"] and found["last_pass"]["error"]))


def age(since: datetime, now: datetime) -> str:
    """How long ago that was."""
    return lasting((now - since).total_seconds())


def _print(found: dict[str, Any], now: datetime) -> None:
    title = Text.assemble((found["transition"], "bold"), (f" ({found['mode']})", "dim"), f"  {_last_pass(found)}")
    common.out.print(title, soft_wrap=True)
    for line in _lines(found, now):
        common.out.print(f"  {line}", markup=False, soft_wrap=True)
    if found["gaps"]:
        table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 1))
        for name in ("  open", "dates", "action", "reason", "oldest", "newest", "seen"):
            table.add_column(name, justify="right" if name == "dates" else "left", overflow="fold")
        for row in found["gaps"]:
            seen = age(datetime.fromisoformat(row["first_seen_at"]), now) + " ago" if row["first_seen_at"] else ""
            condition = Text(f"  {row['condition']}", style=COLOURS[row["condition"]])
            rest = (row["action"], row["code"], row["oldest"], row["newest"], seen)
            table.add_row(condition, str(row["dates"]), *rest)
        common.out.print(table)
    common.out.print()


def _lines(found: dict[str, Any], now: datetime) -> Iterator[str]:
    """What is told of a transition, a line each; nothing where there is nothing to tell."""
    conditions: dict[str, int] = {}
    for row in found["dates"]:
        conditions[row["condition"]] = conditions.get(row["condition"], 0) + row["dates"]
    if conditions:
        yield ", ".join(f"{number} {name}" for name, number in conditions.items())
    if found["open_gaps"]:
        since = datetime.fromisoformat(found["open_since"])
        yield f"open: {found['open_gaps']}, the oldest of {found['oldest_gap']}, seen for {age(since, now)}"
    healing = found["healing"]
    if healing["last_30_days"]:
        half, most = lasting(healing["p50_seconds"]), lasting(healing["p95_seconds"])
        yield (
            f"healed: {healing['last_day']} in the last day, {healing['last_30_days']} in 30 days; "
            f"half of them within {half}, 95 % within {most}"
        )
    if found["breaker"]:
        yield f"breaker: {found['breaker'].replace('_', ' ')}"
    if "next_scan" in found:
        yield f"next scan: {_soon(found['next_scan'], now)}"


def _soon(told: str | None, now: datetime) -> str:
    try:
        moment = datetime.fromisoformat(told or "")
    except ValueError:
        return told or "not known"
    wait = max(moment - now, timedelta(0))
    return f"{minute(moment.astimezone(UTC))}, in {lasting(wait.total_seconds())}"


def _last_pass(found: dict[str, Any]) -> str:
    last = found["last_pass"]
    if last is None:
        return "never looked at: run `gapheal scan`"
    when = f"last {last['source']} {last['observed_at'][:19]}Z"
    if last["gaps_found"] is None:
        return f"{when}: looked at nothing ({last['error'] or 'mode ' + last['mode']})"
    failed = f"; {last['error']}" if last["error"] else ""
    return f"{when}: {last['gaps_found']} gaps, {last['triggered']} triggered{failed}"
