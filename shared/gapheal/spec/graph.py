"""Phases and the transitions between them: every end known, one feed per phase, no circle."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from itertools import chain, pairwise
from typing import Any, NamedTuple

from gapheal.spec.faults import Finding, Path, show, suggest
from gapheal.spec.paths import find


class Step(NamedTuple):
    """A transition's ends, each with where it stands."""

    name: str
    upstream: tuple[tuple[Path, str], ...]
    downstream: tuple[Path, str]


def check_graph(data: Mapping[str, Any]) -> Iterator[Finding]:
    """What is wrong with the transitions' ends."""
    found = list(steps(data))
    phases = data.get("phases")
    if isinstance(phases, dict):
        yield from _unknown_phases(found, list(phases))
    yield from _second_feeds(found)
    yield from _doubled_upstreams(found)
    yield from _self_feeds(found)
    yield from _circles(found)


def steps(data: Mapping[str, Any]) -> Iterator[Step]:
    """Every transition of which the downstream is written."""
    for path, written in find(data, "transitions.*"):
        upstream = tuple(end for end in find(written, "upstream.*", path) if isinstance(end[1], str))
        for downstream in find(written, "downstream", path):
            if isinstance(downstream[1], str):
                yield Step(str(path[-1]), upstream, downstream)


def _unknown_phases(steps: list[Step], phases: list[str]) -> Iterator[Finding]:
    for step in steps:
        for path, phase in (*step.upstream, step.downstream):
            if phase not in phases:
                yield path, f"expected a phase of this file, found {show(phase)}; {suggest(phase, phases)}"


def _second_feeds(steps: list[Step]) -> Iterator[Finding]:
    feeds: dict[str, str] = {}
    for step in steps:
        path, phase = step.downstream
        if phase in feeds:
            yield (
                path,
                (
                    f"expected one transition into {phase}, found a second ({feeds[phase]} is the first); "
                    f"list several upstreams in one transition"
                ),
            )
        feeds.setdefault(phase, step.name)


def _doubled_upstreams(steps: list[Step]) -> Iterator[Finding]:
    for step in steps:
        seen: set[str] = set()
        for path, phase in step.upstream:
            if phase in seen:
                yield path, f"expected each upstream once, found {show(phase)} again; keep one"
            seen.add(phase)


def _self_feeds(steps: list[Step]) -> Iterator[Finding]:
    for step in steps:
        for path, phase in step.upstream:
            if phase == step.downstream[1]:
                yield path, f"expected another phase than the downstream, found {show(phase)}; no phase feeds itself"


def _circles(steps: list[Step]) -> Iterator[Finding]:
    """One finding for each circle; cutting it there shows the next."""
    left = list(steps)
    while circle := _circle(left):
        links = set(pairwise([*circle, circle[0]]))
        cut = next(step for step in reversed(left) if links.intersection(_links(step)))
        left.remove(cut)
        turn = circle.index(cut.downstream[1])
        found = " → ".join([*circle[turn:], *circle[:turn], circle[turn]])
        yield ("transitions", cut.name), f"expected one direction, found the circle {found}; take one step out"


def _circle(steps: list[Step]) -> list[str]:
    """The phases of one circle in their order, each once."""
    before: dict[str, list[str]] = {}
    for start, end in chain.from_iterable(map(_links, steps)):
        before.setdefault(end, []).append(start)
    try:
        TopologicalSorter(before).prepare()
    except CycleError as error:
        return list(error.args[1])[1:]
    return []


def _links(step: Step) -> list[tuple[str, str]]:
    """From phase to phase; what feeds itself is told on its own."""
    return [(phase, step.downstream[1]) for _, phase in step.upstream if phase != step.downstream[1]]
