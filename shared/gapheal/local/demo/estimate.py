"""How long the same backlog would take in the cloud: a small simulation of room and of jobs. An estimate."""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from gapheal.model.pipeline import Policy

JOB_MINUTES = 4.0
"""Of one date; what the jobs of such a pipeline were seen to take."""


@dataclass(slots=True)
class _Step:
    """One transition on its way through its backlog; times are minutes since the scan."""

    policy: Policy
    ready: deque[str]
    blocked: dict[str, set[str]]
    """Gaps that steps before have as well, and which: they come up when those have healed them."""
    free_at: list[float]
    """When each of the workers is free."""
    in_flight: int = 0
    last: float = 0.0

    def trigger(self, now: float) -> Iterator[tuple[float, str]]:
        """Fill the room; the dates triggered, with the time at which each will be there."""
        # Slow start, until a first date has healed.
        room = self.policy.max_in_flight if self.last else min(self.policy.breaker_after, self.policy.max_in_flight)
        while self.ready and self.in_flight < room:
            self.in_flight += 1
            done = max(now, heapq.heappop(self.free_at)) + JOB_MINUTES
            heapq.heappush(self.free_at, done)
            yield done, self.ready.popleft()

    def heal(self, now: float) -> None:
        """One date is there."""
        self.in_flight -= 1
        self.last = now


def hours(
    gaps: Mapping[str, Collection[str]],
    policies: Mapping[str, Policy],
    feeders: Mapping[str, Collection[str]],
    at_once: int,
) -> dict[str, float]:
    """By transition, how many hours after the scan its last gap is healed.

    A date in flight is a job of `JOB_MINUTES`, and waits for one of the workers; each finished one is an event, that
    frees room and lets the next transition look. Left out are batches, the wait for the scan, and whatever gets lost.
    Leases do not run out, because a queue that heals dates prolongs them.

    Args:
        gaps: dates to heal, by transition.
        policies: of the same transitions.
        feeders: of each, the transitions that feed its upstream.
        at_once: dates that the workers of one phase compute side by side.
    """
    steps: dict[str, _Step] = {}
    for name, dates in gaps.items():
        broken = {date: {feeder for feeder in feeders[name] if date in gaps[feeder]} for date in dates}
        ready = deque(sorted(date for date in dates if not broken[date]))
        steps[name] = _Step(policies[name], ready, {d: by for d, by in broken.items() if by}, [0.0] * at_once)
    running = [(done, name, date) for name, step in steps.items() for done, date in step.trigger(0.0)]
    heapq.heapify(running)
    while running:
        now, healed, date = heapq.heappop(running)
        steps[healed].heal(now)
        for name, step in steps.items():
            if healed in step.blocked.get(date, ()):
                step.blocked[date].remove(healed)
                if not step.blocked[date]:
                    step.ready.append(date)
            for done, day in step.trigger(now):
                heapq.heappush(running, (done, name, day))
    return {name: step.last / 60 for name, step in steps.items()}
