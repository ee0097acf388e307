"""The small pipeline in memory, and people to be told: Slack and PagerDuty on this machine."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Any

import apprise.plugins.pagerduty
import apprise.plugins.slack
import pytest
from tests.alerts.receiver import PAGERDUTY, SLACK, Receiver

from gapheal import app
from gapheal.alerts import Teller
from gapheal.model.passes import Request, Source
from gapheal.testing import World, small_pipeline

NAME = "raw_to_refined"
FIRST = date(2024, 6, 1)
URLS = {"GAPHEAL_ALERT_URLS": SLACK, "GAPHEAL_PAGE_URLS": PAGERDUTY}


class Place:
    """A world whose first transition has passes, and whose messages arrive at the receiver."""

    def __init__(
        self, receiver: Receiver, *, dates: int = 20, urls: dict[str, str] | None = None, **policy: Any
    ) -> None:
        self.world = World(small_pipeline(**{"breaker_after": 40, "max_in_flight": 40, **policy}))
        self.receiver = receiver
        receiver.now = self.world.clock.now
        self.urls = URLS if urls is None else urls
        self.restart()
        for day in days(dates):
            self.arrives(day)
            self.made(day)

    def restart(self) -> None:
        """Another process: it knows only what the ledger does."""
        world = self.world
        self.teller = Teller(world.pipeline, world.ledger, world.claims, self.urls)
        self.app = app.build(world.pipeline, **world.ports, alerts=self.teller)

    def arrives(self, *some: date, rows: int = 4) -> None:
        for day in some:
            self.world.warehouse.put("d.raw", day, rows, rows)

    def made(self, *some: date, rows: int = 4) -> None:
        for day in some:
            self.world.warehouse.put("d.refined", day, rows, rows)

    def lost(self, *some: date) -> None:
        for day in some:
            self.world.warehouse.drop("d.refined", day)

    def passes(self, source: Source = Source.SCAN, after: float = 60, **about: Any) -> dict[str, Any]:
        """A pass, so many minutes later."""
        self.world.clock.advance(minutes=after)
        return self.app.run(NAME, Request(source, **about))

    def settle(self) -> None:
        """The first look, and forget it."""
        self.passes()
        self.receiver.said.clear()
        self.receiver.events.clear()


def days(n: int, first: int = 0) -> list[date]:
    return [FIRST + timedelta(days=k) for k in range(first, first + n)]


@pytest.fixture
def receiver(monkeypatch) -> Iterator[Receiver]:
    made = Receiver()
    monkeypatch.setattr(apprise.plugins.slack.NotifySlack, "webhook_url", f"{made.url}/services")
    for region in apprise.plugins.pagerduty.PAGERDUTY_API_LOOKUP:
        monkeypatch.setitem(apprise.plugins.pagerduty.PAGERDUTY_API_LOOKUP, region, f"{made.url}/v2/enqueue")
    yield made
    made.close()


@pytest.fixture
def place(receiver) -> Callable[..., Place]:
    return lambda **about: Place(receiver, **about)
