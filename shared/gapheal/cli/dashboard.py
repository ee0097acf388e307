"""`gapheal dashboard`: the pipeline's state as a page, served on this machine or written as files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gapheal.cli import common
from gapheal.cli.common import DEFAULT_PIPELINE, LOOK, JsonOption, PipelineOption
from gapheal.cli.status import next_scans
from gapheal.errors import ConfigError

HOST, PORT = "127.0.0.1", 8765


def register(command: typer.Typer) -> None:
    """Add this command to the panel `Look`."""
    command.command(rich_help_panel=LOOK)(dashboard)


def dashboard(
    port: Annotated[int, typer.Option("--port", min=0, max=65_535, help="0: any free one.")] = PORT,
    export: Annotated[
        Path | None, typer.Option("--export", metavar="DIR", help="Write files that open from anywhere; serve nothing.")
    ] = None,
    as_json: JsonOption = False,
    pipeline: PipelineOption = DEFAULT_PIPELINE,
) -> None:
    """Show a calendar of all dates and phases, open gaps, trends, last passes; a click explains a date. It only reads.

    Served on this machine alone, until Ctrl-C.

    Example: gapheal dashboard --export site
    """
    from gapheal import dashboard as pages  # noqa: PLC0415 - only who looks waits for it

    with common.told(as_json=as_json):
        app = common.opened(pipeline)
        names = list(app.pipeline.transitions)
        if export:
            written = pages.export(pages.gather(app, next_scans(app, names)), export)
            if as_json:
                common.print_json({"written": [str(path) for path in written]})
            else:
                said = f"{written[0]}, and {len(written) - 1} files of data beside it"
                common.out.print(said, markup=False, soft_wrap=True)
            return
        if as_json:
            common.print_json(pages.gather(app, next_scans(app, names)).plain())
            return
        pages.gather(app)
        _serve(pages.wsgi(app, lambda: next_scans(app, names), only_local=True), port)


def _serve(application: object, port: int) -> None:
    from werkzeug.serving import WSGIRequestHandler, make_server  # noqa: PLC0415

    class Silent(WSGIRequestHandler):
        def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
            """Nobody reads a line for each look."""

    try:
        server = make_server(HOST, port, application, threaded=True, request_handler=Silent)  # type: ignore[arg-type]
    except (OSError, SystemExit) as error:
        raise ConfigError(f"expected port {port} to be free, found it taken: choose another with --port") from error
    common.out.print(f"http://{HOST}:{server.server_port}/  Ctrl-C ends it.", soft_wrap=True)
    server.serve_forever()  # until Ctrl-C
    common.out.print("The dashboard is stopped.")
