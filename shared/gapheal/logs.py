"""One line of JSON for each request, as Cloud Logging reads it. Never a payload, never a secret."""

from __future__ import annotations

import json
import sys
import traceback
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

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
)
_LONGEST = 1000


def answered(transition: str, pass_id: str, method: str, status: int, answer: Mapping[str, Any]) -> None:
    """Say on stdout what one request came to."""
    fields = {"transition": transition, "pass_id": pass_id, "method": method, "status": status}
    report = {key: answer[key] for key in _REPORTED if key in answer}
    line = {"severity": _severity(status, answer), "message": _message(transition, answer), **fields, **report}
    sys.stdout.write(json.dumps(line, default=str) + "\n")
    sys.stdout.flush()


def crashed(transition: str, pass_id: str, error: Exception) -> None:
    """Keep an unexpected error's traceback on stderr, as one line; its text is not for callers."""
    line = {
        "severity": "ERROR",
        "message": f"{transition}: unexpected {type(error).__name__}",
        "transition": transition,
        "pass_id": pass_id,
        "stack_trace": "".join(traceback.format_exception(error)),
    }
    sys.stderr.write(json.dumps(line) + "\n")
    sys.stderr.flush()


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
    return f"{transition}: asked and told"
