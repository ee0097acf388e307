"""The application: `build` wires it, `function` puts it behind HTTP.

from gapheal import app

handle = app.function("phase2_to_phase3", __file__)

and `detector` the function of the pipeline as a whole.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, Any

from gapheal.app import pages as page
from gapheal.app.core import App
from gapheal.app.door import METHODS, Call, Door
from gapheal.app.wiring import build, create_ledger, find
from gapheal.spec import load

if TYPE_CHECKING:
    from flask import Request

__all__ = ["App", "build", "create_ledger", "detector", "function"]

Response = tuple[str, int, dict[str, str]]


def function(transition: str, beside: str) -> Callable[[Request], Response]:
    """The HTTP function of one transition, as functions-framework wants it: a plain function.

    The pipeline file is read at the first request, not when the module is loaded, so that a fault of the file is
    an answer that names it instead of a container that does not start. `build` is looked up in this module at
    that moment: a test may put `functools.partial(build, warehouse=…)` in its place.

    Args:
        transition: its name in the pipeline file.
        beside: the `__file__` of the function's main.py; without GAPHEAL_PIPELINE the file is looked for there.
    """
    _warm()
    door = Door(transition, lambda: build(load(find(beside))))
    return lambda request: _answered(door, request)


def detector(beside: str, pages: str | None = None) -> Callable[[Request], Any]:
    """The HTTP function of the pipeline as a whole: sweeps by POST, how all transitions stand by GET.

    Args:
        beside: as for `function`.
        pages: the module that shows the same to browsers; None: JSON for everybody.
    """
    from gapheal.app.detecting import Detector  # noqa: PLC0415 - the functions of transitions sweep nothing
    from gapheal.model.pipeline import DETECTOR  # noqa: PLC0415

    _warm()
    door = Detector(DETECTOR, lambda: build(load(find(beside))))

    def handle(request: Request) -> Any:
        if pages and page.wanted(request):
            shown = door.shown(_call(request), lambda opened: page.respond(pages)(opened, request))
            if shown is not None:
                return shown
        return _answered(door, request)

    return handle


def _warm() -> None:
    """Import what every pass needs: while a container starts it has more processor, and one thread imports faster."""
    import_module("gapheal.app.adapters")


def _call(request: Request) -> Call:
    return Call(request.method, dict(request.headers), request.stream, request.args)


def _answered(door: Door, request: Request) -> Response:
    body, status = door.answer(_call(request))
    headers = {"Content-Type": "application/json", "Allow": METHODS}
    return json.dumps(body, default=str), int(status), headers
