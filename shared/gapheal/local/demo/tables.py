"""The demo's tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import median

from rich.table import Table

from gapheal.local.demo.estimate import JOB_MINUTES, hours
from gapheal.local.demo.findings import Findings, Games, Plan
from gapheal.local.demo.world import Told
from gapheal.model.pipeline import Pipeline


def hole(plan: Plan, games: Games) -> Table:
    """Games by playoffs and phase, as they are now."""
    table = _table("playoffs", *games)
    for first, last in plan.playoffs:
        counts = [sum(n for day, n in days.items() if first <= day <= last) for days in games.values()]
        table.add_row(f"{first} .. {last}", *map(str, counts))
    return table


def outcome(pipeline: Pipeline, findings: Findings, told: Told) -> Table:
    """One line a transition: what there was, what was done, how long it took."""
    titles = ("transition", "dates upstream", "healed", "excused", "open", "triggers", "useless", "time to heal")
    table = _table(*titles, "in real hours")
    real = _real_hours(pipeline, findings.plan)
    for name, transition in pipeline.transitions.items():
        witnessed, report = findings.witnessed[transition.downstream], findings.second_round[name]
        seconds = sorted(told.seconds.get(name, [])) or [0]
        table.add_row(
            name,
            str(sum(len(findings.games[phase]) for phase in transition.upstream)),
            str(findings.healed(transition.downstream)),
            _excused(told.excused.get(name, {})),
            str(report["gaps_found"] + report["conditions"]["waiting"]),
            f"{witnessed.dates.total()} dates in {witnessed.messages} messages",
            str(len(witnessed.useless)),
            f"{median(seconds):.0f} s, at most {seconds[-1]} s",
            real[name],
        )
    return table


def footnotes(pipeline: Pipeline) -> list[str]:
    """What the columns mean."""
    policy = next(iter(pipeline.transitions.values())).policy
    room = f"{policy.breaker_after} dates in flight until the first heals, then {policy.max_in_flight}"
    jobs = f"jobs of {JOB_MINUTES:.0f} minutes a date"
    return [
        "Useless: by the workers' own log, a trigger whose rows were whole, or whose upstream was absent.",
        f"In real hours: an estimate for the shipped room ({room}) and {jobs}: all side by side, or one by one.",
    ]


def _real_hours(pipeline: Pipeline, plan: Plan) -> dict[str, str]:
    gaps = {name: plan.gaps[transition.downstream] for name, transition in pipeline.transitions.items()}
    policies = {name: transition.policy for name, transition in pipeline.transitions.items()}
    widest = max(policy.max_in_flight for policy in policies.values())
    quick, slow = hours(gaps, policies, at_once=widest), hours(gaps, policies, at_once=1)
    return {name: f"{quick[name]:.1f} .. {slow[name]:.1f}" for name in gaps}


def _excused(reasons: Mapping[str, int]) -> str:
    return ", ".join(f"{dates} {reason}" for reason, dates in sorted(reasons.items())) or "0"


def _table(first: str, *others: str) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column(first)
    for title in others:
        table.add_column(title, justify="right" if title != "excused" else "left")
    return table


def answer(rows: Sequence[Mapping[str, object]]) -> Table:
    """The rows of a query."""
    table = _table(*rows[0]) if rows else _table("no rows")
    for row in rows:
        table.add_row(*map(str, row.values()))
    return table
