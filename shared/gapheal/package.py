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
from gapheal.model.pipeline import DETECTOR, Pipeline
from gapheal.scaffold import write_function
from gapheal.spec import load, resolved
from gapheal.spec.seal import sealed
from gapheal.spec.share import share

STAYS_HOME = frozenset(
    {
        *("backfill", "cli", "doctor", "examples", "local", "templates", "testing"),
        *("completion.py", "package.py", "scaffold.py", "worker.py"),
    }
)
"""What of the package no function imports."""
WITH_THE_WHOLE = frozenset({"dashboard", "scheduler.py"})
"""What only a function of the whole pipeline imports: what changes in it deploys no transition anew."""
SUFFIXES = frozenset({".css", ".html", ".js", ".py", ".sql", ".svg"})
LOCK = "requirements.txt"
"""Beside the functions: what they need, pinned and with hashes."""
WHOLE = frozenset({DETECTOR})
"""Functions of the whole pipeline; every other one is of the transition that its folder is named after."""

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
    """Write `out`/<function>.zip for each function, and `out`/pipeline.json, which Terraform reads; the zips' paths.

    A transition that has no folder yet gets one, from the template. A function of the whole pipeline is packed where
    its folder is there.

    Raises:
        ConfigError: the pipeline file is wrong, or there is a function that is no transition.
    """
    pipeline = load(pipeline_path)
    requirements, modules = _read(functions / LOCK), dict(_package())
    _refuse_strangers(functions, pipeline)
    for name in pipeline.transitions:
        write_function(functions, name)
    out.mkdir(parents=True, exist_ok=True)
    (out / "pipeline.json").write_bytes(_as_json(pipeline))
    written = []
    for main in sorted(functions.glob("*/main.py")):
        name = main.parent.name
        its_own = pipeline if name in WHOLE else share(pipeline, name)
        written.append(out / f"{name}.zip")
        files = {path: data for path, data in modules.items() if name in WHOLE or not _is_of_the_whole(path)}
        form = _as_json(its_own)
        files |= {"requirements.txt": requirements, "main.py": main.read_bytes(), "pipeline.json": form}
        files |= [sealed("pipeline.json", form)]
        written[-1].write_bytes(archive(files))
    for name in WHOLE - {path.stem for path in written}:
        # Terraform makes what it finds here: one of an earlier day would be deployed for ever.
        (out / f"{name}.zip").unlink(missing_ok=True)
    return written


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


def _refuse_strangers(functions: Path, pipeline: Pipeline) -> None:
    there = {path.parent.name for path in functions.glob("*/main.py")}
    if strangers := sorted(there - {*pipeline.transitions, *WHOLE}):
        raise ConfigError(
            f"{functions}: expected one folder for each transition ({', '.join(pipeline.transitions)}), "
            f"found {', '.join(strangers)} as well; rename or remove what is not in the pipeline file"
        )


def _as_json(pipeline: Pipeline) -> bytes:
    return (json.dumps(resolved(pipeline), indent=2) + "\n").encode()


def _package() -> Iterator[tuple[str, bytes]]:
    root = Path(gapheal.__file__).parent
    for path in root.rglob("*"):
        inside = path.relative_to(root)
        if path.suffix in SUFFIXES and inside.parts[0] not in STAYS_HOME:
            yield f"gapheal/{inside.as_posix()}", path.read_bytes()


def _is_of_the_whole(path: str) -> bool:
    return path.split("/")[1] in WITH_THE_WHOLE


def _read(lock: Path) -> bytes:
    try:
        return lock.read_bytes()
    except OSError as error:
        raise ConfigError(
            f"{lock}: expected the functions' pinned requirements, found: {error.strerror}; "
            "`pip-compile --generate-hashes` makes them from the dependencies of pyproject.toml"
        ) from None


if __name__ == "__main__":
    sys.exit(main())
