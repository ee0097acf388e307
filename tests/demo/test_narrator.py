from __future__ import annotations

import time

from gapheal.local.demo import narrator
from gapheal.local.demo.narrator import Narrator


def test_what_is_done_is_told_while_there_is_silence(capsys, monkeypatch):
    monkeypatch.setattr(narrator, "SILENCE", 0.2)
    with Narrator() as tell:
        tell.say("Once upon a time")
        tell.doing("sleeping")
        time.sleep(0.8)
    silent = capsys.readouterr().out.splitlines()

    assert silent[0] == "Once upon a time"
    assert 2 <= sum(line.endswith("… sleeping") for line in silent) <= 4


def test_nobody_interrupts_who_speaks(capsys, monkeypatch):
    monkeypatch.setattr(narrator, "SILENCE", 0.5)
    with Narrator() as tell:
        tell.doing("never told")
        for number in range(8):
            tell.step(f"line {number}")
            time.sleep(0.1)

    assert "never told" not in capsys.readouterr().out


def test_what_is_not_a_terminal_gets_no_colours_and_nothing_is_taken_for_markup(capsys):
    with Narrator() as tell:
        tell.title("[bold]A title[/bold]")
        tell.step("[0] first")

    assert capsys.readouterr().out.splitlines() == ["", "[bold]A title[/bold]", "   0.0 s  [0] first"]
