"""The command `check`: exit code 0 when a phase is whole in a window, 1 when it is not."""

from __future__ import annotations

from collections import Counter
from typing import Annotated

import typer
from rich.text import Text

from gapheal.app.check import Checked
from gapheal.app.plan import grouped
from gapheal.cli import common, completing, tables
from gapheal.cli.common import DEFAULT_PIPELINE, EndOption, Exit, JsonOption, PipelineOption, StartOption
from gapheal.intervals import fold

PhaseOption = Annotated[
    str,
    typer.Option("--phase", help="A phase of the file; 3 means phase3.", autocompletion=completing.phases),
]


def check(
    phase: PhaseOption,
    start_date: StartOption = None,
    end_date: EndOption = None,
    as_json: JsonOption = False,
    pipeline: PipelineOption = DEFAULT_PIPELINE,
) -> None:
    """Say whether a phase is whole in a window: the gate for scripts. Nothing is sent or written.

    Exit code 1, with dates and reasons, when it is not. Complete, stale and excused dates are whole.

    Example: gapheal check --phase 3 --start-date 2024-04-16 --end-date 2024-04-30
    """
    with common.told(as_json=as_json):
        app = common.opened(pipeline)
        found = app.check(phase, common.window(start_date, end_date, app.today))
    if as_json:
        common.print_json(found.plain())
    else:
        _print(found)
    raise typer.Exit(Exit.DONE if found.whole else Exit.REMAINS)


def _print(found: Checked) -> None:
    word = Text("whole", style="green") if found.whole else Text("not whole", style="red")
    said = Text.assemble((found.phase, "bold"), " is ", word)
    counted = Counter(str(verdict.condition) for verdict in found.verdicts)
    conditions = ", ".join(f"{number} {condition}" for condition, number in counted.items())
    common.out.print(Text.assemble(said, f": {len(found.verdicts)} dates", f" ({conditions})" if conditions else ""))
    if found.short:
        common.out.print(tables.plan_table(grouped(found.short)))
    if found.first and found.source_gaps:
        runs = ", ".join(str(run) for run in fold(found.source_gaps))
        common.out.print(f"expected, but not there: {runs}", style="red", soft_wrap=True)
    for note in found.notes:
        common.out.print(f"note: {note}", style="yellow", markup=False, soft_wrap=True)
