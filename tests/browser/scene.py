"""A pipeline healed for four weeks, in memory: the example's calendar, real passes, workers that fail.

What the demo shows in a minute and a half stands here as a ledger: playoffs that came back, the last ones on their way,
jobs that bring nothing, dates that a person must decide. The same story every time.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import cycle
from pathlib import Path
from random import Random

from gapheal import app, spec
from gapheal.model.passes import Request, Source
from gapheal.testing import FrozenClock, World

ROOT = Path(__file__).parents[2]
START = datetime(2025, 5, 26, 9, 30, tzinfo=UTC)
NOW = datetime(2025, 6, 24, 13, 42, tzinfo=UTC)
CHANGES = (
    ("mode: observe ", "scan_days: 45\n    mode: heal    "),
    ("max_age_days: 30 ", "max_age_days: null "),
    ("policy: {mode: paused}", "policy: {mode: observe}"),
    ("start_date: 2024-10-22 ", "max_age_days: 190\n      start_date: 2024-10-22 "),
)
"""The shipped file heals here, whatever the age, but for old grades."""
HOLES = ((date(2022, 4, 16), date(2022, 6, 16)), (date(2023, 4, 15), date(2023, 6, 12)))
"""Playoffs that never went beyond phase 2."""
LATE = (date(2024, 4, 16), date(2024, 6, 17))
"""Playoffs whose raw data a person loads on the last day."""
NOTHING = {"phase3_to_phase4": {date(2025, 1, 14), date(2025, 1, 15), date(2025, 1, 16)}}
"""What a job never brings, however often it is asked."""
HALF = {"phase5_to_phase6": {date(2025, 3, 3), date(2025, 3, 4)}}
"""Of which a job brings some games only."""
CHANGED = (date(2025, 4, 2), date(2025, 4, 3))
"""Of which the provider sent more rows, long afterwards."""
APRIL = (date(2025, 4, 1), date(2025, 4, 9))
SHORT = date(2025, 4, 10)
"""Scraped anew, and some games were lost."""
MEBIBYTE = 2**20
COUNTED = {"regular", "play_in", "playoffs"}
WARM_UPS = {"team_defense_zone_analysis": 25, "player_shot_zone_analysis": 17}
FIRST = ("phase1", "phase2")


@dataclass
class Game:
    """A game day: how many games, and how long after the season's opening."""

    season: str
    games: int
    kind: str
    age: int


