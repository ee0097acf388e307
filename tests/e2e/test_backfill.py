"""The command against real processes: mode observe, one command, killed in the middle, and gone on with."""

import json
import os
import signal
import subprocess
import sys
from collections import Counter
from datetime import date
from pathlib import Path

import pytest

pytestmark = [pytest.mark.emulator, pytest.mark.slow]
FIRST, DAYS, LEASE_MINUTES = date(2024, 3, 1), 12, 2


@pytest.fixture
def typed(start, helpers):
    """A pipeline as shipped, its first phase filled; and the command, typed beside it."""
    world, days = start(mode="observe", lease_minutes=LEASE_MINUTES), helpers["span"](FIRST, DAYS)
    world.fill("raw", days)

    def type_it(*words: object, wait: bool = True):
        command = [Path(sys.executable).with_name("gapheal"), "backfill", *map(str, words)]
        env = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/"), **world.stack.env()}
        streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        process = subprocess.Popen(command, env=env, start_new_session=True, stdin=subprocess.DEVNULL, **streams)
        if not wait:
            return process
        out, err = process.communicate(timeout=900)
        return process.returncode, out, err

    return world, days, type_it


def wanted(days):
    return ["--start-date", days[0], "--end-date", days[-1], "--why", "history", "--who", "ada"]


def done_by(world) -> Counter:
    """Triggers by phase and date; Pub/Sub may bring one twice, which its id tells."""
    log = {(entry["phase"], day, entry["trigger_id"]) for entry in world.log() for day in entry["dates"]}
    return Counter((phase, day) for phase, day, _ in log)


def test_killed_and_resumed_it_does_no_date_twice(typed, helpers):
    world, days, gapheal = typed
    killed = gapheal(*wanted(days), "--yes", wait=False)
    assert helpers["eventually"](lambda: len(done_by(world)) >= 6)
    os.killpg(killed.pid, signal.SIGKILL)
    killed.communicate()
    (kept,) = json.loads(gapheal("list", "--json")[1])

    code, out, err = gapheal("--resume", kept["id"], "--yes")

    # A date that was claimed in the instant of the kill, and perhaps not sent, was left alone for its lease.
    assert code == 0, out + err
    assert world.days("served") == set(days)
    assert set(done_by(world).values()) == {1}
    told = json.loads(gapheal("show", kept["id"], "--json")[1])
    assert [each["state"] for each in told["states"]] == ["started", "resumed", "finished"]
    assert [step["conditions"] for step in told["progress"]] == [{"complete": DAYS}] * 2
    # What the killed pass had sent and not yet put on record is whole all the same; but no heal is known of it.
    assert all(step["healed"] == step["triggered"] for step in told["progress"])
    assert sum(step["healed"] < DAYS for step in told["progress"]) <= 1


def test_interrupted_it_says_how_to_go_on_and_the_same_command_does(typed, helpers):
    world, days, gapheal = typed
    process = gapheal(*wanted(days), "--yes", wait=False)
    assert helpers["eventually"](lambda: len(done_by(world)) >= 4)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    (kept,) = json.loads(gapheal("list", "--json")[1])

    assert process.returncode == 130
    assert f"gapheal backfill --resume {kept['id']}" in err
    assert kept["state"] == "interrupted"

    code, out, err = gapheal(*wanted(days), "--yes")

    assert code == 0, out + err
    assert f"backfill {kept['id']} by ada" in out
    assert f"raw_to_refined: {DAYS} done, {DAYS} of them healed" in out
    assert f"refined_to_served: {DAYS} done, {DAYS} of them healed" in out
    assert world.days("served") == set(days)
    assert set(done_by(world).values()) == {1}
