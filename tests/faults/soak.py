"""Hourly passes, one after the other, while some of all calls fail: `python -m tests.faults.soak --passes 1000`.

One function process, one job that does what it is asked, and a proxy before each emulator that breaks one call in
twenty. Between the passes dates arrive, and others lose their rows. Compressed: an hour takes as long as its pass.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import sys
import tempfile
import time
from base64 import b64decode
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.faults.proxy import Rule
from tests.faults.rig import Rig

from gapheal.local import bqemulator
from gapheal.local import pubsub as brokers
from gapheal.local.calls import FAULTS
from gapheal.local.ports import Ports
from gapheal.local.processes import Child, Supervisor

if TYPE_CHECKING:
    from tests.conftest import Endpoint

FIRST = date(2024, 3, 1)
SHARE, MAX_ATTEMPTS, HOURS_A_DAY, WARM = 0.05, 5, 24, 100
POLICY = {"lease_minutes": 0, "max_attempts": MAX_ATTEMPTS, "breaker_after": 20, "max_in_flight": 20}
"""Without a lease each pass may ask again: a time that is compressed has no two hours to wait."""


@dataclass
class Outcome:
    """What a soak came to."""

    passes: int
    dates: int = 0
    whole: int = 0
    answers: Counter[int | None] = field(default_factory=Counter)
    triggers: int = 0
    repeats: int = 0
    most_attempts: int = 0
    """Triggers for one gap of one date."""
    broken: dict[str, int] = field(default_factory=dict)
    asked: int = 0
    rss_mib: dict[int, float] = field(default_factory=dict)
    seconds: float = 0

    def __str__(self) -> str:
        rss = ", ".join(f"{mib:.0f} MiB at pass {number}" for number, mib in self.rss_mib.items())
        return (
            f"soak of {self.passes:,} passes in {self.seconds:.0f} s: {self.whole} of {self.dates} dates whole, "
            f"{self.triggers} triggers (at most {self.most_attempts} for one gap, {self.repeats} repeated messages), "
            f"answers {dict(self.answers)}; {sum(self.broken.values())} of {self.asked:,} calls broken {self.broken}; "
            f"RSS {rss}"
        )


class Soak:
    """One run; `endpoint` hears the triggers."""

    def __init__(self, rig: Rig, endpoint: Endpoint, seed: int) -> None:
        self.rig, self.endpoint = rig, endpoint
        self.chance = random.Random(seed)  # noqa: S311 - to be repeated, not to be secret
        self.days = [FIRST + timedelta(days=number) for number in range(20)]
        self.done: set[str] = set()
        self.heard = 0
        self.attempts: Counter[tuple[date, int]] = Counter()
        """By date and by how often its rows were lost."""
        self.losses: Counter[date] = Counter()

    def run(self, passes: int, child: Child, seed: int) -> Outcome:
        outcome, started = Outcome(passes), time.monotonic()
        self.rig.fill("raw", self.days)
        self.rig.bigquery.rule = sometimes(seed, SHARE, "reset", "drop", "503", "429", "delay")
        self.rig.broker.rule = sometimes(seed + 1, SHARE, "reset", "drop", "delay")
        self.rig.bigquery.delay = self.rig.broker.delay = 0.05
        warm = min(WARM, passes // 2)
        for number in range(1, passes + 1):
            report = self._pass(child, outcome)
            if report and report["conditions"]["complete"] == len(self.days):
                self._change(number)
            if number in {warm, passes}:
                outcome.rss_mib[number] = rss_mib(child.process.pid)
        self.rig.bigquery.calm()
        self.rig.broker.calm()
        outcome.dates = len(self.days)
        for _ in range(2 * MAX_ATTEMPTS):
            report = self._pass(child, outcome)
            outcome.whole = report["conditions"]["complete"] if report else 0
            if outcome.whole == outcome.dates:
                break
        outcome.triggers, outcome.most_attempts = sum(self.attempts.values()), max(self.attempts.values())
        outcome.broken = dict(Counter(self.rig.bigquery.broken) + Counter(self.rig.broker.broken))
        outcome.asked = self.rig.bigquery.asked + self.rig.broker.asked
        outcome.seconds = time.monotonic() - started
        return outcome

    def _pass(self, child: Child, outcome: Outcome) -> dict[str, Any] | None:
        try:
            reply = self.rig.post(child, {"scan_for_gaps": True})
        except FAULTS:
            outcome.answers[None] += 1
            return None
        outcome.answers[reply.status] += 1
        report: dict[str, Any] = json.loads(reply.body)
        if reply.status != 200:
            return None
        if report["triggered"]:
            time.sleep(0.1)  # a push takes milliseconds; what comes later is worked off in the next hour
        self._work(outcome)
        return report

    def _work(self, outcome: Outcome) -> None:
        """The job: it replaces each date whole, and drops repeats by their id."""
        received = self.endpoint.received[self.heard :]
        self.heard += len(received)
        for each in received:
            said = json.loads(b64decode(json.loads(each.body)["message"]["data"]))
            if said["trigger_id"] in self.done:
                outcome.repeats += 1
                continue
            self.done.add(said["trigger_id"])
            for text in said["dates"]:
                day = date.fromisoformat(text)
                self.attempts[day, self.losses[day]] += 1
                self._clear(day)
                self.rig.fill("refined", [day])

    def _change(self, number: int) -> None:
        """All is whole: now something happens. A date a day, and rows that are lost in between."""
        if number % HOURS_A_DAY < 2:
            self.days.append(self.days[-1] + timedelta(days=1))
            self.rig.fill("raw", [self.days[-1]])
        for day in self.chance.sample(self.days, self.chance.randrange(1, 4)):
            self.losses[day] += 1
            self._clear(day)

    def _clear(self, day: date) -> None:
        self.rig.run(f"BEGIN DELETE FROM d.refined WHERE day = DATE '{day}'; END")


def sometimes(seed: int, share: float, *kinds: str) -> Rule:
    """Breaks this share of all requests, one kind or the other."""
    chance = random.Random(seed)  # noqa: S311 - to be repeated, not to be secret
    return lambda _: chance.choice(kinds) if chance.random() < share else None


def rss_mib(pid: int) -> float:
    """Of a function's process and its workers."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    texts = [Path(f"/proc/{each}/status").read_text() for each in (str(pid), *children)]
    return sum(int(re.findall(r"VmRSS:\s+(\d+)", text)[0]) for text in texts) / 1024


