"""The functions: whether they answer, and whether each is the one that is meant."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import urlsplit

from requests import RequestException, Session

from gapheal.doctor.check import Check, Group
from gapheal.doctor.world import World
from gapheal.errors import GaphealError, brief

group = Group("functions")
ROLE = "roles/run.invoker"
SECONDS = 60
OK = 200
REFUSALS = {401, 403, 404}
"""What Cloud Run says to whom it does not let in: no identity, no role, or not from inside (ingress)."""
EXCERPT = 300


class Answered(NamedTuple):
    """What a GET came to."""

    status: int | None
    """None: nothing answered, or nobody was asked."""
    text: str


def checks(world: World) -> Iterator[Check]:
    """A GET of each transition's function: it answers from the ledger alone."""
    for transition in world.pipeline.transitions:
        url = world.url(transition)
        if url is None:
            why = "neither a job of Scheduler nor a subscription tells its URL"
            say = group.skipped if world.local else group.unknown
            yield say("answer", transition, why, *(() if world.local else ("mend the schedule first",)))
        else:
            yield _judged(world, transition, url, _asked(world, url))


def _asked(world: World, url: str) -> Answered:
    headers, session = {}, Session()
    # Also no ~/.netrc: a password of the environment has no business there.
    session.trust_env = False
    if url.startswith("https:") and not world.local:
        parts = urlsplit(url)
        try:
            headers["Authorization"] = f"Bearer {world.tokens(f'{parts.scheme}://{parts.netloc}')}"
        except GaphealError as error:
            return Answered(401, str(error))
    else:
        session.proxies = {"http": "", "https": ""}
    try:
        with session.get(url, headers=headers, timeout=SECONDS, allow_redirects=False) as answer:
            return Answered(answer.status_code, answer.text)
    except RequestException as error:
        return Answered(None, brief(error))


def _judged(world: World, transition: str, url: str, found: Answered) -> Check:
    if found.status in REFUSALS:
        return _not_for_us(world, transition, url, found)
    if found.status is None:
        return group.fail(
            "answer",
            transition,
            f"{url} does not answer: {found.text}",
            "make plan, make deploy (google_cloudfunctions2_function)",
        )
    told = _told(found.text)
    if found.status != OK:
        said = str(told.get("error") or found.text)[:EXCERPT]
        return group.fail(
            "answer",
            transition,
            f"expected {url} to answer 200, found {found.status}: {said}",
            "read the function's log",
        )
    if told.get("transition") != transition:
        return group.fail(
            "answer",
            transition,
            f"expected {url} to serve {transition}, found {told.get('transition') or 'something else'}",
            "make plan, make deploy (google_cloudfunctions2_function)",
        )
    mode, own = world.pipeline.transitions[transition].policy.mode, told.get("mode")
    if own != mode:
        return group.warn(
            "mode",
            transition,
            f"expected mode {mode} as in the file, found that the function works in mode {own}: GAPHEAL_MODE lowers it "
            "there, or it has another file",
            "make plan, make deploy (variable `mode`)",
        )
    return group.ok("answer", transition, f"{url} answers, in mode {mode}")


def _not_for_us(world: World, transition: str, url: str, found: Answered) -> Check:
    """It may be right that we are refused; then whom it does let in is the witness."""
    job = world.job(transition, "scan")
    if job and job.state == "enabled" and job.last_attempt and not job.last_error:
        when = f"{job.last_attempt:%Y-%m-%d %H:%M}Z"
        return group.ok(
            "answer",
            transition,
            f"{url} answered Scheduler on {when}; it lets the account that asks not in ({found.status})",
        )
    told = _told(found.text).get("error") or ("" if "<" in found.text else found.text)
    why = f": {str(told)[:EXCERPT]}" if told else ": no right to call it, or it takes no calls from outside (ingress)"
    return group.unknown(
        "answer",
        transition,
        f"{url} answers {found.status}{why}",
        f"grant {ROLE} to the account that asks, or `gapheal schedule run {transition}` and look again",
    )


def _told(text: str) -> dict[str, object]:
    try:
        told = json.loads(text)
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}
