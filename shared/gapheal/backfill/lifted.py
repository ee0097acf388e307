"""The file as a backfill's own passes read it: a person has decided, so `observe` counts as `heal`."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from gapheal.app import App
from gapheal.backfill.order import Wish
from gapheal.model.passes import Condition
from gapheal.model.pipeline import Policy


def lifted(app: App, wish: Wish) -> App:
    """`app` with the policies of the wish's transitions changed as a person may: mode, order, room, stale dates.

    `paused` stays, and so does a mode that GAPHEAL_MODE names.
    """
    known = app.pipeline.transitions
    changed = {
        name: known[name].model_copy(update={"policy": _policy(app, wish, known[name].policy)})
        for name in wish.transitions
    }
    pipeline = app.pipeline.model_copy(update={"transitions": {**known, **changed}})
    return replace(app, loop=replace(app.loop, pipeline=pipeline))


def _policy(app: App, wish: Wish, policy: Policy) -> Policy:
    update: dict[str, Any] = {}
    if policy.mode == "observe" and app.highest in {None, "heal"}:
        update["mode"] = "heal"
    if wish.newest_first:
        update["order"] = "newest"
    if wish.max_in_flight is not None:
        update["max_in_flight"] = wish.max_in_flight
    if policy.stale == "report" and Condition.STALE in wish.conditions:
        update["stale"] = "heal"
    return policy.model_copy(update=update)
