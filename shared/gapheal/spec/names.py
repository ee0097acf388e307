"""What people call a thing of the file, and the thing itself."""

from __future__ import annotations

from gapheal.errors import ConfigError
from gapheal.model.pipeline import Pipeline
from gapheal.spec.faults import meant


def phase_named(pipeline: Pipeline, asked: str, where: str = "--phase") -> str:
    """The phase that `asked` names: its name, or `3` for `phase3`.

    Raises:
        ConfigError: there is none; it begins with `where`.
    """
    if asked in pipeline.phases:
        return asked
    if asked.isdecimal() and f"phase{asked}" in pipeline.phases:
        return f"phase{asked}"
    known = ", ".join(pipeline.phases)
    raise ConfigError(f"{where}: expected one of {known}, found {asked}{meant(asked, pipeline.phases)}")
