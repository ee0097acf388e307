"""Fill the example: phase 2 whole, phases 3 to 6 computed from it, but for the three playoffs.

That is the state in which a real pipeline was found: 259 games of 137 dates stuck in phase 2, because nothing
announces data that a backfill has loaded.

    python seed.py --project nba-props-platform
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterable
from datetime import date

import world

SEASONS = ("2021-22", "2022-23", "2023-24")
HOLES = (
    (date(2022, 4, 16), date(2022, 6, 17)),
    (date(2023, 4, 15), date(2023, 6, 13)),
    (date(2024, 4, 16), date(2024, 6, 18)),
)
"""Three playoffs (both ends included) that never went beyond phase 2."""


def in_holes(day: date) -> bool:
    """Whether the date lies in one of the three playoffs."""
    return any(first <= day <= last for first, last in HOLES)


def seed(warehouse: world.Warehouse, seasons: Iterable[str] = SEASONS) -> None:
    """Create and fill every table of the example; seeding again starts it over."""
    days = world.calendar(seasons)
    tables = [world.SCHEDULE, world.RAW, *(phase.table for phase in world.PHASES.values())]
    warehouse.create_datasets(sorted({table.partition(".")[0] for table in tables}))
    warehouse.run(world.sql("schema"))
    lines = "\n".join(f"{day.season},{day.day},{day.games},{day.kind}" for day in days)
    warehouse.run(world.fill(world.SCHEDULE, world.sql("schedule"), "TRUE"), calendar=lines)
    warehouse.run(world.fill(world.RAW, world.sql("phase2"), "TRUE"))
    for phase in world.PHASES.values():
        warehouse.run(world.fill(phase.table, phase.select, "TRUE"), start_date=days[0].day, end_date=days[-1].day)
    warehouse.run(_empty_holes())


def _empty_holes() -> str:
    holes = " OR ".join(f"game_date BETWEEN DATE '{first}' AND DATE '{last}'" for first, last in HOLES)
    deletes = [f"DELETE FROM {phase.table} WHERE {holes};" for phase in world.PHASES.values()]
    return "\n".join(["BEGIN TRANSACTION;", *deletes, "COMMIT TRANSACTION;"])


def main() -> None:
    """Seed the project named on the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--project", default="nba-props-platform")
    arguments = parser.parse_args()
    started = time.monotonic()
    seed(world.Warehouse(arguments.project))
    print(f"seeded {len(world.calendar(SEASONS))} dates in {time.monotonic() - started:.1f} s")


if __name__ == "__main__":
    main()
