"""Fill the example: phases 1 and 2 whole, phases 3 to 6 computed from them, but for the three playoffs.

That is the state in which a real pipeline was found: 259 games of 137 dates stuck in phase 2, because nothing
announces data that a backfill has loaded. And of the last season's predictions nobody had graded any, but for one
row, from a test.

    python seed.py --project nba-props-platform
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterable
from datetime import date

import world
from warehouse import Span, Warehouse, insert, script

HOLES = (
    Span(date(2022, 4, 16), date(2022, 6, 17)),
    Span(date(2023, 4, 15), date(2023, 6, 13)),
    Span(date(2024, 4, 16), date(2024, 6, 18)),
)
"""Three playoffs (both ends included) that never went beyond phase 2."""
UNGRADED = "2024-25"
"""The season whose predictions were never graded."""
TEST_ROW = date(2025, 1, 15)
"""Of which one row was, once."""
GRADES = world.PHASES["grading"].outputs[0]
COMPUTED = [output for phase in world.PHASES.values() for output in phase.outputs]
TABLES = (world.SCHEDULE, world.OPENINGS, world.RAW, *(output.table for output in COMPUTED))


def in_holes(day: date) -> bool:
    """Whether the date lies in one of the three playoffs."""
    return any(first <= day <= last for first, last in HOLES)


def seed(warehouse: Warehouse, seasons: Iterable[str] = world.SEASONS) -> None:
    """Create and fill every table of the example; seeding again starts it over."""
    days = world.calendar(seasons)
    warehouse.create_datasets(sorted({table.partition(".")[0] for table in TABLES}))
    warehouse.run(world.sql("schema"))
    lines = "\n".join(f"{day.season},{day.day},{day.games},{day.kind}" for day in days)
    every = Span(days[0].day, days[-1].day)
    warehouse.run(script(_filled(world.SCHEDULE, world.sql("schedule"))), calendar=lines)
    steps = [
        _filled(world.OPENINGS, world.sql("seasons")),
        _filled(world.RAW, world.sql("bdl_player_boxscores")),
        *(_filled(output.table, output.select) for output in COMPUTED),
        *(_emptied(output) for output in COMPUTED),
        _ungraded([day.day for day in days if day.season == UNGRADED]),
    ]
    warehouse.run(script("".join(steps)), dates=every, export_types=world.EXPORT_TYPES)


def _filled(table: str, select: str) -> str:
    return f"TRUNCATE TABLE {table};\n{insert(table, select)}"


def _emptied(output: world.Output) -> str:
    holes = " OR ".join(f"{output.date_column} BETWEEN '{first}' AND '{last}'" for first, last in HOLES)
    return f"DELETE FROM {output.table} WHERE {holes};\n"


def _ungraded(season: list[date]) -> str:
    """Take the season's grades away, but for the first row of one date."""
    if not season:
        return ""
    first = f"SELECT MIN(player_id) FROM {GRADES.table} WHERE game_date = '{TEST_ROW}'"
    return (
        f"DELETE FROM {GRADES.table} WHERE game_date >= '{season[0]}' "
        f"AND NOT (game_date = '{TEST_ROW}' AND player_id = ({first}));\n"
    )


def main() -> None:
    """Seed the project named on the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--project", default="nba-props-platform")
    arguments = parser.parse_args()
    started = time.monotonic()
    seed(Warehouse(arguments.project))
    print(f"seeded {len(world.calendar())} dates in {time.monotonic() - started:.1f} s")


if __name__ == "__main__":
    main()
