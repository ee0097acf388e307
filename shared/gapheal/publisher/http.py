"""Publishes triggers to URLs: one POST each, and what its answer says of the delivery.

Nothing is tried again within a pass, and no redirect is followed: a second POST could start the job twice.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Sequence
from http.cookiejar import DefaultCookiePolicy
from ipaddress import ip_address
from urllib.parse import quote, urlsplit

from requests import PreparedRequest, Response, Session
from requests import exceptions as http
from requests.adapters import BaseAdapter
from requests.auth import AuthBase

from gapheal import __version__
from gapheal.emulators import emulated
from gapheal.errors import GaphealError, brief
from gapheal.model.passes import Delivery, Message
from gapheal.model.pipeline import HttpTarget, Trigger
from gapheal.publisher.tokens import IdTokens

CONNECT_SECONDS = 10
"""Who does not take a call by then is not there, however long the answer may take."""
EXCERPT = 200
"""Characters of an unexpected answer that an error quotes."""

_MENDS = {
    401: "check trigger.http.audience, and who may call it",
    403: "grant this service account roles/run.invoker on it",
}
_REDIRECT = "redirects are not followed: write the URL that it leads to"


class HttpPublisher:
    """The real publisher, for URLs."""

    def __init__(self, tokens: Callable[[str], str] | None = None, https: BaseAdapter | None = None) -> None:
        """Both arguments are for tests.

        Args:
            tokens: gives an ID token for an audience; raises GaphealError where there is none.
            https: carries what goes to https URLs.
        """
        self._tokens = tokens or IdTokens()
        self._near, self._far = _session(https), _session(https)
        # Proxies, certificates: the environment speaks of the world, not of this machine.
        self._near.trust_env = False

    def publish(self, trigger: Trigger, messages: Sequence[Message]) -> list[Delivery]:
        """Send one after the other; after one that was busy or surely failed, the others are not tried."""
        if trigger.http is None:
            return [Delivery(message, "failed", error="this publisher sends to URLs only") for message in messages]
        deliveries: list[Delivery] = []
        refused: Delivery | None = None
        for message in messages:
            if refused:
                deliveries.append(refused._replace(message=message, error=f"not sent after: {refused.error}"))
                continue
            delivery = self._send(trigger.http, message)
            deliveries.append(delivery)
            refused = delivery if delivery.outcome in {"busy", "failed"} else None
        return deliveries

    def _send(self, target: HttpTarget, message: Message) -> Delivery:
        payload, token, where = _Payload(message.data), None, target.url
        try:
            where = _shown(target.url)
            if _wants_token(target.url):
                token = self._tokens(target.audience or _origin(target.url))
            with (self._near if _is_loopback(target.url) else self._far).post(
                target.url,
                data=payload,
                headers=_headers(message),
                auth=_Bearer(token),
                timeout=(min(CONNECT_SECONDS, target.timeout_seconds), target.timeout_seconds),
                allow_redirects=False,
                stream=True,
            ) as answer:
                return _answered(target, message, answer, where, token)
        except GaphealError as error:
            return Delivery(message, "failed", error=f"{where}: {error}")
        except (http.RequestException, ValueError) as error:
            return _unanswered(message, payload, where, error)


class _Payload(io.BytesIO):
    """A body that knows whether it began to leave: before that, the target surely got no trigger."""

    begun = False

    def read(self, size: int | None = -1, /) -> bytes:
        self.begun = True
        return super().read(size)


class _Bearer(AuthBase):
    """The token, or nothing; either way no password of a ~/.netrc takes its place."""

    def __init__(self, token: str | None) -> None:
        self._token = token

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        if self._token:
            request.headers["Authorization"] = f"Bearer {self._token}"
        return request


def _session(https: BaseAdapter | None) -> Session:
    session = Session()
    session.headers.update(
        {
            "User-Agent": f"gapheal/{__version__}",
            "Accept-Encoding": "identity",
            # A kept connection may have died unseen, and a trigger that it swallowed would count as an attempt.
            "Connection": "close",
        }
    )
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    if https:
        session.mount("https://", https)
    return session


def _headers(message: Message) -> dict[str, str]:
    """The attributes, hyphens for underscores: many servers drop a header with an underscore in its name."""
    # Percent signs for whatever a header cannot hold: a line's end, or another alphabet.
    told = {
        f"gapheal-{name.replace('_', '-')}": quote(text, safe="/,:;=@+") for name, text in message.attributes.items()
    }
    return {"Content-Type": "application/json", **told}


def _wants_token(url: str) -> bool:
    return urlsplit(url).scheme == "https" and not emulated()


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"


def _shown(url: str) -> str:
    """The URL for people, without what may be a secret in it."""
    return f"{_origin(url)}{urlsplit(url).path}"


def _is_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _answered(target: HttpTarget, message: Message, answer: Response, where: str, token: str | None) -> Delivery:
    status = answer.status_code
    if status in target.accepted:
        return Delivery(message, "published")
    told = f"{where} answered {status}{_excerpt(answer, token)}"
    if status in target.busy:
        return Delivery(message, "busy", error=f"{told}; it is busy: the next pass asks again")
    mend = _REDIRECT if status // 100 == 3 else _MENDS.get(status)  # noqa: PLR2004 - 3xx
    expected = f"expected one of {', '.join(map(str, target.accepted))}"
    return Delivery(
        message, "published", error=f"{told}; {expected}; it counts as an attempt{f'; {mend}' * bool(mend)}"
    )


def _excerpt(answer: Response, token: str | None) -> str:
    """What comes of the answer's text in one piece; a target that repeats what it was sent repeats no token."""
    try:
        text = answer.raw.read1(4096, decode_content=False).decode(errors="replace")
    except Exception:  # noqa: BLE001 - the status has said all that counts; urllib3 has many words for a broken end
        return ""
    text = " ".join((text.replace(token, "[token]") if token else text).split())
    return f": {text[:EXCERPT]}" if text else ""


def _unanswered(message: Message, payload: _Payload, where: str, error: Exception) -> Delivery:
    if payload.begun:
        waited = "no answer in time" if isinstance(error, http.Timeout) else f"no answer: {_cause(error)}"
        return Delivery(message, "unknown", error=f"{where}: {waited}; it may have been delivered")
    if isinstance(error, http.SSLError):
        return Delivery(
            message, "failed", error=f"{where}: no secure connection: {_cause(error)}; check its certificate"
        )
    if isinstance(error, (http.ConnectionError, http.Timeout)):
        return Delivery(message, "failed", error=f"{where}: no connection: {_cause(error)}", unreachable=True)
    # Whoever cannot read a URL quotes the whole of it.
    cause = re.sub(r"https?://\S+", lambda _: where, _cause(error))
    return Delivery(message, "failed", error=f"{where}: not a URL that can be called: {cause}; mend trigger.http")


def _cause(error: BaseException) -> str:
    """The innermost reason: requests and urllib3 wrap it twice and more."""
    inner = [each for each in (getattr(error, "reason", None), *error.args) if isinstance(each, BaseException)]
    return _cause(inner[0]) if inner else brief(error)
