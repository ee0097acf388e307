"""Writes configuration.md from the models of the pipeline file: `python docs/configuration.py`."""  # noqa: INP001

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gapheal.model import pipeline as nouns
from gapheal.model.noun import Noun, key
from gapheal.spec import json_schema
from gapheal.spec.written import Defaults, File

PATH = Path(__file__).with_name("configuration.md")

INTRODUCTION = """\
# Configuration

<!-- Written by docs/configuration.py from the models; change those. -->

Everything is in one file, `pipeline.yaml`. This one is complete:

```yaml
version: 1
pipeline: nba-props
location: us-west2
timezone: America/New_York
defaults: {date_column: game_date}
phases:
  phase2: [nba_raw.bdl_player_boxscores]
  phase3: [nba_analytics.player_game_summary]
transitions:
  phase2_to_phase3: {}
```

The shipped example is [`pipeline.yaml`](../pipeline.yaml). `gapheal validate` tells every fault at once, each with its
line and the mend; `gapheal validate --resolved pipeline.json` writes the file with all defaults filled in, and
`gapheal validate --schema` prints the JSON Schema, for editors.

Shorthands: a phase may be a list of tables, a table may be its name, `upstream` may be one name. An unknown key is a
fault. So is a key whose behaviour is *not built yet*, unless it has the value that stands beside it here. The grain is
a day: a pipeline that moves by the hour or the month is not for gapheal.

## Environment

| variable | meaning |
|---|---|
| `GAPHEAL_PIPELINE` | path of the file, or of its resolved form; for a function by default beside its `main.py` |
| `GAPHEAL_MODE` | `paused`, `observe` or `heal`: lowers the mode of every transition to this, never raises it |
| `GOOGLE_CLOUD_PROJECT` | the project, where the file names none |
| `BIGQUERY_EMULATOR_HOST`, `PUBSUB_EMULATOR_HOST` | work against emulators; no credentials are looked for |
"""

SECTIONS: Mapping[str, tuple[type[Noun], str]] = {
    "The file": (File, ""),
    "defaults": (Defaults, "defaults"),
    "seasons": (nouns.Season, "seasons.*.*"),
    "phases": (nouns.Phase, "phases.*"),
    "tables": (nouns.Table, "phases.*.tables.*"),
    "expected": (nouns.Expected, "phases.*.expected"),
    "transitions": (nouns.Transition, "transitions.*"),
    "trigger": (nouns.Trigger, "transitions.*.trigger"),
    "pubsub": (nouns.PubSubTarget, "transitions.*.trigger.pubsub"),
    "http": (nouns.HttpTarget, "transitions.*.trigger.http"),
    "policy": (nouns.Policy, "transitions.*.policy"),
    "excuses": (nouns.Excuse, "transitions.*.policy.excuses.*"),
    "alerts": (nouns.Alerts, "alerts"),
}
"""Each noun, and where it stands."""

FAR_BEYOND_USE = 1_000_000_000
PLACES = {noun: title for title, (noun, _) in SECTIONS.items()}


def page() -> str:
    """The whole text."""
    schema = json_schema()
    parts = [INTRODUCTION, *(section(title, schema) for title in SECTIONS)]
    return "\n".join(parts)


def section(title: str, schema: dict[str, Any]) -> str:
    """One noun: what it is, and a table of its keys."""
    noun, place = SECTIONS[title]
    properties = (schema if noun is File else schema["$defs"][noun.__name__])["properties"]
    where = f" Stands at `{place}`." if place else ""
    lines = [f"## {title}", "", f"{(noun.__doc__ or '').strip().splitlines()[0]}{where}", ""]
    lines += ["| key | value | default | meaning |", "|---|---|---|---|"]
    for name in noun.KINDS:
        told = (
            f"`{key(name)}`",
            kind(properties[key(name)], schema),
            default(noun, name, schema),
            meaning(properties[key(name)]),
        )
        lines.append("| " + " | ".join(told) + " |")
    return "\n".join(lines) + "\n"


def kind(value: Mapping[str, Any], schema: Mapping[str, Any]) -> str:
    """What may stand there, in words."""
    if "$ref" in value:
        name = value["$ref"].rpartition("/")[2]
        noun = getattr(nouns, name, Defaults)
        return f"[{PLACES[noun]}](#{PLACES[noun]})"
    if "anyOf" in value:
        return " or ".join(dict.fromkeys(kind(each, schema) for each in value["anyOf"] if each.get("type") != "null"))
    if "enum" in value:
        return ", ".join(f"`{each}`" for each in value["enum"] if isinstance(each, str))
    if "const" in value:
        return f"`{value['const']}`"
    if value.get("format") == "date":
        return "date"
    return _plain(value, schema)


def _plain(value: Mapping[str, Any], schema: Mapping[str, Any]) -> str:
    match value.get("type"):
        case "array" | ["array", "string"]:
            return f"list of {kind(value['items'], schema)}"
        case "object":
            held = [*value.get("patternProperties", {}).values(), value.get("additionalProperties")]
            return f"name: {kind(next(each for each in held if each), schema)}"
        case "integer" | "number" as word:
            low, high = value.get("minimum", value.get("exclusiveMinimum")), value["maximum"]
            above = "above" if "exclusiveMinimum" in value else "from"
            return f"{word} {above} {low}" + (f" to {high:,}" if high < FAR_BEYOND_USE else "")
        case "boolean":
            return "`true`, `false`"
        case "string":
            return "text"
        case _:
            return "any JSON value"


def default(noun: type[Noun], name: str, schema: Mapping[str, Any]) -> str:
    """The default, or that there is none."""
    shape = schema if noun is File else schema["$defs"][noun.__name__]
    if key(name) in shape.get("required", ()):
        return "required"
    if not hasattr(noun, name):
        return "derived"
    value = getattr(noun, name)
    if value is None or value in ((), {}) or isinstance(value, Noun):
        return "none"
    if isinstance(value, tuple):
        return ", ".join(f"`{each}`" for each in value)
    return f"`{json.dumps(value, default=str).strip(chr(34))}`"


def meaning(value: dict[str, Any]) -> str:
    """The docstring."""
    return " ".join(value.get("description", "").split()).replace("|", "\\|")


if __name__ == "__main__":
    PATH.write_text(page())
    sys.stdout.write(f"wrote {PATH}\n")
