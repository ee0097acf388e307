"""The fenced blocks of a page: what kind each is, and whether anybody can run it here."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
PAGES = sorted(path for path in ROOT.rglob("*.md") if not str(path.relative_to(ROOT)).startswith("."))
CLOUD = "# needs Google Cloud: not run by the tests"
"""The first line of a block that only a cloud can run."""

_FENCE = re.compile(r"^( *)```([^\n`]*)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)


class Block(NamedTuple):
    """One fenced block."""

    page: str
    line: int
    kind: str
    text: str
    follows_commands: bool
    """Whether it stands right behind a block of commands: then it is what they print."""
    before: str
    """The paragraph before it."""

    @property
    def cloud(self) -> bool:
        """Whether it is marked as not run."""
        return self.text.startswith(CLOUD)

    @property
    def commands(self) -> list[str]:
        """What is typed, line by line, without comments."""
        if self.kind != "sh":
            return []
        lines = [re.sub(r"(^|\s+)#.*", "", line).strip() for line in self.text.replace("\\\n", " ").splitlines()]
        return [line for line in lines if line]

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


def blocks(page: Path) -> Iterator[Block]:
    """Every fenced block, in order."""
    text = page.read_text()
    end, kind = 0, ""
    for found in _FENCE.finditer(text):
        between = text[end : found.start()]
        yield Block(
            page.relative_to(ROOT).as_posix() if page.is_relative_to(ROOT) else page.name,
            text.count("\n", 0, found.start()) + 1,
            found[2].strip(),
            found[3],
            kind == "sh" and not between.strip(),
            between.strip().rpartition("\n\n")[2],
        )
        end, kind = found.end(), found[2].strip()
