"""What the demo measured, and whether it is what the plan foretold. Pure.

The plan was written down before anything ran, the triggers are counted by the workers that got them, the games by
SQL. gapheal's own ledger tells only what nobody else can know: what it excused, and how long a gap stood open.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

Games = Mapping[str, Mapping[str, int]]
"""Games by phase and date."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What is broken, and what must come of it."""

    playoffs: tuple[tuple[str, str], ...]
    losses: tuple[str, ...]
    exhibitions: tuple[str, ...]
    gaps: Mapping[str, frozenset[str]]
    """By phase, the dates that need one trigger each."""
    games: Games
    """By phase, how it must end."""

    @classmethod
    def read(cls, plan: Mapping[str, Any]) -> Plan:
        """From the file that the planter wrote."""
        return cls(
            playoffs=tuple((first, last) for first, last in plan["playoffs"]),
            losses=tuple(plan["losses"]),
            exhibitions=tuple(plan["exhibitions"]),
            gaps={phase: frozenset(days) for phase, days in plan["gaps"].items()},
            games=plan["games"],
        )

    def playoff_games(self, phase: str, first: str, last: str) -> int:
        """How many games of one playoffs the phase must have in the end."""
        return sum(games for day, games in self.games[phase].items() if first <= day <= last)

    @property
    def playoff_dates(self) -> int:
        """Dates of all playoffs, in the last phase."""
        days = list(self.games.values())[-1]
        return sum(first <= day <= last for day in days for first, last in self.playoffs)


@dataclass(frozen=True, slots=True)
class Witnessed:
    """What the workers of one phase saw."""

    messages: int = 0
    dates: Counter[str] = field(default_factory=Counter)
    """How often each date was asked for."""
    useless: tuple[str, ...] = ()
    """Dates whose rows were whole on arrival, or that the phase before did not have."""

    @classmethod
    def read(cls, log: list[Mapping[str, Any]], phase: str) -> Witnessed:
        """From the workers' log; a message delivered twice was sent once."""
        own = [entry for entry in log if f"phase{entry['phase']}" == phase and not entry["repeat"]]
        return cls(
            messages=len(own),
            dates=Counter(arrival["day"] for entry in own for arrival in entry["arrivals"]),
            useless=tuple(day for entry in own for day in entry["useless"]),
        )


@dataclass(frozen=True, slots=True)
class Findings:
    """Everything the demo's last page is made from."""

    plan: Plan
    games: Games
    """As they are in the end, phase 2 included."""
    witnessed: Mapping[str, Witnessed]
    second_round: Mapping[str, Mapping[str, Any]]
    """Pass reports of the second round of scans, by transition."""
    playoff_games: Mapping[str, int]
    """Phase 3, by playoffs: the answer to the question that was asked first."""
    playoff_dates: int
    """Phase 4, all playoffs."""

    def healed(self, phase: str) -> int:
        """Gaps of the plan whose games are all there."""
        return sum(self._whole(phase, day) for day in self.plan.gaps[phase])

    def _whole(self, phase: str, day: str) -> bool:
        return self.games[phase].get(day, 0) == self.plan.games[phase][day]

    def faults(self) -> Iterator[str]:
        """Whatever is not as it must be, a sentence each."""
        for phase in self.plan.gaps:
            yield from self._faults_of_rows(phase)
            yield from self._faults_of_triggers(phase)
        for name, report in self.second_round.items():
            if report["triggered"] or report["gaps_found"] or report["conditions"]["waiting"]:
                yield f"{name}: a second scan was to find nothing to do, and found {report['gaps_found']} gaps"
        for (first, last), found in zip(self.plan.playoffs, self.playoff_games.values(), strict=True):
            expected = self.plan.playoff_games("phase3", first, last)
            if found != expected:
                yield f"phase3: expected {expected} games from {first} to {last}, found {found}"
        if self.playoff_dates != self.plan.playoff_dates:
            yield f"phase4: expected {self.plan.playoff_dates} playoff dates, found {self.playoff_dates}"

    def _faults_of_rows(self, phase: str) -> Iterator[str]:
        due, found = self.plan.games[phase], self.games[phase]
        if lacking := [day for day in due if not self._whole(phase, day)]:
            yield f"{phase}: {len(lacking)} dates are not whole: {_some(lacking)}"
        if beyond := [day for day in found if day not in due]:
            yield f"{phase}: {len(beyond)} dates were to stay empty and are not: {_some(beyond)}"

    def _faults_of_triggers(self, phase: str) -> Iterator[str]:
        due, asked, useless = self.plan.gaps[phase], self.witnessed[phase].dates, self.witnessed[phase].useless
        if useless:
            yield f"{phase}: {len(useless)} triggers were useless: {_some(useless)}"
        if never := due - asked.keys():
            yield f"{phase}: {len(never)} gaps were never triggered: {_some(never)}"
        if needless := asked.keys() - due:
            yield f"{phase}: {len(needless)} dates were triggered and needed nothing: {_some(needless)}"
        if again := [day for day, times in asked.items() if times > 1]:
            yield f"{phase}: {len(again)} dates were triggered more than once: {_some(again)}"


def _some(days: Any) -> str:
    first = sorted(set(days))[:5]
    return ", ".join(first) + (" …" if len(set(days)) > len(first) else "")
