"""Each zip started as the platform starts it: its own requirements in an empty environment, a process, a request."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
import venv
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from gapheal import package
from gapheal.local.ports import Ports
from gapheal.spec import load

ROOT = Path(__file__).parents[2]
MIB = 2**20
PATIENCE = 90
BODY = b'{"scan_for_gaps": true, "sweep": true, "dry_run": true}'
"""Every function takes it; a dry run writes to no ledger that is not there."""
ALIEN = {"duckdb", "numpy", "pandas", "pyarrow", "pytest", "rich", "typer"}

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def zips(tmp_path_factory) -> dict[str, Path]:
    built = package.build(ROOT / "functions", ROOT / "pipeline.yaml", tmp_path_factory.mktemp("dist"))
    return {path.stem: path for path in built}


@pytest.fixture(scope="module")
def environment(tmp_path_factory) -> Path:
    """The programs of an empty environment with what functions/requirements.txt pins, hash by hash."""
    home = tmp_path_factory.mktemp("environment")
    venv.create(home, with_pip=True)
    lock = ROOT / "functions" / "requirements.txt"
    words = [home / "bin" / "python", "-m", "pip", "install", "--quiet", "--require-hashes", "--requirement", lock]
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=600)
    if done.returncode:
        if os.environ.get("CI") == "true" or "hashes" in done.stderr.lower():
            pytest.fail(done.stderr[-2000:])
        pytest.skip(f"needs a package index: {done.stderr.splitlines()[-1]}")
    return home / "bin"


@contextmanager
def started(environment: Path, source: Path) -> Iterator[tuple[str, int]]:
    """The function as a process: its URL, its process id."""
    port = Ports().take("a function")
    env = {
        "PATH": f"{environment}:{os.environ['PATH']}",
        "GAPHEAL_MODE": "paused",  # answered without a service behind it
        "GOOGLE_CLOUD_PROJECT": "gapheal-test",
        "BIGQUERY_EMULATOR_HOST": "http://127.0.0.1:1",
        "PUBSUB_EMULATOR_HOST": "127.0.0.1:1",
    }
    words = [environment / "functions-framework", "--target=handle", "--source=main.py", f"--port={port}"]
    process = subprocess.Popen(words, cwd=source, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield f"http://127.0.0.1:{port}/", process.pid
    finally:
        process.terminate()
        process.wait(PATIENCE)


def answered(url: str, until: float) -> int:
    """The status of the first answer."""
    request = urllib.request.Request(url, data=BODY, method="POST")  # noqa: S310 - our own process
    while time.monotonic() < until:
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE) as answer:  # noqa: S310
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code
        except OSError:
            time.sleep(0.02)  # it does not listen yet
    return 0


def resident(process: int) -> int:
    """Most memory that a process and its children ever held, in bytes."""
    children = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    status = Path(f"/proc/{process}/status").read_text()
    peak = next(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmHWM"))
    return peak + sum(resident(int(child)) for child in children)


def test_nothing_is_installed_that_a_function_does_not_need(environment):
    words = [environment / "python", "-m", "pip", "list", "--format=freeze", "--disable-pip-version-check"]
    told = subprocess.run(words, capture_output=True, text=True, check=True).stdout

    installed = {line.partition("==")[0].lower() for line in told.splitlines()}
    assert "google-cloud-bigquery" in installed
    assert installed & ALIEN == set()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="memory is read from /proc")
@pytest.mark.parametrize("name", [*load(ROOT / "pipeline.yaml").transitions, "gap_detector"])
def test_a_zip_starts_alone_quickly_and_small(name, zips, environment, tmp_path, measured):
    with zipfile.ZipFile(zips[name]) as packed:
        packed.extractall(tmp_path)

    begun = time.monotonic()
    with started(environment, tmp_path) as (url, process):
        status = answered(url, begun + PATIENCE)
        seconds, memory = time.monotonic() - begun, resident(process)

    size = zips[name].stat().st_size
    busy = f"load {os.getloadavg()[0]:.0f} on {os.cpu_count()} cores"
    measured(f"{name}.zip: {size / 1024:.0f} KiB, first 200 after {seconds:.1f} s, {memory / MIB:.0f} MiB ({busy})")
    assert status == 200
    assert size < MIB
    assert memory < 256 * MIB  # of the 512 that Terraform gives it
