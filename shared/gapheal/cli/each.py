"""One question to several transitions: one's fault stops no other."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import typer

from gapheal.cli import common
from gapheal.errors import GaphealError
from gapheal.model.pipeline import Pipeline


class Each:
    """Asks transition after transition, and remembers whose question failed."""

    def __init__(self, names: Iterable[str], *, as_json: bool) -> None:
        self._names = names
        self._as_json = as_json
        self.answers: list[dict[str, Any]] = []
        """In the order asked; of one that failed its name and the error."""
        self._failures: list[GaphealError] = []

    def ask(self, question: Callable[[str], dict[str, Any]]) -> None:
        """Put `question` to each; a failure is told, and kept."""
        for name in self._names:
            try:
                self.answers.append(question(name))
            except GaphealError as error:
                self._failures.append(error)
                self.answers.append({"transition": name, "error": str(error)})
                if not self._as_json:
                    common.err.print(f"[red]{name}:[/red]", end=" ")
                    common.err.print(str(error), markup=False, soft_wrap=True)

    def leave(self, pipeline: Pipeline) -> None:
        """End the command with the exit code that the answers ask for."""
        if self._failures:
            raise typer.Exit(max(common.exit_code(error) for error in self._failures))
        remains = any(_remains(pipeline, answer) for answer in self.answers)
        raise typer.Exit(common.Exit.REMAINS if remains else common.Exit.DONE)


def _remains(pipeline: Pipeline, report: dict[str, Any]) -> bool:
    """Whether gaps or failures remain; stale dates that are only reported are for a person to read."""
    reported = pipeline.transitions[report["transition"]].policy.stale == "report"
    told = report["conditions"]["stale"] if reported else 0
    return bool(report["gaps_found"] - told or report["errors"])
