"""The pages for people at work, walked from top to bottom: one stack, as shipped, for all of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest
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


@pytest.fixture(scope="module")
def environment() -> Iterator[dict[str, str]]:
    """The NBA example as it ships, in mode observe, with three playoffs to heal; and a Cloud Scheduler."""
    pytest.importorskip("bqemulator")
    example = Example.nba()
    with Stack(example.pipeline, workers=example.workers, seed=example.seed, project="my-project") as stack:
        scheduler = CloudScheduler(f"projects/{stack.project}/locations/{stack.pipeline.location}")
        for transition in stack.pipeline.transitions:
            for kind in ("scan", "sweep"):
                scheduler.put(job_id(stack.pipeline.pipeline, transition, kind))
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
