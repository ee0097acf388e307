"""A double of what asks for scans and sweeps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from gapheal.model.pipeline import DETECTOR, Pipeline
from gapheal.ports import Row


@dataclass
class MemorySchedule:
    """A scan job for each transition and the detector's sweep, all well; `fails` raises when asked."""

    pipeline: Pipeline
    jobs_by_id: dict[str, dict[str, Any]] = field(default_factory=dict)
    fails: Exception | None = None

    def __post_init__(self) -> None:
        for name in self.pipeline.transitions:
            self.put(name, "scan")
        self.put(DETECTOR, "sweep")

    def put(self, transition: str, kind: str, state: str = "enabled", last_error: str | None = None) -> str:
        """A job as it stands; its id."""
        prefix = f"{self.pipeline.pipeline}-{transition.replace('_', '-')}"
        job = prefix if transition == DETECTOR else f"{prefix}-{kind}"
        said = {"transition": transition, "kind": kind, "job": job, "state": state, "last_error": last_error}
        self.jobs_by_id[job] = said
        return job

    def jobs(self) -> Sequence[Row]:
        """What was put."""
        if self.fails:
            raise self.fails
        return list(self.jobs_by_id.values())
