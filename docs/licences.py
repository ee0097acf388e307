"""Writes docs/licences.md from what the installed packages say of themselves: `python docs/licences.py`."""  # noqa: INP001

from __future__ import annotations

import re
import sys
from collections import Counter
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path

PATH = Path(__file__).with_suffix(".md")
LOCK = PATH.parents[1] / "functions" / "requirements.txt"
PIN = re.compile(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)", re.MULTILINE)

SPDX = {
    r"apache.*|.*/licenses/LICENSE-2\.0.*": "Apache-2.0",
    r"mit|mit license": "MIT",
    r"gnu lgpl v3\+|.*\(lgplv3\+\)": "LGPL-3.0-or-later",
    r"mozilla public license 2\.0.*|mpl-2\.0": "MPL-2.0",
    r"(3-clause )?bsd( license)?|bsd 3-clause.*": "BSD-3-Clause",
}
"""How the same licence is written where its short name is not used."""
PERMISSIVE = {"0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "MIT", "MIT-0", "PSF-2.0"}
WEAK = {
    "LGPL-3.0-or-later": "a library that may be replaced; installed beside gapheal unchanged, it asks nothing of it",
    "MPL-2.0": "changes of its own files stay open; using it unchanged, as here, asks nothing",
}

INTRO = """\
# Licences

gapheal is under the [Apache License 2.0](../LICENSE). A deployed function installs the packages below, as
`functions/requirements.txt` pins them; nothing of them is copied into this repository or into a zip. The command, the
local stack and the tests bring more (`pyproject.toml`), which is never deployed.

This page is written by `python docs/licences.py` from each package's own words; a test fails when it is old, or when a
licence comes in that is neither permissive nor listed here.

"""


def pinned() -> dict[str, str]:
    """What the functions install, by name."""
    return dict(PIN.findall(LOCK.read_text()))


def licence(name: str) -> str:
    """The licence of an installed package, as SPDX writes it."""
    try:
        told = metadata(name)
    except PackageNotFoundError:
        return "not installed on the machine that wrote this"
    if expression := told.get("License-Expression"):
        return str(expression)
    classified = [each.rpartition(" :: ")[2] for each in told.get_all("Classifier") or () if "License ::" in each]
    said = [each for each in (told.get("License") or "",) if each and "\n" not in each]
    known = sorted({spdx for each in (*said, *classified) for form, spdx in SPDX.items() if matches(form, each)})
    if known:
        return " OR ".join(known)
    return said[0] if said else "unknown"


def matches(form: str, text: str) -> bool:
    """Whether a licence's name is of that form."""
    return re.fullmatch(form, text.strip(), re.IGNORECASE) is not None


def strange(name: str) -> bool:
    """Whether no one of the licences that are offered is permissive or weak."""
    return not {*re.split(r" (?:OR|AND) ", licence(name))} & {*PERMISSIVE, *WEAK}


def page() -> str:
    """The whole page."""
    packages = pinned()
    counts = Counter(licence(name) for name in packages)
    lines = ["| licence | packages |", "|---|---|", *(f"| {name} | {n} |" for name, n in counts.most_common()), ""]
    lines += [f"- {name}: {why}." for name, why in WEAK.items() if name in counts]
    lines += ["", "| package | version | licence |", "|---|---|---|"]
    lines += [f"| {name} | {version} | {licence(name)} |" for name, version in packages.items()]
    return INTRO + "\n".join(lines) + "\n"


if __name__ == "__main__":
    PATH.write_text(page())
    sys.stdout.write(f"wrote {PATH}\n")
