"""What the file may say already but nobody acts on yet: refused, never silently accepted.

Whoever builds the behaviour deletes its line.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from gapheal.spec.faults import Finding, show
from gapheal.spec.paths import find

_PASSING: Mapping[str, tuple[Any, ...]] = {
    "transitions.*.policy.page_above": (100,),
    "defaults.policy.page_above": (100,),
    "alerts.urls_env": ("GAPHEAL_ALERT_URLS",),
    "alerts.pages_env": ("GAPHEAL_PAGE_URLS",),
}
"""Places of the normal form, and the values that pass there."""


def findings(data: Mapping[str, Any]) -> Iterator[Finding]:
    """Every value that asks for what is not built."""
    for pattern, passing in _PASSING.items():
        for path, value in find(data, pattern):
            if value not in passing:
                expected = " or ".join(show(each) for each in passing) or "nothing"
                yield path, f"not supported yet: expected {expected}, found {show(value)}; leave it out"
