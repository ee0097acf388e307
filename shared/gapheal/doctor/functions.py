"""The functions: whether they answer, and whether each is the one that is meant."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple
from urllib.parse import urlsplit

from requests import PreparedRequest, RequestException, Session

from gapheal.doctor.check import Check, Group
from gapheal.doctor.schedule import LATELY
from gapheal.doctor.world import World
from gapheal.errors import GaphealError, brief
from gapheal.model.moments import minute
from gapheal.model.pipeline import DETECTOR

group = Group("functions")
ROLE = "roles/run.invoker"
SECONDS = 60
OK = 200
REFUSALS = {401, 403, 404}
"""What Cloud Run says to whom it does not let in: no identity, no role, or not from inside (ingress)."""
EXCERPT = 300
DEPLOY = "make plan, make deploy (google_cloudfunctions2_function)"
UNTOLD = "neither a job of Scheduler nor a subscription tells its URL"


class Answered(NamedTuple):
    """What a GET came to."""

    status: int | None
    """None: nothing answered, or nobody was asked."""
    text: str


def checks(world: World) -> Iterator[Check]:
    """A GET of each transition's function, which answers from the ledger alone; and of the detector's, where it is."""
    urls = {name: world.url(name) for name in (*world.pipeline.transitions, DETECTOR)}
    with ThreadPoolExecutor(len(urls)) as pool:
        answers = {name: pool.submit(_asked, world, url) for name, url in urls.items() if url}
    for name, url in urls.items():
        if url:
            yield _judged(world, name, url, answers[name].result())
        elif name == DETECTOR:
            continue
        elif world.local:
            yield group.skipped("answer", name, UNTOLD)
        else:
            yield group.unknown("answer", name, UNTOLD, "mend the schedule first")


def _asked(world: World, url: str) -> Answered:
    session, token = Session(), None
    if url.startswith("https:") and not world.local:
        parts = urlsplit(url)
        try:
            token = world.tokens(f"{parts.scheme}://{parts.netloc}")
        except GaphealError as error:
            return Answered(401, str(error))
    else:
        # Proxies, certificates: the environment speaks of the world, not of this machine.
        session.trust_env = False

    def identified(request: PreparedRequest) -> PreparedRequest:
        """With the token, or with nothing: either way no password of a ~/.netrc takes its place."""
        if token:
            request.headers["Authorization"] = f"Bearer {token}"
        return request

    try:
        with session.get(url, auth=identified, timeout=SECONDS, allow_redirects=False) as answer:
            return Answered(answer.status_code, answer.text)
    except RequestException as error:
        return Answered(None, brief(error))


def _judged(world: World, transition: str, url: str, found: Answered) -> Check:
    if found.status in REFUSALS:
        return _not_for_us(world, transition, url, found)
    if found.status is None:
        return group.fail("answer", transition, f"{url} does not answer: {found.text}", DEPLOY)
    if found.status != OK:
        said = str(_told(found.text).get("error") or found.text)[:EXCERPT]
        sentence = f"expected {url} to answer 200, found {found.status}: {said}"
        return group.fail("answer", transition, sentence, "read the function's log")
    if transition == DETECTOR:
        return _swept(url, _told(found.text).get("transition"))
    return _served(world, transition, url, _told(found.text))


def _swept(url: str, served: object) -> Check:
    """Whether the one that answers is of the whole pipeline: a transition takes the same body, and sweeps itself."""
    if served:
        sentence = f"expected {url} to serve the {DETECTOR}, found {served}: what it sweeps is that alone"
        return group.fail("answer", DETECTOR, sentence, DEPLOY)
    return group.ok("answer", DETECTOR, f"{url} answers")


def _served(world: World, transition: str, url: str, told: Mapping[str, object]) -> Check:
    """Whether the one that answers is the one that is meant."""
    if told.get("transition") != transition:
        sentence = f"expected {url} to serve {transition}, found {told.get('transition') or 'something else'}"
        return group.fail("answer", transition, sentence, DEPLOY)
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
    job = world.job(transition, "sweep" if transition == DETECTOR else "scan")
    lately = job and job.last_attempt and world.now - job.last_attempt <= LATELY[job.kind]
    if job and job.last_attempt and lately and not job.last_error:
        when = minute(job.last_attempt)
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
