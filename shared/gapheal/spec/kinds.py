"""What each kind of value in `pipeline.yaml` demands: names, dates, numbers and predicates, each with its one form.

YAML decides types by looks, so nothing here coerces: `"3"` is no number, `true` is no 1, a datetime is no date.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator, Field, PlainSerializer, WithJsonSchema
from pydantic_core import PydanticCustomError

from gapheal.model.fields import SOME

PROJECT_ID = r"([a-z0-9.-]+:)?[a-z][a-z0-9-]{4,28}[a-z0-9]"

NAME = r"^[a-z][a-z0-9_]{0,62}$"
PHASE = r"^[A-Za-z][A-Za-z0-9_-]{0,62}$"
PIPELINE = r"^[a-z][a-z0-9-]{0,39}$"
PROJECT = rf"^{PROJECT_ID}$"
LOCATION = r"^[A-Za-z][A-Za-z0-9-]{1,39}$"
DATASET = r"^[A-Za-z0-9_]{1,1024}$"
TABLE = rf"^({PROJECT_ID}\.)?[A-Za-z0-9_]{{1,1024}}\.[A-Za-z0-9_-]{{1,1024}}$"
COLUMN = r"^[A-Za-z_][A-Za-z0-9_]{0,299}$"
TOPIC = rf"^(projects/{PROJECT_ID}/topics/)?[A-Za-z][A-Za-z0-9._~+%-]{{2,254}}$"
URL = r"^https?://[^\s/]+\S*$"
VARIABLE = r"^[A-Za-z_][A-Za-z0-9_]*$"

_DAY = re.compile(r"\d{4}-\d\d-\d\d")
# As BigQuery reads them: three quotes open a text that only three close, and a backslash escapes in all of them.
_TRIPLE = "|".join(rf"{mark * 3}(?:\\.|(?!{mark * 3})[^\\])*{mark * 3}" for mark in "'\"")
_SINGLE = "|".join(rf"{mark}(?!{mark * 2})(?:\\.|[^{mark}\\\n])*{mark}" for mark in "'\"`")
_QUOTED = re.compile(f"{_TRIPLE}|{_SINGLE}", re.DOTALL)


def wrong(expected: str, mend: str) -> PydanticCustomError:
    """A value of the wrong kind; whoever prints the error adds what was found."""
    return PydanticCustomError("wrong", "expected {expected}; {mend}", {"expected": expected, "mend": mend})


def unfit(message: str) -> PydanticCustomError:
    """Values that are right one by one but do not go together."""
    return PydanticCustomError("unfit", "{message}", {"message": message})


def _day(value: object) -> object:
    """Accepts dates and ISO text only: pydantic alone would take timestamps and midnight datetimes too."""
    form = "a date such as 2024-04-16"
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    if not isinstance(value, str) or not _DAY.match(value):
        raise wrong(form, "write year-month-day")
    if not _DAY.fullmatch(value):
        raise wrong(form, "leave out the time")
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise wrong(form, "no calendar has that day") from None


def _number(value: object) -> object:
    if isinstance(value, str | bool):
        raise wrong("a number such as 0.95", "write it without quotes")
    return value


def _version(value: object) -> object:
    """Literal alone would take `true` and 1.0 for 1."""
    if type(value) is not int:
        raise wrong("the whole number 1", "write `version: 1`")
    return value


def _zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (KeyError, ValueError, OSError):
        raise wrong("an IANA time zone such as America/New_York", "see the tz database for names") from None
    return value


def _topic(value: str) -> str:
    if value.rpartition("/")[2].startswith("goog"):
        raise wrong("a topic name that does not begin with goog", "Pub/Sub keeps those for itself")
    return value


def _predicate(value: str) -> str:
    """Refuses what cannot be one condition; the warehouse puts it in brackets behind its own WHERE."""
    form = "one SQL condition such as status = 'Final'"
    code = _QUOTED.sub(" ", value)
    if not value.strip():
        raise wrong(form, "leave `where` out to count every row")
    if re.match(r"\s*(where|select|with)\b", code, re.IGNORECASE):
        raise wrong(form, "write only what stands behind WHERE")
    for mark in (";", "--", "/*", "#"):
        if mark in code:
            raise wrong(form, f"leave out the {mark}")
    if any(quote in code for quote in "'\"`"):
        raise wrong(form, "close the quote")
    depth = 0
    for bracket in re.findall(r"[()]", code):
        depth += 1 if bracket == "(" else -1
        if depth < 0:
            break
    if depth:
        raise wrong(form, "balance the brackets")
    return value


def is_topic(value: str) -> bool:
    """Whether Pub/Sub could have a topic of that name."""
    return re.fullmatch(TOPIC, value) is not None and not value.rpartition("/")[2].startswith("goog")


# The upper ends are far beyond use; they keep date arithmetic from overflowing on a slip of the finger.
MEANINGS: Mapping[str, tuple[Any, ...]] = {
    "Version": (BeforeValidator(_version),),
    "Text": (Field(min_length=1),),
    "PhaseName": (Field(pattern=PHASE),),
    "TransitionName": (Field(pattern=NAME),),
    "PipelineName": (Field(pattern=PIPELINE),),
    "ProjectId": (Field(pattern=PROJECT),),
    "Location": (Field(pattern=LOCATION),),
    "DatasetName": (Field(pattern=DATASET),),
    "TableName": (Field(pattern=TABLE),),
    "ColumnName": (Field(pattern=COLUMN),),
    "TopicName": (Field(pattern=TOPIC), AfterValidator(_topic)),
    "Url": (Field(pattern=URL),),
    "Variable": (Field(pattern=VARIABLE),),
    "Zone": (AfterValidator(_zone),),
    "Predicate": (AfterValidator(_predicate),),
    "Flag": (Field(strict=True),),
    "Count": (Field(strict=True, ge=0, le=1_000_000_000),),
    "Positive": (Field(strict=True, ge=1, le=1_000_000_000),),
    "Days": (Field(strict=True, ge=0, le=36_500),),
    "PositiveDays": (Field(strict=True, ge=1, le=36_500),),
    "Minutes": (Field(strict=True, ge=0, le=525_600),),
    "Seconds": (Field(strict=True, ge=1, le=540),),
    "Status": (Field(strict=True, ge=100, le=599),),
    "Day": (BeforeValidator(_day),),
    "Ratio": (
        Field(gt=0, le=1),
        BeforeValidator(_number),
        PlainSerializer(float, return_type=float, when_used="json"),
        WithJsonSchema({"type": "number", "exclusiveMinimum": 0, "maximum": 1}),
    ),
    SOME: (Field(min_length=1),),
}
"""What pydantic is told of each name of `gapheal.model.fields`."""
