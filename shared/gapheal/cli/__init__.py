"""The command `gapheal`: what people and scripts type."""

from __future__ import annotations

import sys

from gapheal.errors import ConfigError

__all__ = ["main"]

_INTERRUPTED = 130
"""What a shell calls Ctrl-C, and the command itself while it runs."""


def main() -> None:
    """Run the command; its exit code is 0 done, 1 gaps or failures remain, 2 usage or file, 3 service unavailable."""
    try:
        from gapheal.cli.commands import command  # noqa: PLC0415 - typer and rich are an extra
    except ModuleNotFoundError as missing:
        if (missing.name or "").split(".")[0] not in {"typer", "rich", "click"}:
            raise
        error = ConfigError(f"the command needs the extra `cli` ({missing.name} is absent): install gapheal with it")
        sys.exit(f"gapheal: {error}")
    except KeyboardInterrupt:
        sys.exit(_INTERRUPTED)
    command()
