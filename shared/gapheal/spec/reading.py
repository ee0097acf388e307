"""From a file to a pipeline. What validates is imported when something is to be validated: pydantic slows a start."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gapheal.model.pipeline import Pipeline
from gapheal.spec import seal
from gapheal.spec.faults import Fault, SpecError


def load(path: str | Path) -> Pipeline:
    """The pipeline in the file at `path`: YAML, or JSON by its suffix.

    A file under seal (`gapheal.spec.seal`) was validated when it was written, and is read without doing so again.

    Raises:
        SpecError: a ConfigError that lists everything that is wrong with the file.
    """
    try:
        written = Path(path).read_bytes()
        if known := seal.opened(Path(path), written):
            return known
        text = written.decode("utf-8-sig")
    except FileNotFoundError:
        message = "expected the pipeline file, found nothing; name it in GAPHEAL_PIPELINE or with --pipeline"
    except UnicodeDecodeError as error:
        message = f"expected UTF-8 text, found {error.reason} at byte {error.start}; save it as UTF-8"
    except (OSError, ValueError) as error:
        message = f"expected a readable file, found: {getattr(error, 'strerror', None) or error}"
    else:
        return parse(text, str(path))
    raise SpecError(str(path), [Fault("", None, message)])


def parse(text: str, name: str = "pipeline.yaml") -> Pipeline:
    """The pipeline in `text`; errors begin with `name`, which ends in `.json` where the text is JSON.

    Raises:
        SpecError: a ConfigError that lists everything that is wrong with the text.
    """
    from gapheal.spec.parsing import parsed  # noqa: PLC0415 - imports pydantic

    return parsed(text, name)


def validated(data: Mapping[str, Any]) -> Pipeline:
    """The pipeline of data that is in the normal form already: each value is checked, what they say together is not.

    Raises:
        ValidationError: pydantic's, with all that is wrong.
    """
    from gapheal.spec.models import pipeline_of  # noqa: PLC0415 - imports pydantic

    return pipeline_of(data)
