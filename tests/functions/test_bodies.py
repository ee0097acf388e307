"""Large bodies, over real HTTP, at the server that the platform runs."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from gapheal.app import bodies
from gapheal.errors import RequestError
from gapheal.events import LIMIT
from gapheal.local.ports import Ports

MAIN = Path(__file__).parents[2] / "functions" / "phase2_to_phase3" / "main.py"
SIZE = 33 * 1024 * 1024


@pytest.fixture
def server(pipeline_file, tmp_path):
    """A real function process; where nothing listens in BigQuery's place, no request here needs it."""
    port = Ports().take("a function")
    env = {
        **os.environ,
        "BIGQUERY_EMULATOR_HOST": "http://127.0.0.1:1",
        "GAPHEAL_PIPELINE": str(pipeline_file),
        "XDG_RUNTIME_DIR": str(tmp_path),  # gunicorn's control socket, else put into the user's home
    }
    command = [sys.executable, "-m", "functions_framework", "--target=handle", f"--source={MAIN}"]
    process = subprocess.Popen(
        [*command, "--host=127.0.0.1", f"--port={port}"],
        env=env,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        until = time.monotonic() + 120
        while not _listens(port):
            assert time.monotonic() < until
            time.sleep(0.1)
        yield port, process.pid
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(60)


def _listens(port: int) -> bool:
    with closing(socket.socket()) as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _peak_mib(pid: int) -> float:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return max(
        int(re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{child}/status").read_text())[1]) / 1024
        for child in (str(pid), *children)
    )


def _post(port: int, body, **headers: str):
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
        connection.request("POST", "/", body=body, headers=headers, encode_chunked=not isinstance(body, bytes))
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())


def _chunks(total: int):
    for _ in range(total // 65536):
        yield b"x" * 65536


@pytest.mark.fault(22)
def test_33_megabytes_are_refused_in_words_without_being_kept(server):
    port, pid = server
    assert _post(port, b"{}")[0] == 400  # all is loaded
    before = _peak_mib(pid)

    whole = _post(port, b"x" * SIZE)
    chunked = _post(port, _chunks(SIZE), **{"Transfer-Encoding": "chunked"})

    refused = (413, {"error": f"expected at most {LIMIT} bytes, found more"})
    assert whole == chunked == refused
    assert _peak_mib(pid) - before < 12


def test_a_small_chunked_body_is_read(server):
    port, _ = server

    status, answer = _post(port, iter([b'{"scan_for', b'_gap": true}']), **{"Transfer-Encoding": "chunked"})

    assert status == 400
    assert "did you mean scan_for_gaps?" in answer["error"]


class Stream:
    """Gives what is asked for, until it breaks off."""

    def __init__(self, size: int, breaks: type[Exception] | None = None) -> None:
        self.left = size
        self.breaks = breaks

    def read(self, size: int, /) -> bytes:
        if not self.left and self.breaks:
            raise self.breaks
        part = min(size, self.left, 1000)
        self.left -= part
        return b"x" * part


@pytest.mark.parametrize(
    ("size", "kept"), [(0, 0), (1, 1), (LIMIT, LIMIT), (LIMIT + 1, LIMIT + 1), (3 * LIMIT, LIMIT + 1)]
)
def test_a_body_is_read_to_its_end_and_kept_to_the_limit(size, kept):
    stream = Stream(size)

    assert len(bodies.read(stream)) == kept
    assert stream.left == 0


def test_a_caller_who_goes_away_is_no_crash():
    with pytest.raises(RequestError, match="connection closed before its end"):
        bodies.read(Stream(5, breaks=ConnectionResetError))
