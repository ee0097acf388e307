"""The HTTP door of one transition: every request has its answer, every answer its line in the log."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from http import HTTPStatus
from threading import Lock
from typing import Any, NamedTuple
from uuid import uuid4

from gapheal import events, logs
from gapheal.app import bodies
from gapheal.app.core import App
from gapheal.app.wiring import known_project
from gapheal.errors import GaphealError, Rejected

METHODS = "GET, POST"


class Call(NamedTuple):
    """A request, free of any framework."""

    method: str
    headers: Mapping[str, str]
    stream: bodies.Stream
    args: Mapping[str, str]


class Answer(NamedTuple):
    """What the caller is told."""

    body: dict[str, Any]
    status: int


class Door:
    """Answers for one transition; the app is made at the first request, and again while that fails."""

    def __init__(self, transition: str, make: Callable[[], App]) -> None:
        self._transition = transition
        self._make = make
        self._app: App | None = None
        self._lock = Lock()

    def answer(self, call: Call) -> Answer:
        """The answer; never an exception."""
        pass_id = uuid4().hex
        try:
            answer = self._respond(call, pass_id)
        except Rejected as wrong:
            answer = Answer({"rejected": True, "error": str(wrong)}, wrong.status)
        except GaphealError as error:
            answer = Answer({"error": str(error)}, error.status)
        except Exception as error:  # noqa: BLE001 - whatever it is, its text is for the log and not for the caller
            logs.crashed(self._line(call, pass_id), error)
            told = f"internal error: the log of pass_id {pass_id} says more"
            answer = Answer({"error": told}, HTTPStatus.INTERNAL_SERVER_ERROR)
        logs.answered(self._line(call, pass_id), call.method, answer.status, answer.body)
        return answer

    def _line(self, call: Call, pass_id: str, transition: str | None = None) -> logs.Told:
        """Whose line in the log it is; the pipeline's name is known once its file was read."""
        name = transition or self._transition
        if self._app is None:
            return logs.Told(name, pass_id)
        pipeline = self._app.pipeline
        return logs.Told(name, pass_id, pipeline.pipeline, known_project(pipeline), call.headers)

    def _respond(self, call: Call, pass_id: str) -> Answer:
        body = bodies.read(call.stream)
        match call.method:
            case "POST":
                return self._post(self.opened(), call, body, pass_id)
            case "GET":
                return self._get(self.opened(), call)
            case other:
                error = f"expected {METHODS}, found {other!a}"
                return Answer({"error": error}, HTTPStatus.METHOD_NOT_ALLOWED)

    def _post(self, app: App, call: Call, body: bytes, pass_id: str) -> Answer:
        request = app.read(self._transition, call.headers, body)
        return Answer(app.run(self._transition, request, pass_id), HTTPStatus.OK)

    def _get(self, app: App, call: Call) -> Answer:
        date = call.args.get("date")
        if date is None:
            return Answer(app.status(self._transition), HTTPStatus.OK)
        return Answer(app.explain(self._transition, events.day(date, app.today)), HTTPStatus.OK)

    def opened(self) -> App:
        """The app, made where there is none yet.

        Raises:
            GaphealError: it could not be made.
        """
        with self._lock:
            if self._app is None:
                self._app = self._make()
            return self._app
