"""The whole stack comes up, works, and leaves nothing behind."""

from __future__ import annotations

import json
import os
import random
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest
from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery

from gapheal.errors import ConfigError, GaphealError
from gapheal.local.calls import call
from gapheal.local.ports import HOST, Ports
from gapheal.local.processes import ChildError
from gapheal.local.stack import Stack
from gapheal.local.wiring import clients

pytestmark = [pytest.mark.emulator, pytest.mark.slow]

TEN_LINES = """\
version: 1
pipeline: nba-props
location: us-west2
timezone: America/New_York
defaults: {date_column: game_date}
phases:
  phase2: [nba_raw.bdl_player_boxscores]
  phase3: [nba_analytics.player_game_summary]
transitions:
  phase2_to_phase3: {}
"""
WORKERS = """
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()

    def do_POST(self):
        print(self.path, self.rfile.read(int(self.headers["Content-Length"])).decode(), flush=True)
        self.do_GET()

ThreadingHTTPServer(("127.0.0.1", int(sys.argv[sys.argv.index("--port") + 1])), Handler).serve_forever()
"""
CALL = {"retry": None, "timeout": 10.0}


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("project")
    (folder / "pipeline.yaml").write_text(TEN_LINES)
    (folder / "workers.py").write_text(WORKERS)
    return folder


def seed(stack: Stack) -> None:
    """Two dates upstream, one of them downstream."""
    options = {"api_endpoint": stack.bigquery_host}
    with bigquery.Client(stack.project, AnonymousCredentials(), client_options=options) as client:
        for table, days in (
            ("nba_raw.bdl_player_boxscores", ("2024-04-16", "2024-04-17")),
            ("nba_analytics.player_game_summary", ("2024-04-16",)),
        ):
            dataset = bigquery.Dataset(f"{stack.project}.{table.partition('.')[0]}")
            dataset.location = "us-west2"
            client.create_dataset(dataset, **CALL)
            rows = ", ".join(f"(DATE '{day}')" for day in days)
            sql = f"CREATE TABLE {table} (game_date DATE) PARTITION BY game_date; INSERT INTO {table} VALUES {rows};"
            client.query(sql, **CALL).result(**CALL)


@pytest.fixture(scope="module")
def stack(folder):
    lines: list[str] = []
    with Stack(
        folder / "pipeline.yaml", workers=folder / "workers.py", broker="embedded", seed=seed, say=lines.append
    ) as stack:
        stack.lines = lines
        yield stack


def test_a_scan_of_the_ten_line_file_finds_the_gap_that_was_seeded(stack):
    report = stack.scan("phase2_to_phase3")

    assert (report["gaps_found"], report["triggered"], report["mode"]) == (1, 0, "observe")


def test_a_scan_passes_its_options_on(stack):
    report = stack.scan("phase2_to_phase3", start_date="2024-04-16", end_date="2024-04-16", dry_run=True)

    assert report["window"] == {"start_date": "2024-04-16", "end_date": "2024-04-16"}
    assert report["dry_run"] is True


def test_a_scan_that_is_refused_is_an_error_with_the_answer(stack):
    with pytest.raises(GaphealError, match=r"phase2_to_phase3 was to answer 200, and answered 400: .*end_dat"):
        stack.scan("phase2_to_phase3", end_dat="2024-04-16")


def test_what_is_published_to_a_trigger_topic_reaches_the_workers(stack):
    topic = f"projects/{stack.project}/topics/nba-props-phase3-trigger"
    with clients(stack.pubsub_host) as both:
        both.publisher.publish(topic=topic, messages=[{"data": b"x"}], **CALL)

    log = stack.supervisor.logs / "workers.log"
    deadline = time.monotonic() + 60
    while "/phase3 " not in log.read_text():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_every_part_says_when_it_is_ready(stack):
    ready = {line.partition(" is ready on ")[0] for line in stack.lines}

    assert ready == {"bigquery", "pubsub", "workers", "phase2_to_phase3"}


def test_a_function_is_started_as_often_as_wanted(stack):
    urls = [stack.function_urls["phase2_to_phase3"], *stack.start_copies("phase2_to_phase3", 2)]

    scans = [json.loads(call("POST", url, b'{"scan_for_gaps": true}', timeout=60).body) for url in urls]
    assert [scan["gaps_found"] for scan in scans] == [1, 1, 1]
    assert len(set(urls)) == 3


