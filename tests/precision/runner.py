"""Plays a planted world before gapheal, step by step, and compares what it says and sends with the truth."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import date

from tests.precision.oracle import UNJUDGED
from tests.precision.stages import Stage, accept, scan, verdicts
from tests.precision.world import Edge, Reality, Truth, World

from gapheal.model.passes import Verdict

ACTIONS = {"heal": "trigger", "would_heal": "trigger"}


@dataclass
class Result:
    """What came of a world."""

    seed: int
    judged: int = 0
    real: int = 0
    """Triggers that the truth asks for."""
    sent: int = 0
    """Triggers that were sent."""
    right: int = 0
    """Triggers that were sent and asked for."""
    kinds: Counter[str] = field(default_factory=Counter)
    triggers: Counter[tuple[str, date]] = field(default_factory=Counter)
    """How often each date of each edge was triggered."""
    wrong: list[str] = field(default_factory=list)
    """Every disagreement, in a sentence."""


def play(world: World, stage: Stage) -> Result:
    """Scan every transition at every step; between steps the jobs write what was triggered."""
    result = Result(world.seed, kinds=Counter(plant.kind for plant in world.plants))
    planted = {(plant.edge, plant.day): plant.kind for plant in world.plants}
    reality = Reality(world, stage.write)
    for table, days in reality.cells.items():
        for day, cell in days.items():
            stage.write(table, day, cell)
    for step, now in enumerate(world.times):
        reality.happen(step)
        stage.ready(now)
        for phase, day in world.accepted.get(step, []):
            accept(stage.app, phase, day, now)
        triggered: list[tuple[Edge, date]] = []
        for edge in world.edges:
            report = scan(stage.app, edge.name)
            found = {verdict.day: verdict for verdict in verdicts(stage.app, edge.name)}
            sent = {date.fromisoformat(day) for day in report["triggered_dates"]}
            _compare(result, step, edge, found, sent, world.truth[step][edge.name], planted)
            gaps = sorted(str(day) for at, name, day in world.source_gaps if (at, name) == (step, edge.name))
            if report["source_gaps"] != gaps:
                told = f"found {report['source_gaps']}, truth {gaps}"
                result.wrong.append(f"seed {world.seed} step {step} {edge.name}: source gaps: {told}")
            triggered += [(edge, day) for day in sorted(sent)]
            result.triggers.update((edge.name, day) for day in sent)
        for edge, day in triggered:
            reality.work(edge, day, step)
    return result


def _compare(
    result: Result,
    step: int,
    edge: Edge,
    found: dict[date, Verdict],
    sent: set[date],
    truth: dict[date, Truth],
    planted: dict[tuple[str, date], str],
) -> None:
    asked = {day for day, true in truth.items() if true.action == "trigger"}
    result.judged += len(found)
    result.real += len(asked)
    result.sent += len(sent)
    result.right += len(sent & asked)
    for day in sorted({*truth, *found}):
        true = truth.get(day, Truth(frozenset({UNJUDGED}), "none"))
        verdict = found.get(day)
        condition = str(verdict.condition) if verdict else UNJUDGED
        action = ACTIONS.get(str(verdict.action), str(verdict.action)) if verdict else "none"
        if condition not in true.conditions or action != true.action or (day in sent) != (true.action == "trigger"):
            kind = planted.get((edge.name, day), "nothing planted")
            expected = f"truth {'|'.join(sorted(true.conditions))} {true.action}"
            said = f"found {condition} {action}{', sent' if day in sent else ''}"
            why = verdict.reason.sentence if verdict else "no verdict"
            result.wrong.append(f"seed {result.seed} step {step} {edge.name} {day} ({kind}): {expected}, {said}: {why}")
