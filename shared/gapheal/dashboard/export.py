"""The dashboard as files: a page that opens from anywhere, offline, and its data beside it."""

from __future__ import annotations

import json
from pathlib import Path

from gapheal.dashboard.figures import Figures
from gapheal.dashboard.page import html
from gapheal.dashboard.server import SHARES
from gapheal.errors import ConfigError


def export(figures: Figures, folder: Path) -> list[Path]:
    """Write `index.html` and `api/*.json` into `folder`; their paths.

    Raises:
        ConfigError: the folder cannot be written.
    """
    page, data = folder / "index.html", folder / "api"
    texts = {page: html(figures, live=False)}
    texts |= {data / f"{name}.json": json.dumps(share.told(figures), indent=1) + "\n" for name, share in SHARES.items()}
    try:
        data.mkdir(parents=True, exist_ok=True)
        for path, text in texts.items():
            path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{folder}: expected a folder that can be written, found: {error}") from None
    return list(texts)
