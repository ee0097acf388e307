"""The page as one file that needs nothing else: style and scripts stand in it, and nothing but them may run."""

from __future__ import annotations

import base64
import hashlib
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from gapheal.dashboard.charts import charts
from gapheal.dashboard.figures import Figures
from gapheal.dashboard.standing import Standing
from gapheal.model import moments

STYLE = "page.css"
EARLY = "early.js"
"""Runs before the first paint: the theme."""
SCRIPTS = ("decode.js", "shapes.js", "strip.js", "calendar.js", "tip.js", "gaps.js", "explain.js", "page.js")
UNKNOWN = "\N{EN DASH}"


def html(figures: Figures, *, live: bool) -> str:
    """The page.

    Args:
        figures: what it shows.
        live: whether a date can be explained by asking now; else the last verdict explains it.
    """
    return (
        _environment()
        .get_template("page.html")
        .render(
            figures=figures,
            live=live,
            charts=charts(figures.slo, figures.heals, named(figures.overview)),
            whole=figures.slo["figures"][0],
            Standing=Standing,
            style=_text(STYLE),
            early=_text(EARLY),
            script=_script(),
            policy=policy(),
        )
    )


def named(overview: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """What a chart calls each transition: its downstream's label, or its own name where two have the same label."""
    shared = Counter(each["downstream"] for each in overview)
    return {
        each["transition"]: each["downstream"] if shared[each["downstream"]] == 1 else each["transition"]
        for each in overview
    }


@cache
def policy() -> str:
    """The Content-Security-Policy: our own style and scripts by their hashes, our own API, nothing else."""
    scripts = " ".join(_hash(text) for text in (_text(EARLY), _script()))
    return (
        f"default-src 'none'; script-src {scripts}; style-src {_hash(_text(STYLE))}; connect-src 'self'; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )


@cache
def _environment() -> Environment:
    made = Environment(
        loader=PackageLoader("gapheal.dashboard", "."),
        autoescape=select_autoescape(default=True, default_for_string=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.policies["json.dumps_kwargs"] = {"separators": (",", ":")}
    filters = (ago, soon, lasting, moment, words, slug, share, counted)
    made.filters.update({each.__name__: each for each in filters})
    return made


def ago(text: str | None, now: datetime) -> str:
    """How long a moment is past: `3 h ago`."""
    return f"{lasting((now - datetime.fromisoformat(text)).total_seconds())} ago" if text else "never"


def soon(text: str | None, now: datetime) -> str:
    """How far a moment is ahead: `in 12 min`; what is no moment, as it is."""
    try:
        ahead = datetime.fromisoformat(text or "") - now
    except ValueError:
        return text or "not known"
    return f"in {lasting(max(ahead, timedelta()).total_seconds())}"


def lasting(seconds: float | None) -> str:
    """As everywhere; a dash where it is not known."""
    return UNKNOWN if seconds is None else moments.lasting(seconds)


def moment(text: str) -> str:
    """`2024-07-01 15:00`, UTC."""
    return f"{datetime.fromisoformat(text).astimezone(UTC):%Y-%m-%d %H:%M}"


def words(text: str | None) -> str:
    """A state's name as words."""
    return (text or "").replace("_", " ")


def slug(text: str) -> str:
    """A state's name as part of a class."""
    return re.sub(r"\W+", "-", text)


def counted(number: int, noun: str) -> str:
    """`1 gap`, `1,200 gaps`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def share(part: float | None) -> str:
    """`98 %`; rounded down, because 100 % must mean all."""
    return UNKNOWN if part is None else f"{int(part * 100 + 1e-9)} %"


@cache
def _script() -> str:
    body = "\n".join(_text(name) for name in SCRIPTS)
    return f'(() => {{\n"use strict";\n{body}}})();\n'


@cache
def _text(name: str) -> str:
    return (files("gapheal.dashboard") / name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
