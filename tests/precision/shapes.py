"""What a world looks like before anything happens in it: its calendar, phases, tables and policies."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import cache
from itertools import pairwise
from random import Random
from zoneinfo import ZoneInfo

from tests.precision.world import DAY, Edge, Phase, Table, World

ZONES = ("America/New_York", "UTC", "Asia/Tokyo", "Pacific/Auckland")
SHIFTS = {
    "America/New_York": (date(2023, 3, 12), date(2023, 11, 5), date(2024, 3, 10), date(2024, 11, 3)),
    "Pacific/Auckland": (date(2023, 4, 2), date(2023, 9, 24), date(2024, 4, 7), date(2024, 9, 29)),
}
"""Days of 23 and of 25 hours."""
EDGES_OF_THE_YEAR = (date(2024, 2, 29), date(2024, 1, 1), date(2024, 12, 31))
RATIOS = ("1.0", "0.9", "0.85", "0.55", "0.7", "0.95")
SYLLABLES = ("ka", "ro", "min", "tel", "vas", "que", "dor", "li", "zen", "pha", "su", "bor")
EXTRAS = {0: "lookback", 1: "depends", 2: "settling", 3: "several", 4: "expected"}
"""By the seed's last digit, twice in ten: what a world has besides."""


def word(rng: Random) -> str:
    """A name that nobody has thought of."""
    return "".join(rng.choice(SYLLABLES) for _ in range(rng.randint(2, 4)))


def extra(seed: int) -> str:
    """What makes this seed's world special."""
    return EXTRAS[seed % 5]


