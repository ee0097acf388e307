"""From a text to a pipeline, or to the list of everything that is wrong with it."""

from __future__ import annotations

from collections.abc import Iterable

from pydantic import ValidationError

from gapheal.model.pipeline import Pipeline
from gapheal.spec import checks, phrases
from gapheal.spec.document import Document, read
from gapheal.spec.faults import Fault, Finding, Path, SpecError, dotted, show
from gapheal.spec.models import file_of
from gapheal.spec.normal import Origins, normalise, written_path


def parsed(text: str, name: str) -> Pipeline:
    """As `gapheal.spec.parse`.

    Raises:
        SpecError: a ConfigError that lists everything that is wrong with the text.
    """
    document = read(text, name)
    if not isinstance(document.data, dict) or not document.data:
        message = f"expected a mapping that begins with `version: 1`, found {show(document.data)}"
        raise SpecError(name, _faults(document, [((), message)], {}))
    data, origins = normalise(document.data)
    findings: list[Finding] = []
    file = None
    try:
        file = file_of(data)
    except ValidationError as error:
        findings += phrases.findings(error, lambda path: document.raw.get(written_path(path, origins)))
    findings += checks.findings(data)
    faults = _faults(document, findings, origins)
    if faults or file is None:
        raise SpecError(name, faults)
    return file.pipeline_alone()


def _faults(document: Document, findings: Iterable[Finding], origins: Origins) -> list[Fault]:
    """One fault for each written place, in the file's order: what is inherited is told once, where it stands."""
    faults: dict[Path, Fault] = {}
    for path, line, message in document.faults:
        faults.setdefault(path, Fault(dotted(path), line, message))
    for path, message in findings:
        place = written_path(path, origins)
        faults.setdefault(place, Fault(dotted(place), document.line(place), message))
    return sorted(faults.values(), key=lambda fault: fault.line or 0)
