"""The order of transitions: what feeds comes before what is fed. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from gapheal.model.pipeline import Pipeline


def in_order(pipeline: Pipeline, names: Iterable[str] | None = None) -> tuple[str, ...]:
    """The transitions `names` (None: all), each after all that makes what it reads; otherwise as in the file."""
    wanted, found = None if names is None else set(names), list[str]()

    def visit(name: str) -> None:
        if name in found:
            return
        for feeder in feeders(pipeline, name):
            visit(feeder)
        found.append(name)

    for name in pipeline.transitions:
        visit(name)
    return tuple(name for name in found if wanted is None or name in wanted)


def feeders(pipeline: Pipeline, name: str) -> list[str]:
    """The transitions that make what `name` reads."""
    return [feeder for phase in pipeline.transitions[name].upstream if (feeder := pipeline.feeder(phase))]
