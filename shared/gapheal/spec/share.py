"""What of a pipeline decides about one transition: its function is packed with that. Pure."""

from __future__ import annotations

from gapheal.model.pipeline import Pipeline


def share(pipeline: Pipeline, transition: str) -> Pipeline:
    """What of the pipeline decides about one transition: itself, and all that comes before it.

    So a phase that is added behind it does not change its zip, and nothing of it is deployed anew.
    """
    kept, ahead = {transition}, [transition]
    while ahead:
        upstream = pipeline.transitions[ahead.pop()].upstream
        feeding = {name for phase in upstream if (name := pipeline.feeder(phase))}
        ahead += feeding - kept
        kept |= feeding
    steps = {name: step for name, step in pipeline.transitions.items() if name in kept}
    phases = {phase for step in steps.values() for phase in (*step.upstream, step.downstream)}
    return pipeline.model_copy(
        update={
            "transitions": steps,
            "phases": {name: phase for name, phase in pipeline.phases.items() if name in phases},
        }
    )
