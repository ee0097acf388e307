"""The dependency graph of a file: phases and the transitions between them, drawn from the file alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from gapheal.model.pipeline import Phase, Pipeline, Transition

UNTOUCHED = "no transition touches it"


def graph(pipeline: Pipeline) -> dict[str, Any]:
    """Phases as `nodes` and transitions as `edges`, as JSON values in the file's order.

    A node is `{phase, label, role, tables: [{table, required}], expected, completion_topic}`, its role `first` (nothing
    feeds it), `middle`, `last` (it feeds nothing) or `untouched`. An edge is `{transition, upstream: […], downstream,
    mode, target: {kind, name}}`.
    """
    return {
        "pipeline": pipeline.pipeline,
        "nodes": [_node(pipeline, name, phase) for name, phase in pipeline.phases.items()],
        "edges": [_edge(name, transition) for name, transition in pipeline.transitions.items()],
    }


def as_text(pipeline: Pipeline) -> str:
    """A drawing in lines: first phases at the left, each phase under the first of its upstreams."""
    roots = [name for name in pipeline.phases if pipeline.feeding(name) is None]
    blocks = ["\n".join(_block(pipeline, name)) for name in sorted(roots, key=lambda n: not _steps(pipeline, n))]
    return "\n\n".join(blocks)


def as_mermaid(pipeline: Pipeline) -> str:
    """A flowchart that Markdown pages show; a paused transition is dotted."""
    ids = {name: f"n{place}" for place, name in enumerate(pipeline.phases)}
    lines = ["flowchart LR"]
    for name, phase in pipeline.phases.items():
        text = "<br/>".join(_quotable(line) for line in [_title(name, phase), *_tables(phase)])
        lines.append(f'  {ids[name]}["{text}"]')
    for name, transition in pipeline.transitions.items():
        arrow = "-.->" if transition.policy.mode == "paused" else "-->"
        for upstream in transition.upstream:
            said = f"{name} ({transition.policy.mode})"
            lines.append(f'  {ids[upstream]} {arrow}|"{said}"| {ids[transition.downstream]}')
    return "\n".join(lines)


def _node(pipeline: Pipeline, name: str, phase: Phase) -> dict[str, Any]:
    fed, feeds = pipeline.feeding(name) is not None, bool(_steps(pipeline, name))
    role = ("middle" if feeds else "last") if fed else ("first" if feeds else "untouched")
    return {
        "phase": name,
        "label": phase.label,
        "role": role,
        "tables": [{"table": table.table, "required": table.required} for table in phase.tables],
        "expected": phase.expected.table if phase.expected else None,
        "completion_topic": phase.completion_topic,
    }


def _edge(name: str, transition: Transition) -> dict[str, Any]:
    kind, target = _target(transition)
    return {
        "transition": name,
        "upstream": list(transition.upstream),
        "downstream": transition.downstream,
        "mode": transition.policy.mode,
        "target": {"kind": kind, "name": target},
    }


def _target(transition: Transition) -> tuple[str, str]:
    trigger = transition.trigger
    return ("http", trigger.http.url) if trigger.http else ("pubsub", trigger.pubsub.topic if trigger.pubsub else "")


def _steps(pipeline: Pipeline, phase: str) -> list[tuple[str, Transition]]:
    """The transitions that read `phase`."""
    return [(name, step) for name, step in pipeline.transitions.items() if phase in step.upstream]


def _block(pipeline: Pipeline, name: str) -> Iterator[str]:
    """A phase, its tables, and everything that is drawn below it."""
    phase, steps = pipeline.phases[name], _steps(pipeline, name)
    lonely = not steps and pipeline.feeding(name) is None
    yield _title(name, phase) + (f": {UNTOUCHED}" if lonely else "")
    for table in _tables(phase):
        yield f"{'│' if steps else ' '}    {table}"
    for place, (step, transition) in enumerate(steps):
        last = place == len(steps) - 1
        corner, rail = ("└─ ", "   ") if last else ("├─ ", "│  ")
        home, *others = transition.upstream
        if name != home:
            yield f"{corner}{step}: drawn at {home}"
            continue
        kind, target = _target(transition)
        said = [transition.policy.mode, f"{'topic ' if kind == 'pubsub' else ''}{target}"]
        said += [f"together with {', '.join(others)}"] if others else []
        yield f"{corner}{step}: {', '.join(said)}"
        yield from _indented(rail, _block(pipeline, transition.downstream))


def _indented(rail: str, lines: Iterable[str]) -> Iterator[str]:
    return (rail + line for line in lines)


def _title(name: str, phase: Phase) -> str:
    return f"{name} ({' '.join(phase.label.split())})" if phase.label else name


def _tables(phase: Phase) -> Iterator[str]:
    for table in phase.tables:
        yield table.table + ("" if table.required else " (optional)")
    if phase.expected:
        yield f"expected: {phase.expected.table}"


def _quotable(text: str) -> str:
    """Text inside Mermaid's quotes: what could end or mark up the label becomes an entity."""
    return "".join(f"#{ord(letter)};" if letter in '"#&<>`' else letter for letter in text)
