"""A small SVG: how many times as long as a set difference each contender takes, on a logarithmic scale."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from math import log10

WIDTH, LABEL, BAR, GAP = 720, 220, 18, 10


def bars(ratios: Mapping[str, float], size: str) -> str:
    """One bar a contender, the shortest first; `size` says of what."""
    ordered = sorted(ratios.items(), key=lambda item: item[1])
    most = log10(max(ratios.values())) or 1
    height = len(ordered) * (BAR + GAP) + 40
    size = escape(size)
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" font-family="sans-serif">',
        f"<title>Time to say which dates of {size} are missing, as a multiple of a plain set difference</title>",
        f'<rect width="{WIDTH}" height="{height}" fill="#fff"/>',
    ]
    for place, (name, ratio) in enumerate(ordered):
        top = 10 + place * (BAR + GAP)
        length = max((WIDTH - LABEL - 90) * log10(max(ratio, 1)) / most, 2)
        colour = "#1a73e8" if name.startswith("gapheal") else "#9aa0a6"
        lines += [
            f'<text x="{LABEL - 8}" y="{top + 14}" text-anchor="end" font-size="13">{escape(name)}</text>',
            f'<rect x="{LABEL}" y="{top}" width="{length:.0f}" height="{BAR}" fill="{colour}"/>',
            f'<text x="{LABEL + length + 6:.0f}" y="{top + 14}">{ratio:,.0f} x</text>',
        ]
    lines += [
        f'<text x="{LABEL}" y="{height - 10}" fill="#5f6368">{size}: times a set difference, logarithmic</text>',
        "</svg>",
    ]
    return "\n".join(lines) + "\n"
