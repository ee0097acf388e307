"""The pipeline as it runs on this machine: what goes to a URL goes to the local workers."""

from __future__ import annotations

import json
from pathlib import Path

from gapheal import spec
from gapheal.model.pipeline import Pipeline, Transition


def write_nearby(pipeline: Pipeline, workers: str, folder: Path) -> Path:
    """Write `folder`/pipeline.json, with every URL turned to `<workers>/<downstream phase>`; its path."""
    transitions = {name: _nearby(transition, workers) for name, transition in pipeline.transitions.items()}
    path = folder / "pipeline.json"
    near = pipeline.model_copy(update={"transitions": transitions})
    path.write_text(json.dumps(spec.resolved(near), indent=2) + "\n")
    return path


def calls_urls(pipeline: Pipeline) -> bool:
    """Whether any trigger goes to a URL."""
    return any(transition.trigger.http for transition in pipeline.transitions.values())


def _nearby(transition: Transition, workers: str) -> Transition:
    trigger = transition.trigger
    if trigger.http is None:
        return transition
    # A token is for a service in the cloud: nobody here asks for one.
    http = trigger.http.model_copy(update={"url": f"{workers}/{transition.downstream}", "audience": None})
    return transition.model_copy(update={"trigger": trigger.model_copy(update={"http": http})})
