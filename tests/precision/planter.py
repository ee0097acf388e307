"""Plants a world from a seed: its file, its tables, and the truth, before anything is asked. Nothing of gapheal."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime

from tests.precision.extras import Extras
from tests.precision.oracle import Oracle
from tests.precision.rules import plant_rules
from tests.precision.shapes import empty_world, extra
from tests.precision.stories import plant_whole
from tests.precision.world import DAY, Edge, Plant, World

FIVE = 5
Story = Callable[[Edge, date], bool]


def plant(seed: int, now: datetime | None = None, *, withhold: bool = False) -> World:
    """The world of a seed.

    Args:
        seed: the same one plants the same world.
        now: the moment of all its scans, for a small world in which time stands still; None: the seed says.
        withhold: leave one rule in five out of the file; then nothing else is planted but plain gaps.
    """
    world = empty_world(seed, now, withhold=withhold)
    plant_rules(world, withhold=withhold)
    plant_whole(world)
    stories = Extras(world)
    if withhold:
        _gaps(stories, world, most=6)
    else:
        _everything(stories, world, extra(seed))
        _edges_of_days(world)
    Oracle(world).foretell()
    return world


def _gaps(stories: Extras, world: World, most: int) -> None:
    for _ in range(most):
        _one(stories, world.edges, (stories.missing, stories.partial, stories.one_of_n))


def _everything(stories: Extras, world: World, special: str) -> None:
    edges = world.edges[1:] if special == "depends" else world.edges
    if special != "depends":
        stories.on_a_shift(world.rng.choice(edges))
        stories.hidden()
    getattr(stories, special)()
    if special == "depends":
        _no_live_dates(world)
    single: tuple[Story, ...] = (stories.just_whole, stories.optional, stories.fresh_enough, stories.held)
    for story in (
        *(stories.missing, stories.partial, stories.partial, stories.one_of_n, stories.stale, stories.stale),
        *(stories.changed, stories.changed, stories.idle, stories.dead, *single),
    ):
        _one(stories, edges, (story,))
    _one(stories, [edge for edge in edges if len(edge.down.tables) >= FIVE], (stories.one_of_n,))
    if special != "depends":
        for _ in range(2):
            _one(stories, edges, (stories.late,))
        stories.accepted(world.rng.choice(edges))


def _one(stories: Extras, edges: list[Edge], choice: tuple[Story, ...]) -> None:
    """Plant one of the stories on some edge, where it fits."""
    if not edges:
        return
    story, shuffled = stories.rng.choice(choice), stories.rng.sample(edges, len(edges))
    for edge in shuffled:
        tried = stories.days(4)
        fits = next((day for day in tried if story(edge, day)), None)
        stories.free |= set(tried) - {fits}
        if fits:
            return


def _no_live_dates(world: World) -> None:
    """Nothing becomes due while dates wait for the dates before them."""
    newest = world.today - world.edges[0].lag * DAY
    for _, table in world.tables():
        held = world.initial[table.name]
        for day in [day for day in held if day > newest]:
            del held[day]


def _edges_of_days(world: World) -> None:
    """Count the live dates, and what the clock makes difficult."""
    first = world.edges[0]
    live = [day for day in world.games if day > world.today - first.lag * DAY]
    world.plants += [Plant("live", first.name, day) for day in live]
    in_utc = world.now.astimezone(UTC)
    if world.zone != "UTC" and in_utc.date() != world.today:
        world.plants.append(Plant("another_day_in_utc", first.name, world.today))
    if in_utc.hour < 5:
        world.plants.append(Plant("after_midnight_utc", first.name, world.today))
