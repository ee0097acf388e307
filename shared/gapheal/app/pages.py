"""The seam to the pages, which stand above this package: a module with `respond(app, request)`, known by its name."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flask import Request

    from gapheal.app.core import App


def wanted(request: Request) -> bool:
    """Whether a page is asked for: by a browser, or at any path but `/`."""
    if request.method != "GET":
        return False
    accepted = request.accept_mimetypes
    return request.path != "/" or accepted["text/html"] > accepted["application/json"]


def respond(module: str) -> Callable[[App, Request], Any]:
    """What answers them. It is imported when the first page is asked for: a sweep draws nothing."""
    found: Callable[[App, Request], Any] = import_module(module).respond
    return found
