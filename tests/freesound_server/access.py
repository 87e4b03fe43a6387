"""Who is asking, and whether they may."""

from __future__ import annotations

from dataclasses import dataclass

from tests.freesound_server.accounts import Accounts, Credential
from tests.freesound_server.messages import Answer, Request, detail

NOT_PROVIDED = "Authentication credentials were not provided."
_REALM = 'Bearer realm="api"'


@dataclass(frozen=True, slots=True)
class Caller:
    """An accepted credential; ``username`` is whose behalf it acts on (empty with an API key)."""

    credential: Credential
    username: str = ""


def credential_kind(request: Request) -> str:
    """Return ``"token"``, ``"bearer"``, ``"query"``, ``"other"``, or ``""`` where no credential was sent."""
    scheme = request.headers.get("authorization", "").partition(" ")[0].lower()
    if scheme:
        return scheme if scheme in ("token", "bearer") else "other"
    return "query" if "token" in request.query else ""


def authenticate(accounts: Accounts, request: Request, *, oauth_only: bool) -> Caller | Answer:
    """Return who asks, or the 401."""
    words = request.headers.get("authorization", "").split()
    scheme = words[0].lower() if words else ""
    if scheme == "bearer":
        return _by_bearer(accounts, words[1] if len(words) == 2 else "")
    if oauth_only or (words and scheme != "token"):
        return _refused(NOT_PROVIDED)
    if words:
        if len(words) == 1:
            return _refused("Invalid token header. No credentials provided.")
        if len(words) > 2:
            return _refused("Invalid token header. Token string should not contain spaces.")
        return _by_key(accounts, words[1])
    key = request.query.get("token")
    return _refused(NOT_PROVIDED) if key is None else _by_key(accounts, key)


def _by_bearer(accounts: Accounts, access: str) -> Caller | Answer:
    token, wrong = accounts.bearer(access)
    if token is None:
        return _refused(NOT_PROVIDED, f'{_REALM},error="invalid_token",error_description="{wrong}"')
    credential = accounts.by_client(token.client_id)
    if credential is None:
        return _refused(NOT_PROVIDED)
    return _usable(credential) or Caller(credential, token.username)


def _by_key(accounts: Accounts, key: str) -> Caller | Answer:
    credential = accounts.by_key(key)
    if credential is None:
        return _refused("Invalid token")
    return _usable(credential) or Caller(credential)


def _usable(credential: Credential) -> Answer | None:
    if credential.status == "inactive":
        return _refused("User inactive or deleted")
    if credential.status != "OK":
        return _refused("Suspended token or token pending for approval")
    return None


def _refused(text: str, challenge: str = _REALM) -> Answer:
    return detail(401, text, WWW_Authenticate=challenge)