class Scene:
    """The world, the app that looks at it, and who works in it."""

    def __init__(self, seasons: Iterable[str] = ("2021-22", "2022-23", "2023-24", "2024-25")) -> None:
        self.world = World(spec.parse(_healing()), FrozenClock(START))
        self.app = app.build(self.world.pipeline, **self.world.ports)
        self.games = dict(_calendar(frozenset(seasons)))
        self._read = 0
        self._minutes = cycle((3, 6, 4, 11, 5, 19, 8))

    def between(self, first: date, last: date) -> list[date]:
        """The game days from `first` to `last`."""
        return [day for day in self.games if first <= day <= last]

    def arrive(self, day: date, *phases: str, part: float = 1) -> None:
        """A date gets its rows in these phases, or `part` of them; by default in all phases."""
        game = self.games[day]
        for name in phases or self.world.pipeline.phases:
            if name not in FIRST and game.kind not in COUNTED:
                continue
            for table in self.world.pipeline.phases[name].tables:
                least = WARM_UPS.get(table.table.partition(".")[2], 0 if name in {*FIRST, "phase3"} else 14)
                if game.age >= least:
                    games = max(1, int(game.games * part))
                    self.world.warehouse.put(table.table, day, games * (3 if name == "phase6" else 20), games)

    def lose(self, days: Iterable[date], *phases: str) -> None:
        """Dates lose their rows in these phases."""
        for day in days:
            for name in phases:
                for table in self.world.pipeline.phases[name].tables:
                    self.world.warehouse.drop(table.table, day)

    def work(self) -> dict[str, set[date]]:
        """The workers do what they were sent, if they can; the dates by transition."""
        found: dict[str, set[date]] = {}
        sent, self._read = self.world.publisher.sent[self._read :], len(self.world.publisher.sent)
        for message in sent:
            name = message.attributes["transition"]
            found.setdefault(name, set()).update(message.days)
            for day in message.days:
                if day not in NOTHING.get(name, ()):
                    part = 0.5 if day in HALF.get(name, ()) else 1
                    self.arrive(day, self.world.pipeline.transitions[name].downstream, part=part)
        return found

    def event(self, name: str, days: Iterable[date]) -> None:
        """Dates are announced to a transition."""
        self.app.run(name, Request(Source.EVENT, dates=frozenset(days)))

    def round(self, source: Source = Source.SCAN) -> None:
        """Each transition in its order: a look, and where something was sent another one when it is done."""
        finished: dict[str, set[date]] = {}
        for name, step in self.world.pipeline.transitions.items():
            if told := finished.get(step.upstream[0]):
                self.event(name, told)
            self.app.run(name, Request(source))
            self.world.clock.advance(minutes=next(self._minutes))
            if done := self.work().get(name):
                self.event(name, done)
                finished[step.downstream] = done

    def tell(self) -> None:
        """The whole story."""
        later = tuple(name for name in self.world.pipeline.phases if name not in FIRST)
        for day in self.games:
            if day < START.date():
                self.arrive(day)
        for hole in HOLES:
            self.lose(self.between(*hole), *later)
        self.lose(self.between(*LATE), *self.world.pipeline.phases)
        self.lose([day for day, game in self.games.items() if game.season == "2024-25"], "grading")
        self.lose(NOTHING["phase3_to_phase4"], "phase4", "phase5", "phase6")
        self.lose(HALF["phase5_to_phase6"], "phase6")
        self.round(Source.SWEEP)
        for _ in range(3):
            self.round(Source.SWEEP)
        random = Random(7)  # noqa: S311 - the same story every time
        while self.world.clock.now() < NOW - timedelta(days=2):
            self.world.clock.moment += timedelta(days=2) - timedelta(minutes=self.world.clock.now().minute)
            today = self.world.clock.now().date()
            for day in self.between(START.date() - timedelta(days=1), today - timedelta(days=1)):
                if not self.world.warehouse.tables["nba_raw.bdl_player_boxscores"].get(day):
                    self.arrive(day, *FIRST)
            recent = self.between(today - timedelta(days=44), today - timedelta(days=4))
            for phase in later[:4]:
                self.lose(random.sample(recent, random.randint(0, 3)), phase)
            self.round()
        self._last_day()

    def _last_day(self) -> None:
        clock = self.world.clock
        clock.moment = NOW - timedelta(hours=3)
        self.arrive(SHORT, "phase2", part=0.7)
        self.lose([SHORT], "phase3")
        for day in self.between(*LATE):
            self.arrive(day, *FIRST)
        loaded = self.between(*LATE)
        for transition in ("phase1_to_phase2", "phase2_to_phase3"):
            self.event(transition, {SHORT, *loaded})
        for ahead in (None, "phase3_to_phase4", "phase4_to_phase5"):
            clock.advance(minutes=next(self._minutes))
            done = self.work()
            if ahead is None:
                self.event("phase3_to_phase4", done.get("phase2_to_phase3", ()))
            else:
                self.event(ahead, done.get(ahead, ()))
                self.event("phase4_to_phase5", done.get("phase3_to_phase4", ()))
        self.event("phase2_to_phase3", loaded)
        clock.moment = NOW - timedelta(minutes=24)
        for transition in self.world.pipeline.transitions:
            self.app.run(transition, Request(Source.SCAN))
        for day in CHANGED:
            self.world.warehouse.put("nba_raw.bdl_player_boxscores", day, 999, self.games[day].games)
        self.event("phase2_to_phase3", self.between(*APRIL))
        clock.moment = NOW
        for number, row in enumerate(self.world.ledger.rows["passes"]):
            row |= {"bytes_billed": row["queries"] * 10 * MEBIBYTE, "duration_ms": 700 + number * 37 % 900}


def _healing() -> str:
    text = (ROOT / "pipeline.yaml").read_text()
    for there, then in CHANGES:
        assert text.count(there) == 1, there
        text = text.replace(there, then)
    return text


def _calendar(seasons: frozenset[str]) -> Iterator[tuple[date, Game]]:
    opened: dict[str, date] = {}
    with (ROOT / "examples" / "nba" / "nba_game_dates.csv").open(newline="") as lines:
        for line in csv.DictReader(lines):
            season, day = line["season"], date.fromisoformat(line["date"])
            first = opened.setdefault(season, day)
            if season in seasons:
                yield day, Game(season, int(line["games"]), line["kinds"].partition(":")[0], (day - first).days)
