"""Why dates are really empty: warm-ups, all-star days, off-season, exhibitions, retired tables, retention."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date
from typing import Any

from tests.precision.world import DAY, Edge, Phase, Plant, Rule, Table, World


def plant_rules(world: World, *, withhold: bool) -> None:
    """Give edges and tables their rules; with `withhold`, leave one in five out of the file, and one at least."""
    rng, seed = world.rng, world.seed
    makers: list[Callable[[World], None]] = [_warm_up, _own_warm_up, _all_star, _off_season, _retired, _exhibition]
    chosen = [make for n, make in enumerate(makers) if withhold or (seed + n) % 2 or rng.random() < 0.5]
    for make in chosen:
        make(world)
    stated = [rule for rules in _all(world) for rule in rules]
    if withhold and stated:
        for rule in rng.sample(stated, max(1, round(len(stated) / 5))):
            rule.withheld = True
    if not withhold and seed % 3 == 1:
        _retention(world)


def _all(world: World) -> Iterable[list[Rule]]:
    yield from (edge.rules for edge in world.edges)
    yield from (table.rules for _, table in world.tables())


def _note(world: World, kind: str, days: Iterable[date], edge: str) -> None:
    world.plants += [Plant(kind, edge, day) for day in days if day in world.games]


def _rule(world: World, kind: str, days: Iterable[date], **line: Any) -> Rule:
    return Rule(kind, frozenset(days), {"reason": kind.replace("_", " "), **line})


def _run(first: date, days: int) -> list[date]:
    return [first + n * DAY for n in range(days)]


def _season(world: World) -> tuple[str, list[tuple[date, date]]]:
    return next(iter(world.seasons.items()))


def _first_days(world: World, kind: str, days: int) -> Rule:
    name, windows = _season(world)
    covered = [day for start, end in windows for day in _run(start, days) if day <= end]
    return _rule(world, kind, covered, first_days=days, season=name)


def _edge(world: World) -> Edge:
    return world.rng.choice(world.edges)


def _warm_up(world: World) -> None:
    edge = _edge(world)
    rule = _first_days(world, "warm_up", world.rng.randint(2, 6))
    edge.rules.append(rule)
    _note(world, "warm_up", rule.days, edge.name)


def _spare(world: World) -> tuple[Edge, Table] | None:
    """A table of a fed phase that has another required one beside it without a rule."""
    found = [
        (edge, table)
        for edge in world.edges
        for table in edge.down.tables
        if table.required and any(t.required and not t.rules and t is not table for t in edge.down.tables)
    ]
    return world.rng.choice(found) if found else None


def _own_warm_up(world: World) -> None:
    if not (spare := _spare(world)):
        return
    edge, table = spare
    rule = _first_days(world, "own_warm_up", world.rng.randint(3, 9))
    table.rules.append(rule)
    _note(world, "own_warm_up", rule.days, edge.name)


def _all_star(world: World) -> None:
    edge, (_, windows) = _edge(world), _season(world)
    games = [day for day in world.games if windows[1][0] + 9 * DAY <= day <= world.today - 6 * DAY]
    days = sorted(world.rng.sample(games, min(2, len(games))))
    if days:
        edge.rules.append(_rule(world, "all_star", days, dates=[str(day) for day in days]))
        _note(world, "all_star", days, edge.name)


def _off_season(world: World) -> None:
    edge, (name, windows) = _edge(world), _season(world)
    days = [day for day in world.games if not any(start <= day <= end for start, end in windows)]
    edge.rules.append(_rule(world, "off_season", days, outside=name))
    _note(world, "off_season", days, edge.name)


def _exhibition(world: World) -> None:
    """Dates with one game, where others have at least six."""
    counting = [e for e in world.edges if any(t.required and t.entity == "game" for t in e.ups[0].tables)]
    plain = [e for e in counting if not any(t.entity == "player" for up in e.ups for t in up.tables)]
    if not plain:
        return
    edge, (_, windows) = world.rng.choice(plain), _season(world)
    games = [day for day in world.games if windows[1][0] + 9 * DAY <= day <= world.today - 6 * DAY]
    days = [day for day in world.rng.sample(games, min(2, len(games))) if not _closed(world, day)]
    if days:
        world.games.update(dict.fromkeys(days, 1))
        edge.rules.append(_rule(world, "exhibition", days, upstream_entities_below=2))
        _note(world, "exhibition", days, edge.name)


def _closed(world: World, day: date) -> bool:
    return any(day in rule.days for rules in _all(world) for rule in rules)


def _retired(world: World) -> None:
    """From some date on, one table of several is written no more."""
    if not (spare := _spare(world)):
        return
    edge, table = spare
    if table.rules:
        return
    since = world.today - world.rng.randint(8, 14) * DAY
    rule = _rule(world, "retired", [day for day in world.games if day >= since], **{"from": str(since)})
    table.rules.append(rule)
    _note(world, "retired", rule.days, edge.name)


def _retention(world: World) -> None:
    """Rows of a phase, or of one of its tables, that are kept for a while only."""
    rng = world.rng
    phase: Phase = rng.choice(world.phases)
    days = rng.randint(16, 26) if len(world.games) < 40 else rng.randint(30, 60)
    for table in phase.tables if rng.random() < 0.6 else [rng.choice(phase.tables)]:
        table.retention_days = days
        # There, midnight of a timestamp is still the day before in UTC, and so is its partition.
        table.lost_early = int(table.kind == "TIMESTAMP" and world.zone in {"Asia/Tokyo", "Pacific/Auckland"})
    side = next((edge.name for edge in world.edges if phase in (*edge.ups, edge.down)), "")
    gone = [day for day in world.games if phase.tables and any(t.expired(day, world.now) for t in phase.tables)]
    role = "retention_down" if world.feeder(phase) else "retention_up"
    _note(world, role, gone, side)
