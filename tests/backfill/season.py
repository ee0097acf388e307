"""The season 2023-24 by one backfill at the jobs' real times, in simulated time: `python -m tests.backfill.season`."""

from __future__ import annotations

import csv
import heapq
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


def backfilled(dates: list[date], phases: Phases, call_seconds: float, max_in_flight: int) -> float:
    """Seconds that one backfill takes; every date goes through every phase once."""
    plant = Plant(chain(*STEPS), moment=call_seconds / 2, seconds=lambda phase, _day: phases[phase][1])
    plant.servers_of = {phase: servers for phase, (servers, _) in phases.items()}
    plant.fill("phase2", dates)
    plant.backfill(plant.wish(dates[0], dates[-1], max_in_flight=max_in_flight))
    assert plant.held("shown") == set(dates)
    assert len(plant.log) == len(set(plant.log)) == len(dates) * len(phases)
    return plant.elapsed


def main() -> None:
    dates = season("2023-24")
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
