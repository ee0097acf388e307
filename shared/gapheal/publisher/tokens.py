"""ID tokens: who gapheal is, for one audience. Google's client is imported when the first one is wanted."""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING

from gapheal.errors import ConfigError, Unavailable, brief

if TYPE_CHECKING:
    from google.auth.credentials import Credentials

NO_IDENTITY = (
    "no credentials that give an ID token: run as a service account, or set GOOGLE_APPLICATION_CREDENTIALS to the file "
    "of one (its key, or impersonation; `gcloud auth application-default login` alone gives none)"
)


class IdTokens:
    """A token for each audience, kept until it expires."""

    def __init__(self) -> None:
        self._known: dict[str, Credentials] = {}
        self._lock = Lock()

    def __call__(self, audience: str) -> str:
        """A token that is valid now.

        Raises:
            ConfigError: there are no credentials that give one.
            Unavailable: whoever gives tokens did not answer, or refused.
        """
        from google.auth.exceptions import DefaultCredentialsError, GoogleAuthError  # noqa: PLC0415 - topics need none
        from google.auth.transport.requests import Request  # noqa: PLC0415
        from google.oauth2.id_token import fetch_id_token_credentials  # noqa: PLC0415

        with self._lock:
            try:
                found = self._known.get(audience)
                if found is None:
                    found = fetch_id_token_credentials(audience, request=Request())  # type: ignore[no-untyped-call]
                    self._known[audience] = found
                if not found.valid:
                    found.refresh(Request())
            except DefaultCredentialsError as error:
                raise ConfigError(NO_IDENTITY) from error
            except GoogleAuthError as error:
                raise Unavailable(f"no ID token for {audience}: {brief(error)}") from error
            return str(found.token)
