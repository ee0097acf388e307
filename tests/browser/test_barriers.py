"""Barriers that axe finds: none that is serious, in any state of the page, light and dark."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

SERIOUS = {"serious", "critical"}


def serious(page) -> list[str]:
    """What axe holds against the page as it stands; one year of cells stands for all."""
    found = Axe().run(page, {"exclude": [[".year ~ .year"]]}).response["violations"]
    return [
        f"{each['id']}: {node['target']} {node['failureSummary']}"
        for each in found
        if each["impact"] in SERIOUS
        for node in each["nodes"][:3]
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_has_no_serious_barrier(opened, url, scheme):
    page = opened(url, color_scheme=scheme)
    for summary in page.locator("summary").all():
        summary.click()

    assert serious(page) == []


def test_the_explanation_has_no_serious_barrier(opened, url):
    page = opened(url + "#phase3_to_phase4/2025-01-15", color_scheme="dark")
    expect(page.locator("#asked")).to_contain_text("Every rule that was tried")

    assert serious(page) == []


def test_a_narrow_page_has_no_serious_barrier(opened, url):
    assert serious(opened(url, viewport={"width": 390, "height": 800})) == []


def test_axe_would_find_one(opened, url):
    page = opened(url)
    page.evaluate(
        "document.querySelector('#date').labels[0].remove(); document.querySelector('#date').placeholder = ''"
    )

    assert any(line.startswith("label:") for line in serious(page))
