"""Ctrl-C as a wish: the pass that runs is finished, what waits wakes up; a second one ends at once."""

from __future__ import annotations

import signal
import threading
from types import FrameType, TracebackType
from typing import Any, Self

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Stopping:
    """While it lasts, a first signal only asks."""

    def __init__(self) -> None:
        self._wanted = threading.Event()
        self._before: dict[int, Any] = {}

    def wait(self, seconds: float) -> None:
        """Sleep, or less if somebody asks to stop."""
        self._wanted.wait(seconds)

    def is_wanted(self) -> bool:
        """Whether somebody has asked to stop."""
        return self._wanted.is_set()

    def __enter__(self) -> Self:
        # Only the main thread may: elsewhere whoever started it says when to stop.
        if threading.current_thread() is threading.main_thread():
            self._before = {number: signal.signal(number, self._asked) for number in SIGNALS}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _asked(self, number: int, frame: FrameType | None) -> None:
        del number, frame
        if self._wanted.is_set():
            raise KeyboardInterrupt
        self._wanted.set()
