"""Verdicts and reports as people read them: the word first, the colour only helps."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from rich.table import Table
from rich.text import Text

from gapheal.app.plan import Group
from gapheal.intervals import fold

COLOURS = {
    "complete": "green",
    "excused": "dim",
    "waiting": "cyan",
    "settling": "cyan",
    "missing": "red",
    "partial": "yellow",
    "stale": "yellow",
}


def plan_table(groups: Iterable[Group]) -> Table:
    """One line for each run of dates of which the same is said."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("dates", "", "condition", "action", "why"):
        table.add_column(title, justify="right" if title == "" else "left", overflow="fold")
    for group in groups:
        same_day = group.start_date == group.end_date
        dates = str(group.start_date) if same_day else f"{group.start_date} .. {group.end_date}"
        colour = COLOURS[group.condition]
        why = Text(group.sentence if group.alike else f"{group.sentence} (the first of them)")
        action = "" if group.action == "none" else group.action
        table.add_row(dates, str(group.dates), Text(group.condition, style=colour), action, why)
    return table


def asides(report: dict[str, Any]) -> list[str]:
    """What a pass tells beside its verdicts, a line each."""
    lacking = [date.fromisoformat(day) for day in report["source_gaps"]]
    gaps = ", ".join(str(run).replace("..", " .. ") for run in fold(lacking))
    told = [f"source gaps, {len(lacking)} dates that upstream should have and lacks: {gaps}"] if lacking else []
    return [*told, *report.get("warnings", []), *report.get("hints", [])]


def headline(report: dict[str, Any]) -> Text:
    """One line a transition: what there is, and what was done about it."""
    conditions = [f"{number} {name}" for name, number in report["conditions"].items() if number]
    actions = [f"{number} {name}" for name, number in report["actions"].items() if number and name != "heal"]
    sent = f"{report['triggered']} triggered" if report["triggered"] else ""
    said = ", ".join(conditions) or ("not looked at" if report["mode"] == "paused" else "upstream has no dates")
    done = ", ".join(filter(None, [sent, *actions]))
    line = Text(report["transition"], style="bold")
    line.append(f" ({report['mode']})", style="dim")
    line.append(f"  {said}", style="not bold")
    return line.append(f"; {done}", style="not bold") if done else line
