"""The command killed (-9) at random moments, over and over, and typed again: nothing is lost, nothing is done twice."""

import os
import signal
import subprocess
import sys
from collections import Counter
from datetime import date
from pathlib import Path
from random import Random

import pytest

pytestmark = [pytest.mark.emulator, pytest.mark.slow]
KILLS = 20 if os.environ.get("CI") else 4
BLOCK, BLOCKS = 8, 20
"""Dates of one backfill; a machine that is fast ends it between two kills, and goes on with the next."""
LEASE_MINUTES, ATTEMPTS = 1, 3


@pytest.fixture
def world(start):
    return start(mode="observe", lease_minutes=LEASE_MINUTES, max_attempts=ATTEMPTS, breaker_after=2)


def typed(world, days):
    """`gapheal backfill` over these days; typed again, it goes on."""
    command = [Path(sys.executable).with_name("gapheal"), "backfill", "--start-date", days[0], "--end-date", days[-1]]
    env = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/"), **world.stack.env()}
    options = ["--max-in-flight", "2", "--why", "history", "--who", "ada", "--yes"]
    streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen([*map(str, command), *options], env=env, start_new_session=True, **streams)


def test_killed_at_random_moments_nothing_is_lost_and_nothing_is_done_twice(world, helpers, measured):
    random = Random(5)  # noqa: S311 - to be repeated, not to be secret
    every = helpers["span"](date(2024, 3, 1), BLOCK * BLOCKS)
    blocks = [every[start : start + BLOCK] for start in range(0, len(every), BLOCK)]
    world.fill("raw", every)
    kills, used = 0, 0
    while kills < KILLS:
        process = typed(world, blocks[used])
        try:
            out, err = process.communicate(timeout=random.uniform(1, 5))
            assert process.returncode == 0, out + err
            used += 1
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            kills += 1
    done = typed(world, blocks[used])
    out, err = done.communicate(timeout=900)
    days = set(every[: BLOCK * (used + 1)])

    # A date that was claimed in the instant of a kill, and perhaps not sent, was left alone for its lease.
    assert done.returncode == 0, out + err
    assert world.days("refined") == world.days("served") == days
    triggers = {(entry["phase"], day, entry["trigger_id"]) for entry in world.log() for day in entry["dates"]}
    assert Counter((phase, day) for phase, day, _ in triggers) == {
        (phase, str(day)): 1 for phase in ("refined", "served") for day in days
    }
    claims = world.run("SELECT MAX(n) FROM gapheal_small.triggers")
    assert claims[0][0] <= ATTEMPTS
    measured(f"killed (-9) {kills} times over {used + 1} backfills: {len(triggers)} triggers, each date once a phase")
