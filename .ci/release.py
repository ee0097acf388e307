"""`make release`: refuses what is not ready to be released, then builds wheel and sdist with their checksums.

Nothing is tagged and nothing is uploaded: docs/release.md says how.
"""  # noqa: INP001 - a script

from __future__ import annotations

import argparse
import hashlib
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
NUMBER = re.compile(r"(\d+)\.(\d+)\.(\d+)((a|b|rc)\d+)?")


def problems(root: Path) -> Iterator[str]:
    """What stands in the way of releasing what lies in `root`."""
    version = tomllib.loads((root / "pyproject.toml").read_text())["project"]["version"]
    if not NUMBER.fullmatch(version):
        yield f"pyproject.toml: expected a version such as 1.2.3, found {version}"
    imported = re.search(r'^__version__ = "(.+)"$', (root / "shared/gapheal/__init__.py").read_text(), re.MULTILINE)
    if not imported or imported[1] != version:
        yield f"shared/gapheal/__init__.py: expected __version__ = {version}, found {imported and imported[1]}"
    newest = re.search(r"^## \[(.+)\] - (.+)$", (root / "CHANGELOG.md").read_text(), re.MULTILINE)
    if not newest or newest[1] != version:
        yield f"CHANGELOG.md: expected {version} to stand first, found {newest and newest[1]}"
    elif not re.fullmatch(r"\d{4}-\d{2}-\d{2}", newest[2]):
        yield f"CHANGELOG.md: expected the day of the release behind [{version}], found {newest[2]}"
    if changed := git(root, "status", "--porcelain").splitlines():
        yield f"git: expected nothing uncommitted, found {len(changed)} files, {changed[0][3:]} the first"
    if git(root, "tag", "--list", f"v{version}").strip():
        yield f"git: expected no tag v{version} yet, found one; a release is never built twice: choose the next number"


def git(root: Path, *words: str) -> str:
    """What git answers."""
    command = ["git", "-C", str(root), *words]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout  # noqa: S603


def build(root: Path, out: Path) -> list[Path]:
    """The sdist, and the wheel made from it; both and their checksums lie in `out`."""
    command = [sys.executable, "-m", "build", "--outdir", str(out), str(root)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)  # noqa: S603
    made = sorted([*out.glob("gapheal-*.whl"), *out.glob("gapheal-*.tar.gz")])
    sums = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in made]
    (out / "SHA256SUMS").write_text("".join(sums))
    return made


def main() -> int:
    """The exit code: 0 built, 1 not ready."""
    parser = argparse.ArgumentParser(description="Check and build a release.")
    parser.add_argument("--root", type=Path, default=ROOT)
    parser.add_argument("--out", type=Path, default=ROOT / "dist" / "release")
    parser.add_argument("--check", action="store_true", help="only say what stands in the way")
    asked = parser.parse_args()
    found = list(problems(asked.root))
    for problem in found:
        sys.stderr.write(f"{problem}\n")
    if found or asked.check:
        return 1 if found else 0
    for path in build(asked.root, asked.out):
        sys.stdout.write(f"{path}  {path.stat().st_size / 1024:.0f} KiB\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
