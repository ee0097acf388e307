"""Where messages go: URLs of the environment, sent by apprise, each in its own time. No secret leaves this module."""

from __future__ import annotations

import logging
import re
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Self
from urllib.parse import unquote

from gapheal.alerts.state import Message
from gapheal.model.pipeline import Alerts as Names

SECONDS = 8.0
"""All targets together get so long in one pass; apprise gives up a connection or an answer after four."""
_SECRET = re.compile(r"[^/:@?&=#,\s]{6,}")
_LONGEST = 300
"""Characters of what is told of a failure."""
_INCIDENTS = ("pagerduty",)
"""Kinds of target that open and resolve."""


@dataclass(frozen=True, slots=True)
class Target:
    """One URL of the environment; only `url` is secret."""

    url: str
    variable: str
    number: int
    """Of the URLs in that variable, from 1."""
    page: bool
    """Whether it is called, or only told."""

    def __repr__(self) -> str:
        return f"<{self.name}>"

    @property
    def id(self) -> str:
        """What the ledger knows it by."""
        return sha256(self.url.encode()).hexdigest()[:12]

    @property
    def kind(self) -> str:
        """The URL's scheme, e.g. slack."""
        scheme, found, _ = self.url.partition("://")
        return scheme.lower() if found and re.fullmatch(r"[A-Za-z][\w+.-]{0,20}", scheme) else "no URL"

    @property
    def name(self) -> str:
        """What people know it by: `GAPHEAL_ALERT_URLS[1] slack`."""
        return f"{self.variable}[{self.number}] {self.kind}"

    @property
    def opens_incidents(self) -> bool:
        """Whether it opens and resolves, by a key."""
        return self.kind in _INCIDENTS

    def wants(self, message: Message) -> bool:
        """Whether the message is for it: a service that opens incidents takes only what names one."""
        return message.page is self.page and (not self.opens_incidents or message.incident is not None)


def targets(names: Names, environ: Mapping[str, str]) -> list[Target]:
    """Every target that the variables hold, in their order; whitespace and commas lie between URLs."""
    found = []
    for variable, page in ((names.urls_env, False), (names.pages_env, True)):
        urls = dict.fromkeys(filter(None, re.split(r"[\s,]+", environ.get(variable, ""))))
        found += [Target(url, variable, number, page) for number, url in enumerate(urls, 1)]
    return found


def masked(text: str, everyone: Iterable[Target]) -> str:
    """The text without any part of a URL that could be a secret."""
    for target in everyone:
        _, _, rest = target.url.partition("://")
        parts = {target.url, *_SECRET.findall(rest)}
        for part in sorted(parts | {unquote(part) for part in parts}, key=len, reverse=True):
            text = text.replace(part, "…")
    return text


def deliver(
    wanted: Sequence[tuple[Target, Sequence[Message]]], seconds: float = SECONDS
) -> dict[str, list[str | None]]:
    """Send each target its messages, in order, until one fails; by the target's id what came of each that was tried.

    None: delivered; else why not. Whoever has not answered after `seconds` counts as failed, and is not waited for.
    """
    came: dict[str, list[str | None]] = {target.id: [] for target, _ in wanted}
    ends = time.monotonic() + seconds
    threads = [
        threading.Thread(target=_serve, args=(target, messages, came[target.id], ends), daemon=True)
        for target, messages in wanted
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(max(ends - time.monotonic(), 0))
    everyone = [target for target, _ in wanted]
    late = f"no answer within {seconds:g} s"
    done = {}
    for target, messages in wanted:
        # A copy: a thread that is late may still add to its list.
        results = list(came[target.id])
        if len(results) < len(messages) and not any(results):
            results.append(late)
        # Masked before it is cut: half a secret would not be known again.
        done[target.id] = [error and f"{target.name}: {masked(error, everyone)[:_LONGEST]}" for error in results]
    return done


def _serve(target: Target, messages: Sequence[Message], came: list[str | None], ends: float) -> None:
    for message in messages:
        if time.monotonic() >= ends:
            return  # it is counted as late: a later pass sends it
        try:
            error = _send(target, message)
        except Exception as broken:  # noqa: BLE001 - a hundred plugins: whatever one raises is its target's matter
            error = f"{type(broken).__name__}: {broken}"
        came.append(error)
        if error:
            return


def _send(target: Target, message: Message) -> str | None:
    import apprise  # noqa: PLC0415 - slow to import, and most passes tell nothing

    with _Ear() as heard:
        plugin = apprise.Apprise.instantiate(target.url, asset=_as_gapheal())
        if plugin is None:
            return f"expected a URL that apprise takes, found one that it does not: {heard.text}"
        mood = apprise.NotifyType(message.mood)
        if target.opens_incidents:
            _name_incident(plugin, message)
            sent = plugin.notify(body=message.title, notify_type=mood)
        else:
            sent = plugin.notify(title=message.title, body=message.body, notify_type=mood, body_format="text")
    return None if sent else heard.text or "it was refused"


def _as_gapheal() -> Any:
    """Who speaks; no pictures from elsewhere, and nobody is sent elsewhere: the page one lands on takes anything."""
    import apprise  # noqa: PLC0415 - as above

    asset = apprise.AppriseAsset(app_id="gapheal", app_desc="gapheal", app_url="", image_url_mask="", image_url_logo="")
    asset.http_redirects = False
    return asset


def _name_incident(plugin: Any, message: Message) -> None:
    """PagerDuty: a success resolves what the same key has opened."""
    tokens = plugin.template_tokens
    if plugin.source == tokens["source"]["default"]:  # else the URL names one
        plugin.source = "gapheal"
    if plugin.component == tokens["component"]["default"]:
        _, plugin.component, *rest = str(message.incident).split("/")
        plugin.group = plugin.group or (rest[0] if rest else None)
    plugin.dedup = message.incident
    plugin.action = "map"
    plugin.details = {**plugin.details, "about": message.body}


class _Ear(logging.Handler):
    """Hears in this thread why apprise could not send; nothing of it reaches a log, since it may hold secrets."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._thread = threading.get_ident()
        self._said: list[str] = []

    def __enter__(self) -> Self:
        logger = logging.getLogger("apprise")
        logger.propagate = False
        # With no other handler left, Python would print what a late thread says.
        if not any(isinstance(handler, logging.NullHandler) for handler in logger.handlers):
            logger.addHandler(logging.NullHandler())
        logger.addHandler(self)
        return self

    def __exit__(self, *_: object) -> None:
        logging.getLogger("apprise").removeHandler(self)

    def emit(self, record: logging.LogRecord) -> None:
        """Keep what this thread's plugin said."""
        if record.thread == self._thread:
            self._said.append(record.getMessage().strip())

    @property
    def text(self) -> str:
        """All that was said."""
        return " ".join(" ".join(self._said).split())
