"""One line of JSON for each request, as Cloud Logging reads it. Never a payload, never a secret."""

from __future__ import annotations

import json
import re
import sys
import traceback
from collections.abc import Mapping
from http import HTTPStatus
from types import MappingProxyType
from typing import Any, NamedTuple

_REPORTED = (
    "source",
    "mode",
    "dry_run",
    "window",
    "gaps_found",
    "triggered",
    "conditions",
    "actions",
    "source_gaps",
    "breaker",
    "errors",
    "warnings",
    "note",
    "queries",
    "bytes_billed",
    "duration_ms",
    "digest",
)
_LONGEST = 1000
_CLOUD = "logging.googleapis.com/"
"""Begins the keys that Cloud Logging takes out of a line and makes its own fields."""
# Anybody who may call may send these headers: what is not exactly of the form is dropped, never written.
_TRACEPARENT = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})", re.ASCII)
_CLOUD_TRACE = re.compile(r"([0-9a-fA-F]{32})(?:/([0-9]{1,20}))?(?:;o=([01]))?", re.ASCII)
_NO_ID = re.compile(r"0+")
_SPAN_DIGITS = 16


class Told(NamedTuple):
    """Whose line it is."""

    transition: str
    """Or the function's name, where it is of the whole pipeline."""
    pass_id: str
    pipeline: str | None = None
    """None: the file could not be read."""
    project: str | None = None
    """Where the trace is; None: a trace cannot be named."""
    headers: Mapping[str, str] = MappingProxyType({})
    """The request's, names in any case."""

    @property
    def fields(self) -> dict[str, Any]:
        """What every line says of itself."""
        labels = {"pipeline": self.pipeline} if self.pipeline else {}
        return {
            "transition": self.transition,
            "pass_id": self.pass_id,
            f"{_CLOUD}labels": {**labels, "transition": self.transition, "pass_id": self.pass_id},
            **_trace(self.headers, self.project),
        }


def answered(told: Told, method: str, status: int, answer: Mapping[str, Any]) -> None:
    """Say on stdout what one request came to."""
    report = {key: answer[key] for key in _REPORTED if key in answer}
    said = {"severity": _severity(status, answer), "message": _message(told.transition, answer)}
    line = {**said, **told.fields, "method": method, "status": int(status), **report}
    sys.stdout.write(json.dumps(line, default=str) + "\n")
    sys.stdout.flush()


def crashed(told: Told, error: Exception) -> None:
    """Keep an unexpected error's traceback on stderr, as one line; its text is not for callers."""
    line = {
        "severity": "ERROR",
        "message": f"{told.transition}: unexpected {type(error).__name__}",
        **told.fields,
        "stack_trace": "".join(traceback.format_exception(error)),
    }
    sys.stderr.write(json.dumps(line) + "\n")
    sys.stderr.flush()


def _trace(headers: Mapping[str, str], project: str | None) -> dict[str, Any]:
    """The request's trace, so that its lines are found under it; nothing where no header names one well."""
    if project is None:
        return {}
    sent = {name.lower(): value for name, value in headers.items()}
    if found := _TRACEPARENT.fullmatch(sent.get("traceparent", "")):
        trace, span, sampled = found[1], found[2], bool(int(found[3], 16) & 1)
    elif found := _CLOUD_TRACE.fullmatch(sent.get("x-cloud-trace-context", "")):
        # Here the span is a decimal number; in a line it is 16 hexadecimal digits.
        trace, span, sampled = found[1].lower(), f"{int(found[2] or 0):0{_SPAN_DIGITS}x}", found[3] == "1"
    else:
        return {}
    if _NO_ID.fullmatch(trace):
        return {}
    named = {f"{_CLOUD}trace": f"projects/{project}/traces/{trace}", f"{_CLOUD}trace_sampled": sampled}
    known = len(span) == _SPAN_DIGITS and not _NO_ID.fullmatch(span)
    return {**named, f"{_CLOUD}spanId": span} if known else named


def _severity(status: int, answer: Mapping[str, Any]) -> str:
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return "ERROR"
    doubtful = status >= HTTPStatus.BAD_REQUEST or answer.get("rejected") or answer.get("errors")
    return "WARNING" if doubtful else "INFO"


def _message(transition: str, answer: Mapping[str, Any]) -> str:
    if "error" in answer:
        kind = "rejected" if answer.get("rejected") else "error"
        return f"{transition}: {kind}: {answer['error']}"[:_LONGEST]
    if "triggered" in answer:
        return f"{transition}: {answer['source']}: {answer['gaps_found']} gaps, {answer['triggered']} triggered"
    if "findings" in answer:
        return f"{transition}: {len(answer['transitions'])} transitions swept, {len(answer['findings'])} findings"
    return f"{transition}: asked and told"
