"""Processes that a test may leave behind are found by a mark in their environment."""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest

Pids = Callable[[], set[int]]


@pytest.fixture
def marked(monkeypatch) -> Pids:
    """The living processes that descend from this test, but for the test itself."""
    name, mark = "GAPHEAL_TEST_MARK", uuid.uuid4().hex
    monkeypatch.setenv(name, mark)
    wanted = f"{name}={mark}".encode()

    def pids() -> set[int]:
        found = set()
        for entry in Path("/proc").iterdir():
            if entry.name.isdecimal() and int(entry.name) != os.getpid() and wanted in _environment(entry):
                found.add(int(entry.name))
        return found

    return pids


@pytest.fixture
def alive(marked) -> Callable[[int], bool]:
    """Whether there are so many; one that is just replacing itself by its program shows no mark for a moment."""

    def alive(number: int) -> bool:
        deadline = time.monotonic() + 60
        while len(marked()) != number and time.monotonic() < deadline:
            time.sleep(0.02)
        return len(marked()) == number

    return alive


@pytest.fixture
def gone(marked) -> Callable[[float], bool]:
    """Whether nothing is left, at the latest after some seconds."""

    def gone(seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        while marked() and time.monotonic() < deadline:
            time.sleep(0.05)
        return not marked()

    return gone


def _environment(process: Path) -> list[bytes]:
    try:
        return (process / "environ").read_bytes().split(b"\0")  # a zombie's is empty
    except OSError:
        return []
