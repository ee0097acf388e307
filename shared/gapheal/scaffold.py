"""Writes the files that a new transition needs."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from string import Template

from gapheal.model.pipeline import DETECTOR


def function_main(transition: str) -> str:
    """The text of functions/<transition>/main.py; `DETECTOR` is the function of the pipeline as a whole."""
    name = "detector_main.py.txt" if transition == DETECTOR else "function_main.py.txt"
    return Template((files("gapheal") / "templates" / name).read_text()).substitute(transition=transition)


def write_function(folder: Path, transition: str) -> Path:
    """Write `folder`/<transition>/main.py, unless a file is there already; its path. As `function_main`."""
    path = folder / transition / "main.py"
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        path.write_text(function_main(transition))
    return path
