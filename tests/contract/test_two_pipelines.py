"""Two pipelines in one project, each with the ledger that a file gets by default."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from gapheal import app, spec
from gapheal.model.passes import Request, Source
from gapheal.testing import MemoryAlerts, World

NAME, DAY = "raw_to_refined", date(2024, 3, 1)
FILE = """
version: 1
pipeline: {name}
location: us-west2
timezone: UTC
defaults: {{date_column: day, policy: {{mode: heal, max_age_days: null}}}}
phases: {{raw: [d.raw], refined: [d.refined]}}
transitions: {{raw_to_refined: {{}}}}
"""


@pytest.fixture
def asked(bq, project, tmp_path):
    """A scan of the pipeline of a name: its report, and all that was sent. But for the name the two are alike."""
    worlds = {}

    def asked(name):
        if name not in worlds:
            path = tmp_path / f"{name}.yaml"
            path.write_text(FILE.format(name=name))
            worlds[name] = World(spec.load(path))
        world = worlds[name]
        world.clock.moment = datetime.now(UTC)  # claims are real, and so is their time
        world.warehouse.put("d.raw", DAY, 100)
        ports = {"warehouse": world.warehouse, "publisher": world.publisher, "alerts": MemoryAlerts()}
        report = app.build(world.pipeline, project=project, **ports).run(NAME, Request(Source.SCAN))
        return report, world.publisher.sent

    return asked


def test_two_pipelines_with_the_default_ledger_in_one_project_know_nothing_of_each_other(asked):
    for name in ("small", "small-two"):
        report, sent = asked(name)

        assert (report["triggered_dates"], report["actions"]["leased"]) == ([str(DAY)], 0), "the other's claim was met"
        assert [message.attributes["pipeline"] for message in sent] == [name]
    for name in ("small", "small-two"):
        report, sent = asked(name)

        assert (report["triggered"], report["actions"]["leased"], len(sent)) == (0, 1, 1)
