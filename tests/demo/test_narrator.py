from __future__ import annotations

import time

from gapheal.local.demo import narrator
from gapheal.local.demo.narrator import Narrator


def test_what_is_done_is_told_while_there_is_silence(capsys, monkeypatch):
    monkeypatch.setattr(narrator, "SILENCE", 0.2)
    began, told = time.monotonic(), ""
    with Narrator() as tell:
        tell.say("Once upon a time")
        tell.doing("sleeping")
        while told.count("… sleeping\n") < 2:
            assert time.monotonic() - began < 60, told
            time.sleep(0.05)
            told += capsys.readouterr().out
    took = time.monotonic() - began

    assert told.startswith("Once upon a time\n")
    assert told.count("… sleeping\n") <= took / 0.2


class Clock:
    """In the place of the module `time`: moved by hand, so that a machine may be as slow as it likes."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now


def test_nobody_interrupts_who_speaks(capsys, monkeypatch):
    clock = Clock()
    monkeypatch.setattr(narrator, "time", clock)
    with Narrator() as tell:
        tell.doing("never told")
        for number in range(8):
            clock.now += narrator.SILENCE * 0.9
            time.sleep(0.12)  # it looks ten times a second
            tell.step(f"line {number}")

    assert "never told" not in capsys.readouterr().out


def test_what_is_not_a_terminal_gets_no_colours_and_nothing_is_taken_for_markup(capsys):
    with Narrator() as tell:
        tell.title("[bold]A title[/bold]")
        tell.step("[0] first")

    assert capsys.readouterr().out.splitlines() == ["", "[bold]A title[/bold]", "   0.0 s  [0] first"]
