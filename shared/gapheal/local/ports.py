"""Loopback ports: free ones, or a fixed row of them, and a clear word when a wanted one is taken."""

from __future__ import annotations

import itertools
import random
import socket
from collections.abc import Iterator

from gapheal.errors import ConfigError

HOST = "127.0.0.1"
"""Everything local listens here, and nowhere else. (`localhost` may mean ::1 first, and cost a failed try.)"""

FREE = range(20_000, 32_000)
"""Below the range that systems take for outgoing connections: those would steal a port before its server binds."""


class Ports:
    """Hands out ports, none twice: from `first` upwards, or free ones at random where `first` is 0."""

    def __init__(self, first: int = 0) -> None:
        self._first = first
        self._candidates = itertools.count(first) if first else _shuffled(FREE)

    def take(self, wanted_by: str) -> int:
        """The next port, for `wanted_by` (what an error will say).

        Raises:
            ConfigError: the port is taken.
        """
        for port in self._candidates:
            if _is_free(port):
                return port
            if self._first:
                raise ConfigError(self._taken(port, wanted_by))
        raise ConfigError(f"{wanted_by} needs a port, and none from {FREE[0]} to {FREE[-1]} is free on {HOST}")

    def _taken(self, port: int, wanted_by: str) -> str:
        return (
            f"port {port} is taken: {wanted_by} was to listen on {HOST}:{port}, and another program does.\n"
            f"Stop that program (`lsof -i :{port}` names it), or choose other ports: "
            f"`--port {self._first + 100}` begins elsewhere, `--port 0` takes any that are free."
        )


def _shuffled(ports: range) -> Iterator[int]:
    """Every port once. At random, so that stacks which start side by side rarely look at the same one."""
    return iter(random.SystemRandom().sample(ports, len(ports)))


def _is_free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # As servers do: a connection of yesterday's server that still lingers does not make a port taken.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
        return True
