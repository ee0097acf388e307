"""What is counted and against what: yardsticks that nobody would read, excuses that have nothing to count."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from gapheal.spec.faults import Finding
from gapheal.spec.graph import Step, steps
from gapheal.spec.paths import find


def check_yardsticks(data: Mapping[str, Any]) -> Iterator[Finding]:
    """What is wrong with what dates are measured by."""
    feeders = {step.downstream[1]: step for step in steps(data)}
    yield from _unread_expected(data, feeders)
    yield from _uncountable_tables(data, feeders)
    yield from _uncountable_transitions(data, feeders)


def _unread_expected(data: Mapping[str, Any], feeders: Mapping[str, Step]) -> Iterator[Finding]:
    for path, written in find(data, "phases.*.expected"):
        if written is not None and (feeder := feeders.get(str(path[1]))):
            yield (
                path,
                (
                    f"expected this on a first phase alone, found it on {path[1]}, which {feeder.name} feeds: "
                    f"its upstream is its yardstick; leave this out"
                ),
            )


def _uncountable_tables(data: Mapping[str, Any], feeders: Mapping[str, Step]) -> Iterator[Finding]:
    for path, written in find(data, "phases.*.tables.*.excuses.*.upstream_entities_below"):
        if written is None:
            continue
        feeder = feeders.get(str(path[1]))
        if feeder is None:
            yield path, f"expected an upstream to count, found no transition into {path[1]}; leave this out"
        elif _counts_nothing(data, feeder):
            yield path, _nothing_to_count(feeder)


def _uncountable_transitions(data: Mapping[str, Any], feeders: Mapping[str, Step]) -> Iterator[Finding]:
    named = {step.name: step for step in feeders.values()}
    for path, written in find(data, "transitions.*.policy.excuses.*.upstream_entities_below"):
        step = named.get(str(path[1]))
        if written is not None and step and _counts_nothing(data, step):
            yield path, _nothing_to_count(step)


def _nothing_to_count(step: Step) -> str:
    upstream = " or ".join(phase for _, phase in step.upstream)
    return (
        f"expected entities to count, found no required table of {upstream} (upstream of {step.name}) "
        f"with an entity_column; give it one, or leave this out"
    )


def _counts_nothing(data: Mapping[str, Any], step: Step) -> bool:
    """Whether the upstream is known, and no required table of it counts entities."""
    phases = data.get("phases")
    upstream = [phases.get(phase) for _, phase in step.upstream] if isinstance(phases, dict) else [None]
    if not upstream or None in upstream:
        return False  # told elsewhere
    tables = [table for phase in upstream for _, table in find(phase, "tables.*") if isinstance(table, dict)]
    return not any(table.get("entity_column") and table.get("required", True) for table in tables)
