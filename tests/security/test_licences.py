"""What a deployed function installs, and on which terms."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "docs" / "licences.py"


@pytest.fixture(scope="module")
def made():
    return runpy.run_path(str(SCRIPT))


def test_the_page_is_current(made):
    assert made["page"]() == SCRIPT.with_suffix(".md").read_text(), "run python docs/licences.py"


def test_every_package_of_the_functions_is_listed(made):
    text = SCRIPT.with_suffix(".md").read_text()

    assert len(made["pinned"]()) > 20
    assert [name for name, version in made["pinned"]().items() if f"| {name} | {version} |" not in text] == []


def test_no_licence_asks_for_more_than_its_name(made):
    assert [name for name in made["pinned"]() if made["strange"](name)] == []


@pytest.mark.parametrize(
    ("written", "form"),
    [("Apache 2", "Apache-2.0"), ("3-Clause BSD License", "BSD-3-Clause"), ("MIT License", "MIT")],
)
def test_one_licence_has_one_name(made, written, form):
    assert {spdx for pattern, spdx in made["SPDX"].items() if made["matches"](pattern, written)} == {form}


def test_the_gpl_would_be_noticed(made, monkeypatch):
    monkeypatch.setitem(made["strange"].__globals__, "licence", lambda _: "GPL-3.0-only")

    assert made["strange"]("anything")