def main() -> int:
    """Run one alone, and judge it."""
    from tests.conftest import Endpoint  # noqa: PLC0415 - pytest is only needed here

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--passes", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    os.environ["GOOGLE_CLOUD_PROJECT"] = project = "soak-project"
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        supervisor = stack.enter_context(Supervisor(folder))
        emulator, broker = bqemulator.start(supervisor, Ports()), brokers.start(supervisor, Ports(), "embedded")
        supervisor.wait_until_ready()
        endpoint = stack.enter_context(Endpoint())
        rig = stack.enter_context(Rig(folder, supervisor, project, emulator.address, broker.address))
        rig.wire(endpoint.url)
        (child,) = rig.start(**POLICY)
        outcome = Soak(rig, endpoint, asked.seed).run(asked.passes, child, asked.seed)
    first, last = outcome.rss_mib.values()
    wrong = [
        *([f"{outcome.dates - outcome.whole} dates are not whole"] if outcome.whole < outcome.dates else []),
        *(["a date was asked for too often"] if outcome.most_attempts > MAX_ATTEMPTS else []),
        *([f"RSS grew by {last / first - 1:.1%}, expected at most 5 %"] if last > 1.05 * first else []),
    ]
    print(outcome, *wrong, sep="\n")  # noqa: T201 - its output
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
