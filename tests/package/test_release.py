"""What `make release` refuses to build: `.ci/release.py`, in a repository that lacks one thing at a time."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / ".ci" / "release.py"
FILES = {
    "pyproject.toml": '[project]\nname = "gapheal"\nversion = "1.2.3"\n',
    "shared/gapheal/__init__.py": '__version__ = "1.2.3"\n',
    "CHANGELOG.md": "# Changelog\n\n## [1.2.3] - 2027-01-31\n\n- Something.\n\n## [1.2.2] - 2026-12-01\n",
}


@pytest.fixture
def repository(tmp_path):
    """A repository that is ready."""
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    git(tmp_path, "init", "--quiet")
    commit(tmp_path)
    return tmp_path


def git(root, *words):
    who = ["-c", "user.name=ada", "-c", "user.email=ada@example.com"]
    subprocess.run(["git", "-C", root, *who, *words], check=True, capture_output=True)


def commit(root):
    git(root, "add", ".")
    git(root, "commit", "--quiet", "--message", "x")


def check(root):
    command = [sys.executable, SCRIPT, "--check", "--root", root]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    return done.returncode, done.stderr


def test_what_is_ready_passes(repository):
    assert check(repository) == (0, "")


@pytest.mark.parametrize(
    ("name", "old", "new", "told"),
    [
        ("pyproject.toml", "1.2.3", "1.2", "expected a version such as 1.2.3, found 1.2"),
        ("shared/gapheal/__init__.py", "1.2.3", "1.2.2", "expected __version__ = 1.2.3, found 1.2.2"),
        ("CHANGELOG.md", "## [1.2.3] - 2027-01-31\n", "", "expected 1.2.3 to stand first, found 1.2.2"),
        (
            "CHANGELOG.md",
            "2027-01-31",
            "unreleased",
            "the day of the release behind [1.2.3], found unreleased",
        ),
    ],
)
def test_what_does_not_agree_is_told(repository, name, old, new, told):
    path = repository / name
    path.write_text(path.read_text().replace(old, new))
    commit(repository)

    code, said = check(repository)

    assert code == 1
    assert told in said


def test_what_is_not_committed_is_not_released(repository):
    (repository / "new.py").write_text("")

    assert check(repository) == (1, "git: expected nothing uncommitted, found 1 files, new.py the first\n")


def test_a_number_is_released_once(repository):
    git(repository, "tag", "v1.2.3")

    code, said = check(repository)

    assert code == 1
    assert "choose the next number" in said


def test_several_faults_are_told_at_once(repository):
    (repository / "CHANGELOG.md").write_text("# Changelog\n")

    assert len(check(repository)[1].splitlines()) == 2
