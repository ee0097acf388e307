"""The demo's tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import median

from rich.table import Table

from gapheal.local.demo.estimate import JOB_MINUTES, hours
from gapheal.local.demo.findings import Findings, Games, Plan
from gapheal.local.demo.world import Told
from gapheal.model.pipeline import Pipeline

PHASES = ("phase2", "phase3", "phase4", "phase5", "phase6")
"""Those that a playoff game goes through."""


def hole(plan: Plan, games: Games) -> Table:
    """Games by playoffs and phase, as they are now: what every table of the phase has."""
    shown = {name: tables for name, tables in games.items() if name in PHASES}
    table = _table("playoffs", *shown)
    for first, last in plan.playoffs:
        counts = [min(_within(days, first, last) for days in tables.values()) for tables in shown.values()]
        table.add_row(f"{first} .. {last}", *map(str, counts))
    return table


def outcome(pipeline: Pipeline, findings: Findings, told: Told) -> Table:
    """One line a transition: what there was, what was done, how long it took."""
    titles = ("transition", "dates", "healed", "open", "requests", "useless", "time to heal", "in real hours")
    table = _table(*titles, "excused")
    real = _real_hours(pipeline, findings.plan)
    for name, report in findings.second_round.items():
        downstream = pipeline.transitions[name].downstream
        witnessed, conditions = findings.witnessed[downstream], report["conditions"]
        seconds = sorted(told.seconds.get(name, [])) or [0]
        table.add_row(
            name,
            str(sum(conditions.values())),
            str(findings.healed(downstream)),
            str(report["gaps_found"] + conditions["waiting"]),
            f"{witnessed.dates.total()} dates in {witnessed.messages} messages",
            str(len(witnessed.useless)),
            f"{median(seconds):.0f} s, at most {seconds[-1]} s",
            real[name],
            _excused(told.excused.get(name, {})),
        )
    return table


def excused_tables(pipeline: Pipeline, games: Games) -> list[str]:
    """Of each table with excuses of its own, how many dates of its phase it rightly lacks."""
    return [
        f"{table.table} lacks {len(set().union(*games[name].values()) - games[name][table.table].keys())} dates of its "
        f"phase: {', '.join(excuse.reason for excuse in table.excuses)}."
        for name, phase in pipeline.phases.items()
        for table in phase.tables
        if table.excuses
    ]


def footnotes(pipeline: Pipeline) -> list[str]:
    """What the columns mean."""
    policy = next(iter(pipeline.transitions.values())).policy
    room = f"{policy.breaker_after} dates in flight until the first heals, then {policy.max_in_flight}"
    jobs = f"jobs of {JOB_MINUTES:.0f} minutes a date"
    return [
        "Useless: by the workers' own log, a date asked for whose rows were whole, or whose upstream was absent.",
        f"In real hours: an estimate for the shipped room ({room}) and {jobs}: all side by side, or one by one.",
    ]


def _within(days: Mapping[str, int], first: str, last: str) -> int:
    return sum(games for day, games in days.items() if first <= day <= last)


def _real_hours(pipeline: Pipeline, plan: Plan) -> dict[str, str]:
    transitions = {name: step for name, step in pipeline.transitions.items() if step.downstream in plan.gaps}
    gaps = {name: plan.gaps[transition.downstream] for name, transition in transitions.items()}
    policies = {name: transition.policy for name, transition in transitions.items()}
    feeders = {
        name: {feeder for phase in transition.upstream if (feeder := pipeline.feeder(phase)) in transitions}
        for name, transition in transitions.items()
    }
    widest = max(policy.max_in_flight for policy in policies.values())
    quick, slow = (hours(gaps, policies, feeders, at_once=n) for n in (widest, 1))
    return {name: f"{quick[name]:.1f} .. {slow[name]:.1f}" for name in gaps}


def _excused(reasons: Mapping[str, int]) -> str:
    return ", ".join(f"{dates} {reason}" for reason, dates in sorted(reasons.items())) or "0"


def _table(first: str, *others: str) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column(first, overflow="fold")
    for title in others:
        table.add_column(title, justify="right" if title != "excused" else "left", overflow="fold")
    return table


def answer(rows: Sequence[Mapping[str, object]]) -> Table:
    """The rows of a query."""
    table = _table(*rows[0]) if rows else _table("no rows")
    for row in rows:
        table.add_row(*map(str, row.values()))
    return table
