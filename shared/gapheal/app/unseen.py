"""What would stay unseen of a file that fits its tables: warnings of `validate --live`. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, timedelta

from gapheal.judge.excuses import excuse_for
from gapheal.model.passes import Observations, TableKey
from gapheal.model.pipeline import Pipeline, Table, Transition
from gapheal.warehouse.described import Described, retention
from gapheal.warehouse.plan import told_by_partitions
from gapheal.warehouse.sql import UNPARTITIONED

Catalogue = Mapping[TableKey, Described]


def warnings(pipeline: Pipeline, found: Catalogue, seen: Mapping[str, Observations], *, metadata: bool) -> list[str]:
    """One sentence for each thing that gapheal will not see.

    Args:
        pipeline: the file.
        found: every table of the file, as the catalogue tells it.
        seen: what the next scan would see, by transition; a paused one may be absent.
        metadata: whether partitions' metadata is read.
    """
    told: list[str] = []
    for name, transition in pipeline.transitions.items():
        told += [f"{name}: {each}" for each in _late_rows(pipeline, transition, found, metadata=metadata)]
        if name in seen:
            told += [f"{name}: {each}" for each in _expired(pipeline, transition, found, seen[name])]
            told += [f"{name}: {each}" for each in _seasons_run_out(pipeline, transition, seen[name])]
    return [*told, *dict.fromkeys(line for each in seen.values() for line in _of_no_date(each))]


def _late_rows(pipeline: Pipeline, transition: Transition, found: Catalogue, *, metadata: bool) -> Iterator[str]:
    if transition.policy.stale == "ignore":
        return
    for key, table in _required(pipeline, transition.upstream):
        known = table.updated_column or (metadata and told_by_partitions(found[key], table, pipeline.zone))
        if not known:
            yield (
                f"late rows of {key.table} show only where they change the number of rows or entities, because its "
                "last write is not known; name its updated_column, or write `stale: ignore`"
            )


def _expired(pipeline: Pipeline, transition: Transition, found: Catalogue, seen: Observations) -> Iterator[str]:
    policy = transition.policy
    today = seen.now.astimezone(pipeline.zone).date()
    reach = today - timedelta(days=policy.scan_days) if policy.scan_days else date.min
    first = max(reach, policy.start_date or date.min)
    back = f"looks back to {first}" if first > date.min else "looks at all dates"
    for phase in (*transition.upstream, transition.downstream):
        for table in pipeline.phases[phase].tables:
            kept = retention(found[TableKey(phase, table.table)], table, pipeline.zone)
            if kept is not None and first < today - kept:
                yield (
                    f"{back}, but {table.table} keeps a date for {kept.days} days: older dates are excused as expired; "
                    "a shorter scan_days reads less, a longer expiry heals more"
                )


def _seasons_run_out(pipeline: Pipeline, transition: Transition, seen: Observations) -> Iterator[str]:
    policy = transition.policy
    newest_due = seen.now.astimezone(pipeline.zone).date() - timedelta(days=policy.lag_days)
    held = {day for key, _ in _required(pipeline, transition.upstream) for day in seen.counts.get(key, ())}
    for excuse in policy.excuses:
        if not excuse.outside:
            continue
        last = max(window.end for window in pipeline.seasons[excuse.outside])
        others = [other for other in policy.excuses if other is not excuse]
        later = [
            day
            for day in sorted(held)
            if last < day <= newest_due
            and excuse_for([excuse], day, pipeline.seasons)
            and not excuse_for(others, day, pipeline.seasons)
        ]
        if later:
            dates = (
                f"{len(later)} later dates ({later[0]} to {later[-1]})" if later[1:] else f"a later date, {later[0]}"
            )
            yield (
                f"season {excuse.outside} ends on {last} in the file, but upstream has {dates}, which nothing but "
                f"`{excuse.reason}` excuses: write the next window, or they are never healed"
            )


def _of_no_date(seen: Observations) -> Iterator[str]:
    for key, facts in seen.facts.items():
        places = {place: rows for place, rows in facts.unjudged.items() if rows and place != UNPARTITIONED}
        if places:
            where = ", ".join(f"{rows:,} {place}" for place, rows in places.items())
            yield f"{key.table} has rows of no date, which are judged nowhere: {where}"


def _required(pipeline: Pipeline, phases: tuple[str, ...]) -> Iterator[tuple[TableKey, Table]]:
    for phase in phases:
        for table in pipeline.phases[phase].tables:
            if table.required:
                yield TableKey(phase, table.table), table
