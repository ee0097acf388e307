"""Cold start of each packaged function, against a bare functions-framework and one that imports Google's clients."""

from __future__ import annotations

import os
import socket
import subprocess
import tempfile
import time as clock
import urllib.error
import urllib.request
import zipfile
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path
from statistics import median
from typing import NamedTuple

from tests.benchmarks.peers import FUNCTION as HOME
from tests.benchmarks.peers import ROOT
from tests.benchmarks.tables import Table, time, times

from gapheal import package

HELLO = "def handle(request):\n    return 'hello'\n"
BARE, CLIENTS = "hello", "hello + bigquery"
HELLOS = {
    BARE: HELLO,
    CLIENTS: f"from google.cloud import bigquery\n\n\n{HELLO}",
    "hello + bigquery + pubsub": f"import google.pubsub_v1\nfrom google.cloud import bigquery\n\n\n{HELLO}",
}
PATIENCE = 90


class Start(NamedTuple):
    """One start: seconds to the first answer, by the wall and of the processor, the import's share, and the memory."""

    answer: float
    processor: float
    imported: float
    mib: float


def measure(rounds: int) -> tuple[Table, float | None]:
    """The table, and the functions' median start as a multiple of the hello's with the BigQuery client."""
    table = Table(
        "Cold start, process start to first answer",
        (
            "function",
            "first answer",
            "processor time until then",
            "against hello + bigquery",
            "import of main.py",
            "memory",
        ),
        note="Each in the environment that functions/requirements.txt pins (no pyarrow, no pandas), served by "
        "functions-framework. It refuses a request: the file is read and all clients are there, but none has called.",
    )
    if not (HOME / "ready").exists():
        table.rows.append((f"not measured: nothing is installed in {HOME.relative_to(ROOT)}", "", "", "", "", ""))
        return table, None
    starts: dict[str, list[Start]] = defaultdict(list)
    with tempfile.TemporaryDirectory(prefix="gapheal-bench-") as folder:
        sources = _sources(Path(folder))
        for _ in range(rounds):
            for name, source in sources.items():
                starts[name].append(_start(source))
    found = {name: [median(column) for column in zip(*known, strict=True)] for name, known in starts.items()}
    for name, (answer, processor, imported, mib) in found.items():
        ratio = times(processor / found[CLIENTS][1])
        table.rows.append((name, time(answer), time(processor), ratio, time(imported), f"{mib:.0f} MiB"))
    ours = median(processor for name, (_, processor, *_) in found.items() if name not in HELLOS)
    return table, ours / found[CLIENTS][1]


def _sources(folder: Path) -> Mapping[str, Path]:
    """Each function's folder, as the platform unpacks it."""
    sources = {}
    for name, text in HELLOS.items():
        sources[name] = folder / name
        sources[name].mkdir()
        (sources[name] / "main.py").write_text(text)
    for path in package.build(ROOT / "functions", ROOT / "pipeline.yaml", folder / "dist"):
        sources[path.stem] = folder / path.stem
        with zipfile.ZipFile(path) as packed:
            packed.extractall(sources[path.stem])
    for source in sources.values():
        # The platform compiles once, when it builds the image.
        subprocess.run([HOME / "bin" / "python", "-m", "compileall", "-q", source], check=True, env=environment())
    return sources


def environment() -> dict[str, str]:
    """Of a function that no service answers: paused, it needs none."""
    return {
        "PATH": f"{HOME / 'bin'}:{os.environ['PATH']}",
        "GAPHEAL_MODE": "paused",
        "GOOGLE_CLOUD_PROJECT": "gapheal-bench",
        "BIGQUERY_EMULATOR_HOST": "http://127.0.0.1:1",
        "PUBSUB_EMULATOR_HOST": "127.0.0.1:1",
    }


def _start(source: Path) -> Start:
    code = "import time; began = time.process_time(); import main; print(time.process_time() - began)"
    told = subprocess.run(
        [HOME / "bin" / "python", "-c", code],
        cwd=source,
        env=environment(),
        capture_output=True,
        text=True,
        check=True,
        timeout=PATIENCE,
    )
    began = clock.perf_counter()
    with _served(source) as (url, process):
        _answered(url, began + PATIENCE)
        return Start(clock.perf_counter() - began, _processor(process), float(told.stdout), _resident(process))


@contextmanager
def _served(source: Path) -> Iterator[tuple[str, int]]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    words = [HOME / "bin" / "functions-framework", "--target=handle", "--source=main.py", f"--port={port}"]
    quiet = subprocess.DEVNULL
    process = subprocess.Popen(words, cwd=source, env=environment(), stdout=quiet, stderr=quiet)
    try:
        yield f"http://127.0.0.1:{port}/", process.pid
    finally:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(30)


def _answered(url: str, until: float) -> None:
    request = urllib.request.Request(url, data=b"[]", method="POST")  # noqa: S310 - our own process
    while clock.perf_counter() < until:
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE):  # noqa: S310
                return
        except urllib.error.HTTPError as error:
            if error.code != HTTPStatus.BAD_REQUEST:
                raise AssertionError(f"expected 400, found {error.code}: {error.read()!r}") from error
            return
        except OSError:
            clock.sleep(0.01)  # it does not listen yet
    raise AssertionError(f"expected an answer within {PATIENCE} s, found none")


def _processor(process: int) -> float:
    """What a process and its children used, in seconds: the measure that a busy machine leaves alone."""
    threads = Path(f"/proc/{process}/task").glob("*/schedstat")  # to the nanosecond; `stat` counts in hundredths
    used = sum(int(thread.read_text().split()[0]) for thread in threads)
    return used / 1e9 + sum(map(_processor, _children(process)))


def _children(process: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{process}/task/{process}/children").read_text().split()]


def _resident(process: int) -> float:
    """Most that a process and its children held, in MiB."""
    status = Path(f"/proc/{process}/status").read_text()
    peak = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM"))
    return peak / 1024 + sum(map(_resident, _children(process)))
