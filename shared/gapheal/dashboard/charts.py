"""Trends as SVG, drawn by pygal; the page's own style sheet colours it, so that it follows light, dark and print."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree as ET

from markupsafe import Markup

WIDTH, HEIGHT = 640, 230
LABELS = 6
"""Days that are named beneath a chart."""
FEWEST = 14
"""Days."""
WITHIN = (
    ("5 min", 300),
    ("15 min", 900),
    ("1 h", 3_600),
    ("6 h", 21_600),
    ("24 h", 86_400),
    ("7 days", 604_800),
)
MEBIBYTE = 2**20
LONG = re.compile(r"\d+\.\d{2,}")
"""A coordinate finer than anybody sees."""
SVG = "{http://www.w3.org/2000/svg}"


@dataclass(frozen=True, slots=True)
class Chart:
    """One trend: the drawing, and the same as a table for those who do not see it."""

    key: str
    title: str
    told: str
    """What it says in one sentence."""
    columns: Sequence[str]
    series: Mapping[str, Sequence[float]]
    """Name to a number per column."""
    svg: Markup

    @property
    def rows(self) -> list[tuple[Any, ...]]:
        """The table: a row a column of the drawing that has something to say."""
        found = list(zip(self.columns, *self.series.values(), strict=True))
        return [row for row in found if any(row[1:])]


def charts(slo: Mapping[str, Any], heals: Sequence[Mapping[str, Any]], names: Mapping[str, str]) -> list[Chart]:
    """The four trends.

    Args:
        slo: as `Ledger.slo` tells it.
        heals: as `Ledger.heals` tells them.
        names: transitions, in order, and how people call them.
    """
    days = _days(slo["days"])
    of = {(row["transition"], row["day"]): row for row in slo["days"]}

    def by_transition(key: str) -> dict[str, list[int]]:
        return {
            label: [of[name, day][key] if (name, day) in of else 0 for day in days] for name, label in names.items()
        }

    def summed(key: str) -> list[int]:
        return [sum(column) for column in zip(*by_transition(key).values(), strict=True)] if days else []

    open_gaps = by_transition("open_gaps")
    opened, healed = summed("opened"), summed("healed")
    spent = [number / MEBIBYTE for number in summed("bytes_billed")]
    within = _within(heals)
    return [
        _chart("open", "Open gaps at the end of each day", _last(open_gaps), days, open_gaps, stacked=True),
        _chart(
            "flow",
            "Gaps seen and healed, by day",
            f"{sum(opened)} seen and {sum(healed)} healed in this time.",
            days,
            {"seen": opened, "healed": healed},
        ),
        _chart(
            "within",
            "Time to heal",
            f"{len(heals)} triggered gaps were seen healed; from first sight to rows.",
            list(within),
            {"gaps": list(within.values())},
        ),
        _chart(
            "cost",
            "Bytes billed by looking, MiB a day",
            f"{sum(spent):,.0f} MiB in this time, in {sum(summed('passes')):,} passes.",
            days,
            {"MiB": [round(number, 1) for number in spent]},
        ),
    ]


def _days(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """The days since something happened first, and two weeks at least: an empty beginning tells nothing."""
    days = sorted({row["day"] for row in rows})
    busy = min((row["day"] for row in rows if row["passes"] or row["opened"] or row["open_gaps"]), default="")
    return days[min(days.index(busy), max(len(days) - FEWEST, 0)) :] if busy else days[-FEWEST:]


def _within(heals: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    found: dict[str, int] = defaultdict(int, {f"≤ {name}": 0 for name, _ in WITHIN})
    for row in heals:
        found[next((f"≤ {name}" for name, most in WITHIN if row["seconds_to_heal"] <= most), "longer")] += 1
    return {**found, "longer": found["longer"]}


def _last(open_gaps: Mapping[str, Sequence[int]]) -> str:
    now = {name: numbers[-1] for name, numbers in open_gaps.items() if numbers and numbers[-1]}
    return "Open now: " + (", ".join(f"{number} {name}" for name, number in now.items()) or "none") + "."


def _chart(
    key: str,
    title: str,
    told: str,
    columns: Sequence[str],
    series: Mapping[str, Sequence[float]],
    *,
    stacked: bool = False,
) -> Chart:
    import pygal  # noqa: PLC0415 - only who draws needs it

    empty = not any(any(numbers) for numbers in series.values())
    drawn = (pygal.StackedBar if stacked else pygal.Bar)(
        width=WIDTH,
        height=HEIGHT,
        show_legend=False,
        margin=4,
        margin_right=30,
        margin_bottom=8,
        spacing=4,
        js=[],
        no_prefix=True,
        show_minor_x_labels=False,
        truncate_label=-1,
        max_scale=5,
        min_scale=2,
        range=(0, 1) if empty else None,
        print_values=False,
        y_labels_major_count=3,
        value_formatter=lambda value: f"{value:,.0f}" if value >= 1 or not value else f"{value:.1f}",
    )
    drawn.x_labels = list(columns)
    step = max(len(columns) // LABELS, 1)
    drawn.x_labels_major = list(columns)[::-step][::-1] if len(columns) > LABELS * 2 else list(columns)
    for name, numbers in series.items():
        drawn.add(name, list(numbers))
    return Chart(key, title, told, columns, series, _plain(drawn.render_tree(), key, list(series)))


def _plain(tree: ET.Element, key: str, names: Sequence[str]) -> Markup:
    """The drawing without scripts, styles and what only pygal's own script would read."""
    for parent in list(tree.iter()):
        told = {child.get("class"): child.text for child in parent if child.tag == f"{SVG}desc"}
        for child in list(parent):
            tag = child.tag.removeprefix(SVG) if isinstance(child.tag, str) else None
            if tag in {None, "script", "style", "title", "desc"} or _is_flat(child):
                parent.remove(child)
        if "value" in told and len(parent):
            title = ET.SubElement(parent, "title")
            title.text = f"{told.get('x_label') or ''}: {told['value']}"
    for index, name in enumerate(names):
        for node in tree.iterfind(f".//{SVG}g[@class='series serie-{index} color-{index}']//title"):
            node.text = f"{name}, {node.text}"
    for node in tree.iter():
        node.tag = str(node.tag).removeprefix(SVG)
        kept = {name: value for name, value in node.attrib.items() if name not in {"style", "id", "rx", "ry"}}
        node.attrib.clear()
        node.attrib.update({name: LONG.sub(_short, value) for name, value in kept.items()})
    tree.attrib.update({"class": f"chart chart-{key}", "aria-hidden": "true", "focusable": "false"})
    return Markup(ET.tostring(tree, encoding="unicode"))  # noqa: S704 - built as a tree: every text in it is escaped


def _is_flat(node: ET.Element) -> bool:
    return node.tag == f"{SVG}rect" and float(node.get("height", "1")) == 0


def _short(number: re.Match[str]) -> str:
    return f"{float(number[0]):.1f}"
