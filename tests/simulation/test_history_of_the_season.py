"""The failure that gapheal was made for: a worker dies in the middle of a season, and nobody is told."""

from __future__ import annotations

import csv
from collections import Counter
from datetime import UTC, date, datetime
from pathlib import Path

from tests.simulation.stage import STEP, Stage

CALENDAR = Path(__file__).parents[2] / "examples" / "nba" / "nba_game_dates.csv"
PHASE4 = "p1_to_p2"
ROWS_A_GAME = 20
DIES_AFTER = 800
SUMMER = datetime(2024, 6, 20, 12, tzinfo=UTC)


def season() -> dict[date, int]:
    """Regular games by date, 2023-24."""
    with CALENDAR.open() as file:
        rows = [row for row in csv.DictReader(file) if row["season"] == "2023-24"]
    kinds = {date.fromisoformat(row["date"]): dict(kind.split(":") for kind in row["kinds"].split()) for row in rows}
    return {day: int(games["regular"]) for day, games in kinds.items() if "regular" in games}


def test_the_phase_3_worker_dies_after_800_of_1230_games_and_phase_4_gets_no_date_that_is_not_whole():
    games = season()
    assert sum(games.values()) == 1230
    stage = Stage(games, steps=2, max_in_flight=25, lag_days=1, batch_size=7)
    stage.hub.advance(SUMMER)
    left, whole, torn = DIES_AFTER, set(), None
    for day, played in games.items():
        stage.world.put("d.p0a", day, ROWS_A_GAME * played, played)
        done = min(left, played)
        left -= done
        if done:
            stage.world.put("d.p1a", day, ROWS_A_GAME * done, done)
        if done == played:
            whole.add(day)
        elif done:
            torn = day, done, played
    assert torn is not None
    assert left == 0
    day, done, played = torn
    reports = listen(stage)

    # The worker said "success" for the whole season before anybody looked.
    stage.hint(*games, name=PHASE4)
    assert set(asked(stage, PHASE4)) <= whole
    stage.ask(PHASE4)
    assert set(asked(stage, PHASE4)) <= whole
    assert stage.word(day, PHASE4)[:2] == ("waiting", "none")

    stage.ask(STEP)
    (scan,) = [report for report in reports if report["transition"] == STEP]
    assert scan["gaps_found"] == len(games) - len(whole)
    (told,) = [
        row for row in stage.ledger.rows["verdicts"] if row["transition"] == STEP and row["condition"] == "partial"
    ]
    assert told["partition_date"] == str(day)
    assert f"{done}" in told["sentence"]
    assert f"{played}" in told["sentence"]

    stage.hours(12)
    stage.ask(PHASE4)
    assert {row["condition"] for row in stage.ends.latest(STEP).values()} == {"complete"}
    assert {row["condition"] for row in stage.ends.latest(PHASE4).values()} == {"complete"}
    assert Counter(asked(stage, STEP)) == dict.fromkeys(set(games) - whole, 1)
    assert Counter(asked(stage, PHASE4)) == dict.fromkeys(games, 1)
    assert sum(count.entities or 0 for count in stage.world.warehouse.tables["d.p2a"].values()) == 1230


def asked(stage: Stage, name: str) -> list[date]:
    """The dates that a transition has asked for."""
    return [day for step, message in stage.told if step == name for day in message.days]


def listen(stage: Stage) -> list[dict]:
    """The reports of all passes from now on."""
    reports: list[dict] = []
    for number, app in enumerate(stage.apps):
        stage.apps[number] = Reporting(app, reports)  # type: ignore[call-overload]
    return reports


class Reporting:
    """An app that keeps what it answers."""

    def __init__(self, app, reports) -> None:
        self._app, self._reports = app, reports

    def __getattr__(self, name):
        return getattr(self._app, name)

    def run(self, *args):
        report = self._app.run(*args)
        self._reports.append(report)
        return report
