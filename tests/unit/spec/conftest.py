"""Files to load, and a way to read what is said of a faulty one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from gapheal.errors import ConfigError
from gapheal.spec import parse

HERE = Path(__file__).parent


@pytest.fixture(scope="session")
def ten() -> str:
    """The smallest file that runs."""
    return (HERE / "ten_lines.yaml").read_text()


@pytest.fixture(scope="session")
def everything() -> str:
    """A file that says all there is to say."""
    return (HERE / "everything.yaml").read_text()


@pytest.fixture(scope="session")
def faults() -> Callable[[str], list[str]]:
    """What is said of a faulty text, fault by fault, without the file's name."""

    def told(text: str, name: str = "pipeline.yaml") -> list[str]:
        with pytest.raises(ConfigError) as caught:
            parse(text, name)
        return [line.removeprefix(f"{name}:") for line in str(caught.value).splitlines()]

    return told
