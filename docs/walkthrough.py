"""Writes docs/images/walkthrough.svg from a real run of the demo: `make walkthrough`."""  # noqa: INP001

from __future__ import annotations

import argparse
import base64
import json
import re
import subprocess
import sys
import time
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import NamedTuple

IMAGES = Path(__file__).parent / "images"
COLUMNS, LINES = 150, 30
LINE_HEIGHT, LEFT, TOP = 19, 22, 66
WIDTH, HEIGHT = 1090, TOP + LINES * LINE_HEIGHT + 78
LONGEST, SHORTEST, CHAPTER = 0.9, 0.12, 2.2
"""Seconds that a line takes: real time, but nobody waits for an emulator; a chapter is read."""
SLIDE = 6.0
TOLD = "A run of the demo in a terminal, then the dashboard"
PROGRESS = re.compile(r"^ *[\d.]+ s {2}(?:… )?phase\d [█▓▒░]")
"""A line that says how far each phase is."""
STEPS = 24
"""So many of these are enough."""
WAITING = re.compile(r"^ *[\d.]+ s {2}… ")
"""A line that only says that something goes on."""
REST = re.compile(r"^[█▓▒░ ]*\d+/\d+$")
"""What of such a line went over the edge."""
SLIDES = (
    ("dashboard-overview.png", "gapheal dashboard: the same pipeline after four weeks, at one look"),
    ("dashboard-calendar.png", "A column is a date. Where its colour changes from the top, there it broke"),
    ("dashboard-explain.png", "A click says why, and what to type"),
)
STYLE = (
    "text{font:11.5px ui-monospace,SFMono-Regular,Menlo,Consolas,'Liberation Mono',monospace;fill:#d5dae0}"
    "text{white-space:pre}"
    ".t{fill:#fff;font-weight:700}.d{fill:#8b95a1}"
    ".c{font:600 15px 'Segoe UI',Roboto,'Liberation Sans',Arial,sans-serif;fill:#fff}"
)
Spoken = Sequence[tuple[float, str]]
"""When each line was printed, in seconds, and the line."""


class Shown(NamedTuple):
    """A line on the screen, and when it comes."""

    at: float
    text: str
    chapter: bool


def recorded(command: Sequence[str]) -> list[tuple[float, str]]:
    """What a command printed, and when.

    Raises:
        SystemExit: it failed: nothing is shown of a demo that does not hold.
    """
    started, said = time.monotonic(), []
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603 - our own command
        for line in process.stdout or ():
            said.append((time.monotonic() - started, line.rstrip()))
            sys.stdout.write(line)
    if process.returncode:
        sys.exit(f"{' '.join(command)} ended with {process.returncode}: nothing was written")
    return said


def timetable(said: Spoken) -> list[Shown]:
    """The lines to show and when: of several that only say what takes long the last one, and no long wait."""
    kept: list[tuple[float, str]] = []
    last, step = 0.0, said[-1][0] / STEPS
    for at, line in said:
        if REST.match(line) or (PROGRESS.match(line) and at - last < step):
            continue
        if PROGRESS.match(line):
            last = at
        elif kept and WAITING.match(line) and WAITING.match(kept[-1][1]):
            kept.pop()
        kept.append((at, line))
    shown: list[Shown] = []
    clock, before, gap = 0.6, 0.0, False
    for at, line in kept:
        clock += min(max(at - before, SHORTEST), LONGEST) if line else SHORTEST
        chapter = gap and bool(line) and not line.startswith("SELECT") and not WAITING.match(line)
        shown += [Shown(clock, part, chapter) for part in _wrapped(line)]
        clock += CHAPTER if chapter else 0
        before, gap = at, not line
    return shown


