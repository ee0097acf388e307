"""The story in its chapters: the hole, one round of scans, the draining, what remains."""

from __future__ import annotations

import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from gapheal.errors import GaphealError
from gapheal.local.demo import tables
from gapheal.local.demo.findings import GRADES, Answers, Findings, Plan, Witnessed
from gapheal.local.demo.narrator import Narrator
from gapheal.local.demo.world import GRADED_DATES, PLAYOFF_DATES, PLAYOFF_GAMES, World, within
from gapheal.local.stack import Stack
from gapheal.model.pipeline import Pipeline

PATIENCE = 60.0
"""Seconds without any date computed after which the draining is said to be stuck."""
ROOM_FOR_BARS = 148
"""Characters that the line of all phases takes with them."""


class DemoFailed(GaphealError):
    """The demo did not show what it promises."""


class Story:
    """What happens between a running stack and its end.

    Args:
        stack: it runs, seeded and broken.
        world: what can be seen of it.
        plan: what is broken.
        shipped: the pipeline as it comes, for the estimate of real hours.
        narrator: tells it.
    """

    def __init__(self, stack: Stack, world: World, plan: Plan, shipped: Pipeline, narrator: Narrator) -> None:
        self._stack = stack
        self._world = world
        self._plan = plan
        self._shipped = shipped
        self._narrator = narrator

    def tell(self) -> Findings:
        """All of it; what was measured.

        Raises:
            DemoFailed: something is not as it must be.
        """
        self._hole()
        self._scans()
        self._draining()
        findings = self._again()
        self._outcome(findings)
        return findings

    def _hole(self) -> None:
        tell, plan = self._narrator, self._plan
        tell.title("The hole")
        tell.say("A backfill loaded three playoffs into phase 2. No event told phase 3, so nothing later was computed.")
        tell.doing("counting games")
        games = self._world.games()
        tell.show(tables.hole(plan, games))
        graded = games["grading"][GRADES].keys() & set(plan.ungraded)
        tell.say(
            f"And the last season's predictions were never graded: of {len(plan.ungraded)} dates {len(graded)} is, "
            "by a single row from a test."
        )
        if plan.losses:
            tell.say(f"Besides, {len(plan.losses)} losses were planted at random; for example {plan.losses[0]}.")

    def _scans(self) -> None:
        tell = self._narrator
        tell.title("One round of scans, as Cloud Scheduler asks for every hour")
        tell.doing("scanning all dates of all seasons")
        for name, report in self._round().items():
            tell.step(f"{name}: {_headline(report)}")
        tell.say("A first few only: until a trigger has healed a date, nobody knows that anybody listens.")

    def _round(self) -> dict[str, dict[str, Any]]:
        """A scan of every transition that is not paused, all at once."""
        steps = self._stack.pipeline.transitions
        names = [name for name in self._stack.function_urls if steps[name].policy.mode != "paused"]
        with ThreadPoolExecutor(len(names)) as pool:
            return dict(zip(names, pool.map(self._stack.scan, names), strict=True))

    def _draining(self) -> None:
        tell = self._narrator
        tell.title("Nobody scans any more: each job that ends says so, and what hears it looks again")
        told, moved = self._progress(self._world.log()), time.monotonic()
        tell.doing(lambda: told)
        while not self._drained(log := self._world.log()):
            self._stack.supervisor.check()
            if (line := self._progress(log)) != told:
                told, moved = line, time.monotonic()
                tell.step(told)
            elif time.monotonic() - moved > PATIENCE:
                tell.step("nothing moves any more")
                return
            time.sleep(0.3)
        tell.step(self._progress(log))

    def _drained(self, log: list[Mapping[str, Any]]) -> bool:
        return all(gaps <= Witnessed.read(log, phase).dates.keys() for phase, gaps in self._plan.gaps.items())

    def _progress(self, log: list[Mapping[str, Any]]) -> str:
        counts = {
            phase: (len(Witnessed.read(log, phase).dates.keys() & gaps), len(gaps))
            for phase, gaps in self._plan.gaps.items()
        }
        bar = _bar if self._narrator.width >= ROOM_FOR_BARS else _no_bar
        return "  ".join(f"{phase} {bar(done, of)}{done:3}/{of}" for phase, (done, of) in counts.items())

    def _again(self) -> Findings:
        tell, plan = self._narrator, self._plan
        tell.title("A second round of scans")
        tell.doing("scanning all dates again")
        second_round = self._round()
        for name, report in second_round.items():
            tell.step(f"{name}: {_headline(report)}")
        tell.doing("counting games, and asking the workers what they saw")
        games, log = self._world.games(), self._world.log()
        by_season, (dates,), (graded,) = (self._world.ask(sql) for sql in self._queries())
        found = {row["season_year"]: row["games"] for row in by_season}
        return Findings(
            plan=plan,
            games=games,
            witnessed={phase: Witnessed.read(log, phase) for phase in plan.gaps},
            second_round=second_round,
            answers=Answers(
                playoff_games={first: found.get(int(first[:4]) - 1, 0) for first, _ in plan.playoffs},
                playoff_dates=dates["dates"],
                graded_dates=graded["graded_dates"],
            ),
        )

    def _queries(self) -> tuple[str, str, str]:
        playoffs = within(self._plan.playoffs)
        return (
            PLAYOFF_GAMES.format(playoffs=playoffs),
            PLAYOFF_DATES.format(playoffs=playoffs),
            GRADED_DATES.format(opens=min(self._plan.ungraded)),
        )

    def _outcome(self, findings: Findings) -> None:
        tell = self._narrator
        tell.title("What it came to")
        tell.show(tables.outcome(self._shipped, findings, self._world.told()))
        for note in [*tables.footnotes(self._shipped), *tables.excused_tables(self._shipped, findings.games)]:
            tell.say(note)
        tell.title("The queries that once showed the holes")
        for sql in self._queries():
            tell.say(sql)
            tell.show(tables.answer(self._world.ask(sql)))
            tell.say("")
        if faults := list(findings.faults()):
            raise DemoFailed("\n  ".join(["Not all of it holds:", *faults]))


def _headline(report: Mapping[str, Any]) -> str:
    """A pass report in a line."""
    looked = sum(report["conditions"].values())
    parts = [f"{looked} dates, {report['gaps_found']} gaps, {report['triggered']} triggered"]
    parts += [f"{report['actions'][action]} {action}" for action in ("deferred", "leased") if report["actions"][action]]
    parts += [
        f"{report['conditions'][condition]} {condition}"
        for condition in ("waiting", "excused")
        if report["conditions"][condition]
    ]
    return ", ".join([*parts, *report["errors"]])


def _bar(done: int, of: int, width: int = 10) -> str:
    filled = width * done // of if of else width
    return "█" * filled + "░" * (width - filled) + " "


def _no_bar(_done: int, _of: int) -> str:
    return ""
