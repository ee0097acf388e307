"""The command by which a person decides about events that could not be used: rejections."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Annotated, Any

import typer

from gapheal.app.rejections import FIRST, Kept
from gapheal.cli import common
from gapheal.cli.common import DECIDE, DEFAULT_PIPELINE, Exit, JsonOption, PipelineOption, TransitionsOption
from gapheal.errors import RequestError
from gapheal.model.moments import second

SinceOption = Annotated[str | None, typer.Option("--since", help="Nothing that was rejected before this date.")]
ReplayOption = Annotated[list[str] | None, typer.Option("--replay", help="Try this one again; may be repeated.")]
AllOfOption = Annotated[str | None, typer.Option("--all-of", help="Try all of this transition again.")]
AllOption = Annotated[bool, typer.Option("--all", help="Also those that were replayed.")]


def register(command: typer.Typer) -> None:
    """Add this command to the panel `Decide`."""
    command.command(rich_help_panel=DECIDE)(rejections)


def rejections(
    since: SinceOption = None,
    transition: TransitionsOption = None,
    replay: ReplayOption = None,
    all_of: AllOfOption = None,
    every: AllOption = False,
    as_json: JsonOption = False,
    pipeline: PipelineOption = DEFAULT_PIPELINE,
) -> None:
    """List the events that could not be used, newest first; after a mend, let them through the door again.

    A replayed event ends in the pass that it would have caused. One that is rejected still says why: exit code 1.

    Example: gapheal rejections --replay 12345
    """
    with common.told(as_json=as_json):
        app = common.opened(pipeline)
        if replay and all_of:
            raise RequestError("expected --replay or --all-of, found both")
        names = common.chosen(app.pipeline, [all_of] if all_of else transition)
        begun = common.since(since, app, FIRST)
        found = [one for one in app.rejections(begun) if one.transition in names or not transition]
        again = None
        if replay:
            again = [app.replay(one) for one in _named(found, replay)]
        elif all_of:
            again = [app.replay(one) for one in _once(found) if one.transition == all_of and one.replayed is None]
    if again is None:
        _list([one for one in found if every or one.replayed is None], as_json=as_json)
    else:
        _tell(again, as_json=as_json)


def _named(found: Sequence[Kept], names: Sequence[str]) -> list[Kept]:
    """Those with these ids; a message that two transitions heard was rejected by each."""
    known = {one.id for one in found}
    if unknown := [name for name in names if name not in known]:
        raise RequestError(f"--replay: expected ids as `gapheal rejections --all` lists them, found {unknown[0]}")
    return _once(one for one in found if one.id in names)


def _once(found: Iterable[Kept]) -> list[Kept]:
    """The oldest first, each once: the same message may have come twice."""
    return list({(one.transition, one.id): one for one in reversed(list(found))}.values())


def _list(found: Sequence[Kept], *, as_json: bool) -> None:
    if as_json:
        common.print_json([one.plain() for one in found])
        return
    if not found:
        common.out.print("no rejected events")
    for one in found:
        when = second(one.at)
        _say(f"{one.id}  {one.transition}  {when}" + (f"  published {one.publish_time}" if one.publish_time else ""))
        _say(f"  {one.error}")
        _say(f"  {ascii(one.begins)[1:-1]}" + (" (cut: it cannot be replayed)" if one.cut else ""))
        if one.replayed:
            _say(f"  {one.replayed}")


def _tell(again: Sequence[dict[str, Any]], *, as_json: bool) -> None:
    if as_json:
        common.print_json(again)
    elif not again:
        common.out.print("nothing to replay")
    else:
        for each in again:
            name = f"{each['id']}  {each['transition']}"
            if each["rejected"]:
                _say(f"{name}  rejected still: {each['error']}")
            else:
                report = each["report"]
                note = f"; {report['note']}" if report.get("note") else ""
                _say(f"{name}  replayed: {report['gaps_found']} gaps, {report['triggered']} triggered{note}")
                for error in report["errors"]:
                    _say(f"  {error}")
    if any(each["rejected"] or each["report"]["errors"] for each in again):
        raise typer.Exit(Exit.REMAINS)


def _say(text: str) -> None:
    common.out.print(text, markup=False, soft_wrap=True)
