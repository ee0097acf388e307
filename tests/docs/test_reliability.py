"""The page of faults: every one has its test, every guard its mark, and the page is current."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest
from tests.faults.guards import GUARDS

SCRIPT = Path(__file__).parents[2] / "docs" / "reliability.py"


@pytest.fixture(scope="module")
def made():
    return runpy.run_path(str(SCRIPT))


def test_all_faults_are_on_the_page(made):
    assert list(made["FAULTS"]) == list(range(1, 33))


@pytest.mark.parametrize("number", range(1, 33))
def test_a_fault_has_a_test_or_the_page_says_that_it_has_none(made, number):
    tests = made["shown"]().get(number, [])

    assert bool(tests) is not made["FAULTS"][number].untested


def test_no_mark_names_a_fault_that_is_none(made):
    assert made["shown"]().keys() <= made["FAULTS"].keys()


@pytest.mark.parametrize("guard", GUARDS, ids=lambda guard: f"{guard.fault} {guard.name}")
def test_a_guards_test_shows_its_fault(made, guard):
    path, _, name = guard.test.partition("::")

    assert (path, name) in made["shown"]()[guard.fault]


def test_the_page_is_current(made):
    assert made["page"]() == SCRIPT.with_suffix(".md").read_text(), "run python docs/reliability.py"
