"""Writes the files that a new transition needs."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from string import Template


def function_main(transition: str) -> str:
    """The text of functions/<transition>/main.py."""
    template = (files("gapheal") / "templates" / "function_main.py.txt").read_text()
    return Template(template).substitute(transition=transition)


def write_function(folder: Path, transition: str) -> Path:
    """Write `folder`/<transition>/main.py, unless a file is there already; its path."""
    path = folder / transition / "main.py"
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        path.write_text(function_main(transition))
    return path
