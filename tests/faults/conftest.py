"""The small pipeline behind its doors: in memory, where a test may break it between any two calls."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from functools import partial
from io import BytesIO
from typing import Any

import pytest

from gapheal import app
from gapheal.app.door import Answer, Call, Door
from gapheal.testing import World, small_pipeline


class Crash(BaseException):
    """The process ends here: nothing of ours may catch this."""


def push(said: Any, message_id: str = "42") -> bytes:
    """A Pub/Sub push of `said`; bytes as they are, anything else as JSON."""
    data = base64.b64encode(said if isinstance(said, bytes) else json.dumps(said).encode()).decode()
    message = {"data": data, "messageId": message_id, "publishTime": "2024-06-18T05:00:00Z"}
    return json.dumps({"message": message, "subscription": "s"}).encode()


class Town:
    """One world in memory, and the door of each transition."""

    def __init__(self, world: World) -> None:
        self.world = world
        make = partial(app.build, world.pipeline, **world.ports)
        self.doors = {name: Door(name, make) for name in world.pipeline.transitions}

    def post(self, body: bytes, transition: str = "raw_to_refined", headers: dict[str, str] | None = None) -> Answer:
        return self.doors[transition].answer(Call("POST", headers or {}, BytesIO(body), {}))

    def scan(self, transition: str = "raw_to_refined", **options: Any) -> dict[str, Any]:
        """The report of a scan that worked."""
        answer = self.post(json.dumps({"scan_for_gaps": True, **options}).encode(), transition)
        assert answer.status == 200, answer
        return answer.body

    def event(self, day: date, transition: str = "raw_to_refined") -> dict[str, Any]:
        """The report of an event about `day`."""
        answer = self.post(push({"date": str(day)}), transition)
        assert answer.status == 200, answer
        return answer.body

    def work(self, table: str = "d.refined") -> None:
        """The job of a phase does all that it was ever asked for."""
        for message in self.world.publisher.sent:
            for day in message.days:
                self.world.warehouse.put(table, day)

    @contextmanager
    def breaking(self, port: str, method: str, what: Callable[..., Any]) -> Iterator[None]:
        """For a while `what(real, *args)` answers in the place of a port's method."""
        double = getattr(self.world, port)
        real = getattr(double, method)
        setattr(double, method, lambda *args: what(real, *args))
        try:
            yield
        finally:
            delattr(double, method)


@pytest.fixture
def town(monkeypatch):
    """Makes a town: `town(lease_minutes=…)`."""
    monkeypatch.delenv("GAPHEAL_MODE", raising=False)
    defaults = {"max_age_days": None}
    return lambda **policy: Town(World(small_pipeline(**{**defaults, **policy})))


@pytest.fixture
def crash() -> type[Crash]:
    return Crash


@pytest.fixture
def pushed() -> Callable[..., bytes]:
    return push