def moment(rng: Random, seed: int) -> tuple[str, datetime]:
    """A time zone, and when the first scan runs there: half of them between midnight and five, UTC."""
    zone = ZONES[(seed // 2 + seed // 10) % 4]
    anchors = SHIFTS.get(zone, EDGES_OF_THE_YEAR)
    day = rng.choice(anchors) + rng.randint(2, 25) * DAY
    hour = rng.randint(0, 4) if seed % 2 else rng.randint(13, 23)
    return zone, datetime(day.year, day.month, day.day, hour, rng.randint(0, 59), tzinfo=UTC)


@cache
def shifts(zone: str) -> frozenset[date]:
    """Days of 23 and of 25 hours, in any year: when midnight's offset is not the next midnight's."""
    there = ZoneInfo(zone)
    days = (date(2023, 1, 1) + n * DAY for n in range(3000))
    return frozenset(
        day
        for day in days
        if datetime(day.year, day.month, day.day, tzinfo=there).utcoffset()
        != datetime(day.year, day.month, day.day, 23, tzinfo=there).utcoffset()
    )


def empty_world(seed: int, now: datetime | None, *, withhold: bool) -> World:
    """A world with a calendar and tables and nothing in them.

    Args:
        seed: the same one makes the same world.
        now: when the first scan runs; None: the seed says. A world with a `now` is small, and its time stands still.
        withhold: for the second experiment, which needs many scans and no extras.
    """
    rng = Random(f"precision {seed} {withhold}")  # noqa: S311 - repeatable, not secret
    small, special = now is not None, None if withhold else extra(seed)
    zone, moment_ = moment(rng, seed)
    now = now or moment_
    longest = 3 if small or withhold else 4
    names = _names(rng, rng.randint(3 if special == "depends" else 2, longest))
    phases = [Phase(name, []) for name in names]
    edges = [Edge(f"{up.name}_to_{down.name}", [up], down) for up, down in pairwise(phases)]
    if special == "several":
        phases.append(Phase(f"side_{word(rng)}", []))
        edges[-1].ups.append(phases[-1])
    _tables(rng, seed, phases, small=small)
    if special == "lookback":
        phases[0].tables[0].min_rows = 4  # so that its source can have a date in part
    _policies(rng, seed, edges, special, small=small)
    lease = 0 if small else rng.choice((30, 60, 120))
    pause = timedelta(minutes=1 if small else max(lease, *(edge.settle for edge in edges)) + 30)
    steps = max(len(edges) + 2, max(edge.max_attempts for edge in edges) + 2 if withhold else 0)
    world = World(
        seed=seed,
        rng=rng,
        name=f"{word(rng)}-{seed}",
        zone=zone,
        times=[now + step * pause for step in range(steps)],
        lease=lease,
        seasons={},
        phases=phases,
        edges=edges,
        games={},
    )
    _calendar(world, small=small)
    if special == "expected":
        _expect(world)
    return world


def _names(rng: Random, count: int) -> list[str]:
    names: list[str] = []
    while len(names) < count:
        if (name := word(rng)) not in names:
            names.append(name)
    return names


def _tables(rng: Random, seed: int, phases: list[Phase], *, small: bool) -> None:
    dated = {0: "all", 1: "none", 2: "all", 3: "some", 4: "all"}[seed % 5] if seed % 10 < 5 else "none"
    if seed % 5 == 2:
        dated = "all"  # only a last write can settle
    for index, phase in enumerate(phases):
        size = 5 if index == 1 and not seed % (4 if small else 2) else rng.choice((1, 2) if small else (1, 2, 2, 3))
        tells = dated == "all" or (dated == "some" and rng.random() < 0.5)
        dataset = word(rng)
        for number in range(size + (index > 0 and rng.random() < 0.4)):
            table = _table(rng, f"{dataset}.{word(rng)}_{index}{number}", counts=number == 0 or rng.random() < 0.6)
            table.required = number < size
            table.updated_column = f"{word(rng)}_at" if tells else None
            phase.tables.append(table)


def _table(rng: Random, name: str, *, counts: bool) -> Table:
    table = Table(name, date_column=f"{word(rng)}_day", kind=rng.choice(("DATE", "DATE", "DATETIME", "TIMESTAMP")))
    if counts:
        table.entity_column = f"{word(rng)}_id"
        table.entity = "game" if rng.random() < 0.85 else "player"
    else:
        table.min_rows = rng.choice((1, 1, 4))
    if rng.random() < 0.2:
        table.flag_column = f"is_{word(rng)}"
    return table


def _policies(rng: Random, seed: int, edges: list[Edge], special: str | None, *, small: bool) -> None:
    for number, edge in enumerate(edges):
        edge.ratio = rng.choice(RATIOS)
        edge.lag = rng.choice((0, 1, 1, 2, 3))
        edge.stale = ("heal", "report", "ignore")[(seed + number) % 3]
        edge.stale_after = rng.choice((60, 60, 30, 240))
        edge.max_age = 30 if seed % 10 in {3, 6, 8} else rng.choice((None, None, None, 30))
        edge.max_attempts = rng.choice((2, 3))
    first = edges[0]
    if special == "settling":
        first.settle = rng.choice((30, 90))
    if special == "lookback":
        first.lookback = rng.randint(1, 3)
        if not first.timed():
            first.stale = "ignore"  # what a waiting date was made from, the rules leave open
    if special == "depends":
        first.depends, first.lag = True, max(first.lag, 1)
    if special is None:
        for edge in edges:
            edge.max_age = None
    if small:
        for edge in edges[1:]:
            edge.settle = 0


def _calendar(world: World, *, small: bool) -> None:
    """An old season, some days of none, and the present season, with a date in four or five without games."""
    rng, today = world.rng, world.today
    old, gap, present = (6, 6, 20) if small else (16, 12, 40)
    start = today - (old + gap + present) * DAY
    windows = [(start, start + (old - 1) * DAY), (today - present * DAY, today + 40 * DAY)]
    world.seasons = {word(rng): windows}
    stray = rng.sample(range(gap), 2)
    last = max(edge.lag for edge in world.edges)
    for n in range(old + gap + present + 2 + last):
        day = start + n * DAY
        between = old <= n < old + gap
        if (n - old in stray) if between else (rng.random() < 0.78 or day in shifts(world.zone)):
            world.games[day] = rng.choice((6, 8, 10) if small else (6, 10, 20, 40))
    for day in [day for day in world.games if day > today + DAY]:
        del world.games[day]


def _expect(world: World) -> None:
    first = world.phases[0]
    schedule = _table(world.rng, f"{word(world.rng)}.schedule", counts=True)
    # A schedule has no `entity`: what it counts is its column's name.
    schedule.entity_column = schedule.entity = "game"
    first.tables[0].entity = "game"
    first.tables[0].entity_column = first.tables[0].entity_column or f"{word(world.rng)}_id"
    first.expected = schedule
