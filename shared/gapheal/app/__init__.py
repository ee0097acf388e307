"""The application: `build` wires it, `function` puts it behind HTTP.

from gapheal import app

handle = app.function("phase2_to_phase3", __file__)
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING

from gapheal.app.core import App
from gapheal.app.door import METHODS, Call, Door
from gapheal.app.wiring import build, create_ledger, find
from gapheal.spec import load

if TYPE_CHECKING:
    from flask import Request

__all__ = ["App", "build", "create_ledger", "function"]

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
    door = Door(transition, lambda: build(load(find(beside))))

    def handle(request: Request) -> Response:
        call = Call(request.method, dict(request.headers), request.stream, request.args)
        body, status = door.answer(call)
        headers = {"Content-Type": "application/json", "Allow": METHODS}
        return json.dumps(body, default=str), status, headers

    return handle
