"""`gapheal dashboard` after real passes over real tables: as JSON, as files, and served."""

import json
import os
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

SECONDS = 60


def test_in_json_it_tells_what_the_page_shows(heal, tables, topic, gapheal):
    gapheal("scan")
    result = gapheal("dashboard", "--json")
    told = json.loads(result.output)

    assert result.exit_code == 0
    assert (told["pipeline"], told["totals"]["whole"], told["totals"]["healing"]) == ("nba-props", 4, 6)
    assert told["transitions"][0]["breaker"] == "slow_start"
    assert [gap["partition_date"] for gap in told["gaps"]] == [f"2024-04-{day}" for day in range(20, 26)]
    assert told["slo"]["figures"][0]["open_now"] == 6
    assert told["passes"][0]["gaps_found"] == 6


def test_it_is_written_as_files(pipeline, bq, gapheal, tmp_path):
    result = gapheal("dashboard", "--export", tmp_path / "site")
    page = (tmp_path / "site" / "index.html").read_text()

    assert result.exit_code == 0
    assert result.output == f"{tmp_path / 'site' / 'index.html'}, and 5 files of data beside it\n"
    assert "Nothing was judged yet" in page
    written = json.loads(gapheal("dashboard", "--export", tmp_path / "site", "--json").output)["written"]
    assert all(Path(path).is_file() for path in written)


def test_a_folder_that_cannot_be_written_is_named(pipeline, bq, gapheal, tmp_path):
    (tmp_path / "file").touch()
    result = gapheal("dashboard", "--export", tmp_path / "file" / "site")

    assert result.exit_code == 2
    assert "expected a folder that can be written" in result.output


def test_a_port_that_is_taken_is_named(pipeline, bq, gapheal):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        result = gapheal("dashboard", "--port", taken.getsockname()[1])

    assert result.exit_code == 2
    assert "choose another with --port" in result.output


@pytest.mark.slow
def test_it_is_served_until_somebody_ends_it(pipeline, bq):
    command = [Path(sys.executable).with_name("gapheal"), "dashboard", "--port", "0"]
    with subprocess.Popen(command, cwd=pipeline.parent, env=os.environ, stdout=subprocess.PIPE, text=True) as process:
        try:
            url = process.stdout.readline().split()[0]
            with urllib.request.urlopen(url, timeout=SECONDS) as answer:  # noqa: S310 - our own address
                page = answer.read().decode()
            process.send_signal(signal.SIGINT)
            said = process.communicate(timeout=SECONDS)[0]
        finally:
            process.kill()

    assert "Nothing was judged yet" in page
    assert (process.returncode, said) == (0, "The dashboard is stopped.\n")
