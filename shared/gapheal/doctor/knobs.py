"""The file's numbers held against what happened: leases, excuses, room, and who else triggers. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from math import ceil

from gapheal.doctor.check import Check, Group
from gapheal.doctor.history import History, Row
from gapheal.intervals import Interval, unfold
from gapheal.judge.excuses import excuse_for
from gapheal.model.excuses import Excuse
from gapheal.model.pipeline import Pipeline, Policy
from gapheal.model.spread import percentile

group = Group("knobs")
MOST = 0.95
FEW_HEALS = 10
"""Fewer say nothing of how long a job takes."""
FEW_SCANS = 12
"""Half a day; a backlog of one morning is no sign."""
BY_HAND = timedelta(hours=12)
"""What takes longer was filled by a person, not by another trigger."""


def checks(pipeline: Pipeline, history: History) -> Iterator[Check]:
    """What each transition's policy is told by its own past; one word where nothing is against it."""
    for name, step in pipeline.transitions.items():
        policy = step.policy
        told = [
            *_lease(name, policy, history.heals.get(name, ())),
            *_room(name, policy, history.passes.get(name, ())),
            *_strangers(name, policy, history.strangers.get(name, ())),
            *_excuses(pipeline, name, history.dates[name]),
        ]
        heals = len(history.heals.get(name, ()))
        yield from told or [
            group.ok(
                "policy",
                name,
                f"nothing that happened speaks against it ({heals} heals, {len(history.dates[name])} dates)",
            )
        ]


def _lease(name: str, policy: Policy, heals: Sequence[Row]) -> Iterator[Check]:
    took = percentile(((row["healed_at"] - row["triggered_at"]).total_seconds() for row in heals), MOST)
    if took is None or len(heals) < FEW_HEALS or took <= policy.lease_minutes * 60:
        return
    minutes = ceil(took / 60)
    yield group.warn(
        "lease",
        name,
        f"expected lease_minutes to be longer than the slowest job, found {policy.lease_minutes}, and 95 % of the last "
        f"{len(heals)} heals within {minutes} min: some dates are triggered twice",
        f"transitions.{name}.policy.lease_minutes: {ceil(minutes * 1.5 / 10) * 10}",
    )


def _room(name: str, policy: Policy, passes: Sequence[Row]) -> Iterator[Check]:
    looked = [row for row in passes if row["gaps_found"] is not None and row["mode"] == "heal"]
    if len(looked) < FEW_SCANS or not all(row["deferred"] and row["breaker"] == "closed" for row in looked):
        return
    yield group.warn(
        "room",
        name,
        f"each of the last {len(looked)} scans left dates waiting for room (max_in_flight {policy.max_in_flight}): "
        "the backlog is not drained",
        f"transitions.{name}.policy.max_in_flight: {policy.max_in_flight * 2}, if the job can take it; "
        f"or `gapheal status --transition {name}`: does it heal at all?",
    )


def _strangers(name: str, policy: Policy, strangers: Sequence[Row]) -> Iterator[Check]:
    if not strangers or policy.mode != "heal":
        return
    days = [row["partition_date"] for row in strangers]
    which = f"{len(days)} dates ({min(days)} to {max(days)})" if days[1:] else f"a date, {days[0]},"
    took = (
        percentile(
            ((row["whole_at"] - (row["gap_seen_at"] or row["whole_at"])).total_seconds() for row in strangers), MOST
        )
        or 0
    )
    told = f"{which} came whole within 30 days without a trigger that the ledger knows: somebody else fills them, too"
    if timedelta(seconds=took) > BY_HAND:
        yield group.warn(
            "other triggers",
            name,
            told,
            "find out who; docs/operations/beside-a-trigger.md says how to stand beside it",
        )
        return
    minutes = ceil(took / 60)
    yield group.warn(
        "settle",
        name,
        f"{told}. 95 % of them were whole {minutes} min after gapheal took them for gaps; settle_minutes is "
        f"{policy.settle_minutes}, so it may trigger such dates a second time",
        f"transitions.{name}.policy.settle_minutes: {ceil((policy.settle_minutes + minutes) / 5) * 5 + 5}",
    )


def _excuses(pipeline: Pipeline, name: str, known: frozenset[date]) -> Iterator[Check]:
    """Excuses of dates that upstream never had: a wrong year, a wrong season.

    Standing rules (`outside`, `upstream_entities_below`) may wait for their first case for years.
    """
    if not known:
        return
    step = pipeline.transitions[name]
    places: list[tuple[str, Iterable[Excuse]]] = [(f"transitions.{name}.policy.excuses", step.policy.excuses)]
    places += [(f"excuses of {table.table}", table.excuses) for table in pipeline.phases[step.downstream].tables]
    between = list(unfold([Interval.inclusive(min(known), max(known))]))
    for where, excuses in places:
        for excuse in excuses:
            if excuse.outside or excuse.upstream_entities_below:
                continue
            covered = [day for day in between if excuse_for([excuse], day, pipeline.seasons)]
            if covered and not known.intersection(covered):
                many = f"{covered[0]} to {covered[-1]}" if covered[1:] else str(covered[0])
                yield group.warn(
                    "excuse",
                    name,
                    f"`{excuse.reason}` never matched: it excuses {many}, and upstream had none of these dates",
                    f"correct or remove it under {where}",
                )
