"""BigQuery on this machine: `bqemulator`, DuckDB behind the real REST API."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path

from gapheal.errors import ConfigError
from gapheal.local.ports import HOST, Ports
from gapheal.local.processes import Child, Supervisor, answers

NAME = "bigquery"
_PACKAGES = ("bqemulator", "duckdb", "duckdb_extension_spatial")


def start(supervisor: Supervisor, ports: Ports, *, history_days: int = 0) -> Child:
    """Start it, empty and in memory; its address is what BIGQUERY_EMULATOR_HOST wants.

    Args:
        supervisor: starts and ends it.
        ports: free ones.
        history_days: how long `FOR SYSTEM_TIME AS OF` can look back. Each DML statement outside a script copies its
            whole table for it, so that by default there is none.

    Raises:
        ConfigError: the packages are not installed.
    """
    missing = [name for name in _PACKAGES if find_spec(name) is None]
    if missing:
        raise ConfigError(
            f"BigQuery on this machine needs the packages of the extra `local`; not found: {', '.join(missing)}. "
            "Install gapheal with it (in a clone, `make setup` does)"
        )
    rest, grpc = ports.take("bqemulator (BigQuery)"), ports.take("bqemulator (its gRPC side)")
    home = _home_with_spatial(supervisor.run_dir)
    address = f"http://{HOST}:{rest}"
    return supervisor.start(
        NAME,
        [
            *(sys.executable, "-m", "gapheal.local.engine", "start"),
            *("--ephemeral", "--no-admin", "--log-level", "error"),
            *("--rest-port", str(rest), "--grpc-port", str(grpc)),
        ],
        address=address,
        ready=answers(f"{address}/readyz"),
        env={
            "HOME": str(home),
            "BQEMU_UPLOAD_STAGING_DIR": str(home),
            # It would try to download an extension for Avro files at every start.
            "BQEMU_ENABLE_FORMAT_EXTENSIONS": "false",
            # Copies that are too old for time travel go at the next sweep.
            "BQEMU_TIME_TRAVEL_RETENTION_DAYS": str(history_days),
        },
        cwd=home,  # it reads a .bqemu.toml, if it finds one
        mend="Mend what the log names, or reinstall the pinned packages of the extra `local`.",
    )


def _home_with_spatial(run_dir: Path) -> Path:
    """A home directory in which DuckDB finds its *spatial* extension, without which bqemulator does not start.

    DuckDB looks in `~/.duckdb` and else downloads. The file that comes as a package is linked to where it looks: the
    80 MB are not copied, and the user's own home is left alone.
    """
    import duckdb  # noqa: PLC0415 - of the extra `local`
    import duckdb_extension_spatial  # noqa: PLC0415

    version, platform = duckdb.sql(
        "SELECT version.library_version, platform.platform FROM pragma_version() version, pragma_platform() platform"
    ).fetchone() or ("", "")
    name = "spatial.duckdb_extension"
    packaged = Path(duckdb_extension_spatial.__file__).parent / "extensions" / version / name
    if not packaged.exists():
        raise ConfigError(
            f"DuckDB is {version}, and the package duckdb-extension-spatial brings no extension for it ({packaged}). "
            "The two go together: reinstall the extra `local`, which pins them."
        )
    home = run_dir / "home"
    folder = home / ".duckdb" / "extensions" / version / platform
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / name).exists():
        (folder / name).symlink_to(packaged)
    return home
