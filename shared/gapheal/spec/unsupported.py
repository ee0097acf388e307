"""What the file may say already but nobody acts on yet: refused, never silently accepted.

Whoever builds the behaviour deletes its line.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from gapheal.spec.faults import Finding, show
from gapheal.spec.paths import find

_POLICY: Mapping[str, tuple[Any, ...]] = {
    "stale": ("report", "ignore"),
    "stale_after_minutes": (60,),
    "settle_minutes": (0,),
    "lookback_days": (0,),
    "depends_on_past": (False,),
    "page_above": (100,),
    "excuses.*.upstream_entities_below": (None,),
}
_PASSING: Mapping[str, tuple[Any, ...]] = {
    "metadata": ("auto", "off"),
    "phases.*.tables.*.updated_column": (None,),
    "phases.*.tables.*.excuses.*.upstream_entities_below": (None,),
    "phases.*.expected": (None,),
    "transitions.*.upstream.1": (),
    "transitions.*.trigger.http": (None,),
    **{f"transitions.*.policy.{key}": values for key, values in _POLICY.items()},
    **{f"defaults.policy.{key}": values for key, values in _POLICY.items()},
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
