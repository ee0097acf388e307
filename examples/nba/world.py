"""The example's world: its calendar, its phases and the tables they fill.

Nothing here knows gapheal. The seed, the workers and the planter share it, so that what they count can bear
witness about gapheal.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

HERE = Path(__file__).resolve().parent
CALENDAR = HERE / "nba_game_dates.csv"

SEASONS = ("2021-22", "2022-23", "2023-24", "2024-25")
SCHEDULE = "nba_reference.schedule"
OPENINGS = "nba_reference.seasons"
RAW = "nba_raw.bdl_player_boxscores"
COUNTED = frozenset({"regular", "play_in", "playoffs"})
"""Kinds of games that phase 3 takes; all-star and exhibition games end in phase 2."""
WARM_UP_DAYS = 14
"""From phase 4 on, so many days of a season are empty: there is no history yet to compute factors from."""
EXPORT_TYPES = ("tonight-players", "predictions", "best-bets")
"""What phase 6 publishes, and nothing else."""


@dataclass(frozen=True, slots=True)
class Output:
    """A table that a phase fills."""

    table: str
    date_column: str = "game_date"
    warm_up: int = 0
    """How many days of a season it leaves out by design."""

    @property
    def name(self) -> str:
        """Without its dataset."""
        return self.table.partition(".")[2]

    @property
    def select(self) -> str:
        """What is computed, as one SELECT for the dates `@dates`."""
        return sql(self.name)


@dataclass(frozen=True, slots=True)
class Phase:
    """A phase of the example: the tables it fills, and those it reads."""

    name: str
    """As pipeline.yaml calls it."""
    outputs: tuple[Output, ...]
    reads: tuple[Output, ...]


_RAW = (Output(RAW),)
_ANALYTICS = (
    Output("nba_analytics.player_game_summary"),
    Output("nba_analytics.team_offense_game_summary"),
    Output("nba_analytics.team_defense_game_summary"),
    Output("nba_analytics.upcoming_player_game_context"),
    Output("nba_analytics.upcoming_team_game_context"),
)
_PRECOMPUTE = (
    Output("nba_precompute.player_composite_factors", warm_up=WARM_UP_DAYS),
    Output("nba_precompute.player_daily_cache", "cache_date", WARM_UP_DAYS),
    Output("nba_precompute.team_defense_zone_analysis", "analysis_date", 25),
    Output("nba_precompute.player_shot_zone_analysis", "analysis_date", 17),
    Output("nba_predictions.ml_feature_store", warm_up=WARM_UP_DAYS),
)
_PREDICTIONS = (Output("nba_predictions.player_prop_predictions", warm_up=WARM_UP_DAYS),)

PHASES: Mapping[str, Phase] = {
    phase.name: phase
    for phase in (
        Phase("phase3", _ANALYTICS, _RAW),
        Phase("phase4", _PRECOMPUTE, _ANALYTICS),
        Phase("phase5", _PREDICTIONS, (_PRECOMPUTE[0], _PRECOMPUTE[4])),
        Phase("phase6", (Output("nba_exports.export_log", warm_up=WARM_UP_DAYS),), _PREDICTIONS),
        Phase(
            "grading",
            (Output("nba_predictions.prediction_accuracy", warm_up=WARM_UP_DAYS),),
            (*_PREDICTIONS, _ANALYTICS[0]),
        ),
    )
}


@dataclass(frozen=True, slots=True)
class GameDay:
    """One line of the calendar."""

    season: str
    day: date
    games: int
    kind: str


def calendar(seasons: Iterable[str] = SEASONS) -> list[GameDay]:
    """The game days of these seasons (such as `2021-22`), in order."""
    wanted = set(seasons)
    with CALENDAR.open(newline="") as lines:
        return [
            GameDay(
                line["season"],
                date.fromisoformat(line["date"]),
                int(line["games"]),
                line["kinds"].partition(":")[0],
            )
            for line in csv.DictReader(lines)
            if line["season"] in wanted
        ]


def expected_games(days: Iterable[GameDay], output: Output) -> dict[date, int]:
    """How many games a table should have on each date; dates it leaves out by design are absent."""
    days = list(days)
    opens: dict[str, date] = {}
    for day in days:
        opens[day.season] = min(day.day, opens.get(day.season, day.day))
    return {
        day.day: day.games
        for day in days
        if day.kind in COUNTED and (day.day - opens[day.season]).days >= output.warm_up
    }


def sql(name: str) -> str:
    """The text of one file of the folder `sql`."""
    return (HERE / "sql" / f"{name}.sql").read_text()
