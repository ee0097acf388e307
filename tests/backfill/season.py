"""A week, the playoffs and a season by one backfill each, in simulated time: `python -m tests.backfill.season`."""

from __future__ import annotations

import csv
import heapq
from collections.abc import Sequence
from datetime import date
from itertools import count
from pathlib import Path

from tests.backfill.conftest import Plant, chain

CALENDAR = Path(__file__).parents[2] / "examples" / "nba" / "nba_game_dates.csv"
STEPS = (["raw"], ["refined"], ["served"], ["predicted"], ["shown"])
Phases = dict[str, tuple[int, float]]
"""How many jobs at a time, and seconds of each date."""


def season(name: str) -> list[date]:
    """Its dates, all-star games too."""
    with CALENDAR.open() as file:
        return [date.fromisoformat(row["date"]) for row in csv.DictReader(file) if row["season"] == name]


def playoffs() -> list[date]:
    """Those of three seasons that never went beyond the first phase."""
    runs = {
        "2021-22": (date(2022, 4, 16), date(2022, 6, 16)),
        "2022-23": (date(2023, 4, 15), date(2023, 6, 12)),
        "2023-24": (date(2024, 4, 16), date(2024, 6, 17)),
    }
    return [day for name, (first, last) in runs.items() for day in season(name) if first <= day <= last]


SPANS = {"week": season("2023-24")[:7], "playoffs": playoffs(), "season": season("2023-24")}
"""What an operator asks for by one command."""


def real(precompute: int, coordinator: int) -> Phases:
    """Phase 4 takes three to four minutes a date, the coordinator of phase 5 twelve."""
    return {"phase3": (10, 60.0), "phase4": (precompute, 210.0), "phase5": (coordinator, 720.0), "phase6": (10, 10.0)}


def alone(dates: list[date], phases: Phases) -> float:
    """Seconds that the workers need if each date is handed on at once: their own critical path."""
    free = {phase: [0.0] * servers for phase, (servers, _) in phases.items()}
    order, numbers = list(phases), count()
    waiting = [(0.0, 0, next(numbers)) for _ in dates]
    end = 0.0
    while waiting:
        at, step, _ = heapq.heappop(waiting)
        phase = order[step]
        done = max(at, heapq.heappop(free[phase])) + phases[phase][1]
        heapq.heappush(free[phase], done)
        end = max(end, done)
        if step + 1 < len(order):
            heapq.heappush(waiting, (done, step + 1, next(numbers)))
    return end


def backfilled(
    dates: list[date], phases: Phases, call_seconds: float, max_in_flight: int, healed_before: Sequence[date] = ()
) -> float:
    """Seconds that one backfill takes; every date goes through every phase once.

    Args:
        dates: to be brought through all phases.
        phases: how many jobs at a time, and their seconds.
        call_seconds: of each call of a service.
        max_in_flight: of the backfill.
        healed_before: what an earlier backfill has brought; without one five dates go first (slow start).
    """
    plant = Plant(chain(*STEPS), moment=call_seconds / 2, seconds=lambda phase, _day: phases[phase][1])
    plant.servers_of = {phase: servers for phase, (servers, _) in phases.items()}
    for day in healed_before:
        plant.fill("phase2", [day])
        plant.backfill(plant.wish(day, day))
    plant.log.clear()
    plant.events.clear()
    plant.fill("phase2", dates)
    began = plant.elapsed
    plant.backfill(plant.wish(dates[0], dates[-1], max_in_flight=max_in_flight))
    assert plant.held("shown") == {*dates, *healed_before}
    assert len(plant.log) == len(set(plant.log)) == len(dates) * len(phases)
    assert [event["phase"] for event in plant.events] == list(phases)
    assert all((event["start_date"], event["end_date"]) == (str(dates[0]), str(dates[-1])) for event in plant.events)
    return plant.elapsed - began


def short() -> Phases:
    """Jobs of five seconds a date, ten at a time: as a whole some 40 times faster than real."""
    return {f"phase{number}": (10, 5.0) for number in (3, 4, 5, 6)}


def main() -> None:
    for name, dates in SPANS.items():
        took, least = backfilled(dates, short(), 0.01, 10), alone(dates, short())
        print(  # noqa: T201
            f"{name}, {len(dates)} dates x 4 phases of 5 s, 10 at a time: {took:.0f} s, workers alone {least:.0f} s, "
            f"ratio {took / least:.2f}",
            flush=True,
        )
    dates = SPANS["season"]
    for precompute, coordinator in ((1, 1), (10, 1), (10, 25)):
        phases = real(precompute, coordinator)
        took, least = backfilled(dates, phases, 0.5, 40), alone(dates, phases)
        print(  # noqa: T201
            f"{len(dates)} dates, {precompute} of phase 4 and {coordinator} of phase 5 at a time: "
            f"{took / 3600:.1f} h, workers alone {least / 3600:.1f} h",
            flush=True,
        )


if __name__ == "__main__":
    main()
