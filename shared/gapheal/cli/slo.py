"""`gapheal status --slo`: how well gaps are healed, one line a transition."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from gapheal.app import App
from gapheal.cli import common
from gapheal.model.moments import lasting

LATELY = timedelta(days=30)
SloOption = Annotated[
    bool, typer.Option("--slo", help="Instead: how many gaps healed within an hour and a day, how fast, at what cost.")
]
SloSinceOption = Annotated[
    str | None, typer.Option("--since", help="With --slo: gaps seen since this date; default: 30 days.")
]
KIBI = 1024
TITLES = ("", "gaps", "in 1 h", "in 24 h", "alone", "seen after", "healed in", "open", "queries", "billed")


def show(app: App, names: Sequence[str], since: str | None, *, as_json: bool) -> None:
    """Print the figures of these transitions, and of the whole pipeline where that is more than one."""
    told = dict(app.loop.ledger.slo(common.since(since, app, lately(app))))
    every = len(names) == len(app.pipeline.transitions)
    wanted = {*names, None} if every else {*names}
    told["figures"] = [each for each in told["figures"] if each["transition"] in wanted]
    told["days"] = [each for each in told["days"] if each["transition"] in wanted]
    if as_json:
        common.print_json(told)
        return
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 1))
    for title in TITLES:
        table.add_column(title, justify="right" if title else "left", overflow="fold")
    for each in told["figures"]:
        if each["transition"] or len(names) > 1:
            table.add_row(*_cells(each))
    common.out.print(f"gaps seen since {told['since'][:16].replace('T', ' ')}Z, and what became of them")
    common.out.print(table)
    common.out.print(
        "alone: healed within 24 h, and nobody said a word; seen after, healed in: half of them / 95 %", style="dim"
    )


def lately(app: App) -> datetime:
    """A month ago."""
    return app.loop.clock.now() - LATELY


def _cells(each: Mapping[str, Any]) -> list[Text]:
    before = f" + {each['baseline_gaps']}" if each["baseline_gaps"] else ""
    return [
        Text(each["transition"] or "all", style="" if each["transition"] else "bold"),
        Text(f"{each['gaps']}{before}"),
        *(Text(_share(each[name])) for name in ("share_1h", "share_24h", "share_alone_24h")),
        *(Text(_spread(each, name)) for name in ("detect", "heal")),
        *(Text(f"{each[name]:,}") for name in ("open_now", "queries")),
        Text(size(each["bytes_billed"])),
    ]


def _share(share: float | None) -> str:
    """Rounded down: 99.96 % is not all."""
    return "-" if share is None else f"{int(share * 1000) / 10:g} %"


def _spread(each: Mapping[str, Any], name: str) -> str:
    half, most = each[f"{name}_p50_seconds"], each[f"{name}_p95_seconds"]
    return "-" if half is None else f"{lasting(half)} / {lasting(most)}"


def size(number: float) -> str:
    """Bytes as the bill has them: `20 MiB`."""
    for unit in ("B", "KiB", "MiB", "GiB"):
        if number < KIBI:
            return f"{number:.0f} {unit}"
        number /= KIBI
    return f"{number:.1f} TiB"
