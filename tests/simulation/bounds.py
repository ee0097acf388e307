"""How many scans may go by, once nothing fails any more, until every date is at its end."""

from __future__ import annotations

import math
from dataclasses import dataclass

from gapheal.model.pipeline import Policy

BRAKE = 24
"""Hours; also the longest from one probe to the next."""
PATIENCE = 48


def waits(hours: float) -> int:
    """Scans until so many hours are over: while nothing happens, they come after 1 h, 2 h, 4 h … 24 h."""
    soon = 31  # the first five
    return math.ceil(math.log2(hours + 1)) if hours <= soon else 5 + math.ceil((hours - soon) / BRAKE)


@dataclass(frozen=True)
class Work:
    """What is left of one transition when calm begins."""

    policy: Policy
    gaps: int
    """Dates that may still be triggered."""
    sick: int
    """Those of them that no trigger may heal within its lease."""
    job_hours: float
    """The longest of one job."""
    workers: int

    @property
    def scans(self) -> int:
        """At most so many, see docs/simulation.md."""
        policy, attempts = self.policy, self.policy.max_attempts
        room = min(policy.breaker_after, policy.max_in_flight)
        one_by_one = policy.depends_on_past or policy.lookback_days
        rounds = attempts * (self.gaps if one_by_one else math.ceil(self.gaps / room))
        first = waits(PATIENCE) + waits(BRAKE)
        healthy = rounds * waits(policy.lease_minutes / 60)
        probes = (2 * attempts * self.sick + 1) * waits(BRAKE)
        held_back = (self.sick + 1) * waits(PATIENCE) if one_by_one else 0
        queue = waits(attempts * self.gaps * self.job_hours / self.workers)
        return first + healthy + probes + held_back + queue


def is_slow(policy: Policy, job_hours: float, workers: int) -> bool:
    """Whether a full room may keep the workers longer than a lease."""
    queued = math.ceil(policy.max_in_flight / workers)
    return queued * job_hours * 60 >= policy.lease_minutes