def svg(said: Spoken) -> str:
    """The walkthrough: terminal first, then the dashboard's pictures; it plays once and stays on the last."""
    lines = timetable(said)
    end = lines[-1].at + 3.5
    captions = [(0.0, "gapheal demo: a pipeline breaks as a real one broke, and heals. Real output, waits cut short")]
    captions += [(line.at, line.text.strip()) for line in lines if line.chapter]
    slides = []
    for number, (name, told) in enumerate(SLIDES):
        at = end + number * SLIDE
        captions.append((at, told))
        slides.append(_slide(IMAGES / name, at))
    screen = f'x="0" y="{TOP - 18}" width="{WIDTH}" height="{LINES * LINE_HEIGHT + 6}"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{TOLD}">',
        f"<style>{STYLE}</style>",
        f'<rect width="{WIDTH}" height="{HEIGHT}" rx="12" fill="#14181d"/>',
        *(f'<circle cx="{x}" cy="24" r="6" fill="#3b434d"/>' for x in (26, 46, 66)),
        f'<clipPath id="screen"><rect {screen}/></clipPath>',
        f'<g clip-path="url(#screen)"><g>{_scroll(lines)}',
        *(_line(number, line) for number, line in enumerate(lines) if line.text),
        "</g></g>",
        *slides,
        *_captions(captions),
        "</svg>\n",
    ]
    return "\n".join(parts)


def _wrapped(line: str) -> list[str]:
    """A line of a terminal is never longer than the terminal."""
    return [line[start : start + COLUMNS] for start in range(0, len(line), COLUMNS)] or [""]


def _line(number: int, line: Shown) -> str:
    kind = "t" if line.chapter else "d" if WAITING.match(line.text) else ""
    place = f'x="{LEFT}" y="{TOP + number * LINE_HEIGHT}"' + (f' class="{kind}"' if kind else "")
    return f'<text {place} visibility="hidden">{escape(line.text)}{_set("visible", line.at)}</text>'


def _scroll(lines: Sequence[Shown]) -> str:
    over = [(line.at, (number + 1 - LINES) * LINE_HEIGHT) for number, line in enumerate(lines) if number >= LINES]
    total = lines[-1].at
    times = ["0", *(f"{at / total:.5f}" for at, _ in over)]
    places = ["0 0", *(f"0 {-y}" for _, y in over)]
    return (
        f'<animateTransform attributeName="transform" type="translate" calcMode="discrete" dur="{total:.2f}s" '
        f'fill="freeze" keyTimes="{";".join(times)}" values="{";".join(places)}"/>'
    )


def _slide(path: Path, at: float) -> str:
    picture = base64.b64encode(path.read_bytes()).decode()
    return (
        f'<image x="0" y="0" width="{WIDTH}" height="{HEIGHT - 52}" preserveAspectRatio="xMidYMid slice" opacity="0" '
        f'href="data:image/png;base64,{picture}"><animate attributeName="opacity" from="0" to="1" begin="{at:.2f}s" '
        'dur="0.5s" fill="freeze"/></image>'
    )


def _captions(captions: Spoken) -> list[str]:
    drawn = [f'<rect y="{HEIGHT - 52}" width="{WIDTH}" height="52" fill="#0b7a63"/>']
    for number, (at, text) in enumerate(captions):
        shown = _set("visible", at)
        if number + 1 < len(captions):
            shown += _set("hidden", captions[number + 1][0])
        drawn.append(f'<text class="c" x="{LEFT}" y="{HEIGHT - 21}" visibility="hidden">{escape(text)}{shown}</text>')
    return drawn


def _set(value: str, at: float) -> str:
    return f'<set attributeName="visibility" to="{value}" begin="{at:.2f}s" fill="freeze"/>'


def main() -> None:
    """Record the demo, or take a record that was kept, and write the picture."""
    parser = argparse.ArgumentParser(description="Write docs/images/walkthrough.svg from a run of the demo.")
    parser.add_argument("--record", type=Path, help="JSON lines of [seconds, line] instead of a run")
    asked = parser.parse_args()
    if asked.record:
        said = [(at, text) for at, text in map(json.loads, asked.record.read_text().splitlines())]
    else:
        said = recorded([str(Path(sys.executable).with_name("gapheal")), "demo"])
    (IMAGES / "walkthrough.svg").write_text(svg(said))


if __name__ == "__main__":
    main()
