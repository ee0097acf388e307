"""A whole deployment to break, and the doctor that looks at it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.doctor.cloud import PROJECT, Cloud
from tests.scheduling import LAST

from gapheal.doctor import World
from gapheal.doctor.topics import Topics
from gapheal.local import wiring
from gapheal.scheduler import EMULATOR, Scheduler
from gapheal.testing import small_pipeline

NOW = LAST + timedelta(minutes=30)
ALERTS = {"GAPHEAL_ALERT_URLS": "slack://s3cr3t/a/b", "GAPHEAL_PAGE_URLS": "pagerduty://s3cr3t@key"}


def announced(**policy):
    """The small pipeline, each phase with a completion topic."""
    pipeline = small_pipeline(**policy)
    phases = {
        name: phase.model_copy(update={"completion_topic": f"{name}-complete"})
        for name, phase in pipeline.phases.items()
    }
    return pipeline.model_copy(update={"phases": phases})


@pytest.fixture
def cloud(monkeypatch):
    with Cloud(announced()) as cloud:
        monkeypatch.setenv(EMULATOR, cloud.scheduler.address)
        yield cloud


@pytest.fixture
def world(cloud):
    """As `opened` makes it on a real project; BigQuery is for the tests that need it."""
    with wiring.clients(cloud.pubsub.address) as clients:
        yield World(
            pipeline=cloud.pipeline,
            connection=None,
            topics=Topics(PROJECT, clients.publisher, clients.subscriber),
            scheduler=lambda: Scheduler(cloud.pipeline, PROJECT),
            local=False,
            environment=dict(ALERTS),
            now=NOW,
        )
