"""Which tables a judge must have seen, and what identifies them."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from itertools import chain

from gapheal.model.passes import TableKey
from gapheal.model.pipeline import Phase, Pipeline, Table, Transition


def tables_of(pipeline: Pipeline, transition: str) -> Iterator[tuple[TableKey, Table]]:
    """The tables that judging needs: both sides, and what upstream's own yardsticks and excuses count."""
    step = pipeline.transitions[transition]
    for phase in (*step.upstream, step.downstream):
        for table in pipeline.phases[phase].tables:
            yield TableKey(phase, table.table), table
    for phase in step.upstream:
        yield from _yardsticks(pipeline, phase)
    for phase in step.upstream if len(step.upstream) > 1 else ():
        yield from _counted_before(pipeline, phase)


def spec_hash(pipeline: Pipeline, transition: str) -> str:
    """The same as long as the file reads the same data: what was seen under another hash tells of other tables."""
    read = [f"{key}{table.model_dump_json(exclude={'excuses'})}" for key, table in tables_of(pipeline, transition)]
    return sha256("\n".join([pipeline.timezone, *read]).encode()).hexdigest()[:16]


def expected_key(phase: str, table: str) -> TableKey:
    """The key of a phase's `expected` table."""
    return TableKey(f"{phase}.expected", table)


def _yardsticks(pipeline: Pipeline, phase: str) -> Iterator[tuple[TableKey, Table]]:
    here, feeding = pipeline.phases[phase], pipeline.feeding(phase)
    if feeding is None:
        if here.expected:
            yield expected_key(phase, here.expected.table), here.expected.as_table
        return
    counted = {table.counts for table in here.tables} - {None}
    by_entities = _by_entities(here, feeding)
    for before in feeding.upstream:
        for table in pipeline.phases[before].tables:
            if table.required and (table.counts in counted or (table.counts and by_entities)):
                yield TableKey(before, table.table), table


def _counted_before(pipeline: Pipeline, phase: str) -> Iterator[tuple[TableKey, Table]]:
    """What excuses further up count: of several upstreams, one may have been excused on a date by any of them."""
    feeding = pipeline.feeding(phase)
    for before in feeding.upstream if feeding else ():
        if (step := pipeline.feeding(before)) and _by_entities(pipeline.phases[before], step):
            for counted in step.upstream:
                tables = pipeline.phases[counted].tables
                yield from ((TableKey(counted, t.table), t) for t in tables if t.required and t.counts)
        yield from _counted_before(pipeline, before)


def _by_entities(phase: Phase, feeding: Transition) -> bool:
    """Whether an excuse of the phase asks how many entities upstream has."""
    excuses = chain(feeding.policy.excuses, *(table.excuses for table in phase.tables))
    return any(excuse.upstream_entities_below for excuse in excuses)
