"""What can go wrong, named by what the caller should do next."""

from __future__ import annotations


class GaphealError(Exception):
    """Base of every error that gapheal raises on purpose; its text is written for the user."""

    status = 500


class ConfigError(GaphealError):
    """The file, or the world it names, is wrong: a person has to mend it (HTTP 500, exit code 2)."""


class Unavailable(GaphealError):
    """A service did not answer, or refused for now: call again later (HTTP 503, exit code 3)."""

    status = 503


class RequestError(GaphealError):
    """The request itself is wrong and a retry cannot help (HTTP 400, exit code 2)."""

    status = 400


class TooLarge(RequestError):
    """The body is larger than a request may be (HTTP 413)."""

    status = 413


class Rejected(GaphealError):
    """An event without a usable date: acknowledged, kept for a person, nothing else happens (HTTP 200)."""

    status = 200


def brief(error: BaseException) -> str:
    """The first line of an error: what Google's clients add below it (job ids, carets) helps no reader."""
    told = (str(getattr(error, "message", "")) or str(error)).strip() or type(error).__name__
    return told.splitlines()[0][:500]
