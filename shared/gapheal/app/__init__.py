"""The application: `build` wires it, `function` puts it behind HTTP.

from gapheal import app

handle = app.function("phase2_to_phase3", __file__)

and `detector` the function of the pipeline as a whole.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from gapheal.app.core import App
from gapheal.app.detector import Detector
from gapheal.app.door import METHODS, Call, Door
from gapheal.app.wiring import build, create_ledger, find
from gapheal.errors import GaphealError
from gapheal.judge.health import DETECTOR
from gapheal.spec import load

if TYPE_CHECKING:
    from flask import Request

__all__ = ["App", "build", "create_ledger", "detector", "function"]

Response = tuple[str, int, dict[str, str]]
Pages = Callable[[App, "Request"], Any]
"""Answers a request of the pages with whatever Flask takes for a response."""


def function(transition: str, beside: str) -> Callable[[Request], Response]:
    """The HTTP function of one transition, as functions-framework wants it: a plain function.

    The pipeline file is read at the first request, not when the module is loaded, so that a fault of the file is
    an answer that names it instead of a container that does not start. `build` is looked up in this module at
    that moment: a test may put `functools.partial(build, warehouse=…)` in its place.

    Args:
        transition: its name in the pipeline file.
        beside: the `__file__` of the function's main.py; without GAPHEAL_PIPELINE the file is looked for there.
    """
    door = Door(transition, lambda: build(load(find(beside))))
    return lambda request: _answered(door, request)


def detector(beside: str, pages: Pages | None = None) -> Callable[[Request], Any]:
    """The HTTP function of the pipeline as a whole: sweeps by POST, how all transitions stand by GET.

    Args:
        beside: as for `function`.
        pages: answers a GET from a browser, and of every path but `/`; None: JSON for everybody.
    """
    door = Detector(DETECTOR, lambda: build(load(find(beside))))

    def handle(request: Request) -> Any:
        if pages and request.method == "GET" and (request.path != "/" or _is_browser(request)):
            try:
                return pages(door.opened(), request)
            except GaphealError:
                pass  # the door says what is wrong, and logs it
        return _answered(door, request)

    return handle


def _answered(door: Door, request: Request) -> Response:
    call = Call(request.method, dict(request.headers), request.stream, request.args)
    body, status = door.answer(call)
    headers = {"Content-Type": "application/json", "Allow": METHODS}
    return json.dumps(body, default=str), int(status), headers


def _is_browser(request: Request) -> bool:
    accepted = request.accept_mimetypes
    return accepted["text/html"] > accepted["application/json"]
