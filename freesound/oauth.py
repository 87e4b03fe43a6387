"""Logging in: for downloads of originals, for one's own bookmarks, for everything that writes.

The key alone lets one search and listen. A login adds the user: a browser shows Freesound's own page, which then
gives a code, either to be pasted or sent to a small server on this machine; the code is exchanged for tokens.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from urllib.parse import parse_qs, quote, urlencode, urlsplit

from freesound.answers import APPLY, LOGIN, parse
from freesound.calls import Caller, Deadline
from freesound.clock import Clock
from freesound.errors import AuthError, BadRequest
from freesound.secret import Secret
from freesound.tokens import Tokens, TokenStore

PASTE_REDIRECT = "https://freesound.org/home/app_permissions/permission_granted/"
"""The page of Freesound that shows the code, for keys without an address of their own."""
EARLY_S = 300.0
"""A token that ends so soon is renewed before it is used."""
_PAGE = b"<!doctype html><meta charset=utf-8><title>Freesound</title><p>%s You may close this page."


@dataclass(frozen=True, slots=True)
class LoginAttempt:
    """One attempt to log in.

    Parameters
    ----------
    url : str
        To be opened in a browser.
    client_id, redirect_uri : str
    state, verifier : Secret
        What tells this attempt's answer from anybody else's.
    """

    url: str
    client_id: str
    redirect_uri: str
    state: Secret = field(repr=False)
    verifier: Secret = field(repr=False)


def begin_login(base_url: str, client_id: str, *, redirect_uri: str = "", other_user: bool = False) -> LoginAttempt:
    """Return a fresh attempt to log in.

    Parameters
    ----------
    base_url : str
        Of the API.
    client_id : str
        Of the key, 20 characters; not the key itself.
    redirect_uri : str
        ``http://localhost:PORT/…`` if that is what the key was registered with; empty = the code is pasted.
    other_user : bool
        Let the browser's user log out first.
    """
    if not client_id or not client_id.isascii() or not client_id.isalnum():
        raise AuthError(f"expected the client id of the key (20 letters and digits): find it at {APPLY}")
    state, verifier = secrets.token_urlsafe(24), secrets.token_urlsafe(64)
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    params = {
        "client_id": client_id,
        "response_type": "code",
        "state": state,
        "code_challenge": challenge,
        "code_challenge_method": "S256",
    } | ({"redirect_uri": redirect_uri} if redirect_uri else {})
    page = "logout_and_authorize" if other_user else "authorize"
    url = f"{base_url.rstrip('/')}/oauth2/{page}/?{urlencode(params, quote_via=quote)}"
    return LoginAttempt(url, client_id, redirect_uri, Secret(state), Secret(verifier))


def code_from(attempt: LoginAttempt, pasted: str) -> Secret:
    """Return the code out of what a person pasted: the code itself, or the address that the browser ended at.

    Raises
    ------
    AuthError
        It was refused, or belongs to another attempt.
    """
    pasted = pasted.strip()
    if "code=" not in pasted and "error=" not in pasted:
        return Secret(pasted)
    query = parse_qs(urlsplit(pasted).query if "?" in pasted else pasted)
    if "error" in query:
        raise AuthError(f"Freesound did not let you in ({query['error'][0][:60]}): start again ({LOGIN})")
    state = query.get("state", [""])[0]
    if not hmac.compare_digest(state.encode(), attempt.state.reveal().encode()):
        raise AuthError(f"the code belongs to another attempt to log in: start again ({LOGIN})")
    return Secret(query.get("code", [""])[0])


def wait_for_code(attempt: LoginAttempt, timeout_s: float = 300.0) -> Secret:
    """Return the code that the browser brings to this machine.

    Listens on the loopback address only, until the right answer comes; what belongs to another attempt is turned away.
    """
    import time
    from http.server import BaseHTTPRequestHandler, HTTPServer

    place = urlsplit(attempt.redirect_uri)
    if place.scheme != "http" or place.hostname not in ("localhost", "127.0.0.1") or not place.port:
        raise AuthError(f"expected a callback like http://localhost:8910/cb, got {attempt.redirect_uri!r}")
    found: list[Secret] = []
    refused: list[AuthError] = []

    class Handler(BaseHTTPRequestHandler):
        timeout = 5

        def do_GET(self) -> None:
            try:
                if urlsplit(self.path).path != (place.path or "/") or "state=" not in self.path:
                    self.send_error(404)
                    return
                found.append(code_from(attempt, self.path))
                page, status = _PAGE % b"You are logged in.", 200
            except AuthError as error:
                if "did not let you in" in str(error):
                    refused.append(error)
                page, status = _PAGE % b"That did not work; see the terminal.", 400
            self.send_response(status)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(page)))
            self.end_headers()
            self.wfile.write(page)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is given
            """Nothing: the request line holds the code."""

    try:
        server = HTTPServer(("127.0.0.1", place.port), Handler)
    except OSError as error:
        raise AuthError(f"port {place.port} is taken ({error.strerror}): log in by pasting instead (--paste)") from None
    with server:
        server.timeout = 1.0
        end = time.monotonic() + timeout_s
        while not found and not refused:
            if time.monotonic() > end:
                raise AuthError(f"nobody logged in within {timeout_s:.0f} s: start again ({LOGIN})")
            server.handle_request()
    if refused:
        raise refused[0]
    return found[0]


def finish_login(caller: Caller, attempt: LoginAttempt, code: Secret, api_key: Secret) -> Tokens:
    """Exchange the code, which works once and for ten minutes, for tokens."""
    form = {
        "grant_type": "authorization_code",
        "client_id": attempt.client_id,
        "client_secret": api_key.reveal(),
        "code": code.reveal(),
        "code_verifier": attempt.verifier.reveal(),
    } | ({"redirect_uri": attempt.redirect_uri} if attempt.redirect_uri else {})
    return _ask(caller, form, attempt.client_id, api_key, [code, attempt.verifier])


def renew(caller: Caller, tokens: Tokens, api_key: Secret) -> Tokens:
    """Exchange the refresh token for new tokens. The old ones are dead from then on."""
    form = {
        "grant_type": "refresh_token",
        "client_id": tokens.client_id,
        "client_secret": api_key.reveal(),
        "refresh_token": tokens.refresh.reveal(),
    }
    return _ask(caller, form, tokens.client_id, api_key, [tokens.refresh])


def _ask(caller: Caller, form: dict[str, str], client_id: str, api_key: Secret, hidden: Iterable[Secret]) -> Tokens:
    what = "POST /oauth2/access_token/"
    deadline = Deadline(caller.clock, caller.manners.deadline_s)
    answer = caller.anonymous(
        f"{caller.base_url}/oauth2/access_token/",
        urlencode(form).encode(),
        {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"},
        deadline,
    )
    try:
        told = parse(answer, what, [api_key, *hidden])
    except BadRequest as error:
        raise AuthError(
            f"Freesound does not accept this code or login ({error.detail}); each works once: log in again ({LOGIN})",
            status=error.status,
            detail=error.detail,
        ) from None
    return read_tokens(
        told, client_id=client_id, credential=api_key.fingerprint(), base_url=caller.base_url, now=caller.clock.wall()
    )


def read_tokens(told: object, *, client_id: str, credential: str, base_url: str, now: float) -> Tokens:
    """Return the tokens in an answer."""
    answer = told if isinstance(told, dict) else {}
    try:
        return Tokens(
            access=Secret(answer["access_token"]),
            refresh=Secret(answer["refresh_token"]),
            expires_at=now + float(answer.get("expires_in", 86_400)),
            client_id=client_id,
            credential=credential,
            base_url=base_url,
            scope=str(answer.get("scope", "")),
        )
    except (KeyError, TypeError, ValueError, AttributeError):
        raise AuthError(f"Freesound's answer to the login holds no tokens: try again ({LOGIN})") from None


class StoredLogin:
    """A login kept in a file, renewed when it ends; all processes share it.

    Parameters
    ----------
    store : TokenStore
    api_key : Secret or None
        Needed to renew; it is not kept with the tokens.
    """

    def __init__(self, store: TokenStore, clock: Clock, api_key: Secret | None) -> None:
        self._store = store
        self._clock = clock
        self._api_key = api_key
        self._tokens: Tokens | None = None
        self.caller: Caller | None = None

    @property
    def credential(self) -> str:
        """Fingerprint of the key that the login was made with."""
        tokens = self.peek()
        return tokens.credential if tokens is not None else "none"

    def peek(self) -> Tokens | None:
        """Return the login as it is, ended or not; None without one for this API."""
        if self._tokens is None:
            tokens = self._store.load()
            ours = tokens is not None and self.caller is not None and tokens.base_url == self.caller.base_url
            self._tokens = tokens if ours else None
        return self._tokens

    def known(self) -> list[Secret | None]:
        """Return all that must appear in no message."""
        tokens = self._tokens
        return [] if tokens is None else [tokens.access, tokens.refresh]

    def access_token(self) -> Secret | None:
        """Return a token that has not ended, renewing it where needed; None without login."""
        tokens = self.peek()
        if tokens is None:
            return None
        if tokens.expires_at - self._clock.wall() > EARLY_S or self._api_key is None:
            return tokens.access
        return self.renewed(tokens.access)

    def renewed(self, old: Secret) -> Secret:
        """Return another token than ``old``; if another process has renewed it meanwhile, that one.

        Raises
        ------
        AuthError
            The login has ended for good.
        """
        with self._store.lock():
            self._tokens = None
            tokens = self.peek()
            if tokens is not None and tokens.access != old:
                return tokens.access
            if tokens is None or self.caller is None:
                raise AuthError(f"the login has ended: log in again ({LOGIN})")
            if self._api_key is None:
                raise AuthError("the login has ended and only the key can renew it: set FREESOUND_API_KEY")
            try:
                new = renew(self.caller, tokens, self._api_key)
            except AuthError as error:
                if error.status == 400:  # not for a wrong key: with the right one the login still holds
                    self._store.clear()
                    self._tokens = None
                raise
            self._store.save(new)  # before anybody uses it: the old one is dead already
            self._tokens = new
            return new.access
