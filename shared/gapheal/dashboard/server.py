"""The page and its data over HTTP: GET and nothing else, no cookie, nothing from anywhere else."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from http import HTTPStatus
from typing import Any, NamedTuple

from flask import Flask, Response, jsonify, request
from werkzeug import Response as Answer
from werkzeug.exceptions import HTTPException

from gapheal import events
from gapheal.app import App
from gapheal.dashboard.figures import READS, Figures, gather
from gapheal.dashboard.page import html, policy
from gapheal.errors import GaphealError, Rejected, RequestError

HEADERS = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
}
LOCAL_HOSTS = ["127.0.0.1", "localhost"]
OURS = {None, "same-origin", "none"}
"""What a browser calls the site that asks: our page, or a person; None: it is no browser, or an old one."""

NextScans = Callable[[], Mapping[str, str | None]]
"""When each transition is looked at next, where somebody knows."""

INSIDE = "gapheal.app"
"""Where the environment of a request has its app."""


class Share(NamedTuple):
    """A part of the figures, and what has to be known to tell it."""

    told: Callable[[Figures], Any]
    reads: tuple[str, ...]
    ahead: bool = False
    """Whether it tells the next scans, too."""


def _overview(figures: Figures) -> dict[str, Any]:
    return {key: value for key, value in figures.plain().items() if key not in {"gaps", "passes"}}


SHARES = {
    "overview": Share(_overview, tuple(READS), ahead=True),
    "dates": Share(lambda figures: figures.dates, ("board",)),
    "gaps": Share(lambda figures: figures.gaps, ("board",)),
    "trends": Share(lambda figures: {"slo": figures.slo, "heals": list(figures.heals)}, ("slo", "heals")),
    "passes": Share(lambda figures: list(figures.passes), ("passes",)),
}
"""What the API tells, by its last word."""


def wsgi(app: App, next_scans: NextScans = dict, *, only_local: bool = False) -> Flask:
    """The dashboard as a Flask application; its links are relative, so it may stand beneath any path.

    Args:
        app: whose pipeline.
        next_scans: asked at each look.
        only_local: answer to no other host name than this machine's: a page elsewhere cannot read it by a false name.
    """
    return _server(lambda: app, next_scans, only_local=only_local)


def respond(app: App, asked: Any) -> Answer:
    """The answer to one request of another server, e.g. functions-framework's.

    Args:
        app: whose pipeline.
        asked: a Flask or Werkzeug request.
    """
    return Answer.from_app(_inside(), {**asked.environ, INSIDE: app})


@cache
def _inside() -> Flask:
    """The one that answers for whichever app a request brings; routes are made once."""
    return _server(lambda: request.environ[INSIDE], dict, only_local=False)


def _server(whose: Callable[[], App], next_scans: NextScans, *, only_local: bool) -> Flask:
    server = Flask("gapheal.dashboard", static_folder=None)
    if only_local:
        server.config["TRUSTED_HOSTS"] = LOCAL_HOSTS

    @server.get("/")
    def page() -> Response:
        return Response(html(gather(whose(), next_scans()), live=True), mimetype="text/html")

    @server.get("/api/<share>")
    def api(share: str) -> tuple[Response, int]:
        if share == "explain":
            if request.headers.get("Sec-Fetch-Site") not in OURS:
                raise RequestError("expected a question of this page, found one of another site: it reads your tables")
            return jsonify(_explained(whose(), request.args)), HTTPStatus.OK
        if share not in SHARES:
            known = ", ".join([*SHARES, "explain"])
            return jsonify({"error": f"expected one of {known}, found {share}"}), HTTPStatus.NOT_FOUND
        wanted = SHARES[share]
        figures = gather(whose(), next_scans() if wanted.ahead else {}, wanted.reads)
        return jsonify(wanted.told(figures)), HTTPStatus.OK

    @server.errorhandler(GaphealError)
    def wrong(error: GaphealError) -> tuple[Response, int]:
        return jsonify({"error": str(error)}), error.status

    @server.errorhandler(HTTPException)
    def refused(error: HTTPException) -> tuple[Response, int]:
        return jsonify({"error": f"expected GET of the page or of api/…, found: {error.name}"}), error.code or 500

    @server.after_request
    def guarded(response: Response) -> Response:
        response.headers.update(HEADERS)
        response.headers["Content-Security-Policy"] = f"{policy()}; frame-ancestors 'none'"
        return response

    return server


def _explained(app: App, asked: Mapping[str, str]) -> dict[str, Any]:
    for name in ("transition", "date"):
        if not asked.get(name):
            raise RequestError(f"expected api/explain?transition=…&date=YYYY-MM-DD, found no {name}")
    try:
        day = events.day(asked["date"], app.today)
    except Rejected as wrong:
        raise RequestError(str(wrong)) from None
    if (name := asked["transition"]) not in app.pipeline.transitions:
        known = ", ".join(app.pipeline.transitions)
        raise RequestError(f"expected one of the file's transitions ({known}), found {name!a}")
    return app.explain(asked["transition"], day)
