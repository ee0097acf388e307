"""The commands about what people are told: alerts test, alerts list."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import Any

import typer

from gapheal.alerts import State, Tried, targets, trial
from gapheal.alerts.state import Message
from gapheal.alerts.words import NAMES, moment, ranges
from gapheal.cli import common
from gapheal.cli.common import DEFAULT_PIPELINE, SET_UP, Exit, JsonOption, PipelineOption
from gapheal.errors import ConfigError
from gapheal.spec import load


def register(command: typer.Typer) -> None:
    """Add this group to the panel `Set up`."""
    group = typer.Typer(no_args_is_help=True, help="What people are told: whether it arrives, and what they know.")
    group.command("test")(try_targets)
    group.command("list")(list_told)
    command.add_typer(group, name="alerts", rich_help_panel=SET_UP)


def try_targets(as_json: JsonOption = False, pipeline: PipelineOption = DEFAULT_PIPELINE) -> None:
    """Send a message to every target, and a call that is over at once to those that are called.

    The targets are the URLs in GAPHEAL_ALERT_URLS and GAPHEAL_PAGE_URLS, or what the file names instead. They are
    secret, so each is shown by its place and kind. Exit code 1 when one of them did not take it.

    Example: gapheal alerts test
    """
    with common.told(as_json=as_json):
        found = load(pipeline)
        everyone = targets(found.alerts, os.environ)
        if not everyone:
            names = found.alerts
            raise ConfigError(
                f"expected URLs in {names.urls_env} or {names.pages_env}, found none: set one, "
                "e.g. slack://A/B/C/#channel or pagerduty://ROUTING_KEY@unused"
            )
        tried = trial(found.pipeline, everyone, datetime.now(UTC))
    if as_json:
        common.print_json({"targets": [_plain(each) for each in tried]})
    else:
        for each in tried:
            sent = ", ".join(each.sent) or "nothing"
            said = each.error or f"{each.target.name}: took {sent}"
            common.out.print(said, style="red" if each.error else None, markup=False, soft_wrap=True)
    raise typer.Exit(Exit.REMAINS if any(each.error for each in tried) else Exit.DONE)


def list_told(as_json: JsonOption = False, pipeline: PipelineOption = DEFAULT_PIPELINE) -> None:
    """List what people were told and what is not over, and what could not be delivered so far.

    From the ledger alone. Exit code 1 while anything stands open or waits to be delivered.

    Example: gapheal alerts list
    """
    with common.told(as_json=as_json):
        app = common.opened(pipeline)
        scopes = [*app.pipeline.transitions, None]
        states = [State.read(app.loop.ledger.told(scope)) for scope in scopes]
    standing = [each for state in states for each in state.open.values()]
    waiting = [message for state in states for message in state.waiting]
    if as_json:
        undelivered = [{"title": each.title, "at": each.at.isoformat(), "tries": _tries(each)} for each in waiting]
        common.print_json({"open": [each.plain() for each in standing], "undelivered": undelivered})
    else:
        for each in standing:
            dates = f", {len(each.dates):,} dates: {ranges(each.dates)}" if each.dates else ""
            line = f"{each.transition or 'pipeline'}: {NAMES[each.kind]}, told {moment(each.opened_at)}{dates}"
            common.out.print(line, markup=False, soft_wrap=True)
        for message in waiting:
            line = f"not delivered since {moment(message.at)}: {message.title}"
            common.out.print(line, style="yellow", markup=False, soft_wrap=True)
        if not standing and not waiting:
            common.out.print("nothing that people were told of stands open", markup=False)
    raise typer.Exit(Exit.REMAINS if standing or waiting else Exit.DONE)


def _plain(tried: Tried) -> dict[str, Any]:
    return {
        "target": tried.target.name,
        "page": tried.target.page,
        "delivered": tried.error is None,
        "sent": list(tried.sent),
        "error": tried.error,
    }


def _tries(message: Message) -> list[dict[str, Any]]:
    return [{"tries": tried.tries, "error": tried.error} for tried in message.waits_for.values()]
