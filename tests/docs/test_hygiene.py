"""What may stand in no file of the repository: places of one machine, hosts of one registry, secrets, loose ends."""

from __future__ import annotations

import re
import stat
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BINARY = {".png", ".ico", ".woff2", ".zip"}

BANNED = {
    "a path of somebody's machine": r"(?i)/(?:work|home|root|Users|opt/wheels)/[\w.]",
    "a registry's host": r"(?i)(?:pypi|pythonhosted|npmjs|registry\.\w+)\.(?:org|com|io)\b",
    "a private key": r"-----BEGIN [A-Z ]*PRIVATE[ ]KEY",
    "a Google API key": r"\bAIza[0-9A-Za-z_-]{35}\b",
    "a conflict's mark": r"(?m)^(?:<{7}|>{7}) ",
    "a note to oneself": r"\b(?:TOD[O]|FIXM[E]|XX[X])\b",
}
"""Written so that no pattern matches itself."""


def files() -> list[Path]:
    """Every file that is, or could be, tracked."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, check=False, text=True)
    if done.returncode:
        pytest.fail(f"expected a git clone, found: {done.stderr}")
    return [path for name in done.stdout.split("\0") if name and (path := ROOT / name).is_file()]


FILES = files()
TEXTS = {path.relative_to(ROOT).as_posix(): path.read_text() for path in FILES if path.suffix not in BINARY}


@pytest.mark.parametrize("what", BANNED)
def test_no_file_holds(what):
    wrong = re.compile(BANNED[what])
    found = [f"{name}: {match[0]}" for name, text in TEXTS.items() for match in wrong.finditer(text)]

    assert found == []


def test_every_text_ends_with_one_line_end_and_has_no_carriage_return():
    wrong = [name for name, text in TEXTS.items() if text and (not text.endswith("\n") or text.endswith("\n\n"))]

    assert wrong == []
    assert [name for name, text in TEXTS.items() if "\r" in text and not name.startswith("tests/")] == []


def test_pinned_requirements_name_versions_and_nothing_else():
    for name in ("constraints.txt", "functions/requirements.txt"):
        lines = [line.partition(" ;")[0].rstrip(" \\") for line in TEXTS[name].splitlines() if line[0] != "#"]
        form = re.compile(r"[A-Za-z0-9._-]+(\[\w+\])?==[0-9][A-Za-z0-9.+!]*|\s+--hash=sha256:[0-9a-f]{64}")

        assert [line for line in lines if not form.fullmatch(line)] == [], name


def test_only_scripts_that_name_their_interpreter_are_executable():
    executable = {path for path in FILES if path.stat().st_mode & stat.S_IXUSR}

    assert {path for path in executable if not path.read_bytes().startswith(b"#!")} == set()


def test_the_licence_is_the_apache_licence():
    assert "Apache License" in TEXTS["LICENSE"]
    assert 'license = "Apache-2.0"' in TEXTS["pyproject.toml"]


def test_the_changelog_tells_the_version_that_is_built():
    version = re.search(r'^version = "(.+)"$', TEXTS["pyproject.toml"], re.MULTILINE)

    assert version
    assert f"## [{version[1]}]" in TEXTS["CHANGELOG.md"]
    assert f'__version__ = "{version[1]}"' in TEXTS["shared/gapheal/__init__.py"]


def test_python_files_stay_small_enough_to_read():
    """One job a file; what grows beyond this is two."""
    limits = {"shared": 330, "functions": 10, "examples": 250}
    long = {
        name: lines
        for name, text in TEXTS.items()
        if name.endswith(".py") and (lines := text.count("\n")) > limits.get(name.split("/")[0], 500)
    }

    assert long == {}
