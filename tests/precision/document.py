"""The pipeline file of a world, as its owner would write it."""

from __future__ import annotations

from datetime import date
from typing import Any

from tests.precision.world import Edge, Phase, Rule, Table, World, merged


def document(world: World) -> dict[str, Any]:
    """The file as plain data; dates are texts. Rules that are withheld are not in it."""
    return {
        "version": 1,
        "pipeline": world.name,
        "location": "us-west2",
        "timezone": world.zone,
        "seasons": {
            name: [{"start": str(start), "end": str(end)} for start, end in windows]
            for name, windows in world.seasons.items()
        },
        "phases": {phase.name: _phase(phase) for phase in world.phases},
        "transitions": {edge.name: _transition(world, edge) for edge in world.edges},
    }


def _phase(phase: Phase) -> dict[str, Any]:
    expected = _table(phase.expected, expected=True) if phase.expected else None
    return merged({"tables": [_table(table) for table in phase.tables], "expected": expected})


def _table(table: Table, *, expected: bool = False) -> dict[str, Any]:
    counted = {
        "table": table.name,
        "date_column": table.date_column,
        "entity_column": table.entity_column,
        "where": f"{table.flag_column} = TRUE" if table.flag_column else None,
    }
    if expected:
        return merged(counted)
    more = {
        "entity": table.entity,
        "updated_column": table.updated_column,
        "min_rows": table.min_rows,
        "required": table.required,
        "excuses": _lines(table.rules),
    }
    return merged(counted, more)


def _lines(rules: list[Rule]) -> list[dict[str, Any]]:
    return [rule.line for rule in rules if not rule.withheld]


def _transition(world: World, edge: Edge) -> dict[str, Any]:
    policy = {
        "mode": "heal",
        "min_completeness": float(edge.ratio),
        "lag_days": edge.lag,
        "settle_minutes": edge.settle,
        "stale": edge.stale,
        "stale_after_minutes": edge.stale_after,
        "lookback_days": edge.lookback,
        "depends_on_past": edge.depends,
        "max_age_days": edge.max_age,
        "max_attempts": edge.max_attempts,
        "lease_minutes": world.lease,
        "max_in_flight": 1000,
        "breaker_after": 1000,
        "excuses": _lines(edge.rules),
    }
    start: date | None = edge.start
    return {
        "upstream": [phase.name for phase in edge.ups],
        "downstream": edge.down.name,
        "policy": policy if start is None else {**policy, "start_date": str(start)},
    }
