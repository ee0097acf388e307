"""The pictures in docs/images: taken when asked (`make screenshots`), always there and small."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from tests.browser.scene import Scene

from gapheal import dashboard

IMAGES = Path(__file__).parents[2] / "docs" / "images"
MOST_BYTES = 300_000
PNG = b"\x89PNG\r\n\x1a\n"
WIDE = {"width": 1320, "height": 820}


def overview(page: Page) -> None:
    """As it opens."""


def calendar(page: Page) -> None:
    """The calendar, with a reason."""
    page.evaluate("document.getElementById('calendar').scrollIntoView({ behavior: 'instant' })")
    page.locator("#date").fill("2025-03-03")
    page.locator("#date").press("Enter")
    expect(page.locator("#tip")).to_be_visible()


def explain(page: Page) -> None:
    """One date, explained."""
    page.evaluate("location.hash = '#phase3_to_phase4/2025-01-15'")
    expect(page.locator("#explain")).to_be_visible()


def trends(page: Page) -> None:
    """The trends."""
    page.evaluate("document.getElementById('trends').scrollIntoView({ behavior: 'instant' })")


SHOTS: dict[str, tuple[Callable[[Page], None], str]] = {
    "dashboard-overview": (overview, "light"),
    "dashboard-calendar": (calendar, "light"),
    "dashboard-dark": (calendar, "dark"),
    "dashboard-explain": (explain, "light"),
    "dashboard-trends": (trends, "light"),
}
ASKED = bool(os.environ.get("GAPHEAL_SCREENSHOTS"))


@pytest.fixture(scope="module")
def whole_site(tmp_path_factory) -> Path:
    """All four seasons of the example."""
    scene = Scene()
    scene.tell()
    folder = tmp_path_factory.mktemp("pictures")
    dashboard.export(dashboard.gather(scene.app, {"phase2_to_phase3": "2025-06-24T14:05:00+00:00"}), folder)
    return folder / "index.html"


@pytest.mark.parametrize("name", SHOTS)
def test_the_picture_is_there_and_small(name, request):
    path = IMAGES / f"{name}.png"
    if ASKED:
        prepare, scheme = SHOTS[name]
        page = request.getfixturevalue("opened")(
            request.getfixturevalue("whole_site").as_uri(), viewport=WIDE, color_scheme=scheme
        )
        prepare(page)
        page.wait_for_timeout(300)
        page.screenshot(path=path)
    picture = path.read_bytes()

    assert picture.startswith(PNG)
    assert len(picture) <= MOST_BYTES
