"""What the Makefile does with what it is given."""

import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("words", "covered"),
    [
        pytest.param([], True, id="every test: the coverage is held"),
        pytest.param(["ARGS=tests/unit"], False, id="some tests: they cannot cover everything"),
    ],
)
def test_make_test_holds_the_coverage_of_every_test_alone(words, covered):
    # Started by `make test ARGS=…`, the inner make would inherit those words.
    env = {name: value for name, value in os.environ.items() if name != "ARGS" and not name.startswith("MAKE")}
    said = subprocess.run(
        ["make", "--dry-run", "test", *words], cwd=ROOT, env=env, capture_output=True, text=True, check=True
    )

    assert ("--cov" in said.stdout, "coverage report" in said.stdout) == (covered, covered)
    assert all(word.removeprefix("ARGS=") in said.stdout for word in words)
