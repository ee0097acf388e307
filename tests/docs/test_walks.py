"""The pages for people at work, walked from top to bottom: one stack, as shipped, for all of them."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery
from tests.docs.blocks import CLOUD, ROOT, blocks
from tests.docs.walk import Walk
from tests.scheduling import CloudScheduler

from gapheal.local.example import Example
from gapheal.local.stack import Stack
from gapheal.scheduler import EMULATOR, job_id

pytestmark = [pytest.mark.emulator, pytest.mark.slow]

WALKED = {
    "docs/onboarding.md": {},
    "docs/operations/runbooks.md": {},
    "docs/operations/looking-around.md": {},
    "docs/tutorial.md": {},
    # A season's worth of jobs is what other tests wait for (tests/backfill, tests/e2e): here its plan is enough.
    "docs/operations/backfills.md": {"--end-date 2024-06-17": "--dry-run"},
}
"""The pages, each with what is typed behind some of its commands."""

STALL = """
INSERT INTO {ledger}.triggers (
  recorded_at, observed_at, claimed_at, transition, partition_date, n, trigger_id, pass_id, source, reason, watermark,
  downstream_rows, downstream_entities, outcome
)
SELECT
  moment, moment, moment, transition, partition_date, n, CONCAT('planted-', n), 'planted', 'scan', 'missing', watermark,
  0, 0, 'published'
FROM (
  SELECT *, TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 20 - 4 * n HOUR) AS moment
  FROM {ledger}.verdicts CROSS JOIN UNNEST([1, 2, 3]) AS n
  WHERE transition = '{transition}' AND partition_date = DATE '{day}'
)
"""


def stall(stack: Stack, transition: str, day: str) -> None:
    """Three triggers for the data as it is, today, that brought nothing."""
    stack.scan(transition)
    anonymous, endpoint = AnonymousCredentials(), {"api_endpoint": stack.bigquery_host}
    with bigquery.Client(project=stack.project, credentials=anonymous, client_options=endpoint) as bq:
        sql = STALL.format(ledger=stack.pipeline.ledger_dataset, transition=transition, day=day)
        bq.query(sql, retry=None, timeout=60).result(timeout=60)


@pytest.fixture(scope="module")
def environment() -> Iterator[dict[str, str]]:
    """The NBA example as it ships: playoffs to heal, a stalled date, an event to mend; and a Cloud Scheduler."""
    pytest.importorskip("bqemulator")
    example = Example.nba()
    with Stack(example.pipeline, workers=example.workers, seed=example.seed, project="my-project") as stack:
        scheduler = CloudScheduler(f"projects/{stack.project}/locations/{stack.pipeline.location}")
        for transition in stack.pipeline.transitions:
            for kind in ("scan", "sweep"):
                scheduler.put(job_id(stack.pipeline.pipeline, transition, kind))
        stall(stack, "phase5_to_grading", "2024-11-06")
        data = base64.b64encode(b'{"phase": "phase2", "game_date": "TODAY"}').decode()
        stack.post("phase2_to_phase3", {"message": {"data": data, "messageId": "42"}, "subscription": "s"})
        yield {**stack.env(), EMULATOR: scheduler.address}
        scheduler.stop()


@pytest.fixture(scope="module")
def ids() -> list[str]:
    """Of the backfills that the pages began."""
    return []


@pytest.mark.parametrize("page", WALKED)
def test_a_page_does_what_it_says(page, environment, ids, tmp_path):
    with ExitStack() as undo:
        walk = Walk(tmp_path, environment, undo, ids)
        for block in blocks(ROOT / page):
            also = next((more for part, more in WALKED[page].items() if part in block.text), "")
            walk.take(block, also)


def test_a_walker_notices_what_is_not_printed(environment, tmp_path):
    page = tmp_path / "page.md"
    page.write_text("```sh\ngapheal schedule list\n```\n```text\nno jobs at all\n```\n")

    with ExitStack() as undo:
        walk = Walk(tmp_path, environment, undo, [])
        commands, shown = blocks(page)
        walk.take(commands)

        with pytest.raises(AssertionError, match="'no jobs at all' is not in"):
            walk.take(shown)


def test_what_needs_a_cloud_is_not_typed(tmp_path):
    page = tmp_path / "page.md"
    page.write_text(f"```sh\n{CLOUD}\ngcloud projects delete my-project\n```\n")

    with ExitStack() as undo:
        for block in blocks(page):
            Walk(tmp_path, {}, undo, []).take(block)
