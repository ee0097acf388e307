"""One pipeline, wired: what the functions and the command ask of it.

What answers a person's question is imported when it is put: a function is asked for passes, and starts for one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from gapheal import events
from gapheal.errors import ConfigError, GaphealError, Rejected
from gapheal.intervals import DAY, Interval
from gapheal.model.passes import Request, Source, Verdict
from gapheal.model.pipeline import Mode, Pipeline, Transition
from gapheal.ports import Alerts, Schedule, Unasked
from gapheal.reconcile import Loop, Pass, report
from gapheal.spec.faults import meant

if TYPE_CHECKING:
    from gapheal.app.check import Checked
    from gapheal.app.decisions import Word
    from gapheal.app.plan import Group
    from gapheal.app.rejections import Kept


@dataclass(frozen=True, slots=True)
class App:
    """The ports of one pipeline, and every question that can be put to them."""

    loop: Loop
    lowered: frozenset[str] = frozenset()
    """Transitions whose mode the environment lowers."""
    highest: Mode | None = None
    """The mode that the environment names; None: it names none."""
    schedule: Schedule = field(default_factory=Unasked)
    """What asks for scans and sweeps."""

    @property
    def pipeline(self) -> Pipeline:
        """The file, with the modes and the project that the environment gives it."""
        return self.loop.pipeline

    @property
    def alerts(self) -> Alerts:
        """Who tells people."""
        return self.loop.alerts

    @property
    def today(self) -> date:
        """Today in the pipeline's time zone."""
        return self.loop.clock.now().astimezone(self.pipeline.zone).date()

    def run(self, transition: str, request: Request, pass_id: str | None = None) -> dict[str, Any]:
        """One pass, whoever asks; its report.

        Raises:
            ConfigError: the file, or the world it names, is wrong.
            Unavailable: a service did not answer, and nothing was sent.
        """
        return self.passed(transition, request, pass_id)[1]

    def passed(
        self, transition: str, request: Request, pass_id: str | None = None, seconds: float | None = None
    ) -> tuple[Pass, dict[str, Any]]:
        """As `run`, in at most so many seconds: the pass with its verdicts, and its report."""
        self._transition(transition)
        loop = replace(self.loop, new_id=lambda: pass_id) if pass_id else self.loop
        loop = replace(loop, seconds=seconds) if seconds else loop
        done, report = loop.passed(transition, request)
        if transition in self.lowered and "note" in report and not request.dry_run and not request.quiet:
            report["note"] = f"mode {report['mode']} by GAPHEAL_MODE, which lowers the file's: nothing was sent"
        return done, report

    def status(self, transition: str) -> dict[str, Any]:
        """What the ledger alone knows of a transition."""
        mode = self._transition(transition).policy.mode
        return {"transition": transition, "mode": mode, **self.loop.ledger.status(transition)}

    def explain(self, transition: str, day: date) -> dict[str, Any]:
        """What a scan would say of one date now, and why. Nothing is sent or written."""
        from gapheal.app.advice import advice  # noqa: PLC0415 - a person's question
        from gapheal.judge.tried import tried  # noqa: PLC0415

        policy = self._transition(transition).policy
        asked = Request(Source.SCAN, window=Interval.inclusive(day, day), dry_run=True)
        done = self.loop.look(transition, asked)
        verdict = next((verdict for verdict in done.verdicts if verdict.day == day), None)
        case = done.case
        if verdict and case:
            rules, change = tried(case, verdict)
            told: dict[str, Any] = {"rules": [rule._asdict() for rule in rules], "change": change}
            if fitting := advice(done, day):
                told["hint"] = "; ".join(fitting)
            return {"transition": transition, **_plain(verdict), **told}
        if policy.mode == "paused":
            sentence = "mode paused: nothing is looked at"
        elif policy.start_date and day < policy.start_date:
            sentence = f"nothing before policy.start_date ({policy.start_date}) is looked at"
        elif day in done.source_gaps:
            sentence = "a source gap: upstream has no rows of this date, though its expected table has"
        else:
            sentence = "upstream has no rows of this date, so there is nothing to heal"
        return {"transition": transition, "date": str(day), "condition": None, "sentence": sentence}

    def plan(self, transition: str, window: Interval | None = None) -> tuple[dict[str, Any], list[Group]]:
        """What a scan would do now: its report, and its verdicts by runs of dates. Nothing is sent or written."""
        from gapheal.app.advice import advice  # noqa: PLC0415 - a person's question
        from gapheal.app.plan import grouped  # noqa: PLC0415

        self._transition(transition)
        done = self.loop.look(transition, Request(Source.SCAN, window=window, dry_run=True))
        told = report(done)
        if fitting := advice(done):
            told["hints"] = fitting
        return told, grouped(done.settled)

    def check(self, phase: str, window: Interval | None = None) -> Checked:
        """Whether a phase is whole in the window, paused or not. Nothing is sent or written."""
        from gapheal.app.check import check  # noqa: PLC0415 - a person's question

        return check(self.loop, phase, window)

    def decide(
        self, word: Word, name: str, dates: Iterable[str], *, who: str, why: str, until: str | None = None
    ) -> dict[str, Any]:
        """Keep a person's word about dates; what was kept, and what it means.

        Raises:
            ConfigError: the file knows no such transition or first phase.
            RequestError: a date, `who`, `why` or `until` cannot be used.
            GaphealError: the ledger could not keep it.
        """
        from gapheal.app.decisions import decision  # noqa: PLC0415 - a person's question

        now = self.loop.clock.now()
        said = decision(self.pipeline, word, name, dates, who=who, why=why, until=until, now=now)
        self.loop.ledger.decide(said.rows(now))
        return said.plain(self.pipeline)

    def deaf(self, transition: str) -> str | None:
        """Why nobody would hear this transition's triggers, if that can be known: publishing alone tells nothing."""
        try:
            return self.unheard(transition)
        except GaphealError as error:
            return str(error)

    def unheard(self, transition: str) -> str | None:
        """The same, where who cannot be asked must not pass for who does not listen.

        Raises:
            ConfigError: there is no such topic, or there are no credentials.
            Unavailable: Pub/Sub did not answer.
        """
        target = self._transition(transition).trigger.pubsub
        if target is None or self.loop.publisher.subscriptions(target.topic) != 0:
            return None
        return f"topic {target.topic} has no subscription: publishing succeeds and nobody hears it; subscribe the job"

    def read(self, transition: str, headers: Mapping[str, str], body: bytes) -> Request:
        """What the caller of a POST asks for.

        Raises:
            RequestError: it cannot be understood.
            Rejected: it is an event without a usable date, and the ledger has kept it.
            GaphealError: such an event could not be kept: it must come again.
        """
        try:
            return self._read(transition, headers, body)
        except Rejected as wrong:
            about = {"transition": transition, "observed_at": self.loop.clock.now().isoformat()}
            self.loop.ledger.reject({**about, **events.rejection(body, headers, str(wrong))})
            raise

    def rejections(self, since: datetime | None = None) -> list[Kept]:
        """Events that could not be used, newest first, and which of them were replayed; None: all of them."""
        from gapheal.app.rejections import FIRST, kept  # noqa: PLC0415 - a person's question

        return kept(self.loop.ledger, since or FIRST, self.loop.clock.now() + DAY)

    def replay(self, one: Kept) -> dict[str, Any]:
        """Let a rejected event through the door again: its pass's report, or why it is rejected still."""
        from gapheal.app.rejections import replay  # noqa: PLC0415 - a person's question

        return replay(one, self.loop.ledger, self.loop.clock, self._read, self.run)

    def _read(self, transition: str, headers: Mapping[str, str], body: bytes) -> Request:
        keys = self._transition(transition).event_date_keys
        return events.read(body, headers, date_keys=keys, today=self.today, transition=transition)

    def _transition(self, name: str) -> Transition:
        known = self.pipeline.transitions
        if name not in known:
            raise ConfigError(
                f"expected one of the file's transitions ({', '.join(known)}), found {name}{meant(name, known)}"
            )
        return known[name]


def _plain(verdict: Verdict) -> dict[str, Any]:
    return {
        "date": str(verdict.day),
        "condition": str(verdict.condition),
        "action": str(verdict.action),
        "code": verdict.reason.code,
        "sentence": verdict.reason.sentence,
        "numbers": dict(verdict.reason.numbers),
        "attempts": verdict.attempts,
        "watermark": verdict.watermark,
        "first_seen_at": verdict.first_seen_at and verdict.first_seen_at.isoformat(),
    }
