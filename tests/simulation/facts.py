"""What is drawn for one history: plain numbers, so that a failing one can be printed, shrunk and replayed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any

from gapheal.model.pipeline import Pipeline
from gapheal.spec import validated

START = datetime(2024, 3, 20, 9, 30, tzinfo=UTC)
TODAY = START.date()


@dataclass(frozen=True)
class Facts:
    """One history. Rates are chances per call, message or hour; every default is the quiet one."""

    seed: int
    steps: int = 1
    dates: int = 5
    hours: int = 8
    """Of unrest; then everything works, and what is left must heal."""
    tables: int = 1
    """A phase's."""
    fan_out: bool = False
    entities: bool = True
    tells_writes: bool = False
    timezone: str = "UTC"
    policies: tuple[dict[str, Any], ...] = ()
    http: tuple[bool, ...] = ()
    missing: float = 0.5
    partial: float = 0.0
    short: float = 0.0
    """Of upstream's dates that are not whole themselves."""
    poison: int = 0
    """Dates on which the job never writes anything."""
    half: float = 0.0
    """Of jobs that write half of their rows."""
    job_minutes: tuple[int, int] = (2, 20)
    workers: int = 10
    single_flight: bool = False
    drops_repeats: bool = True
    dead_hours: tuple[int, int] = (0, 0)
    """From and to: what is delivered then is lost."""
    crash: float = 0.0
    slow: float = 0.0
    fails: float = 0.0
    lost_reply: float = 0.0
    late_insert: float = 0.0
    trigger_lost: float = 0.0
    event_lost: float = 0.0
    event_doubled: float = 0.0
    event_late: float = 0.0
    scan_missed: float = 0.0
    scan_doubled: float = 0.0
    instances: int = 1
    skew_seconds: int = 0
    retries: float = 0.0
    """Of hours in which a person says `retry` of what is stalled or held."""
    accepts: float = 0.0
    fills: float = 0.0
    """Of hours in which upstream gets more rows of a date."""
    moving: bool = False
    """One date of upstream changes between any two passes."""
    rebuilt: float = 0.0
    """Of hours in which upstream's tables are written anew, unchanged."""
    deleted: float = 0.0
    """Of hours in which a downstream date is deleted."""
    loss: bool = False
    """Most of downstream is deleted once."""
    exact: tuple[date, ...] = ()
    """These dates, and no drawn ones."""

    @property
    def days(self) -> list[date]:
        """The newest is today; now and then two days lie between."""
        if self.exact:
            return list(self.exact)
        random, day, found = Random(self.seed), TODAY, list[date]()  # noqa: S311 - chance, not secrets
        for _ in range(self.dates):
            found.append(day)
            day -= timedelta(days=random.choice([1, 1, 1, 1, 3]))
        return sorted(found)


RESTLESS = ("crash", "slow", "fails", "lost_reply", "late_insert")
HINTS = ("trigger_lost", "event_lost", "event_doubled", "event_late")
ODD_HOURS = ("scan_missed", "scan_doubled", "retries", "accepts", "fills", "rebuilt", "deleted")
QUIET: dict[str, Any] = {
    **dict.fromkeys((*RESTLESS, *HINTS, *ODD_HOURS, "half", "short", "partial"), 0.0),
    "poison": 0, "skew_seconds": 0, "instances": 1, "moving": False, "loss": False, "single_flight": False,
    "dead_hours": (0, 0), "fan_out": False, "tables": 1, "steps": 1, "timezone": "UTC",
}  # fmt: skip
"""What shrinking tries in the place of what was drawn."""


def draw(seed: int) -> Facts:
    """The facts of a seed. Each trouble is in some histories only: all of them at once would hide each other."""
    random = Random(seed)  # noqa: S311 - chance, not secrets
    steps = random.choice([1, 1, 1, 2, 2, 3])
    dates = random.choice([5, 6, 7, 8, 10, 12, 14] if steps > 1 else [5, 6, 8, 10, 12, 16, 20, 24])
    if random.random() < 0.02:
        dates = 40
    rates = {name: random.choice([0.0, 0.0, *rest]) for name, rest in _RATES.items()}
    entities = random.random() < 0.85
    tables = random.choice([1, 1, 1, 2])
    dead = random.choice([0, 0, 0, 2, 5, 20])
    hours = random.choice([4, 6, 8, 12])
    moving = random.random() < 0.12
    return Facts(
        seed=seed,
        steps=steps,
        dates=dates,
        hours=hours,
        tables=tables,
        fan_out=tables > 1 and random.random() < 0.5,
        entities=entities,
        tells_writes=random.random() < 0.5,
        timezone=random.choice(["UTC", "America/New_York", "Asia/Tokyo"]),
        policies=tuple(_policy(random, tables) for _ in range(steps)),
        http=tuple(random.random() < 0.3 for _ in range(steps)),
        missing=random.choice([0.2, 0.5, 0.8, 1.0]),
        partial=random.choice([0.0, 0.2]) if entities else 0.0,
        short=random.choice([0.0, 0.0, 0.2]),
        poison=random.choice([0, 0, 0, 1, 1, 2, dates if random.random() < 0.3 else 1]),
        half=random.choice([0.0, 0.0, 0.3]),
        job_minutes=random.choice([(1, 5), (5, 40), (30, 90), (60, 200)]),
        workers=random.choice([1, 2, 10]),
        single_flight=random.random() < 0.2,
        drops_repeats=random.random() < 0.6,
        dead_hours=(0, dead) if random.random() < 0.5 else (2, 2 + dead),
        instances=random.choice([1, 2, 4]),
        skew_seconds=random.choice([0, 5, 300]),
        moving=moving,
        loss=random.random() < 0.04,
        **rates,
    )


