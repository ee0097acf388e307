"""Who answers which dates are missing, how each is started, and one answer of each."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
BENCH = ROOT / ".bench"
"""Where `make bench` installs each peer into an environment of its own."""
FUNCTION = BENCH / "function"
"""What functions/requirements.txt pins, and nothing else: no pyarrow, no pandas."""
PATIENCE = 120
"""Seconds that a peer gets for an answer, with what it prepares."""


class Contender(NamedTuple):
    """Who answers, and how it is started."""

    name: str
    home: Path | None
    """Its environment; None: ours, or that of a function where it is installed."""
    words: tuple[str, ...]
    patience: int = PATIENCE

    @property
    def command(self) -> list[str]:
        """Up to the data's file."""
        home = self.home or FUNCTION
        here = self.home is None and not (home / "ready").exists()
        python = sys.executable if here else str(home / "bin" / "python")
        return [python, str(Path(__file__).parent / "contenders" / self.words[0])]


PLAIN = Contender("set difference, one by one", None, ("plain.py",))
HELD = Contender("set difference, all sets at once", None, ("plain.py", "held"))
OURS = Contender("gapheal, with reasons", None, ("ours.py",), patience=540)
PEERS = (
    Contender("Luigi, dates alone", BENCH / "luigi", ("luigi_range.py", "bulk")),
    Contender("Luigi, with requires()", BENCH / "luigi", ("luigi_range.py", "requires")),
    Contender("SQLMesh missing_intervals", BENCH / "sqlmesh", ("sqlmesh_snapshot.py",)),
    Contender("Dagster subset difference", BENCH / "dagster", ("dagster_subset.py",)),
    Contender("Dagster automation condition", BENCH / "dagster", ("dagster_conditions.py",)),
)


class Answer(NamedTuple):
    """What a contender printed: its version, processor seconds, how many dates, their hash, and its memory."""

    version: str
    imported: float
    """Processor seconds of its import."""
    seconds: float
    gaps: int
    hash: str
    mib: float


class NoAnswer(Exception):
    """Why there is none."""


def ask(contender: Contender, path: Path) -> Answer:
    """One answer over the file at `path`.

    Raises:
        NoAnswer: it is not installed, too slow, or fails.
    """
    words = [*contender.command, str(path), *contender.words[1:]]
    env = {**os.environ, "PYTHONPATH": str(ROOT / "shared")} if contender.home is None else None
    patience = contender.patience
    try:
        done = subprocess.run(words, cwd=ROOT, env=env, capture_output=True, text=True, check=True, timeout=patience)
        return Answer(**json.loads(done.stdout.splitlines()[-1]))
    except subprocess.TimeoutExpired:
        raise NoAnswer(f"no answer within {patience} s") from None
    except FileNotFoundError:
        raise NoAnswer(f"not installed in {contender.home}") from None
    except subprocess.CalledProcessError as error:
        raise NoAnswer(f"failed: {(error.stderr.strip() or str(error)).splitlines()[-1]}") from error
    except (ValueError, TypeError, IndexError) as error:
        raise NoAnswer(f"answered no JSON of ours: {error}") from error
