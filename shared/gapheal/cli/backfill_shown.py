"""Plans and reports of backfills as people read them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from gapheal.app.plan import grouped
from gapheal.backfill import Kept, Plan, Step
from gapheal.cli.progress import about
from gapheal.intervals import fold


def plan_lines(planned: Plan) -> Iterator[RenderableType]:
    """The plan: a table of the steps, what each excuses or leaves and why, and what the gates say."""
    yield Text.assemble(("backfill ", "bold"), planned.wish.said())
    yield _steps(planned)
    for step in planned.steps.values():
        yield from _asides(step)
    for note in planned.notes:
        yield Text(f"note: {note}", style="yellow")
    if planned.faults:
        for fault in planned.faults:
            yield Text(f"gate: {fault}", style="red")
    elif planned.dates:
        yield Text("the gates are open: tables are read, jobs are subscribed", style="green")


def result_lines(name: str, report: Mapping[str, Any]) -> Iterator[Text]:
    """What it came to."""
    for step in report["steps"]:
        number, bad = step["done"], len(step["not_done"])
        line = Text(f"{step['transition']}: {number} done").append(f", {step['healed']} of them healed")
        yield line.append(f", {bad} not: gate {'passed' if step['passed'] else 'not passed'}" if bad else "")
        for each in step["not_done"]:
            yield Text(f"  {each['date']} {each['kind']}: {each['sentence']}", style="yellow")
        if error := step.get("unannounced"):
            yield Text(f"  the completion event was not published: {error}", style="yellow")
    for left_out in report["left_out"]:
        yield Text(f"{left_out}: left out, its gate was closed", style="yellow")
    whole = not report["left_out"] and not any(step["not_done"] for step in report["steps"])
    if whole:
        word = ("every phase is as it should be", "green")
    else:
        word = ("some dates are not done", "yellow" if report["passed"] else "red")
    yield Text.assemble(f"backfill {name} is finished: ", word)


def row_of(kept: Kept) -> dict[str, Any]:
    """One backfill in a list."""
    wish = kept.order.wish
    return {
        "id": kept.order.id,
        "state": kept.state,
        "start_date": str(wish.window.start),
        "end_date": str(wish.window.last),
        "dates": None if wish.dates is None else len(wish.dates),
        "steps": ", ".join(wish.transitions),
        "begun": kept.order.started_at.isoformat(),
        "ended": kept.ended_at and kept.ended_at.isoformat(),
        "who": kept.order.who,
        "why": kept.order.why,
    }


def _steps(planned: Plan) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("step", "to do", "messages", "complete", "excused", "about", "dates"):
        table.add_column(title, justify="left" if title in {"step", "dates"} else "right", overflow="fold")
    for step in planned.steps.values():
        excused = sum(verdict.condition == "excused" for verdict in step.verdicts)
        time = about(step.seconds) if step.todo else ""
        dates = _runs(step.todo)
        if step.coming and step.coming != step.todo:
            dates += f" ({len(step.coming)} after the step before)"
        elif step.coming:
            dates += " (after the step before)"
        table.add_row(
            step.transition, str(len(step.todo)), str(step.messages), str(step.complete), str(excused), time, dates
        )
    if planned.dates:
        table.add_row("together", str(planned.dates), "", "", "", about(planned.seconds), "")
    return table


def _asides(step: Step) -> Iterator[Text]:
    """Dates that are not asked for, and why; and of those that are, why."""
    for group in grouped(verdict for verdict in step.verdicts if verdict.day in step.todo):
        yield Text(f"  {step.transition} {_span(group)}: {group.condition}: {group.sentence}", style="dim")
    for group in grouped(verdict for verdict in step.verdicts if verdict.condition == "excused"):
        yield Text(f"  {step.transition} {_span(group)}: excused: {group.sentence}")
    for group in grouped(verdict for verdict in step.verdicts if verdict.day in step.short):
        yield Text(f"  {step.transition} {_span(group)}: waits: {group.sentence}", style="yellow")
    if step.left:
        yield Text(f"  {step.transition} {_runs(step.left)}: gaps of another kind, left as they are")
    for holder in step.elsewhere:
        said = f"backfill {holder.id} by {holder.who} holds these {len(holder.days)} dates: left to it"
        yield Text(f"  {step.transition} {_runs(holder.days)}: {said}", style="yellow")


def _span(group: Any) -> str:
    dates = str(group.start_date) if group.dates == 1 else f"{group.start_date} .. {group.end_date} ({group.dates})"
    return dates if group.alike else f"{dates}, the first of them"


def _runs(days: frozenset[Any]) -> str:
    runs = fold(days)
    if len(runs) > SHOWN:
        return f"{runs[0].start} .. {runs[-1].last} in {len(runs)} runs"
    return ", ".join(str(run).replace("..", " .. ") for run in runs)


SHOWN = 4
