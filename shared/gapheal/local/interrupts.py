"""Ctrl-C and SIGTERM as one thing, that can be held back for the moments in which a child could get lost."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Self


class Interrupts:
    """Raises KeyboardInterrupt in the main thread for either signal; elsewhere there are no signals to catch."""

    def __init__(self) -> None:
        self._before: dict[int, Any] = {}
        self._held = False
        self._pending = False

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                self._before[number] = signal.signal(number, self._arrived)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Let the block finish; an interrupt that came meanwhile is raised after it, unless it failed anyway."""
        self._held = True
        try:
            yield
        finally:
            self._held = False
        if self._pending:
            self._pending = False
            raise KeyboardInterrupt

    def _arrived(self, *_: object) -> None:
        if not self._held:
            raise KeyboardInterrupt
        self._pending = True
