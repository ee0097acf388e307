"""A double that keeps what people would be told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from gapheal.model.findings import Finding


class Told(NamedTuple):
    """One call of `tell`."""

    transition: str | None
    findings: tuple[Finding, ...]
    now: datetime
    baseline: bool
    pass_id: str


@dataclass
class MemoryAlerts:
    """Keeps every call; `fails` is what each of them answers."""

    told: list[Told] = field(default_factory=list)
    announced: list[tuple[str, str]] = field(default_factory=list)
    fails: str | None = None

    def tell(
        self,
        transition: str | None,
        findings: Sequence[Finding],
        *,
        now: datetime,
        baseline: bool,
        pass_id: str,
        told: Any = None,  # noqa: ARG002 (the port's words)
    ) -> list[str]:
        """Keep it."""
        self.told.append(Told(transition, tuple(findings), now, baseline, pass_id))
        return [self.fails] if self.fails else []

    def announce(self, title: str, text: str, *, now: datetime, pass_id: str) -> list[str]:  # noqa: ARG002
        """Keep it, once for each title."""
        if title not in dict(self.announced):
            self.announced.append((title, text))
        return [self.fails] if self.fails else []

    def last(self, transition: str | None) -> tuple[Finding, ...]:
        """What stood open when `transition` was last told of."""
        return next((each.findings for each in reversed(self.told) if each.transition == transition), ())
