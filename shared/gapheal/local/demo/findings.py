"""What the demo measured, and whether it is what the plan foretold. Pure.

The plan was written down before anything ran, the triggers are counted by the workers that got them, the games by
SQL. gapheal's own ledger tells only what nobody else can know: what it excused, and how long a gap stood open.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

SUMMARY = "nba_analytics.player_game_summary"
FACTORS = "nba_precompute.player_composite_factors"
GRADES = "nba_predictions.prediction_accuracy"
"""The tables of the three queries."""

Games = Mapping[str, Mapping[str, Mapping[str, int]]]
"""Games by phase, table and date."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What is broken, and what must come of it."""

    playoffs: tuple[tuple[str, str], ...]
    ungraded: tuple[str, ...]
    """Dates of one season that must end graded."""
    losses: tuple[str, ...]
    exhibitions: tuple[str, ...]
    gaps: Mapping[str, frozenset[str]]
    """By phase, the dates that need one request each."""
    games: Games
    """How it must end."""

    @classmethod
    def read(cls, plan: Mapping[str, Any]) -> Plan:
        """From the file that the planter wrote."""
        return cls(
            playoffs=tuple((first, last) for first, last in plan["playoffs"]),
            ungraded=tuple(plan["ungraded"]),
            losses=tuple(plan["losses"]),
            exhibitions=tuple(plan["exhibitions"]),
            gaps={phase: frozenset(days) for phase, days in plan["gaps"].items()},
            games=plan["games"],
        )

    def playoff_games(self, table: str, first: str, last: str) -> int:
        """How many games of one playoffs the table must have in the end."""
        return sum(games for day, games in self._due(table).items() if first <= day <= last)

    def playoff_dates(self, table: str) -> int:
        """How many dates of all playoffs it must have."""
        return sum(first <= day <= last for day in self._due(table) for first, last in self.playoffs)

    def _due(self, table: str) -> Mapping[str, int]:
        return next(tables[table] for tables in self.games.values() if table in tables)


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
        """From the workers' log; a message delivered twice was sent once; the parts of a fan-out are one."""
        own = [entry for entry in log if entry["phase"] == phase and not entry["repeat"]]
        asked = {
            (arrival["day"], _request(entry, number)): arrival["day"] in entry["useless"]
            for number, entry in enumerate(own)
            for arrival in entry["arrivals"]
        }
        return cls(
            messages=len(own),
            dates=Counter(day for day, _ in asked),
            useless=tuple(sorted(day for (day, _), useless in asked.items() if useless)),
        )


def _request(entry: Mapping[str, Any], number: int) -> object:
    """Equal for the messages of one fan-out."""
    return entry["attributes"]["attempt"] if "part" in entry["attributes"] else number


@dataclass(frozen=True, slots=True)
class Answers:
    """What the three queries say in the end."""

    playoff_games: Mapping[str, int]
    """Of phase 3, by the playoffs' first day."""
    playoff_dates: int
    """Of phase 4, all playoffs."""
    graded_dates: int
    """Of the season that nobody had graded."""


@dataclass(frozen=True, slots=True)
class Findings:
    """Everything the demo's last page is made from."""

    plan: Plan
    games: Games
    """As they are in the end, phase 2 included."""
    witnessed: Mapping[str, Witnessed]
    second_round: Mapping[str, Mapping[str, Any]]
    """Pass reports of the second round of scans, by transition."""
    answers: Answers

    def healed(self, phase: str) -> int:
        """Gaps of the plan whose games are all there."""
        return sum(self._whole(phase, day) for day in self.plan.gaps[phase])

    def _whole(self, phase: str, day: str) -> bool:
        found = self.games[phase]
        return all(found[table].get(day, 0) == due[day] for table, due in self.plan.games[phase].items() if day in due)

    def plain(self) -> dict[str, Any]:
        """By phase; as JSON values."""
        return {
            phase: {
                "gaps": len(gaps),
                "healed": self.healed(phase),
                "dates_asked_for": self.witnessed[phase].dates.total(),
                "messages": self.witnessed[phase].messages,
                "useless": len(self.witnessed[phase].useless),
            }
            for phase, gaps in self.plan.gaps.items()
        }

    def faults(self) -> Iterator[str]:
        """Whatever is not as it must be, a sentence each."""
        for phase in self.plan.gaps:
            yield from self._faults_of_rows(phase)
            yield from self._faults_of_triggers(phase)
        for name, report in self.second_round.items():
            if report["triggered"] or report["gaps_found"] or report["conditions"]["waiting"]:
                yield f"{name}: a second scan was to find nothing to do, and found {report['gaps_found']} gaps"
        yield from self._faults_of_answers()

    def _faults_of_answers(self) -> Iterator[str]:
        for (first, last), found in zip(self.plan.playoffs, self.answers.playoff_games.values(), strict=True):
            expected = self.plan.playoff_games(SUMMARY, first, last)
            if found != expected:
                yield f"{SUMMARY}: expected {expected} games from {first} to {last}, found {found}"
        expected = self.plan.playoff_dates(FACTORS)
        if self.answers.playoff_dates != expected:
            yield f"{FACTORS}: expected {expected} playoff dates, found {self.answers.playoff_dates}"
        if self.answers.graded_dates != len(self.plan.ungraded):
            yield f"{GRADES}: expected {len(self.plan.ungraded)} graded dates, found {self.answers.graded_dates}"

    def _faults_of_rows(self, phase: str) -> Iterator[str]:
        for table, due in self.plan.games[phase].items():
            found = self.games[phase][table]
            if lacking := [day for day, games in due.items() if found.get(day, 0) != games]:
                yield f"{table}: {len(lacking)} dates are not whole: {_some(lacking)}"
            if beyond := found.keys() - due.keys():
                yield f"{table}: {len(beyond)} dates were to stay empty and are not: {_some(beyond)}"

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
