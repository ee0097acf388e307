"""The second experiment: the file leaves one excuse in five out. What does that cost, and what does gapheal say?"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import yaml
from tests.precision.document import document
from tests.precision.planter import plant
from tests.precision.runner import Result, play
from tests.precision.stages import MemoryStage, scan, verdicts
from tests.precision.world import Edge, Rule, World

from gapheal import spec
from gapheal.judge.hints import Hint, Stalled, hints
from gapheal.model.excuses import Season
from gapheal.model.passes import GAPS, Action, Condition, Verdict

KINDS = ("first_days", "outside", "upstream_entities_below", "from", "dates")


@dataclass
class Withheld:
    """What one kind of rule cost while the file did not state it."""

    rules: int = 0
    dates: int = 0
    triggers: int = 0
    most: int = 0
    """Triggers of one date."""
    stalled: int = 0
    hinted: Counter[str] = field(default_factory=Counter)
    """Stalled dates by the kind of excuse that was suggested for them."""

    def add(self, other: Withheld) -> None:
        """Count another world's rules in."""
        self.rules += other.rules
        self.dates += other.dates
        self.triggers += other.triggers
        self.most = max(self.most, other.most)
        self.stalled += other.stalled
        self.hinted += other.hinted


def play_withheld(seed: int) -> tuple[Result, dict[str, Withheld]]:
    """Play the seed's world under its incomplete file, then under the file that the hints complete."""
    world = plant(seed, withhold=True)
    stage = MemoryStage(world)
    result = play(world, stage)
    cost: dict[str, Withheld] = defaultdict(Withheld)
    suggested = {edge.name: _hints(world, edge, verdicts(stage.app, edge.name)) for edge in world.edges}
    for edge in world.edges:
        for rule in _rules(edge):
            if rule.withheld:
                _count(cost[rule.kind], edge, rule, result, verdicts(stage.app, edge.name), suggested[edge.name])
        for day in _really_empty(edge, result):
            if result.triggers[edge.name, day] > edge.max_attempts:
                result.wrong.append(f"seed {seed} {edge.name} {day}: {result.triggers[edge.name, day]} triggers")
    _follow(world, stage, suggested, result)
    return result, cost


def _rules(edge: Edge) -> list[Rule]:
    return [*edge.rules, *(rule for table in edge.down.tables for rule in table.rules)]


def _really_empty(edge: Edge, result: Result) -> list[date]:
    return [day for name, day in result.triggers if name == edge.name and any(day in r.days for r in _rules(edge))]


def _count(cost: Withheld, edge: Edge, rule: Rule, result: Result, said: list[Verdict], suggested: list[Hint]) -> None:
    """Add what one rule cost on the dates that no stated rule of its kind of place covers."""
    days = {day for name, day in result.triggers if name == edge.name and day in rule.days}
    stalled = {verdict.day for verdict in said if verdict.action is Action.STALLED} & days
    cost.rules += 1
    cost.dates += len(days)
    cost.triggers += sum(result.triggers[edge.name, day] for day in days)
    cost.most = max([cost.most, *(result.triggers[edge.name, day] for day in days)])
    cost.stalled += len(stalled)
    for hint in suggested:
        kind = next(key for key in KINDS if key in hint.excuse)
        cost.hinted[kind] += len(hint.days & days)


def _hints(world: World, edge: Edge, said: list[Verdict]) -> list[Hint]:
    """As `plan` asks for them."""
    whole = {v.day: _entities(world, edge, v.day) for v in said if v.condition is Condition.COMPLETE}
    stalled = [
        Stalled(v.day, _entities(world, edge, v.day), _tables(edge, v)) for v in said if v.action is Action.STALLED
    ]
    seasons = {
        name: [Season(start=start, end=end) for start, end in windows] for name, windows in world.seasons.items()
    }
    return hints(seasons, stalled, whole)


def _entities(world: World, edge: Edge, day: date) -> int | None:
    counting = [table for phase in edge.ups for table in phase.needed(day, stated=True) if table.entity]
    return max((world.count(table, day) for table in counting), default=None)


def _tables(edge: Edge, verdict: Verdict) -> tuple[str, ...]:
    """The tables that are missing, unless that is all of them."""
    absent = str(verdict.reason.numbers["table"]).split(", ")
    needed = [table.name for table in edge.down.needed(verdict.day, stated=True)]
    return () if set(needed) <= set(absent) else tuple(absent)


def _follow(world: World, stage: MemoryStage, suggested: dict[str, list[Hint]], result: Result) -> None:
    """Write every hint into the file: what stalled is excused, and what was complete still is."""
    before = {edge.name: {v.day: v for v in verdicts(stage.app, edge.name)} for edge in world.edges}
    app = stage.with_file(spec.parse(json.dumps(_completed(world, suggested), default=str)))
    for edge in world.edges:
        scan(app, edge.name)
        now = {verdict.day: verdict for verdict in verdicts(app, edge.name)}
        for day, old in before[edge.name].items():
            new = now[day].condition if day in now else None
            still = old.action is Action.STALLED and new in GAPS
            too_much = old.condition is Condition.COMPLETE and new is Condition.EXCUSED
            if still or too_much:
                result.wrong.append(
                    f"seed {world.seed} {edge.name} {day}: was {old.condition} {old.action}, with the hints it is {new}"
                )


def _completed(world: World, suggested: dict[str, list[Hint]]) -> dict[str, Any]:
    data = document(world)
    for edge in world.edges:
        for hint in suggested[edge.name]:
            (line,) = yaml.safe_load(hint.line)
            if not hint.tables:
                data["transitions"][edge.name]["policy"]["excuses"].append(line)
            for table in data["phases"][edge.down.name]["tables"]:
                if table["table"] in hint.tables:
                    table["excuses"].append(line)
    return data
