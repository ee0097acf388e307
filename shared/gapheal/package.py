"""Packs each function into a zip that the platform runs as it is: `python -m gapheal.package --help`.

The same sources give the same bytes, on every machine and on every day, so a changed hash means changed code.
"""

from __future__ import annotations

import argparse
import io
import json
import sys
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import gapheal
from gapheal.errors import ConfigError, GaphealError
from gapheal.spec import load, resolved

STAYS_HOME = frozenset(
    {
        *("cli", "examples", "local", "templates", "testing"),
        *("completion.py", "package.py", "scaffold.py", "scheduler.py", "worker.py"),
    }
)
"""What of the package no function imports."""
SUFFIXES = frozenset({".py", ".sql"})
LOCK = "requirements.txt"
"""Beside the functions: what they need, pinned and with hashes."""

_EPOCH = (1980, 1, 1, 0, 0, 0)
"""The earliest time that a zip can hold."""
_PERMISSIONS = 0o100644 << 16
_UNIX = 3


def main(arguments: Sequence[str] | None = None) -> int:
    """Pack what the command line names; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m gapheal.package", description="Pack every function into a zip.")
    parser.add_argument("--functions", type=Path, default=Path("functions"), help="folder of <transition>/main.py")
    parser.add_argument("--pipeline", type=Path, default=Path("pipeline.yaml"), help="the pipeline file")
    parser.add_argument("--out", type=Path, default=Path("dist"), help="where <transition>.zip is written")
    asked = parser.parse_args(arguments)
    try:
        for path in build(asked.functions, asked.pipeline, asked.out):
            sys.stdout.write(f"{path}  {path.stat().st_size / 1024:.0f} KiB\n")
    except GaphealError as error:
        sys.stderr.write(f"gapheal.package: {error}\n")
        return 2
    return 0


def build(functions: Path, pipeline_path: Path, out: Path) -> list[Path]:
    """Write `out`/<transition>.zip for each function; their paths.

    Raises:
        ConfigError: the pipeline file is wrong, or functions and transitions are not the same.
    """
    pipeline = load(pipeline_path)
    mains = {path.parent.name: path for path in sorted(functions.glob("*/main.py"))}
    _check(mains, pipeline.transitions, functions)
    common = {
        "pipeline.json": (json.dumps(resolved(pipeline), indent=2) + "\n").encode(),
        "requirements.txt": _read(functions / LOCK),
        **dict(_package()),
    }
    out.mkdir(parents=True, exist_ok=True)
    return [_write(out / f"{name}.zip", {**common, "main.py": main.read_bytes()}) for name, main in mains.items()]


def archive(files: Mapping[str, bytes]) -> bytes:
    """A zip of `files`, by name; nothing of the machine or the moment is in it.

    Nothing is compressed either: what a compressor makes of the same bytes differs between its versions.
    """
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_STORED) as packed:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.create_system = _UNIX
            entry.external_attr = _PERMISSIONS
            packed.writestr(entry, files[name])
    return made.getvalue()


def _check(mains: Mapping[str, Path], transitions: Mapping[str, object], functions: Path) -> None:
    if unknown := sorted(set(mains) - set(transitions)):
        raise ConfigError(
            f"{functions}: expected one folder for each transition ({', '.join(transitions)}), "
            f"found {', '.join(unknown)} as well; rename or remove what is not in the pipeline file"
        )
    if absent := [name for name in transitions if name not in mains]:
        raise ConfigError(
            f"{functions}: expected {absent[0]}/main.py, found none; "
            f"without a function nobody heals {', '.join(absent)}: write one as in the example"
        )


def _package() -> Iterator[tuple[str, bytes]]:
    root = Path(gapheal.__file__).parent
    for path in root.rglob("*"):
        inside = path.relative_to(root)
        if path.suffix in SUFFIXES and inside.parts[0] not in STAYS_HOME:
            yield f"gapheal/{inside.as_posix()}", path.read_bytes()


def _read(lock: Path) -> bytes:
    try:
        return lock.read_bytes()
    except OSError as error:
        raise ConfigError(
            f"{lock}: expected the functions' pinned requirements, found: {error.strerror}; "
            "`pip-compile --generate-hashes` makes them from the dependencies of pyproject.toml"
        ) from None


def _write(path: Path, files: Mapping[str, bytes]) -> Path:
    path.write_bytes(archive(files))
    return path


if __name__ == "__main__":
    sys.exit(main())