@pytest.fixture
def temporary(tmp_path, monkeypatch) -> Path:
    """Where this test's temporary folders are."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    return tmp_path


@pytest.fixture
def own_function(tmp_path) -> Path:
    """A folder of functions, in which the only one notes what it is asked."""
    main = tmp_path / "functions" / "phase2_to_phase3" / "main.py"
    main.parent.mkdir(parents=True)
    main.write_text(
        "from pathlib import Path\n"
        "def handle(request):\n"
        "    Path(__file__).with_name('asked').write_bytes(request.get_data())\n"
        "    return 'ok'\n"
    )
    return main


def test_functions_of_ones_own_are_served_and_asked_by_the_ticker(folder, own_function):
    functions = own_function.parents[1]
    with Stack(folder / "pipeline.yaml", functions_dir=functions, broker="embedded", tick_seconds=60):
        deadline = time.monotonic() + 60
        while not (asked := own_function.with_name("asked")).exists():
            assert time.monotonic() < deadline
            time.sleep(0.05)

    assert asked.read_bytes() == b'{"scan_for_gaps": true}'


def test_afterwards_no_process_and_no_file_is_left(folder, temporary, marked):
    with Stack(folder / "pipeline.yaml", workers=folder / "workers.py", broker="embedded"):
        assert len(marked()) > 4

    assert marked() == set()
    assert list(temporary.iterdir()) == []


def test_a_function_that_cannot_be_loaded_is_told_and_only_the_logs_are_left(folder, temporary, marked, own_function):
    own_function.write_text("raise RuntimeError('no such luck')")
    said: list[str] = []
    functions = own_function.parents[1]
    stack = Stack(folder / "pipeline.yaml", functions_dir=functions, broker="embedded", say=said.append)

    with pytest.raises(ChildError) as failed, stack:
        pass

    assert "phase2_to_phase3 was to answer on http://127.0.0.1:" in str(failed.value)
    assert f"Mend what the log names; the function is {own_function}." in str(failed.value)
    assert "no such luck" in str(failed.value)
    assert marked() == set()
    (kept,) = temporary.glob("gapheal-*")
    assert said[-1] == f"the logs stay in {kept}"
    assert (kept / "logs" / "phase2_to_phase3.log").exists()


def test_a_taken_port_is_told_and_nothing_is_left(folder, temporary, marked):
    first = Ports().take("this test")
    with (
        socket.create_server((HOST, first + 2)),
        pytest.raises(ConfigError) as refused,
        Stack(folder / "pipeline.yaml", broker="embedded", first_port=first),
    ):
        pass

    assert str(refused.value) == (
        f"port {first + 2} is taken: the Pub/Sub broker was to listen on 127.0.0.1:{first + 2}, and another program "
        f"does.\nStop that program (`lsof -i :{first + 2}` names it), or choose other ports: "
        f"`--port {first + 100}` begins elsewhere, `--port 0` takes any that are free."
    )
    assert marked() == set()


@pytest.fixture
def up(folder, temporary, marked):
    """`gapheal local up` of the ten-line file, in a process of its own."""
    program = f"from gapheal.local.up import up; up({str(folder / 'pipeline.yaml')!r}, broker='embedded')"
    process = subprocess.Popen(
        [sys.executable, "-u", "-c", program],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


UP = """
nba-props runs on this machine, as project gapheal-local. Nobody asks for scans but you. Ctrl-C ends it all.

  BigQuery          http://127.0.0.1:PORT
  Pub/Sub           127.0.0.1:PORT
  phase2_to_phase3  http://127.0.0.1:PORT
  gap_detector      http://127.0.0.1:PORT  (open it: the dashboard)
  logs              RUN/logs

Nothing is triggered by phase2_to_phase3: to change that, write `mode: heal` into
FOLDER/pipeline.yaml (where gaps are old, also `max_age_days: null`) and start again.

In another shell:

  export BIGQUERY_EMULATOR_HOST=http://127.0.0.1:PORT
  export PUBSUB_EMULATOR_HOST=127.0.0.1:PORT
  export GOOGLE_CLOUD_PROJECT=gapheal-local
  export GAPHEAL_PIPELINE=FOLDER/pipeline.yaml
  gapheal plan                     # what a scan would do with every date, and why
  gapheal status                   # what the ledger knows
  gapheal sweep                    # look at everything; what stands open
  curl http://127.0.0.1:PORT      # the same of phase2_to_phase3
  curl http://127.0.0.1:PORT -d '{"scan_for_gaps": true, "dry_run": true}'
  curl http://127.0.0.1:PORT -d '{"scan_for_gaps": true}'

All of it is stopped.
"""


def test_up_says_what_runs_and_what_to_try_until_ctrl_c(up, marked, folder, temporary):
    said = ""
    while "true}'\n\n" not in said:
        said += up.stdout.read(1) or pytest.fail(said)
    assert len(marked()) > 4
    os.kill(up.pid, signal.SIGINT)
    rest, _ = up.communicate(timeout=120)

    text = "\n" + (said + rest).partition("\n\n")[2]
    text = re.sub(r":\d+", ":PORT", text).replace(str(folder), "FOLDER")
    assert re.sub(rf"{temporary}/gapheal-\w+", "RUN", text) == UP
    assert up.returncode == 0
    assert marked() == set()
    assert list(temporary.iterdir()) == []


def test_up_tells_machines_where_everything_listens(folder, temporary, marked):
    words = ["local", "up", "--json", "--tick", "0", "--broker", "embedded", "--pipeline", folder / "pipeline.yaml"]
    with subprocess.Popen(
        [Path(sys.executable).with_name("gapheal"), *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        said = ""
        while not said.endswith("\n}\n"):
            said += process.stdout.readline() or pytest.fail(process.stderr.read())
        told = json.loads(said)
        os.kill(process.pid, signal.SIGINT)
        rest, aside = process.communicate(timeout=120)

    assert (process.returncode, rest, marked()) == (0, "", set())
    assert (told["pipeline"], list(told["functions"])) == ("nba-props", ["phase2_to_phase3"])
    assert told["env"]["BIGQUERY_EMULATOR_HOST"] == told["bigquery"]
    assert "All of it is stopped." in aside


@pytest.mark.parametrize("chance", range(3))
def test_ctrl_c_while_it_starts_leaves_nothing(up, gone, temporary, chance):
    time.sleep(random.Random(chance).uniform(0.2, 3))  # noqa: S311 - any moment will do, the same ones each time
    os.kill(up.pid, signal.SIGINT)
    up.communicate(timeout=120)

    assert gone(60)
    assert list(temporary.iterdir()) == []


def test_up_ends_with_the_reason_when_a_part_dies(up, marked, temporary):
    while "Ctrl-C" not in (line := up.stdout.readline()):
        assert line
    for pid in marked():
        if b"gapheal.local.broker" in Path(f"/proc/{pid}/cmdline").read_bytes():
            os.kill(pid, signal.SIGKILL)
    said, _ = up.communicate(timeout=120)

    assert "pubsub was to answer on 127.0.0.1:" in said
    assert "it ended with exit code -9" in said
    assert up.returncode != 0
    assert marked() == set()
