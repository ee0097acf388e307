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
    held = tables.group.look("tables", "all tables", tables.ROLE, lambda: tables.checks(world))
    yield from held
    if any(check.unavailable for check in held):
        # Every further question would wait as long.
        made = [ledger.group.skipped("dataset", world.ledger, "not asked: BigQuery does not answer")]
    else:
        made = ledger.group.look("dataset", world.ledger, ledger.ROLE, lambda: ledger.checks(world))
        made += tables.group.look("access", "all tables", tables.ROLE, lambda: tables.access(world))
    yield from made
    yield from events.heard(world)
    yield from events.asked(world)
    yield from schedule.checks(world)
    yield from functions.checks(world)
    yield from past(world) if _readable(made) else [UNREAD]
    yield from alerts.checks(world)


def past(world: World) -> list[Check]:
    """What the ledger tells of the past."""
    try:
        read = history.read(world)
    except GaphealError as error:
        return [heartbeat.heartbeat.error("history", world.ledger, error, ledger.ROLE)]
    beats = heartbeat.checks(world.pipeline, read, world.now, local=world.local)
    return [*beats, *knobs.checks(world.pipeline, read)]


def _readable(made: Iterable[Check]) -> bool:
    """Whether the ledger is whole; one that is not kept for ever can be read all the same."""
    there = [check for check in made if check.group == ledger.group.name and check.name not in NOT_KEPT]
    return {check.state for check in there} <= {State.OK, State.WARN}


NOT_KEPT = frozenset({"dataset expiry", "table expiry", "partition expiry"})
UNREAD = heartbeat.heartbeat.skipped("history", "all transitions", "not read before the ledger is mended")
