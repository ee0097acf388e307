"""`gapheal explain`: one date's verdict, every rule that was tried, and what would change it."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from gapheal.cli import common, completing
from gapheal.cli.common import DEFAULT_PIPELINE, JsonOption, PipelineOption
from gapheal.cli.tables import COLOURS

TransitionArgument = Annotated[str, typer.Argument(help="e.g. phase2_to_phase3", autocompletion=completing.transitions)]


def explain(
    transition: TransitionArgument,
    date: Annotated[str, typer.Argument(help="YYYY-MM-DD")],
    as_json: JsonOption = False,
    pipeline: PipelineOption = DEFAULT_PIPELINE,
) -> None:
    """Say what one date's verdict is, every number it rests on, and what would change it.

    Example: gapheal explain phase2_to_phase3 2024-04-16
    """
    with common.told(as_json=as_json):
        app = common.opened(pipeline)
        found = app.explain(transition, common.day(date, app.today))
    if as_json:
        common.print_json(found)
        return
    condition = found["condition"] or "not judged"
    action = found.get("action", "none")
    title = Text(f"{transition} {found['date']}: ").append(condition, style=f"bold {COLOURS.get(condition, '')}")
    common.out.print(title.append(f", {action}" if action != "none" else ""))
    common.out.print(f"  {found['sentence']}", soft_wrap=True, markup=False)
    for name, told in (("what would change it", found.get("change")), ("hint", found.get("hint"))):
        if told:
            common.out.print(f"  {name}: {told}", soft_wrap=True, markup=False)
    if found.get("rules"):
        common.out.print()
        common.out.print(_rules(found["rules"]))


def _rules(rules: list[dict[str, Any]]) -> Table:
    """The rules in their order; the one that fits is the last of its kind."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("rule", "fits", "what was compared"):
        table.add_column(title, overflow="fold")
    for rule in rules:
        style = "bold" if rule["fits"] else "dim"
        fits = "yes" if rule["fits"] else "no"
        table.add_row(Text(rule["rule"], style=style), fits, Text("\n".join(rule["facts"])))
    return table
