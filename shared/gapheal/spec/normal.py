"""From the file as people write it to the one normal form: shorthands expanded, `defaults` handed out.

What has an unexpected shape passes through untouched: the model says what is wrong with it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from gapheal.spec.faults import Path
from gapheal.spec.kinds import PHASE, PIPELINE

Origins = Mapping[Path, Path]
"""Where the values at a path of the normal form are written, if not at that path."""

_TABLE_DEFAULTS = ("date_column", "entity_column")


def normalise(written: Mapping[str, Any]) -> tuple[dict[str, Any], Origins]:
    """The normal form, still with `defaults`, and where its parts come from."""
    normaliser = _Normaliser(written)
    return normaliser.file(), normaliser.origins


def written_path(path: Path, origins: Origins) -> Path:
    """Where the value at `path` of the normal form is written in the file."""
    for length in range(len(path), 0, -1):
        if path[:length] in origins:
            return written_path(origins[path[:length]] + path[length:], origins)
    return path


class _Normaliser:
    def __init__(self, written: Mapping[str, Any]) -> None:
        self.origins: dict[Path, Path] = {}
        self._written = written
        self._defaults = _mapping(written.get("defaults"))
        # A faulty name is told once, where it stands; what is derived from it should not complain again.
        self._name = _fitting(written.get("pipeline"), PIPELINE, "pipeline")

    def file(self) -> dict[str, Any]:
        data = {"ledger_dataset": f"gapheal_{self._name.replace('-', '_')}", **self._written}
        if isinstance(data.get("metadata"), bool):
            data["metadata"] = "on" if data["metadata"] else "off"  # the one place where YAML's reading is meant
        _each(data, "phases", self._phase)
        _each(data, "transitions", self._transition)
        return data

    def _phase(self, phase: Any, path: Path) -> Any:
        if isinstance(phase, list):
            phase = {"tables": phase}
            self.origins[(*path, "tables")] = path
        if not isinstance(phase, dict):
            return phase
        phase = dict(phase)
        if isinstance(phase.get("tables"), list):
            here = (*path, "tables")
            phase["tables"] = [self._table(table, (*here, place)) for place, table in enumerate(phase["tables"])]
        if isinstance(phase.get("expected"), dict):
            phase["expected"] = self._table(phase["expected"], (*path, "expected"))
        return phase

    def _table(self, table: Any, path: Path) -> Any:
        if isinstance(table, str):
            table = {"table": table}
            self.origins[(*path, "table")] = path
        if not isinstance(table, dict):
            return table
        return self._inherit(table, self._defaults, _TABLE_DEFAULTS, path, ("defaults",))

    def _transition(self, transition: Any, path: Path) -> Any:
        if not isinstance(transition, dict):
            return transition
        made = _ends(str(path[-1]), _mapping(self._written.get("phases"))) | transition
        if isinstance(made.get("upstream"), str):
            made["upstream"] = [made["upstream"]]
            if "upstream" in transition:
                self.origins[(*path, "upstream", 0)] = (*path, "upstream")
        made["trigger"] = self._trigger(made.get("trigger", {}), made.get("downstream"))
        if isinstance(made.setdefault("policy", {}), dict):
            policy = _mapping(self._defaults.get("policy"))
            source = ("defaults", "policy")
            made["policy"] = self._inherit(made["policy"], policy, policy, (*path, "policy"), source)
        return made

    def _trigger(self, trigger: Any, downstream: Any) -> Any:
        if not isinstance(trigger, dict) or trigger.get("pubsub") is not None or trigger.get("http") is not None:
            return trigger
        topic = f"{self._name}-{_fitting(downstream, PHASE, 'phase')}-trigger"
        return {**trigger, "pubsub": {"topic": topic}}

    def _inherit(
        self,
        own: dict[str, Any],
        given: Mapping[str, Any],
        names: Iterable[str],
        path: Path,
        source: Path,
    ) -> dict[str, Any]:
        taken = {name: given[name] for name in names if name in given and name not in own}
        self.origins.update({(*path, name): (*source, name) for name in taken})
        return own | taken


def _each(data: dict[str, Any], key: str, make: Callable[[Any, Path], Any]) -> None:
    if isinstance(data.get(key), dict):
        data[key] = {name: make(value, (key, name)) for name, value in data[key].items()}


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _fitting(value: Any, pattern: str, otherwise: str) -> str:
    return value if isinstance(value, str) and re.fullmatch(pattern, value) else otherwise


def _ends(name: str, phases: Mapping[str, Any]) -> dict[str, Any]:
    """What `<upstream>_to_<downstream>` says; where it could be split twice, the phases decide."""
    splits = [(name[: match.start()], name[match.end() :]) for match in re.finditer("(?<=.)_to_(?=.)", name)]
    ends = next((split for split in splits if set(split) <= set(phases)), splits[0] if splits else None)
    return {"upstream": ends[0], "downstream": ends[1]} if ends else {}
