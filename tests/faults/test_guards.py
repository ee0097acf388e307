"""Each guard taken out, alone: the test that shows what comes of its fault fails."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.faults.guards import GUARDS

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def became(tmp_path_factory):
    """What the tests came to without their guards: one run of pytest for all."""
    out = tmp_path_factory.mktemp("guards") / "became.json"
    tests = sorted({guard.test.partition("::")[0] for guard in GUARDS})
    names = " or ".join(guard.test.rpartition("::")[2] for guard in GUARDS)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "tests.faults.guards", "-p", "no:cacheprovider", "--no-cov"]
    env = {**os.environ, "GUARDS_OUT": str(out), "CI": ""}
    done = subprocess.run(
        [*command, *tests, "-k", names], cwd=ROOT, env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1, done.stdout + done.stderr
    return json.loads(out.read_text())


@pytest.mark.emulator
@pytest.mark.slow
@pytest.mark.parametrize("guard", GUARDS, ids=lambda guard: f"{guard.fault} {guard.name}")
def test_without_its_guard_the_test_fails(guard, became):
    outcomes = became[guard.test]

    if set(outcomes) == {"skipped"}:
        pytest.skip("it needs an emulator that is not here")
    assert "failed" in outcomes
    assert "error" not in outcomes, "the guard has to be taken out, not the fixtures"


def test_at_least_twelve_faults_have_a_guard_that_is_missed():
    assert len({guard.fault for guard in GUARDS}) >= 12
    assert len({guard.test for guard in GUARDS}) == len(GUARDS)
