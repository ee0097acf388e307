"""`gapheal local up`: the stack, left running for people to play with."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from gapheal.local import pubsub
from gapheal.local.example import Example
from gapheal.local.processes import Say
from gapheal.local.stack import Stack
from gapheal.local.ticker import TICKS_A_DAY
from gapheal.model.pipeline import DETECTOR


def up(
    pipeline: Path | str | None = None,
    *,
    workers: Path | str | None = None,
    broker: pubsub.Kind = "auto",
    first_port: int = 0,
    tick_seconds: float | None = None,
    seed: Callable[[Stack], object] | None = None,
    say: Say = print,
    ready: Callable[[Stack], object] | None = None,
) -> None:
    """Run a pipeline, by default the NBA example with its data, until Ctrl-C or SIGTERM; arguments as for `Stack`.

    Once all of it runs `ready` is called; by default that says what runs where.
    """
    if pipeline is None:
        example = Example.nba()
        pipeline, workers, seed = example.pipeline, workers or example.workers, seed or example.seed
    stack = Stack(
        pipeline,
        workers=workers,
        broker=broker,
        functions_dir=Path(pipeline).parent / "functions",
        seed=seed,
        tick_seconds=tick_seconds,
        first_port=first_port,
        detector=True,
        say=say,
    )
    try:
        with stack:
            (ready or (lambda stack: say(description(stack, tick_seconds))))(stack)
            while True:
                time.sleep(0.5)
                stack.supervisor.check()
    except KeyboardInterrupt:
        say("All of it is stopped.")


def plain(stack: Stack) -> dict[str, Any]:
    """What runs where, and the environment that leads there; as JSON values."""
    return {
        "pipeline": stack.pipeline.pipeline,
        "project": stack.project,
        "bigquery": stack.bigquery_host,
        "pubsub": stack.pubsub_host,
        "workers": stack.workers_url,
        "functions": stack.function_urls,
        DETECTOR: stack.detector_url,
        "logs": str(stack.supervisor.logs),
        "env": stack.env(),
    }


def description(stack: Stack, tick_seconds: float | None) -> str:
    """What runs where, and what to try next."""
    places = {
        "BigQuery": stack.bigquery_host,
        "Pub/Sub": stack.pubsub_host,
        **({"workers": f"{stack.workers_url}  (GET /log: every trigger they got)"} if stack.workers_url else {}),
        **stack.function_urls,
        **({DETECTOR: f"{stack.detector_url}  (open it: the dashboard)"} if stack.detector_url else {}),
        "logs": str(stack.supervisor.logs),
    }
    width = max(map(len, places))
    first, url = next(iter(stack.function_urls.items()))
    ticks = "Nobody asks for scans but you."
    if tick_seconds:
        day = TICKS_A_DAY * tick_seconds
        ticks = f"Each is asked for a scan every {tick_seconds:g} s, the detector for a sweep every {day:g} s."
    return "\n".join(
        [
            "",
            f"{stack.pipeline.pipeline} runs on this machine, as project {stack.project}. {ticks} Ctrl-C ends it all.",
            "",
            *(f"  {name:<{width}}  {place}" for name, place in places.items()),
            "",
            *_remarks(stack),
            "In another shell:",
            "",
            *(f"  export {name}={value}" for name, value in stack.env().items()),
            "  gapheal plan                     # what a scan would do with every date, and why",
            "  gapheal status                   # what the ledger knows",
            "  gapheal sweep                    # look at everything; what stands open",
            f"  {f'curl {url}':<31}  # the same of {first}",
            f"""  curl {url} -d '{{"scan_for_gaps": true, "dry_run": true}}'""",
            f"""  curl {url} -d '{{"scan_for_gaps": true}}'""",
            "",
        ]
    )


def _remarks(stack: Stack) -> list[str]:
    observing = [name for name, transition in stack.pipeline.transitions.items() if transition.policy.mode != "heal"]
    if not observing:
        return []
    return [
        f"Nothing is triggered by {', '.join(observing)}: to change that, write `mode: heal` into",
        f"{stack.pipeline_path} (where gaps are old, also `max_age_days: null`) and start again.",
        "",
    ]
