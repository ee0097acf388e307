"""gapheal keeps every phase of a date-partitioned BigQuery pipeline caught up with the phase before it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gapheal.completion import publish_completion

__all__ = ["__version__", "publish_completion"]

__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    """Import what is asked for when it is asked for: `import gapheal` alone costs nothing."""
    if name == "publish_completion":
        from gapheal.completion import publish_completion  # noqa: PLC0415

        return publish_completion
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
