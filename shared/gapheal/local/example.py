"""The NBA example: in a clone it lies beside the package, after `pip install` inside it."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import gapheal
from gapheal.errors import ConfigError
from gapheal.local.stack import Stack


@dataclass(frozen=True, slots=True)
class Example:
    """A pipeline with workers and data."""

    folder: Path
    pipeline: Path

    @classmethod
    def nba(cls) -> Self:
        """Find it.

        Raises:
            ConfigError: neither clone nor installation has it.
        """
        package = Path(gapheal.__file__).parent
        for folder, pipeline in (
            (package / "examples" / "nba", Path("pipeline.yaml")),
            (package.parents[1] / "examples" / "nba", Path("..", "..", "pipeline.yaml")),
        ):
            if folder.exists():
                return cls(folder, (folder / pipeline).resolve())
        raise ConfigError(f"the NBA example was to be in {package}/examples/nba, and is not: reinstall gapheal")

    @property
    def workers(self) -> Path:
        """The jobs of its phases."""
        return self.folder / "workers.py"

    def seed(self, stack: Stack) -> None:
        """Fill its tables: phase 2 whole, the later phases empty in three playoffs."""
        script = self.folder / "seed.py"
        stack.supervisor.run("seed", [sys.executable, script, "--project", stack.project], stack.env())
