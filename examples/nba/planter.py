"""Plant more gaps than the three playoffs, and know what must come of them.

Dates at random lose all their games, or some, in any table of the phases 3 to 6: in one of five or in all, also where
the phase before lost them too, or where the phase after still has them. Among them stand dates that look like gaps and
are none: warm-ups and all-star games by design, and here and there an exhibition game out of season.

    python planter.py --seed 7
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any

import seed
import world
from warehouse import Warehouse

MISSING, PARTIAL = "missing", "partial"
DATES, WARM_UP_DATES, EXHIBITIONS = 7, 1, 3
SUMMER_DAYS = 60
BREAKABLE = ("phase3", "phase4", "phase5", "phase6")
GRADING = "grading"

Kept = Mapping[str, Mapping[world.Output, int]]
"""How many games of a date each table keeps, by phase; tables that leave the date out by design are absent."""


@dataclass(frozen=True, slots=True)
class Loss:
    """What one table lost of one date."""

    phase: str
    output: world.Output
    day: date
    games: int
    kind: str


@dataclass(frozen=True, slots=True)
class Plan:
    """What is broken, and what follows: written down before anything runs."""

    losses: tuple[Loss, ...]
    exhibitions: tuple[date, ...]
    gaps: Mapping[str, frozenset[date]]
    """For each phase the dates that need one request, and exactly one."""
    games: Mapping[str, Mapping[world.Output, Mapping[date, int]]]
    """For each phase and table how many games each date must have in the end, and no other date any."""

    @property
    def script(self) -> str:
        """The SQL that plants it into a seeded world."""
        statements = [*map(_lose, self.losses), *map(_exhibit, self.exhibitions)]
        return "\n".join(["BEGIN", *statements, "END;"]) if statements else ""

    def as_json(self) -> dict[str, Any]:
        """As the command prints it."""
        return {
            "playoffs": [[str(first), str(last)] for first, last in seed.HOLES],
            "ungraded": sorted(map(str, self.gaps[GRADING])),
            "losses": [f"{loss.output.table} {loss.day} {loss.kind}, {loss.games} games" for loss in self.losses],
            "exhibitions": [str(day) for day in self.exhibitions],
            "gaps": {phase: sorted(map(str, days)) for phase, days in self.gaps.items()},
            "games": {
                phase: {output.table: {str(day): n for day, n in days.items()} for output, days in tables.items()}
                for phase, tables in self.games.items()
            },
        }


def plant(number: int | None, seasons: Iterable[str] = world.SEASONS) -> Plan:
    """The plan of this number, always the same; without a number only what the seed leaves out."""
    days = world.calendar(seasons)
    games = {
        phase.name: {output: world.expected_games(days, output) for output in phase.outputs}
        for phase in world.PHASES.values()
    }
    # Of older grades nobody asks: the holes are holes there, too, and stay so.
    ungraded = {day.day for day in days if day.season == seed.UNGRADED}
    for output, due in games[GRADING].items():
        games[GRADING][output] = {day: n for day, n in due.items() if day in ungraded or not seed.in_holes(day)}
    dice = random.Random(number)  # noqa: S311 - dice, not a secret
    losses = () if number is None else tuple(_losses(dice, games, ungraded))
    exhibitions = () if number is None else tuple(_exhibitions(dice, days))
    gaps = {
        phase: frozenset(day for due in games[phase].values() for day in due if seed.in_holes(day))
        | {loss.day for loss in losses if loss.phase == phase}
        for phase in BREAKABLE
    }
    gaps[GRADING] = frozenset(day for due in games[GRADING].values() for day in due if day in ungraded)
    return Plan(losses, exhibitions, gaps, games)


def _losses(
    dice: random.Random, games: Mapping[str, Mapping[world.Output, Mapping[date, int]]], ungraded: set[date]
) -> Iterable[Loss]:
    analytics, features = (next(iter(games[phase].values())) for phase in ("phase3", "phase4"))
    intact = [day for day in analytics if not seed.in_holes(day)]
    warm_up = [day for day in intact if day not in features]
    later = [day for day in intact if day in features]
    for day in sorted(dice.sample(warm_up, WARM_UP_DATES) + dice.sample(later, DATES)):
        whole = analytics[day]
        tables = {phase: [output for output, due in games[phase].items() if day in due] for phase in BREAKABLE}
        kept = _keep(dice, whole, tables)
        while _asked_twice(kept, whole, graded=day not in ungraded):
            kept = _keep(dice, whole, tables)
        for phase, outputs in kept.items():
            for output, left in outputs.items():
                if left < whole:
                    yield Loss(phase, output, day, whole - left, PARTIAL if left else MISSING)


def _keep(dice: random.Random, whole: int, tables: Mapping[str, Sequence[world.Output]]) -> Kept:
    """How many games each table keeps of a date; at least one loses some."""
    phases = [phase for phase, outputs in tables.items() if outputs]
    broken: set[world.Output] = set()
    for phase in dice.sample(phases, dice.randint(1, len(phases))):
        outputs = tables[phase]
        broken.update(dice.sample(outputs, dice.choice([1, dice.randint(1, len(outputs)), len(outputs)])))
    return {
        phase: {
            output: dice.choice([0, dice.randrange(whole)]) if output in broken else whole for output in tables[phase]
        }
        for phase in phases
    }


def _asked_twice(kept: Kept, whole: int, *, graded: bool) -> bool:
    """Whether a phase would rightly be asked for twice, which makes nothing to count by.

    So it is where a phase has part of a date and the phase before has no more: between these two nobody can see that
    anything is amiss. The phase after, if it has less still, is asked for that part, and again once the rest has come.
    """
    for before, here, after in zip(BREAKABLE, BREAKABLE[1:], BREAKABLE[2:], strict=False):
        if here not in kept or after not in kept:
            continue
        least, most = min(kept[here].values()), max(kept[here].values())
        unseen = max(kept[before].values()) <= least < whole
        lacking = min(kept[after].values()) < most or (here == "phase5" and not graded)
        if unseen and least and lacking:
            return True
    return False


def _exhibitions(dice: random.Random, days: list[world.GameDay]) -> Iterable[date]:
    """Days out of season, each between two seasons of the calendar."""
    played = [day.day for day in days]
    summers = [(one, other) for one, other in pairwise(played) if (other - one).days > SUMMER_DAYS]
    for one, other in dice.choices(summers, k=EXHIBITIONS) if summers else []:
        yield date.fromordinal(dice.randint(one.toordinal() + 14, other.toordinal() - 3))


def _lose(loss: Loss) -> str:
    day = f"{loss.output.date_column} = '{loss.day}'"
    if loss.kind == MISSING:
        return f"DELETE FROM {loss.output.table} WHERE {day};"
    lost = f"SELECT game_id FROM {world.SCHEDULE} WHERE game_date = '{loss.day}' ORDER BY game_id LIMIT {loss.games}"
    return f"DELETE FROM {loss.output.table} WHERE {day} AND game_id IN ({lost});"


def _exhibit(day: date) -> str:
    """Raw rows that look like any others; phase 3 leaves out their kind of game."""
    return (
        f"INSERT INTO {world.RAW}\n"
        f"SELECT * REPLACE (DATE '{day}' AS game_date, 'exhibition' AS game_kind, CONCAT('E', game_id) AS game_id)\n"
        f"FROM {world.RAW} WHERE game_date = '2022-03-20';"
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
        warehouse = Warehouse(arguments.project)
        seed.seed(warehouse)
        if plan.script:
            warehouse.run(plan.script)


if __name__ == "__main__":
    main()
