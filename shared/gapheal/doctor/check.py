"""One thing that was looked at: how it stands, what was expected and found, and the mend. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

from google.api_core import exceptions as google

from gapheal.errors import GaphealError, Unavailable

REASONS_OF_QUOTA = {"rateLimitExceeded", "quotaExceeded"}
"""BigQuery answers these as Forbidden, too: ask again later, no role is missing."""


class State(StrEnum):
    """How a thing stands."""

    OK = "ok"
    WARN = "warn"
    """It works, and something about it should be known."""
    FAIL = "fail"
    """It does not work, or will not."""
    UNKNOWN = "unknown"
    """It could not be looked at; that is never the same as ok."""
    SKIPPED = "skipped"
    """There is nothing to look at here."""


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at."""

    group: str
    """What it belongs to, for people: `ledger`, `events`."""
    name: str
    """What was asked of it, the same in every deployment: `subscription expiry`."""
    about: str
    """Of what: a table, a topic, a transition."""
    state: State
    sentence: str
    """What was found; where that is wrong, also what was expected."""
    mend: str | None = None
    """A command, a line of the file or of Terraform; None where all is well."""
    unavailable: bool = field(default=False, kw_only=True)
    """Whether it is not known because a service did not answer: ask again later."""

    def plain(self) -> dict[str, Any]:
        """As JSON values."""
        return asdict(self)


class Group:
    """Writes the checks of one group."""

    def __init__(self, name: str) -> None:
        self.name = name

    def ok(self, name: str, about: str, sentence: str) -> Check:
        """All is well."""
        return Check(self.name, name, about, State.OK, sentence)

    def skipped(self, name: str, about: str, sentence: str) -> Check:
        """Nothing to look at."""
        return Check(self.name, name, about, State.SKIPPED, sentence)

    def warn(self, name: str, about: str, sentence: str, mend: str | None = None) -> Check:
        """It works, and should be known."""
        return Check(self.name, name, about, State.WARN, sentence, mend)

    def fail(self, name: str, about: str, sentence: str, mend: str | None = None) -> Check:
        """It is wrong."""
        return Check(self.name, name, about, State.FAIL, sentence, mend)

    def unknown(self, name: str, about: str, sentence: str, mend: str | None = None) -> Check:
        """It could not be looked at."""
        return Check(self.name, name, about, State.UNKNOWN, sentence, mend)

    def error(self, name: str, about: str, error: GaphealError, role: str) -> Check:
        """What an error says of a thing: wrong, not ours to see, or not now.

        Args:
            name: what was asked.
            about: of what.
            error: what came of it.
            role: who has it may look.
        """
        if hidden(error):
            return self.unknown(name, about, str(error), f"grant {role} to the account that asks")
        if isinstance(error, Unavailable):
            return Check(self.name, name, about, State.UNKNOWN, str(error), "ask again later", unavailable=True)
        return self.fail(name, about, str(error))

    def look(self, name: str, about: str, role: str, checks: Callable[[], Iterable[Check]]) -> list[Check]:
        """The checks; an error on the way takes the place of those that were still to come."""
        found: list[Check] = []
        try:
            found.extend(checks())
        except GaphealError as error:
            found.append(self.error(name, about, error, role))
        return found


def hidden(error: GaphealError) -> bool:
    """Whether the reason is that we may not look."""
    cause = error.__cause__
    if not isinstance(cause, (google.Forbidden, google.Unauthenticated)):
        return False
    return not REASONS_OF_QUOTA & {told.get("reason") for told in cause.errors if isinstance(told, dict)}