_RATES: dict[str, list[float]] = {
    "crash": [0.01, 0.03, 0.1],
    "slow": [0.02, 0.1, 0.3],
    "fails": [0.02, 0.1],
    "lost_reply": [0.02, 0.1],
    "late_insert": [0.1],
    "event_lost": [0.2, 1.0],
    "trigger_lost": [0.05, 0.3],
    "event_doubled": [0.2, 0.5],
    "event_late": [0.3],
    "scan_missed": [0.2],
    "scan_doubled": [0.2, 0.6],
    "retries": [0.2, 0.6],
    "accepts": [0.1],
    "fills": [0.2, 0.5],
    "rebuilt": [0.1],
    "deleted": [0.1, 0.3],
}


def _policy(random: Random, tables: int) -> dict[str, Any]:
    dates = [TODAY - timedelta(days=n) for n in range(45)]
    excused = [str(day) for day in dates if random.random() < random.choice([0.0, 0.1])]
    batch = random.choice([1, 1, 1, 3, 10]) if tables == 1 else 1
    settle = random.choice([0, 0, 0, 45, 240])
    return {
        "mode": "observe" if random.random() < 0.06 else "heal",
        "max_attempts": random.choice([1, 2, 3]),
        "breaker_after": random.choice([1, 2, 3, 5]),
        "max_in_flight": random.choice([1, 2, 5, 25]),
        "lease_minutes": random.choice([20, 60, 120, 180]),
        "batch_size": batch,
        "order": random.choice(["oldest", "newest"]),
        "lookback_days": random.choice([0, 0, 0, 0, 2, 5]),
        "depends_on_past": random.random() < 0.1,
        "settle_minutes": settle,
        "lag_days": random.choice([0, 1, 1, 2]),
        "stale": random.choice(["ignore", "report", "heal", "heal"]),
        "stale_after_minutes": random.choice([0, 60]),
        "min_completeness": random.choice([1.0, 1.0, 0.8, 0.55]),
        "scan_days": random.choice([None, None, None, 4]),
        "max_age_days": random.choice([None, None, None, None, 10]),
        "age_from": random.choice(["arrival", "arrival", "date"]),
        "excuses": [{"reason": "known", "dates": excused}] if excused else [],
    }


def pipeline_of(facts: Facts) -> Pipeline:
    """The pipeline of a history: phases p0, p1 … in a row."""
    phases, transitions = {}, {}
    for number in range(facts.steps + 1):
        names = [f"d.p{number}{letter}" for letter in "abcde"[: facts.tables]]
        column = {"entity_column": "game"} if facts.entities else {}
        phases[f"p{number}"] = {"tables": [{"table": name, "date_column": "day", **column} for name in names]}
    for number, policy in enumerate(facts.policies[: facts.steps]):
        if facts.http[number]:
            target: dict[str, Any] = {"http": {"url": f"http://localhost/p{number + 1}"}}
        else:
            target = {"pubsub": {"topic": f"p{number + 1}-trigger"}}
        parts = {"fan_out": [{"table": letter} for letter in "abcde"[: facts.tables]]} if facts.fan_out else {}
        transitions[f"p{number}_to_p{number + 1}"] = {
            "upstream": [f"p{number}"],
            "downstream": f"p{number + 1}",
            "trigger": {**target, **parts},
            "policy": policy,
        }
    return pipeline({"timezone": facts.timezone, "phases": phases, "transitions": transitions})


def pipeline(more: dict[str, Any]) -> Pipeline:
    """A pipeline in its normal form."""
    common = {"version": 1, "pipeline": "simulated", "location": "us-west2", "timezone": "UTC"}
    return validated({**common, "ledger_dataset": "gapheal_simulated", **more})
