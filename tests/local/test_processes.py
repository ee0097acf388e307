"""Children start, are watched, and are gone afterwards, however the parent ends."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from gapheal.local.processes import ChildError, Supervisor

PYTHON = [sys.executable, "-S", "-c"]
SLEEP = ["sleep", "600"]
STUBBORN = ["sh", "-c", "trap '' TERM; echo deaf; sleep 600"]
PARENT_OF_ONE = ["sh", "-c", "sleep 600 & echo two; wait"]


def ready() -> bool:
    return True


def never() -> bool:
    return False


@pytest.fixture
def supervisor(tmp_path, marked):
    return Supervisor(tmp_path / "run")


def said(child, word: str) -> bool:
    return word in child.log.read_text()


def until(condition, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_at_the_end_of_the_block_every_child_is_gone(supervisor, marked, alive):
    with supervisor:
        for number in range(3):
            supervisor.start(f"child {number}", SLEEP, address="nowhere", ready=ready)
        supervisor.wait_until_ready()
        assert alive(4)  # and the reaper

    assert marked() == set()


def test_after_a_failure_every_child_is_gone(supervisor, marked):
    def fail() -> None:
        with supervisor:
            supervisor.start("child", SLEEP, address="nowhere", ready=ready)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()

    assert marked() == set()


def test_children_end_in_reverse_order(supervisor, tmp_path):
    program = (
        "import signal, sys, time\n"
        "def end(*_):\n"
        "    open(sys.argv[2], 'a').write(sys.argv[1]); sys.exit()\n"
        "signal.signal(signal.SIGTERM, end); print('up', flush=True); time.sleep(600)"
    )
    order = tmp_path / "order"
    with supervisor:
        for name in "abc":
            command = [*PYTHON, program, name, order]
            child = supervisor.start(name, command, address="nowhere", ready=ready)
            until(lambda child=child: said(child, "up"))
        supervisor.stop(child)
        assert order.read_text() == "c"

    assert sorted(order.read_text()[1:]) == ["a", "b"]


def test_a_childs_own_children_end_with_it(supervisor, marked):
    with supervisor:
        child = supervisor.start("parent", PARENT_OF_ONE, address="nowhere", ready=ready)
        until(lambda: said(child, "two"))

    assert marked() == set()


def test_a_child_that_ignores_sigterm_is_killed(supervisor, marked):
    with supervisor:
        child = supervisor.start("stubborn", STUBBORN, address="nowhere", ready=ready)
        until(lambda: said(child, "deaf"))

    assert marked() == set()
    assert child.process.returncode == -signal.SIGKILL


def test_one_child_can_be_stopped_alone(supervisor):
    with supervisor:
        first = supervisor.start("first", SLEEP, address="nowhere", ready=ready)
        second = supervisor.start("second", SLEEP, address="nowhere", ready=ready)
        supervisor.stop(first)

        assert (first.process.poll(), second.process.poll()) == (-signal.SIGTERM, None)
        supervisor.check()


def test_a_child_that_does_not_start_is_told_with_its_last_words_and_the_mend(supervisor):
    command = [*PYTHON, "print('table flipped'); raise SystemExit(7)"]
    with supervisor:
        supervisor.start("bigquery", command, address="http://127.0.0.1:9050", ready=never, mend="Turn it.")
        with pytest.raises(ChildError) as failed:
            supervisor.wait_until_ready()

    said, log, words = str(failed.value).splitlines()
    assert said.startswith("bigquery was to answer on http://127.0.0.1:9050, but it ended with exit code 7 after ")
    assert said.endswith(" s. Turn it.")
    assert log == f"Its last words ({supervisor.logs}/bigquery.log):"
    assert words == "    table flipped"


def test_a_child_that_is_not_ready_in_time_is_told(supervisor):
    with supervisor:
        supervisor.start("slow", SLEEP, address="nowhere", ready=never)
        with pytest.raises(ChildError, match="slow was to answer on nowhere, but it did not after "):
            supervisor.wait_until_ready(timeout=0.2)


def test_a_child_that_ends_later_is_noticed(supervisor):
    with supervisor:
        child = supervisor.start("child", SLEEP, address="nowhere", ready=ready)
        supervisor.wait_until_ready()
        supervisor.check()
        child.process.kill()
        child.process.wait()

        with pytest.raises(ChildError, match="child was to answer on nowhere, but it ended with exit code -9"):
            supervisor.check()


def test_a_program_that_runs_to_its_end_is_waited_for_and_then_forgotten(supervisor, tmp_path):
    with supervisor:
        supervisor.run("seed", [*PYTHON, f"open({str(tmp_path / 'seeded')!r}, 'w')"])
        assert (tmp_path / "seeded").exists()
        supervisor.check()

        with pytest.raises(ChildError, match=r"exit code.*that was 3"):
            supervisor.run("seed", [*PYTHON, "raise SystemExit(3)"])


def test_the_handlers_of_signals_are_as_before_afterwards(supervisor):
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]

    with supervisor:
        assert signal.getsignal(signal.SIGTERM) != before[1]

    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before


PARENT = """
import sys, time
from pathlib import Path
from gapheal.local.processes import Supervisor

sleep = ["sleep", "600"]
with Supervisor(Path(sys.argv[1])) as supervisor:
    print("starting", flush=True)
    for number in range(int(sys.argv[2])):
        supervisor.start(f"child {number}", sleep, address="nowhere", ready=lambda: True)
    print("started", flush=True)
    time.sleep(600)
"""


@pytest.fixture
def parent(tmp_path):
    """Starts a parent with so many children; it is killed if the test leaves it."""
    parents = []

    def parent(children: int) -> subprocess.Popen:
        command = [sys.executable, "-c", PARENT, tmp_path, str(children)]
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, start_new_session=True
        )
        parents.append(process)
        return process

    yield parent
    for process in parents:
        process.kill()
        process.wait()
        process.stdout.close()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL], ids=lambda n: n.name)
def test_whatever_ends_the_parent_its_children_end_too(parent, alive, gone, number):
    process = parent(3)
    assert [process.stdout.readline().strip() for _ in range(2)] == ["starting", "started"]
    assert alive(5)

    os.kill(process.pid, number)
    process.wait(60)

    assert gone(60)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL], ids=lambda n: n.name)
def test_no_child_is_lost_when_the_parent_ends_while_it_starts_them(parent, gone, number, seed):
    process = parent(100)
    assert process.stdout.readline() == "starting\n"
    time.sleep(random.Random(seed).uniform(0, 0.2))  # noqa: S311 - any moment will do, the same ones each time

    os.kill(process.pid, number)
    process.wait(60)

    assert gone(60)


def test_a_reaper_that_somebody_ended_does_not_keep_children_from_ending(supervisor, marked, alive):
    with supervisor:
        assert alive(1)
        (reaper,) = marked()
        os.kill(reaper, signal.SIGKILL)
        supervisor.start("child", SLEEP, address="nowhere", ready=ready)

    assert marked() == set()


def test_logs_are_kept_in_the_run_directory(supervisor, tmp_path):
    with supervisor:
        supervisor.run("seed", [*PYTHON, "print('hello')"])

    assert Path(tmp_path, "run", "logs", "seed.log").read_text() == "hello\n"
