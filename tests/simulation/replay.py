"""A failing history for people: its facts, as few as still fail, and what happened in it."""

from __future__ import annotations

from dataclasses import fields, replace

from tests.simulation.engine import Violation
from tests.simulation.facts import QUIET, Facts, draw
from tests.simulation.history import History

LAST_LINES = 60


def broken(facts: Facts) -> tuple[Violation | None, list[str]]:
    """What does not hold in this history, and its trace."""
    history = History(facts)
    try:
        history.run()
    except Violation as violation:
        return violation, history.hub.trace
    return None, history.hub.trace


def shrunk(facts: Facts, law: str) -> Facts:
    """Fewer troubles and fewer dates that break the same law."""
    candidates = [{name: quiet} for name, quiet in QUIET.items() if getattr(facts, name) != quiet]
    candidates += [{"dates": number} for number in (2, 3, 5, 8) if number < facts.dates]
    candidates += [{"hours": number} for number in (2, 4) if number < facts.hours]
    for change in candidates:
        smaller = replace(facts, **change)
        if "dates" in change and smaller.dates > facts.dates:
            continue
        try:
            violation, _ = broken(smaller)
        except Exception:  # noqa: BLE001, S112 - a smaller world that cannot run is no smaller failure
            continue
        if violation and violation.law == law:
            facts = smaller
    return facts


def failure(seed: int) -> str:
    """What to print of a failing seed."""
    drawn = draw(seed)
    violation, _ = broken(drawn)
    if violation is None:
        return f"seed {seed} does not fail here"
    facts = shrunk(drawn, violation.law)
    shown, trace = broken(facts)
    loud = {f.name: getattr(facts, f.name) for f in fields(Facts) if getattr(facts, f.name) != f.default}
    lines = [
        f"seed {seed} breaks a law: {violation}",
        f"replay it: make simulate SEED={seed}",
        f"shrunk to: {', '.join(f'{name}={value}' for name, value in loud.items())}",
        f"and there: {shown}",
        *trace[-LAST_LINES:],
    ]
    return "\n".join(lines)


def told(seed: int) -> str:
    """One history, whole."""
    facts = draw(seed)
    violation, trace = broken(facts)
    if violation:
        return "\n".join([*trace, failure(seed)])
    return "\n".join([str(facts), *trace, f"seed {seed}: every law holds"])
