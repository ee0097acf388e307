"""Each of these faults, put into a copy of gapheal, breaks a law within five hundred seeds."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MUTANTS = sorted(path.stem for path in Path(__file__).with_name("mutants").glob("*.patch"))
SEEDS = 500
TOGETHER = 2
SECONDS = 300


def hunted(mutant: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """The simulator's answer about a copy of gapheal with this patch in it."""
    shutil.copytree(ROOT / "shared", folder / "shared", ignore=shutil.ignore_patterns("__pycache__"))
    patch = Path(__file__).with_name("mutants") / f"{mutant}.patch"
    # The folder lies in no repository: git applies the patch to plain files.
    put = subprocess.run(
        ["git", "apply", str(patch)], cwd=folder, env={**os.environ, "GIT_CEILING_DIRECTORIES": str(folder.parent)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if put.returncode:
        return put
    command = [sys.executable, "-m", "tests.simulation", "--until-failure", "--seeds", str(SEEDS)]
    paths = {"PYTHONPATH": str(folder / "shared"), "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(
        command, cwd=ROOT, env={**os.environ, **paths}, capture_output=True, text=True, timeout=SECONDS, check=False
    )


@pytest.fixture(scope="module")
def answers(tmp_path_factory):
    """By mutant; two are hunted at a time."""
    with ThreadPoolExecutor(TOGETHER) as pool:
        yield {name: pool.submit(hunted, name, tmp_path_factory.mktemp(name)) for name in MUTANTS}


def test_there_are_twelve():
    assert len(MUTANTS) == 12


@pytest.mark.slow
@pytest.mark.parametrize("mutant", MUTANTS)
def test_the_mutant_is_caught(mutant, answers, measured):
    done = answers[mutant].result()

    assert done.returncode == 1, f"{mutant} survived, or its patch no longer applies: {done.stdout}{done.stderr[-800:]}"
    assert done.stdout.startswith("seed "), done.stdout + done.stderr[-800:]
    measured(f"mutant {mutant}: {done.stdout.strip()[:150]}")
