"""The kinds of value that `pipeline.yaml` holds, each by its name; `gapheal.spec.kinds` knows what the names demand.

Names alone, because whoever reads a validated file needs no rule, and a function's start should not pay for any.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal

Version = Annotated[Literal[1], "Version"]
Text = Annotated[str, "Text"]
PhaseName = Annotated[str, "PhaseName"]
TransitionName = Annotated[str, "TransitionName"]
PipelineName = Annotated[str, "PipelineName"]
ProjectId = Annotated[str, "ProjectId"]
Location = Annotated[str, "Location"]
DatasetName = Annotated[str, "DatasetName"]
TableName = Annotated[str, "TableName"]
ColumnName = Annotated[str, "ColumnName"]
TopicName = Annotated[str, "TopicName"]
Url = Annotated[str, "Url"]
Variable = Annotated[str, "Variable"]
Zone = Annotated[str, "Zone"]
Predicate = Annotated[str, "Predicate"]

Flag = Annotated[bool, "Flag"]
Count = Annotated[int, "Count"]
Positive = Annotated[int, "Positive"]
Days = Annotated[int, "Days"]
PositiveDays = Annotated[int, "PositiveDays"]
Minutes = Annotated[int, "Minutes"]
Seconds = Annotated[int, "Seconds"]
Status = Annotated[int, "Status"]
Day = Annotated[date, "Day"]
Ratio = Annotated[Decimal, "Ratio"]
SOME = "Some"
"""Of a list or a mapping: at least one."""
Template = Any
"""Any JSON value; texts in it may hold placeholders."""
