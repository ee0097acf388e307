"""The pipeline file: read, told all its faults at once, and brought into the one normal form."""

from __future__ import annotations

from typing import Any

from gapheal.model.pipeline import Pipeline
from gapheal.spec.faults import Fault, SpecError
from gapheal.spec.reading import load, parse, validated
from gapheal.spec.remarks import remarks
from gapheal.spec.schema import json_schema

__all__ = ["Fault", "SpecError", "json_schema", "load", "parse", "remarks", "resolved", "validated"]


def resolved(pipeline: Pipeline) -> dict[str, Any]:
    """The normal form as JSON data: every default filled in; `load` reads it back to the same pipeline."""
    return pipeline.model_dump(by_alias=True)
