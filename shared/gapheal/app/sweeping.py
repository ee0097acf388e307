"""A sweep of every transition in the order of the phases, and what people should know when it is over."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeVar

from gapheal.alerts import words
from gapheal.alerts.state import State
from gapheal.app.core import App
from gapheal.errors import ConfigError, GaphealError, Unavailable
from gapheal.judge.doubts import doubts
from gapheal.judge.health import rejected, unscanned, unscheduled
from gapheal.model.findings import OF_A_PASS, Finding, Kind
from gapheal.model.passes import Request, Source
from gapheal.ports import Row
from gapheal.reconcile.findings import failing, findings_of

SECONDS = 1500.0
"""For all passes together: the function lives 1740 s, and a pass that claims nothing more may still be publishing."""
LAST_DAY = timedelta(days=1)

OF_A_SWEEP = frozenset({Kind.UNFILLED, Kind.SEASON_OVER, Kind.SOURCE_STOPPED})
"""Told by the sweep of a transition itself."""

T = TypeVar("T")


@dataclass
class Sweep:
    """One sweep: ask for one transition after the other, then for what was found.

    The health of the healer is read when it begins: its own passes would make a silence look mended.
    """

    app: App
    names: Sequence[str]
    """In the order in which they are asked for."""
    dry_run: bool = False
    seconds: float = SECONDS
    """For all passes together; what one leaves is the others'."""
    pass_id: str = ""
    """Of the whole; that of a transition's pass is it and the transition's name."""
    errors: list[str] = field(default_factory=list)
    """What could not be looked at, and what could not be told."""
    unknown: list[str] = field(default_factory=list)
    """What could not be judged, and why: nothing is said of it, neither good nor bad."""

    def __post_init__(self) -> None:
        clock = self.app.loop.clock
        self.now = clock.now()
        self._started = clock.monotonic()
        self._asked = 0
        self._seen: set[str] = set()
        self._found: list[Finding] = []
        self._unjudged: set[Kind] = set()
        self._watched = self._known(Kind.NO_SCAN, "when each transition was scanned", self.app.loop.ledger.health)

    def ask(self, name: str) -> dict[str, Any]:
        """Sweep one transition, in its fair share of the time; its report.

        Raises:
            ConfigError: the file, or the world it names, is wrong.
            Unavailable: a service did not answer and nothing was sent, or no time is left.
        """
        share = self._share()
        if share <= 0:
            raise Unavailable(f"{name} was not looked at: the time of this sweep was used up before its turn")
        try:
            request = Request(Source.SWEEP, dry_run=self.dry_run)
            done, report = self.app.passed(name, request, self.pass_of(name), share)
        except ConfigError as error:
            self._found.append(failing(name, error, self.app.loop.clock.now()))
            raise
        if case := done.case:
            self._seen.add(name)
            self._found += [*findings_of(done), *doubts(case, done.settled)]
        return report

    def pass_of(self, name: str) -> str | None:
        """The id of the pass of `name`."""
        return f"{self.pass_id}-{name}" if self.pass_id else None

    def crashed(self, name: str, told: str) -> None:
        """Keep that asking for `name` ended in an error that nobody expected: a person has to mend that, too."""
        now = self.app.loop.clock.now()
        self._found.append(finding := failing(name, ConfigError(told), now))
        if not self.dry_run:
            alerts = self.app.alerts
            self.errors += alerts.tell(name, [finding], now=now, baseline=False, pass_id=self.pass_id)

    def findings(self) -> list[Finding]:
        """All that stands open: of the pipeline, then of each transition in order."""
        found = [*self._found, *self._health()]
        places = {name: place for place, name in enumerate(self.names)}
        kinds = {kind: place for place, kind in enumerate(Kind)}
        named = [each for each in found if each.transition is None or each.transition in places]
        return sorted(named, key=lambda each: (places.get(each.transition or "", -1), kinds[each.kind]))

    def tell(self, findings: Iterable[Finding]) -> None:
        """Tell people of those that no pass tells; each pass has told its own."""
        told = self._told()
        health = [*(each for each in findings if each.kind not in OF_A_PASS), *self._untouched(told)]
        self.errors += self.app.alerts.tell(
            None, health, now=self.now, baseline=self._last_sweep() is None, pass_id=self.pass_id, told=told
        )

    def _share(self) -> float:
        left = self.seconds - (self.app.loop.clock.monotonic() - self._started)
        share = left / max(len(self.names) - self._asked, 1)
        self._asked += 1
        return min(share, self.app.loop.seconds)

    def _health(self) -> Iterator[Finding]:
        pipeline = self.app.pipeline
        if self._watched is None:
            self._unjudged.add(Kind.REJECTIONS)  # the same ledger would be waited for once more
        else:
            yield from unscanned(pipeline, self._watched, self.now)
            yield from self._rejected()
        yield from unscheduled(pipeline, self._known(Kind.SCHEDULE, "the schedule's jobs", self.app.schedule.jobs))

    def _rejected(self) -> Iterator[Finding]:
        last = self._last_sweep()
        since = min(last, self.now - LAST_DAY) if last else self.now - LAST_DAY
        events = self._known(Kind.REJECTIONS, "rejected events", lambda: self.app.rejections(since))
        yield from rejected([event.plain() for event in events or ()], since)

    def _last_sweep(self) -> datetime | None:
        """When a sweep last went well, before this one."""
        moments = [row["last_sweep_at"] for row in self._watched or () if row["last_sweep_at"]]
        return max(map(datetime.fromisoformat, moments), default=None)

    def _known(self, kind: Kind, what: str, ask: Callable[[], T]) -> T | None:
        try:
            return ask()
        except GaphealError as error:
            self._unjudged.add(kind)
            self.unknown.append(f"{what}: {error}")
            return None

    def _told(self) -> Row | None:
        """What people were last told of the pipeline; None: nothing, or it cannot be read, as the telling will say."""
        try:
            return self.app.loop.ledger.told(None)
        except GaphealError:
            return None

    def _untouched(self, told: Row | None) -> Iterator[Finding]:
        """What was told before and could not be judged now: it is neither over nor news."""
        for each in State.read(told).open.values():
            if each.transition and each.transition not in self.app.pipeline.transitions:
                continue  # it is no more in the file: nobody will ever judge it
            unseen = each.kind in OF_A_SWEEP and each.transition not in self._seen
            if each.kind in self._unjudged or unseen:
                yield Finding(each.kind, each.transition, each.sentence, "gapheal status", each.dates, each.since)


def digest(sweep: Sweep, findings: Sequence[Finding], longest: int = words.LONGEST) -> tuple[str, str]:
    """What a sweep came to, for people: a title that names the day, and the text of so many characters at most."""
    more = [
        f"{heading}: {line}"
        for heading, some in (("not done", sweep.errors), ("not known", sweep.unknown))
        for line in some
    ]
    return words.digest(sweep.app.pipeline.pipeline, findings, sweep.now, more, longest)


def plain(finding: Finding) -> Row:
    """As JSON values; `key` is the same as long as it is the same state of affairs."""
    return {
        "key": finding.key,
        "kind": str(finding.kind),
        "transition": finding.transition,
        "sentence": finding.sentence,
        "command": finding.command,
        "dates": [str(day) for day in finding.dates],
        "since": finding.since.isoformat() if finding.since else None,
        "numbers": dict(finding.numbers),
    }
