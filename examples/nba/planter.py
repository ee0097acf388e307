"""Plant more gaps than the three playoffs, and know what must come of them.

Dates at random lose all their games, or some, in any of the phases 3 to 6: also where the phase before lost them
too, or where the phase after still has them. Among them stand dates that look like gaps and are none: season
warm-ups and all-star games by design, and here and there an exhibition game out of season.

    python planter.py --seed 7
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any

import seed
import world

MISSING, PARTIAL = "missing", "partial"
DATES, WARM_UP_DATES, EXHIBITIONS = 7, 1, 3
SUMMER_DAYS = 60


@dataclass(frozen=True, slots=True)
class Loss:
    """What one phase lost of one date."""

    phase: int
    day: date
    games: int
    kind: str


@dataclass(frozen=True, slots=True)
class Plan:
    """What is broken, and what follows: written down before anything runs."""

    losses: tuple[Loss, ...]
    exhibitions: tuple[date, ...]
    gaps: Mapping[int, frozenset[date]]
    """For each phase the dates that need one trigger, and exactly one."""
    games: Mapping[int, Mapping[date, int]]
    """For each phase how many games each date must have in the end, and no other date any."""

    @property
    def script(self) -> str:
        """The SQL that plants it into a seeded world."""
        statements = [*map(_lose, self.losses), *map(_exhibit, self.exhibitions)]
        return "\n".join(["BEGIN TRANSACTION;", *statements, "COMMIT TRANSACTION;"]) if statements else ""

    def as_json(self) -> dict[str, Any]:
        """As the command prints it."""
        return {
            "playoffs": [[str(first), str(last)] for first, last in seed.HOLES],
            "losses": [f"phase{loss.phase} {loss.day} {loss.kind}, {loss.games} games" for loss in self.losses],
            "exhibitions": [str(day) for day in self.exhibitions],
            "gaps": {f"phase{phase}": sorted(map(str, days)) for phase, days in self.gaps.items()},
            "games": {f"phase{phase}": {str(day): n for day, n in days.items()} for phase, days in self.games.items()},
        }


def plant(number: int | None, seasons: Iterable[str] = seed.SEASONS) -> Plan:
    """The plan of this number, always the same; without a number the three playoffs alone."""
    days = world.calendar(seasons)
    games = {phase: world.expected_games(days, phase) for phase in world.PHASES}
    dice = random.Random(number)  # noqa: S311 - dice, not a secret
    losses = () if number is None else tuple(_losses(dice, games))
    exhibitions = () if number is None else tuple(_exhibitions(dice, days))
    gaps = {
        phase: frozenset(day for day in games[phase] if seed.in_holes(day))
        | {loss.day for loss in losses if loss.phase == phase}
        for phase in world.PHASES
    }
    return Plan(losses, exhibitions, gaps, games)


def _losses(dice: random.Random, games: Mapping[int, Mapping[date, int]]) -> Iterable[Loss]:
    intact = [day for day in games[3] if not seed.in_holes(day)]
    warm_up = [day for day in intact if day not in games[4]]
    later = [day for day in intact if day in games[4]]
    for day in sorted(dice.sample(warm_up, WARM_UP_DATES) + dice.sample(later, DATES)):
        whole = games[3][day]
        phases = [phase for phase in games if day in games[phase]]
        kept = _keep(dice, whole, phases)
        while _asked_twice(kept, whole):
            kept = _keep(dice, whole, phases)
        for phase, left in kept.items():
            if left < whole:
                yield Loss(phase, day, whole - left, PARTIAL if left else MISSING)


def _keep(dice: random.Random, whole: int, phases: list[int]) -> dict[int, int]:
    """How many games each phase keeps of a date; at least one phase loses some."""
    broken = dice.sample(phases, dice.randint(1, len(phases)))
    return {phase: dice.choice([0, dice.randrange(whole)]) if phase in broken else whole for phase in phases}


def _asked_twice(kept: Mapping[int, int], whole: int) -> bool:
    """Whether a phase would rightly be asked for twice, which makes nothing to count by.

    So it is where a phase has part of a date and the phase before has no more: between these two nobody can see that
    anything is amiss. The phase after, if it has less still, is asked for that part, and again once the rest has come.
    """
    return any(
        kept[phase - 1] <= kept[phase] < whole and kept[phase + 1] < kept[phase]
        for phase in kept
        if phase - 1 in kept and phase + 1 in kept
    )


def _exhibitions(dice: random.Random, days: list[world.GameDay]) -> Iterable[date]:
    """Days out of season, each between two seasons of the calendar."""
    played = [day.day for day in days]
    summers = [(one, other) for one, other in pairwise(played) if (other - one).days > SUMMER_DAYS]
    for one, other in dice.choices(summers, k=EXHIBITIONS) if summers else []:
        yield date.fromordinal(dice.randint(one.toordinal() + 14, other.toordinal() - 3))


def _lose(loss: Loss) -> str:
    table, day = world.PHASES[loss.phase].table, f"game_date = DATE '{loss.day}'"
    if loss.kind == MISSING:
        return f"DELETE FROM {table} WHERE {day};"
    lost = f"SELECT game_id FROM {world.SCHEDULE} WHERE {day} ORDER BY game_id LIMIT {loss.games}"
    return f"DELETE FROM {table} WHERE {day} AND game_id IN ({lost});"


def _exhibit(day: date) -> str:
    """Raw rows that look like any others; phase 3 leaves out their kind of game."""
    return (
        f"INSERT INTO {world.RAW}\n"
        f"SELECT * REPLACE (DATE '{day}' AS game_date, 'exhibition' AS game_kind, CONCAT('E', game_id) AS game_id)\n"
        f"FROM {world.RAW} WHERE game_date = DATE '2022-03-20';"
    )


def main() -> None:
    """Tell a plan, and with a project carry it out."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, help="without it the three playoffs alone are missing")
    parser.add_argument("--project", help="fill this project's tables, and break them as planned")
    parser.add_argument("--plan", type=Path, help="where to write the plan down, before anything else")
    arguments = parser.parse_args()
    plan = plant(arguments.seed)
    told = json.dumps(plan.as_json(), indent=2)
    if arguments.plan:
        arguments.plan.write_text(told)
    else:
        print(told)
    if arguments.project:
        warehouse = world.Warehouse(arguments.project)
        seed.seed(warehouse)
        if plan.script:
            warehouse.run(plan.script)


if __name__ == "__main__":
    main()
