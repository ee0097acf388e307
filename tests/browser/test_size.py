"""Five years of ten transitions: how large the page is, and how soon it can be used."""

from __future__ import annotations

from datetime import timedelta
from random import Random
from statistics import median

import pytest
from playwright.sync_api import Page, expect

from gapheal import app, dashboard, spec
from gapheal.judge.reasons import reason
from gapheal.testing import FrozenClock, World

DAYS, TRANSITIONS, MOST_BYTES, LOOKS = 5 * 365, 10, 1_500_000, 5
MOST_WORK = 2.0
"""Seconds."""
HEAD = "version: 1\npipeline: long\nlocation: us-west2\ntimezone: UTC\ndefaults: {date_column: day}\nphases:\n"


@pytest.fixture(scope="module")
def long_site(tmp_path_factory):
    """One date in twenty is open, for many reasons, and no two have the same numbers."""
    phases = "".join(f"  phase{n}: [long_dataset.table_of_phase_{n}]\n" for n in range(TRANSITIONS + 1))
    steps = "".join(f"  phase{n}_to_phase{n + 1}: {{}}\n" for n in range(TRANSITIONS))
    clock = FrozenClock()
    world = World(spec.parse(f"{HEAD}{phases}transitions:\n{steps}"), clock)
    random = Random(1)  # noqa: S311 - the same page every time
    kinds = ("whole", "whole", "old", "tried", "waiting")
    for name in world.pipeline.transitions:
        for back in range(1, DAYS + 1):
            kind = random.choice(kinds) if random.random() < 1 / 12 else "whole"
            seen = (clock.now() - timedelta(days=back % 90, minutes=back % 7)).isoformat()
            table, rows = f"long_dataset.{name}", random.randint(100, 99_999)
            gap = {"gap": reason("missing", table=table, upstream_rows=rows).sentence}
            why, condition, action = {
                "whole": (reason("complete", rows=rows, upstream_rows=rows + 7), "complete", "none"),
                "old": (reason("too_old", age_days=back, max_age_days=30, **gap), "missing", "held"),
                "tried": (reason("attempts_used", attempts=3, max_attempts=3, **gap), "missing", "stalled"),
                "waiting": (reason("upstream_rows", table=table, found=0, needed=rows), "waiting", "none"),
            }[kind]
            verdict = {
                "pass_id": f"p{back % 90}",
                "transition": name,
                "observed_at": seen,
                "first_seen_at": seen,
                "partition_date": str((clock.now() - timedelta(days=back)).date()),
                "triggered_at": None,
                "condition": condition,
                "action": action,
                "code": why.code,
                "sentence": why.sentence,
                "attempts": 0,
                "arrived_at": None,
            }
            world.ledger.rows["verdicts"].append(verdict)
    folder = tmp_path_factory.mktemp("long")
    dashboard.export(dashboard.gather(app.build(world.pipeline, **world.ports)), folder)
    return folder / "index.html"


def test_the_page_is_small(long_site, measured):
    size = long_site.stat().st_size
    measured(f"dashboard: 5 years of 10 transitions are {size / 1_000_000:.2f} MB")

    assert size <= MOST_BYTES


def work_until_ready(page: Page) -> float:
    """Seconds of the processor that the page takes from its address to being usable; a busy machine changes little."""
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable", {"timeDomain": "threadTicks"})

    def spent() -> float:
        metrics = session.send("Performance.getMetrics")["metrics"]
        return next(each["value"] for each in metrics if each["name"] == "TaskDuration")

    before = spent()
    page.reload()
    page.wait_for_selector("body[data-ready]")
    return spent() - before


def test_the_page_can_be_used_soon(long_site, opened, measured):
    """How soon by the clock is told, how much work that is is asserted: a busy machine is slow."""
    ready, work = [], []
    for _ in range(LOOKS):
        page = opened(long_site.as_uri())
        ready.append(int(page.evaluate("document.body.dataset.ready")))
        work.append(work_until_ready(page))
    measured(
        f"dashboard: 5 years of 10 transitions can be used after {median(ready):,} ms, "
        f"{median(work):.2f} s of work (medians of {LOOKS})"
    )

    assert 0 < median(work) <= MOST_WORK
    assert page.locator("#board .c").count() == DAYS * TRANSITIONS
    page.locator("#date").fill("2021-03-14")
    page.locator("#date").press("Enter")
    expect(page.locator("#tip")).to_contain_text("2021-03-14")
    expect(page.locator("#more")).to_be_visible()
