"""Tells the story, and never falls silent: while something takes long, a line says what."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from rich.console import Console, RenderableType
from rich.text import Text

SILENCE = 1.5
"""Seconds without a line after which one comes by itself."""
PLAIN_WIDTH = 150


class Narrator:
    """Prints lines from any thread, to stdout or `aside`; colours only where somebody watches."""

    def __init__(self, *, aside: bool = False) -> None:
        watched = (sys.stderr if aside else sys.stdout).isatty()
        self._console = Console(highlight=False, stderr=aside, width=None if watched else PLAIN_WIDTH)
        self._started = self._spoke = time.monotonic()
        self._doing: Callable[[], str] = str
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._keep_talking, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()

    @property
    def elapsed(self) -> float:
        """Seconds since the beginning."""
        return time.monotonic() - self._started

    @property
    def width(self) -> int:
        """Characters that a line has room for."""
        return self._console.width

    def title(self, text: str) -> None:
        """A new chapter."""
        self._print(Text(f"\n{text}", style="bold"))

    def say(self, text: str) -> None:
        """A paragraph."""
        self._print(Text(text))

    def show(self, thing: RenderableType) -> None:
        """A table."""
        self._print(thing)

    def step(self, text: str) -> None:
        """A line with the time."""
        self._print(Text.assemble((f"{self.elapsed:6.1f} s  ", "dim"), text))

    def doing(self, what: str | Callable[[], str]) -> None:
        """What to say if there is silence from now on."""
        self._doing = what if callable(what) else lambda: what

    def _print(self, thing: RenderableType) -> None:
        with self._lock:
            self._console.print(thing)
            self._spoke = time.monotonic()

    def _keep_talking(self) -> None:
        while not self._over.wait(0.1):
            if time.monotonic() - self._spoke > SILENCE:
                self.step(f"… {self._doing()}")
