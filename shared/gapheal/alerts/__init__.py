"""Alerts worth reading: people hear of a change once, in the right place, and of nothing else.

`changes` decides what is news (pure), `words` says it (pure), `state` is what the ledger keeps, `targets` sends, and
`Teller` puts them together behind `ports.Alerts`.
"""

from __future__ import annotations

from gapheal.alerts.state import State
from gapheal.alerts.targets import Target, targets
from gapheal.alerts.teller import Teller
from gapheal.alerts.trial import Tried, trial

__all__ = ["State", "Target", "Teller", "Tried", "targets", "trial"]
