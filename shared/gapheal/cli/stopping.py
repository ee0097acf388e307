"""Ctrl-C as a wish: the pass that runs is finished, what waits wakes up; a second one ends at once."""

from __future__ import annotations

import signal
import threading
import time
from types import FrameType, TracebackType
from typing import Any, Self

SIGNALS = (signal.SIGINT, signal.SIGTERM)
LOOKS_EVERY = 0.2
"""Seconds in which a sleeper notices."""


class Stopping:
    """While it lasts, a first signal only asks.

    A plain word, and no event: a handler runs in the midst of whatever the main thread does, and would wait for ever
    for a lock that this thread holds.
    """

    def __init__(self) -> None:
        self._wanted = False
        self._before: dict[int, Any] = {}

    def wait(self, seconds: float) -> None:
        """Sleep, or less if somebody asks to stop."""
        until = time.monotonic() + seconds
        while not self._wanted and (left := until - time.monotonic()) > 0:
            time.sleep(min(left, LOOKS_EVERY))

    def is_wanted(self) -> bool:
        """Whether somebody has asked to stop."""
        return self._wanted

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
        if self._wanted:
            raise KeyboardInterrupt
        self._wanted = True
