"""Ctrl-C while a backfill works: the first asks, the second ends; nothing that a signal meets can hold it up."""

import os
import signal
import threading
import time

import pytest

from gapheal.cli.stopping import SIGNALS, Stopping


@pytest.mark.parametrize("number", SIGNALS)
def test_a_first_signal_asks_and_a_second_ends(number):
    before = [signal.getsignal(each) for each in SIGNALS]
    with Stopping() as stopping:
        asked = stopping.is_wanted()
        os.kill(os.getpid(), number)
        wanted = stopping.is_wanted()
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), number)

    assert (asked, wanted) == (False, True)
    assert [signal.getsignal(each) for each in SIGNALS] == before


def test_who_sleeps_wakes_up():
    began = time.monotonic()
    with Stopping() as stopping:
        threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT)).start()
        stopping.wait(600)

    assert stopping.is_wanted()
    assert time.monotonic() - began < 300


def test_a_handler_waits_for_no_lock(monkeypatch):
    """It runs in the midst of what the main thread does, perhaps within the very lock that it would need."""

    enter, own = threading.Condition.__enter__, threading.get_ident()

    def taken(condition):
        assert threading.get_ident() != own, "the handler took a lock"
        return enter(condition)

    with Stopping() as stopping, monkeypatch.context() as patch:
        patch.setattr(threading.Condition, "__enter__", taken)
        os.kill(os.getpid(), signal.SIGINT)
        wanted = stopping.is_wanted()

    assert wanted
