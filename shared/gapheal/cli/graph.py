"""The option `--graph`: the file's dependency graph, without a look at any table."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from rich.text import Text
from typer.core import TyperCommand

from gapheal import spec
from gapheal.app.graph import as_mermaid, as_text, graph
from gapheal.cli import common

Form = Literal["text", "json", "mermaid"]
OPTION = "--graph"

GraphOption = Annotated[
    Form | None,
    typer.Option(OPTION, help="Draw the phases and transitions of the whole file, and look at no table; alone: text."),
]


class GraphCommand(TyperCommand):
    """A command whose `--graph` may stand without a value, which neither click's nor typer's options allow."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """A bare `--graph` asks for text; `ctx` is typer's own copy of click's context."""
        filled = list[str]()
        for word, following in pairwise([*args, "-"]):
            filled += [word, "text"] if word == OPTION and following.startswith("-") else [word]
        return super().parse_args(ctx, filled)


def show(path: Path, form: Form, *, as_json: bool) -> None:
    """Print the graph of the file at `path`."""
    with common.told(as_json=as_json):
        pipeline = spec.load(path)
    if as_json or form == "json":
        common.print_json(graph(pipeline))
    elif form == "mermaid":
        typer.echo(as_mermaid(pipeline))
    else:
        drawing = Text(as_text(pipeline))
        drawing.highlight_regex(r"[│├└─]", "dim")
        drawing.highlight_regex(r"(?m)^[│├└─ ]*─ [a-z0-9_]+", "bold")
        common.out.print(drawing, soft_wrap=True)
