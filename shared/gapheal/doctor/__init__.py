"""`gapheal doctor`: every piece of a deployment, how it stands, and the mend. Looks at everything, changes nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from gapheal.doctor import alerts, events, functions, heartbeat, history, knobs, ledger, schedule, tables
from gapheal.doctor.check import Check, State
from gapheal.doctor.world import World, opened
from gapheal.errors import GaphealError

__all__ = ["Check", "State", "World", "examine", "opened"]


def examine(world: World) -> Iterator[Check]:
    """Look at everything, piece by piece; what cannot be looked at is told as such and stops nothing else."""
    yield from tables.group.look("tables", "all tables", tables.ROLE, lambda: tables.checks(world))
    made = ledger.group.look("ledger", world.ledger, ledger.ROLE, lambda: ledger.checks(world))
    yield from made
    yield from tables.group.look("access", "all tables", tables.ROLE, lambda: tables.access(world))
    yield from events.heard(world)
    yield from events.asked(world)
    yield from schedule.checks(world)
    yield from functions.checks(world)
    yield from _past(world, made)
    yield from alerts.checks(world)


def _past(world: World, made: Iterable[Check]) -> list[Check]:
    """What only a whole ledger tells."""
    beat = heartbeat.heartbeat
    if any(check.state in {State.FAIL, State.UNKNOWN} and check.name not in KEPT_WRONG for check in made):
        return [beat.skipped("history", world.ledger, "not read before the ledger is mended")]
    try:
        past = history.read(world)
    except GaphealError as error:
        return [beat.error("history", world.ledger, error, ledger.ROLE)]
    return [
        *heartbeat.checks(world.pipeline, past, world.now, local=world.local),
        *knobs.checks(world.pipeline, past),
    ]


KEPT_WRONG = frozenset({"dataset expiry", "table expiry", "partition expiry"})
"""What is wrong with a ledger that can be read all the same."""
