"""What a valid file does not say aloud: what will happen, and what will stay unseen."""

from __future__ import annotations

from collections.abc import Iterator

from gapheal.model.pipeline import Pipeline, Table, Transition

_MODES = {
    "paused": "nothing is looked at and nothing is sent; set policy.mode: observe or heal",
    "observe": "nothing is sent; set policy.mode: heal once the gaps it reports are right",
    "heal": "gaps are healed",
}


def remarks(pipeline: Pipeline) -> list[str]:
    """What `gapheal validate` tells of a file without faults, one sentence each."""
    number = len(pipeline.transitions)
    told = [f"{number} transition{'s' if number > 1 else ''}"]
    for name, transition in pipeline.transitions.items():
        told += [f"{name}: {remark}" for remark in _of_transition(pipeline, transition)]
    return told + list(dict.fromkeys(_uncounted(pipeline)))


def _of_transition(pipeline: Pipeline, transition: Transition) -> Iterator[str]:
    mode, trigger = transition.policy.mode, transition.trigger
    yield f"mode {mode}: {_MODES[mode]}"
    if trigger.pubsub:
        yield f"triggers go to topic {trigger.pubsub.topic}"
    if trigger.http:
        yield f"triggers go to {trigger.http.url}"
    downstream = pipeline.phases[transition.downstream].tables
    if not any(table.required for table in downstream):
        yield f"nothing is ever missing: no table of {transition.downstream} is required"
    for table in downstream:
        yield from _without_yardstick(table, _upstream_tables(pipeline, transition))


def _without_yardstick(table: Table, upstream: list[Table]) -> Iterator[str]:
    others = {each.counts for each in upstream if each.required and each.counts}
    if table.counts and others and table.counts not in others:
        yield (
            f"partial dates of {table.table} are invisible: it counts {table.counts}, "
            f"upstream counts {', '.join(sorted(others))}; if these are the same, give both one `entity`"
        )


def _uncounted(pipeline: Pipeline) -> Iterator[str]:
    for transition in pipeline.transitions.values():
        for table in [*_upstream_tables(pipeline, transition), *pipeline.phases[transition.downstream].tables]:
            if not table.entity_column:
                yield f"partial dates are invisible: {table.table} has no entity_column"


def _upstream_tables(pipeline: Pipeline, transition: Transition) -> list[Table]:
    return [table for phase in transition.upstream for table in pipeline.phases[phase].tables]
