"""The dashboard: what is whole, what heals, what waits for a person and why; it only reads.

`wsgi(app)` is a Flask application, `respond(app, request)` answers inside another one, `export` writes files.
"""

from __future__ import annotations

from gapheal.dashboard.export import export
from gapheal.dashboard.figures import gather
from gapheal.dashboard.server import respond, wsgi

__all__ = ["export", "gather", "respond", "wsgi"]
