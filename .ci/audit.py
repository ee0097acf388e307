"""`make audit`: known weaknesses of what is installed, and Terraform against security policies.

Exit code 0: all was audited and is clean; 1: something was found; 3: advisories could not be had, so nothing is known.
pip-audit alone would call the last one clean.
"""  # noqa: INP001 - a script

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
LISTS = {
    "functions/requirements.txt": ["--require-hashes"],  # what is deployed
    "constraints.txt": ["--no-deps"],  # what develops and tests it
}
FOUND, UNKNOWN = 1, 3


class Audit(NamedTuple):
    """What is known of one list."""

    weak: list[str]
    """Each with its advisory and the version that mends it."""
    unknown: list[str]
    """Packages that no advisory service told of."""
    packages: int


def read(report: str) -> Audit:
    """What pip-audit's JSON says; an empty one says nothing of anything."""
    told = json.loads(report)["dependencies"] if report.strip() else []
    weak = [
        f"{each['name']} {each['version']}: {hole['id']}, mended in {', '.join(hole['fix_versions']) or 'no release'}"
        for each in told
        for hole in each.get("vulns", ())
    ]
    return Audit(weak, [each["name"] for each in told if "skip_reason" in each], len(told))


def packages(tools: Path, name: str, options: list[str]) -> int:
    """Audit one list of pinned packages."""
    command = [tools / "pip-audit", "--disable-pip", "--progress-spinner=off", "--format=json", *options]
    done = subprocess.run(  # noqa: S603 - our own tools
        [*command, "--requirement", ROOT / name], capture_output=True, text=True, check=False
    )
    audit = read(done.stdout)
    for line in audit.weak:
        print(f"  {line}")  # noqa: T201
    known = audit.packages - len(audit.unknown)
    why = "" if audit.packages else f": {(done.stderr.strip() or 'no answer').splitlines()[-1][:200]}"
    print(f"{name}: {known} of {audit.packages or 'all'} packages audited, {len(audit.weak)} weaknesses{why}")  # noqa: T201
    if audit.weak:
        return FOUND
    return UNKNOWN if audit.unknown or not audit.packages else 0


def terraform(tools: Path) -> int:
    """Hold the module and its examples against checkov's policies; exceptions stand beside their resources."""
    command = [tools / "checkov", "--config-file", ROOT / "terraform" / ".checkov.yaml"]
    done = subprocess.run(command, cwd=ROOT, check=False)  # noqa: S603
    print(f"terraform: {'clean' if done.returncode == 0 else 'see above'}")  # noqa: T201
    return FOUND if done.returncode else 0


def main() -> int:
    """The exit code."""
    parser = argparse.ArgumentParser(description="Audit packages and Terraform.")
    parser.add_argument(
        "--tools", type=Path, default=ROOT / ".venv-audit" / "bin", help="where pip-audit and checkov are"
    )
    tools = parser.parse_args().tools
    codes = [packages(tools, name, options) for name, options in LISTS.items()]
    sys.stdout.flush()
    codes.append(terraform(tools))
    if UNKNOWN in codes:
        print("the advisories could not be had for some packages: nothing is known of those; try with a network")  # noqa: T201
    return FOUND if FOUND in codes else max(codes)


if __name__ == "__main__":
    sys.exit(main())
