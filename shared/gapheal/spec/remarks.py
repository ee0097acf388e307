"""What a valid file does not say aloud: what will happen, and what will stay unseen."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import date

from gapheal.model.excuses import Excuse
from gapheal.model.pipeline import Pipeline, Table, Transition

_MODES = {
    "paused": "nothing is looked at and nothing is sent; set policy.mode: observe or heal",
    "observe": "nothing is sent; set policy.mode: heal once the gaps it reports are right",
    "heal": "gaps are healed",
}
_NAMED_AT_MOST = 3


def remarks(pipeline: Pipeline, today: date | None = None) -> list[str]:
    """What `gapheal validate` tells of a file without faults, one sentence each.

    Args:
        pipeline: the file in its normal form.
        today: in the pipeline's zone; None leaves out what depends on it.
    """
    number = len(pipeline.transitions)
    told = [f"{number} transition{'s' if number > 1 else ''}"]
    for name, transition in pipeline.transitions.items():
        told += [f"{name}: {remark}" for remark in _of_transition(pipeline, transition)]
    told += dict.fromkeys(_uncounted(pipeline))
    told += _untimed(pipeline)
    if pipeline.recount == "changed" and pipeline.metadata == "off":
        told.append("recount: changed counts everything all the same: metadata is off, so nothing tells what changed")
    return told + list(_ended_seasons(pipeline, today) if today else ())


def _of_transition(pipeline: Pipeline, transition: Transition) -> Iterator[str]:
    mode, trigger = transition.policy.mode, transition.trigger
    yield f"mode {mode}: {_MODES[mode]}"
    if trigger.pubsub:
        yield f"triggers go to topic {trigger.pubsub.topic}"
    if trigger.http:
        yield f"triggers go to {trigger.http.url}"
        if trigger.http.audience and trigger.http.url.startswith("http://"):
            yield "the audience is not used: only https:// URLs are sent a token"
    upstream, downstream = _upstream_tables(pipeline, transition), pipeline.phases[transition.downstream].tables
    if not any(table.required for table in upstream):
        yield f"nothing is ever judged: no table of {', '.join(transition.upstream)} is required"
    for name in dict.fromkeys(_on_both_sides(upstream, downstream)):
        yield f"{name} is never missing: it is upstream and downstream"
    if not any(table.required for table in downstream):
        yield f"nothing is ever missing: no table of {transition.downstream} is required"
    for table in downstream:
        yield from _without_yardstick(table, upstream)
    if transition.policy.min_completeness != 1 and not _measured(pipeline, transition):
        share = f"min_completeness {transition.policy.min_completeness}"
        yield f"{share} measures nothing: no table of {transition.downstream} counts an entity that upstream counts"


def _on_both_sides(upstream: Iterable[Table], downstream: Iterable[Table]) -> Iterator[str]:
    """Tables that are compared with themselves: the same rows of the same dates."""
    read = {(table.table, table.date_column, table.where) for table in upstream}
    return (table.table for table in downstream if (table.table, table.date_column, table.where) in read)


def _without_yardstick(table: Table, upstream: list[Table]) -> Iterator[str]:
    others = {each.counts for each in upstream if each.required and each.counts}
    if table.counts and others and table.counts not in others:
        yield (
            f"partial dates of {table.table} are invisible: it counts {table.counts}, "
            f"upstream counts {', '.join(sorted(others))}; if these are the same, give both one `entity`"
        )


def _measured(pipeline: Pipeline, transition: Transition) -> bool:
    """Whether the share is used: on the downstream, or on an upstream phase that nothing feeds."""
    yardsticks = {table.counts for table in _upstream_tables(pipeline, transition) if table.required} - {None}
    if any(t.required and t.counts in yardsticks for t in pipeline.phases[transition.downstream].tables):
        return True
    return any(pipeline.feeding(phase) is None and _measures_itself(pipeline, phase) for phase in transition.upstream)


def _measures_itself(pipeline: Pipeline, phase: str) -> bool:
    expected = pipeline.phases[phase].expected
    counted = [table.counts for table in pipeline.phases[phase].tables if table.required and table.counts]
    return bool(expected and expected.as_table.counts in counted) or len(counted) > len(set(counted))


def _uncounted(pipeline: Pipeline) -> Iterator[str]:
    for transition in pipeline.transitions.values():
        for table in _tables(pipeline, transition):
            if not table.entity_column:
                yield f"partial dates are invisible: {table.table} has no entity_column"


def _untimed(pipeline: Pipeline) -> Iterator[str]:
    """How late rows show where no column tells when a row was written."""
    untimed = dict.fromkeys(
        table.table
        for transition in pipeline.transitions.values()
        if transition.policy.stale != "ignore"
        for table in _tables(pipeline, transition)
        if table.required and not table.updated_column
    )
    if not untimed:
        return
    names = list(untimed)
    more = f" and {len(names) - _NAMED_AT_MOST} more" if len(names) > _NAMED_AT_MOST else ""
    without = f"{', '.join(names[:_NAMED_AT_MOST])}{more}: no updated_column"
    if pipeline.metadata == "off":
        yield f"late rows show only where they change the number of rows or entities ({without})"
    else:
        yield (
            "late rows show by partition metadata where a table is partitioned by day on its date column "
            "(`gapheal validate --live` tells which), elsewhere only where they change the number of rows or entities "
            f"({without})"
        )


def _ended_seasons(pipeline: Pipeline, today: date) -> Iterator[str]:
    excused = defaultdict[str, set[str]](set)
    for transition in pipeline.transitions.values():
        tables = pipeline.phases[transition.downstream].tables
        for excuse in [*transition.policy.excuses, *(each for table in tables for each in table.excuses)]:
            if excuse.outside and not _is_narrow(excuse):
                excused[excuse.outside].add(excuse.reason)
    for season, reasons in excused.items():
        last = max(window.end for window in pipeline.seasons[season])
        if last < today:
            why = ", ".join(sorted(reasons))
            yield f"seasons: {season} ended on {last}: everything later is excused as {why}; add the new season"


def _is_narrow(excuse: Excuse) -> bool:
    """Whether something beside the season bounds it."""
    return bool(excuse.dates or excuse.to or excuse.first_days or excuse.upstream_entities_below)


def _tables(pipeline: Pipeline, transition: Transition) -> list[Table]:
    return [*_upstream_tables(pipeline, transition), *pipeline.phases[transition.downstream].tables]


def _upstream_tables(pipeline: Pipeline, transition: Transition) -> list[Table]:
    return [table for phase in transition.upstream for table in pipeline.phases[phase].tables]
