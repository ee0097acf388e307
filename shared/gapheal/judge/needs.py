"""Which tables a judge must have seen."""

from __future__ import annotations

from collections.abc import Iterator

from gapheal.model.passes import TableKey
from gapheal.model.pipeline import Pipeline, Table


def tables_of(pipeline: Pipeline, transition: str) -> Iterator[tuple[TableKey, Table]]:
    """The tables that judging needs: both sides, and what the upstream's own yardstick is counted by."""
    step = pipeline.transitions[transition]
    for phase in (*step.upstream, step.downstream):
        for table in pipeline.phases[phase].tables:
            yield TableKey(phase, table.table), table
    for phase in step.upstream:
        counted = {table.counts for table in pipeline.phases[phase].tables} - {None}
        feeding = pipeline.feeding(phase)
        for before in feeding.upstream if feeding else ():
            for table in pipeline.phases[before].tables:
                if table.required and table.counts in counted:
                    yield TableKey(before, table.table), table
