"""Who may ask: API credentials, and OAuth2 codes and tokens."""

from __future__ import annotations

import base64
import hashlib
import secrets
import string
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

CODE_LIFE_S = 600.0
TOKEN_LIFE_S = 86400.0
DEFAULT_REDIRECT = "https://freesound.org/home/app_permissions/permission_granted/"
_LETTERS = string.ascii_letters + string.digits
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True, slots=True)
class Credential:
    """An application's credential.

    Parameters
    ----------
    client_id : str
        20 characters.
    key : str
        The API key, which is also the client secret: 40 characters.
    username : str
        Whose it is.
    level : int
        Throttling level: 0 suspended, 1 default, 2, 3, 99 unlimited.
    status : {"OK", "pending", "suspended", "inactive"}
        ``inactive`` = its user was deleted.
    redirect_uris : tuple of str
        Registered callbacks; any address on loopback may be used too.
    allow_password_grant : bool
    """

    client_id: str
    key: str
    username: str = "dev"
    level: int = 1
    status: str = "OK"
    redirect_uris: tuple[str, ...] = (DEFAULT_REDIRECT,)
    allow_password_grant: bool = False

    def allows_redirect(self, uri: str) -> bool:
        """Tell whether the browser may be sent there."""
        parts = urlsplit(uri)
        return uri in self.redirect_uris or (parts.scheme == "http" and parts.hostname in _LOOPBACK)


@dataclass(frozen=True, slots=True)
class Token:
    """An access token and what it was given for."""

    access: str
    refresh: str
    client_id: str
    username: str
    expires_at_s: float


@dataclass(frozen=True, slots=True)
class _Code:
    client_id: str
    username: str
    redirect_uri: str
    challenge: str
    method: str
    expires_at_s: float


class OAuthError(Exception):
    """A refusal of the token endpoint: ``error`` and the HTTP status."""

    def __init__(self, error: str, status: int = 400) -> None:
        super().__init__(error)
        self.error = error
        self.status = status


def random_text(length: int) -> str:
    """Return so many random letters and digits."""
    return "".join(secrets.choice(_LETTERS) for _ in range(length))


class Accounts:
    """Credentials, codes and tokens of one server. Safe to use from several threads.

    Parameters
    ----------
    clock : callable
        Seconds.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._credentials: dict[str, Credential] = {}
        self._codes: dict[str, _Code] = {}
        self._access: dict[str, Token] = {}
        self._refresh: dict[str, Token] = {}
        self.passwords: dict[str, str] = {}

    def add(self, credential: Credential) -> Credential:
        """Register a credential, or replace the one with the same client id."""
        with self._lock:
            self._credentials[credential.client_id] = credential
        return credential

    def by_client(self, client_id: str) -> Credential | None:
        """Return the credential of a client id."""
        with self._lock:
            return self._credentials.get(client_id)

    def by_key(self, key: str) -> Credential | None:
        """Return the credential of an API key."""
        with self._lock:
            return next(
                (
                    each
                    for each in self._credentials.values()
                    if secrets.compare_digest(each.key.encode(), key.encode())
                ),
                None,
            )

    def make_code(
        self, client_id: str, username: str, redirect_uri: str, challenge: str = "", method: str = "plain"
    ) -> str:
        """Grant an authorization code, good once and for ten minutes."""
        code = random_text(30)
        with self._lock:
            self._codes[code] = _Code(client_id, username, redirect_uri, challenge, method, self._clock() + CODE_LIFE_S)
        return code

    def make_token(self, client_id: str, username: str, *, life_s: float = TOKEN_LIFE_S) -> Token:
        """Give out a pair of tokens."""
        token = Token(random_text(30), random_text(30), client_id, username, self._clock() + life_s)
        with self._lock:
            self._access[token.access] = token
            self._refresh[token.refresh] = token
        return token

    def bearer(self, access: str) -> tuple[Token | None, str]:
        """Return the token of a Bearer header, or None and what is wrong with it."""
        with self._lock:
            token = self._access.get(access)
        if token is None:
            return None, "The access token is invalid."
        if self._clock() >= token.expires_at_s:
            return None, "The access token has expired."
        return token, ""

    def expire_tokens(self) -> None:
        """Let all access tokens be expired; the refresh tokens stay good."""
        with self._lock:
            self._access = {
                key: Token(t.access, t.refresh, t.client_id, t.username, self._clock())
                for key, t in self._access.items()
            }

    def exchange(self, form: Mapping[str, str]) -> Token:
        """Answer the token endpoint.

        Raises
        ------
        OAuthError
        """
        grant = form.get("grant_type", "")
        credential = self.by_client(form.get("client_id", ""))
        if credential is None or not secrets.compare_digest(
            credential.key.encode(), form.get("client_secret", "").encode()
        ):
            raise OAuthError("invalid_client", 401)
        if grant == "authorization_code":
            return self._from_code(credential, form)
        if grant == "refresh_token":
            return self._rotated(credential, form.get("refresh_token", ""))
        if grant == "password":
            if not credential.allow_password_grant:
                raise OAuthError("unauthorized_client")
            name = form.get("username", "")
            if not name or self.passwords.get(name) != form.get("password"):
                raise OAuthError("invalid_grant")
            return self.make_token(credential.client_id, name)
        raise OAuthError("unsupported_grant_type")

    def _from_code(self, credential: Credential, form: Mapping[str, str]) -> Token:
        with self._lock:
            code = self._codes.pop(form.get("code", ""), None)
        if code is None or code.client_id != credential.client_id or self._clock() >= code.expires_at_s:
            raise OAuthError("invalid_grant")
        if form.get("redirect_uri", code.redirect_uri) != code.redirect_uri:
            raise OAuthError("invalid_grant")
        if code.challenge and _challenge(form.get("code_verifier", ""), code.method) != code.challenge:
            raise OAuthError("invalid_grant")
        return self.make_token(code.client_id, code.username)

    def _rotated(self, credential: Credential, refresh: str) -> Token:
        """Give a new pair; the old refresh token and the old access token die at once."""
        with self._lock:
            old = self._refresh.get(refresh)
            if old is None or old.client_id != credential.client_id:
                raise OAuthError("invalid_grant")
            del self._refresh[refresh]
            self._access.pop(old.access, None)
        return self.make_token(old.client_id, old.username)


def _challenge(verifier: str, method: str) -> str:
    """Return the PKCE challenge of a verifier (RFC 7636, 4.2)."""
    if method != "S256":
        return verifier
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
