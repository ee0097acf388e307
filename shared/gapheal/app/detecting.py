"""The HTTP door of the detector: a sweep of every transition, the healer's own health, one digest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from http import HTTPStatus
from typing import Any, TypeVar
from uuid import uuid4

from gapheal import events, logs
from gapheal.app.core import App
from gapheal.app.door import Answer, Call, Door
from gapheal.app.sweeping import Sweep, digest, plain
from gapheal.errors import GaphealError, Rejected, RequestError, Unavailable
from gapheal.model.findings import Finding
from gapheal.model.order import in_order
from gapheal.model.passes import Request, Source
from gapheal.model.pipeline import DETECTOR

T = TypeVar("T")

EXPECTED = 'expected {"scan_for_gaps": true, "sweep": true}, optionally with dry_run'


class Detector(Door):
    """Answers for the pipeline as a whole, by the rules of every door."""

    def _post(self, app: App, call: Call, body: bytes, pass_id: str) -> Answer:
        request = _asked(app, call, body)
        sweep = Sweep(app, in_order(app.pipeline), dry_run=request.dry_run, pass_id=pass_id)
        told: dict[str, Any] = {}
        failures: list[GaphealError] = []
        for name in sweep.names:
            try:
                told[name] = self._swept(sweep, call, name)
            except GaphealError as error:
                failures.append(error)
                sweep.errors.append(f"{name}: {error}")
                told[name] = {"transition": name, "error": str(error)}
        findings = sweep.findings()
        if not request.dry_run:
            self._tell(sweep, findings)
        answer = {
            "pass_id": pass_id,
            "dry_run": request.dry_run,
            "transitions": told,
            "findings": [plain(finding) for finding in findings],
            "errors": sweep.errors,
            "unknown": sweep.unknown,
            "digest": _counted(findings),
        }
        if len(failures) < len(told):
            return Answer(answer, HTTPStatus.OK)
        # Nothing at all could be looked at. What is merely down is worth another call, the rest waits for a person.
        down = next((error for error in failures if isinstance(error, Unavailable)), failures[0])
        return Answer({"error": f"no transition could be swept: {down}", **answer}, down.status)

    def _get(self, app: App, call: Call) -> Answer:
        if date := call.args.get("date"):
            raise RequestError(f"expected no date, found {date!a}: a transition's own function explains its dates")
        return Answer({"transitions": {name: app.status(name) for name in app.pipeline.transitions}}, HTTPStatus.OK)

    def shown(self, call: Call, show: Callable[[App], T]) -> T | None:
        """What `show` makes of the app, with its line in the log; None where there is no app: `answer` says why."""
        try:
            app = self.opened()
        except GaphealError:
            return None
        made = show(app)
        status = getattr(made, "status_code", HTTPStatus.OK)
        logs.answered(self._line(call, uuid4().hex), call.method, status, {})
        return made

    def _swept(self, sweep: Sweep, call: Call, name: str) -> dict[str, Any]:
        """The report of one transition, which has its own line in the log, as its function's passes do."""
        pass_id = sweep.pass_of(name) or ""
        line = self._line(call, pass_id, name)
        try:
            report = sweep.ask(name)
        except GaphealError as error:
            logs.answered(line, call.method, error.status, {"error": str(error)})
            raise
        except Exception as error:
            logs.crashed(line, error)
            told = f"internal error: the log of pass_id {pass_id} says more"
            sweep.crashed(name, told)
            raise GaphealError(told) from error
        logs.answered(line, call.method, HTTPStatus.OK, report)
        return report

    def _tell(self, sweep: Sweep, findings: Sequence[Finding]) -> None:
        sweep.tell(findings)
        if findings or sweep.errors:
            title, text = digest(sweep, findings)
            sweep.errors += sweep.app.alerts.announce(title, text, now=sweep.now, pass_id=sweep.pass_id)


def _asked(app: App, call: Call, body: bytes) -> Request:
    """What the caller asks for: a sweep, of everything.

    Raises:
        RequestError: it is anything else.
    """
    try:
        request = events.read(body, call.headers, date_keys=(), today=app.today, transition=DETECTOR)
    except Rejected:
        request = Request(Source.EVENT)
    if request.source is Source.EVENT:
        raise RequestError(f"{EXPECTED}; found an event: events belong to the functions of their transitions")
    if request.source is not Source.SWEEP:
        raise RequestError(f'{EXPECTED}; found a scan without "sweep": true')
    if request.window:
        raise RequestError(f"{EXPECTED}; found start_date or end_date: a sweep looks at everything")
    return request


def _counted(findings: Sequence[Finding]) -> dict[str, Any]:
    """For the log: how many, and of which kinds."""
    kinds = Counter(str(finding.kind) for finding in findings)
    return {"findings": len(findings), "kinds": dict(sorted(kinds.items()))}
