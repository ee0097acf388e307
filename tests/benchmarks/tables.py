"""What a benchmark found: tables that read the same on a terminal and on a page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass
class Table:
    """Rows under a head, and a sentence on what was measured."""

    title: str
    head: Sequence[str]
    rows: list[Sequence[str]] = field(default_factory=list)
    note: str = ""

    def markdown(self) -> str:
        """The table as Markdown."""
        lines = [f"### {self.title}", "", *([self.note, ""] if self.note else [])]
        lines += [_row(self.head), _row(["---"] * len(self.head)), *map(_row, self.rows)]
        return "\n".join(lines) + "\n"


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def time(seconds: float) -> str:
    """A time with the digits that a busy machine leaves it."""
    if seconds < 0.001:
        return f"{seconds * 1e6:.3g} µs"
    return f"{seconds * 1000:.3g} ms" if seconds < 1 else f"{seconds:.3g} s"


def times(ratio: float) -> str:
    """How many times as long, or as large."""
    return f"{ratio:.2f} x" if ratio < 10 else f"{ratio:,.0f} x"


def kib(size: int) -> str:
    """So many bytes, in KiB."""
    return f"{size / 1024:,.1f} KiB"
