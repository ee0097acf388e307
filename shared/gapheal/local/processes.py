"""Child processes that start together, say what is wrong when they do not, and never outlive their parent."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from gapheal.errors import Unavailable
from gapheal.local import reaper
from gapheal.local.calls import FAULTS, call
from gapheal.local.interrupts import Interrupts
from gapheal.local.ports import HOST

Say = Callable[[str], None]
"""Takes one line of progress."""

Probe = Callable[[], bool]
"""Whether a child is ready."""

LAST_LINES = 12
_PAUSE = 0.03

_ANNOUNCED = ("/bin/sh", "-c", 'echo "+$$" >&0; exec "$@" </dev/null', "sh")
"""Tells the reaper, whose pipe is its standard input, and becomes the program.

The child does it, not the parent: the pipe has no end before each child has either told or died, so that none is lost
even when the parent is killed while it starts one.
"""


class ChildError(Unavailable):
    """A child did not start, or ended too early."""


@dataclass(frozen=True, slots=True, eq=False)
class Child:
    """A process of ours, and where it listens."""

    name: str
    address: str
    """A URL, or `host:port` where the protocol is not HTTP."""
    process: subprocess.Popen[bytes]
    log: Path
    ready: Probe
    mend: str
    started_at: float = field(default_factory=time.monotonic)

    @property
    def age(self) -> float:
        """Seconds since it was started."""
        return time.monotonic() - self.started_at

    def failure(self, found: str) -> ChildError:
        """What was expected, what was found, its last words, and the mend."""
        lines = self.log.read_text(errors="replace").splitlines()[-LAST_LINES:]
        words = "\n".join(f"    {line[:300]}" for line in lines) or "    (nothing)"
        return ChildError(
            f"{self.name} was to answer on {self.address}, but {found} after {self.age:.1f} s. {self.mend}\n"
            f"Its last words ({self.log}):\n{words}"
        )


def answers(url: str) -> Probe:
    """Ready when `url` is answered with less than a server error."""

    def probe() -> bool:
        with suppress(*FAULTS):
            return call("GET", url, timeout=1).status < 500  # noqa: PLR2004 - HTTP's own boundary
        return False

    return probe


def listening(port: int) -> Probe:
    """Ready when something accepts connections on `port`."""

    def probe() -> bool:
        with suppress(OSError), socket.create_connection((HOST, port), timeout=1):
            return True
        return False

    return probe


class Supervisor:
    """Starts children and ends them, the last first: at the block's end, on Ctrl-C, SIGTERM or a failure.

    Each child leads a process group of its own, so that Ctrl-C reaches the parent alone and an ended child takes its
    workers along. Should the parent be killed outright, a small reaper process ends the groups in its stead.
    """

    def __init__(self, run_dir: Path, say: Say = lambda _: None, env: Mapping[str, str] | None = None) -> None:
        self.run_dir = run_dir
        self.logs = run_dir / "logs"
        self.say = say
        self._env = {**os.environ, "PYTHONUNBUFFERED": "1", "no_proxy": _no_proxy(), **(env or {})}
        self._children: list[Child] = []
        self._starting: list[Child] = []
        self._interrupts = Interrupts()

    def __enter__(self) -> Self:
        self.logs.mkdir(parents=True, exist_ok=True)
        with ExitStack() as undo:
            undo.enter_context(self._interrupts)
            with self._interrupts.held():
                self._reading, self._pipe = os.pipe()
                self._reaper = subprocess.Popen(  # noqa: S603 - our own script
                    [sys.executable, "-S", "-E", reaper.__file__], stdin=self._reading, start_new_session=True
                )
                undo.callback(self._end)
            self._undo = undo.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._undo.close()

    def _end(self) -> None:
        with self._interrupts.held():
            self.stop(*self._children)
            os.close(self._pipe)
            self._reaper.wait()
            os.close(self._reading)  # open so far, so that nobody's write fails should the reaper be gone

    def start(
        self,
        name: str,
        command: Sequence[str | Path],
        *,
        address: str,
        ready: Probe | None = None,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        mend: str = "",
    ) -> Child:
        """Start a child, and do not wait for it: see `wait_until_ready`."""
        path = self.logs / f"{name}.log"
        with self._interrupts.held(), path.open("ab") as log:
            process = subprocess.Popen(  # noqa: S603 - callers pass our own programs
                [*_ANNOUNCED, *map(str, command)],
                cwd=cwd,
                env={**self._env, **(env or {})},
                stdin=self._pipe,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            child = Child(name, address, process, path, ready or answers(address), mend)
            self._children.append(child)
        self._starting.append(child)
        return child

    def run(self, name: str, command: Sequence[str | Path], env: Mapping[str, str] | None = None) -> None:
        """Run a child to its end.

        Raises:
            ChildError: its exit code was not 0.
        """
        self.say(f"{name} runs")
        child = self.start(name, command, address="exit code 0", env=env)
        code = child.process.wait()
        self.stop(child)
        if code:
            raise child.failure(f"that was {code}")

    def wait_until_ready(self, *children: Child, timeout: float = 60) -> None:
        """Wait for `children` (by default all that were started) to be ready.

        Raises:
            ChildError: one ended, or was not ready in time.
        """
        wanted = [child for child in self._starting if not children or child in children]
        while wanted:
            for child in list(wanted):
                if child.process.poll() is not None:
                    raise child.failure(f"it ended with exit code {child.process.returncode}")
                if child.ready():
                    wanted.remove(child)
                    self._starting.remove(child)
                    self.say(f"{child.name} is ready on {child.address} ({child.age:.1f} s)")
                elif child.age > timeout:
                    raise child.failure("it did not")
            time.sleep(_PAUSE if wanted else 0)

    def check(self) -> None:
        """See that every child still runs.

        Raises:
            ChildError: one has ended.
        """
        for child in self._children:
            if child.process.poll() is not None:
                raise child.failure(f"it ended with exit code {child.process.returncode}")

    def stop(self, *children: Child) -> None:
        """End these children, the last first."""
        reaper.end([child.process.pid for child in children], reap=lambda: [c.process.poll() for c in children])
        for child in children:
            child.process.wait()
            os.write(self._pipe, b"-%d\n" % child.process.pid)
        self._children = [child for child in self._children if child not in children]
        self._starting = [child for child in self._starting if child not in children]


def _no_proxy() -> str:
    """Ours is loopback: where a proxy is set, Google's clients would otherwise ask it for 127.0.0.1."""
    return ",".join(filter(None, [HOST, "localhost", os.environ.get("no_proxy", os.environ.get("NO_PROXY", ""))]))
