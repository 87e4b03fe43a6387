"""One polite call: with the key, in turn, again where that may help, never past its deadline, never to a stranger."""

from __future__ import annotations

import logging
import random
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol, TypeVar
from urllib.parse import urljoin, urlsplit

from freesound.answers import LOGIN, Answer, error_of, parse
from freesound.clock import Clock
from freesound.errors import AuthError, CredentialSuspended, FreesoundError, NetworkError, QuotaExceeded, Throttled
from freesound.ledger import Ledger, quota_exceeded
from freesound.query import address
from freesound.secret import Secret, redact
from freesound.transport import Request, Response, StreamedBody, Transport

log = logging.getLogger("freesound")
T = TypeVar("T")

MOST_ANSWER_BYTES = 64 * 2**20
MOST_REDIRECTS = 5
_MOST_REFUSALS = 5
_REDIRECTS = (301, 302, 303, 307, 308)
_SECURE = "https"


@dataclass(frozen=True, slots=True)
class Manners:
    """How patient and how persistent the client is.

    Parameters
    ----------
    connect_timeout_s, read_timeout_s : float
        For the connection, and for each piece of an answer.
    tries : int
        How often one request is sent at most, the first time included.
    backoff_s, backoff_cap_s : float
        Before try n + 1 there is a random pause of up to ``backoff_s · 2ⁿ⁻¹``, never above the cap.
    deadline_s, download_deadline_s : float
        For a whole call, and for a whole download; waiting for one's turn does not count.
    patience_s : float
        The longest to wait for one's turn.
    """

    connect_timeout_s: float = 5.0
    read_timeout_s: float = 30.0
    tries: int = 3
    backoff_s: float = 1.0
    backoff_cap_s: float = 30.0
    deadline_s: float = 120.0
    download_deadline_s: float = 900.0
    patience_s: float = 3600.0


@dataclass(slots=True)
class Traffic:
    """What a client has done so far."""

    requests: int = 0
    api_requests: int = 0
    bytes_received: int = 0
    from_cache: int = 0
    stale: int = 0
    waited_s: float = 0.0


class Login(Protocol):
    """Where a caller gets its access token from."""

    @property
    def credential(self) -> str:
        """Fingerprint of the key that the login belongs to."""
        ...

    def access_token(self) -> Secret | None:
        """Return a token that is not known to have ended, or None without login."""
        ...

    def renewed(self, old: Secret) -> Secret:
        """Return another token than the one that was refused."""
        ...

    def known(self) -> list[Secret | None]:
        """Return all that must appear in no message."""
        ...


class Deadline:
    """A moment by which a call must be over; waiting in line moves it."""

    def __init__(self, clock: Clock, seconds: float) -> None:
        self._clock = clock
        self._seconds = seconds
        self._end = clock.steady() + seconds

    def left_s(self) -> float:
        """Return the seconds that are left."""
        return self._end - self._clock.steady()

    def postpone(self, seconds: float) -> None:
        """Let the call take so much longer."""
        self._end += seconds

    def check(self) -> None:
        """Raise NetworkError when it is over."""
        if self.left_s() <= 0:
            raise NetworkError(
                f"Freesound took longer than {self._seconds:.0f} s: try again later, or allow more time",
                retryable=False,
            )


def origin_of(url: str) -> tuple[str, str, int]:
    """Return scheme, host and port of an address.

    Raises
    ------
    NetworkError
        It is none.
    """
    try:
        parts = urlsplit(url)
        port = parts.port or (443 if parts.scheme == _SECURE else 80)
        host = (parts.hostname or "").lower()
    except ValueError:
        host, port = "", 0
    if not host or parts.scheme not in ("http", _SECURE) or parts.username is not None:
        raise NetworkError(f"expected an https address, got {url[:100]!r}", never_sent=True, retryable=False)
    return parts.scheme, host, port


def is_loopback(host: str) -> bool:
    """Return whether a host is this very machine."""
    if host == "localhost":
        return True
    import ipaddress

    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class Caller:
    """Sends requests to one service with one key.

    Parameters
    ----------
    base_url : str
        ``https://…``; plain http for this machine only.
    """

    def __init__(
        self,
        *,
        base_url: str,
        transport: Transport,
        ledger: Ledger,
        clock: Clock,
        manners: Manners,
        user_agent: str,
        api_key: Secret | None = None,
        login: Login | None = None,
        rng: Callable[[], float] | None = None,
        on_wait: Callable[[float], None] | None = None,
    ) -> None:
        self.base_url = base_url.rstrip("/")
        self.origin = origin_of(self.base_url)
        if self.origin[0] != _SECURE and not is_loopback(self.origin[1]):
            raise AuthError(
                f"expected an https address for the API, got {self.base_url[:100]!r}: a key would be readable"
            )
        self.transport = transport
        self.ledger = ledger
        self.clock = clock
        self.manners = manners
        self.api_key = api_key
        self.login = login
        self.traffic = Traffic()
        self._user_agent = user_agent
        self._rng = rng or random.SystemRandom().random
        self._on_wait = on_wait
        self._counting = threading.Lock()
        self._suspended: FreesoundError | None = None

    @property
    def credential(self) -> str:
        """Fingerprint of the key in use, under which requests are counted."""
        if self.api_key is not None:
            return self.api_key.fingerprint()
        return self.login.credential if self.login is not None else "none"

    def json(
        self,
        method: str,
        path: str,
        params: Iterable[tuple[str, str]] = (),
        *,
        login: bool = False,
        body: bytes | StreamedBody | None = None,
        content_type: str = "",
    ) -> object:
        """Send a request to the API and return the JSON of its answer.

        Only GET requests are repeated, and only when that may help; a POST was perhaps done although no answer came.
        """
        what = f"{method} {path}"
        url = address(self.base_url, path, params)
        headers = {"Accept": "application/json"} | ({"Content-Type": content_type} if content_type else {})
        deadline = Deadline(self.clock, self.manners.deadline_s)

        def once() -> object:
            with self.open(method, url, headers=headers, body=body, login=login, deadline=deadline) as response:
                answer = Answer(response.status, response.headers, self.read(response, deadline, MOST_ANSWER_BYTES))
            return parse(answer, what, self._secrets())

        return self.again(once, what, deadline, tries=self.manners.tries if method == "GET" else 1)

    def again(self, once: Callable[[], T], what: str, deadline: Deadline, *, tries: int) -> T:
        """Do something until it succeeds, cannot succeed, or was tried often enough.

        What the service refused for want of room is done again when there is room; that is not a try.
        """
        attempt = refusals = 0
        while True:
            try:
                return once()
            except CredentialSuspended as error:
                self._suspended = error
                raise
            except Throttled as error:
                refusals += 1
                self._refused(error, what, refusals)
            except FreesoundError as error:
                attempt += 1
                if not error.retryable or attempt >= tries:
                    raise
                pause = self._rng() * min(self.manners.backoff_cap_s, self.manners.backoff_s * 2 ** (attempt - 1))
                if pause >= deadline.left_s():
                    raise
                log.info("%s; again in %.1f s", error, pause)
                self.clock.sleep(pause)

    @contextmanager
    def open(
        self,
        method: str,
        url: str,
        *,
        deadline: Deadline,
        headers: Mapping[str, str] | None = None,
        body: bytes | StreamedBody | None = None,
        login: bool = False,
        public: bool = False,
    ) -> Iterator[Response]:
        """Send one request and follow redirects by hand, with the key to the API's own host only.

        ``public``: what everybody may have, previews; without any key, and not counted, wherever it lies.
        """
        for _ in range(MOST_REDIRECTS + 1):
            given = dict(headers or {})
            if public or origin_of(self._allowed(url)) != self.origin:
                response = self._send(method, self._allowed(url), given, body, deadline, ours=False)
            else:
                response = self._authorised(method, url, given, body, login, deadline)
            try:
                target = response.header("location") if response.status in _REDIRECTS else ""
                if not target:
                    yield response
                    return
            finally:
                response.close()
            if method != "GET":
                raise NetworkError(
                    f"{method} was redirected, which the API never does: check the base address", retryable=False
                )
            url = self._allowed(urljoin(url, target))
        raise NetworkError(f"redirected more than {MOST_REDIRECTS} times: try again later", retryable=False)

    def anonymous(self, url: str, body: bytes, headers: Mapping[str, str], deadline: Deadline) -> Answer:
        """Post a form to the API's own host without credentials in the headers; once, following no redirect."""
        if origin_of(url) != self.origin:
            raise NetworkError("expected an address of the API itself", never_sent=True, retryable=False)
        with self._send("POST", url, dict(headers), body, deadline, ours=False) as response:
            return Answer(response.status, response.headers, self.read(response, deadline, MOST_ANSWER_BYTES))

    def read(self, response: Response, deadline: Deadline, most_bytes: int) -> bytes:
        """Return a whole body, within the deadline and the size."""
        pieces = []
        size = 0
        for piece in response.chunks:
            size += len(piece)
            self.received(len(piece))
            if size > most_bytes:
                raise NetworkError(
                    f"the answer is larger than {most_bytes} bytes: ask for less at once", retryable=False
                )
            pieces.append(piece)
            deadline.check()
        return b"".join(pieces)

    def received(self, size: int) -> None:
        """Count bytes."""
        with self._counting:
            self.traffic.bytes_received += size

    def counted(self, **more: float) -> None:
        """Count whatever else."""
        with self._counting:
            for name, value in more.items():
                setattr(self.traffic, name, getattr(self.traffic, name) + value)

    def error(self, response: Response, what: str, deadline: Deadline) -> FreesoundError:
        """Return the error that a bad answer stands for."""
        body = self.read(response, deadline, MOST_ANSWER_BYTES)
        return error_of(Answer(response.status, response.headers, body), what, self._secrets())

    def redacted(self, text: str) -> str:
        """Return a text without key and token."""
        return redact(text, self._secrets())

    def _secrets(self) -> list[Secret | None]:
        return [self.api_key, *(self.login.known() if self.login is not None else ())]

    def _allowed(self, url: str) -> str:
        """Return an address if it may be fetched: https, or plain http where the API itself is on this machine."""
        scheme, host, _ = origin_of(url)
        local = is_loopback(self.origin[1])
        if scheme != _SECURE and not (local and is_loopback(host)):
            raise NetworkError(f"expected an https address, got one on {host} without: not fetched", retryable=False)
        return url

    def _authorised(
        self,
        method: str,
        url: str,
        headers: dict[str, str],
        body: bytes | StreamedBody | None,
        login: bool,
        deadline: Deadline,
    ) -> Response:
        """Send one request to the API itself; with a login that has just ended, renew it and send once more."""
        token: Secret | None = None
        if login or self.api_key is None:
            token = self.login.access_token() if self.login is not None else None
            if token is None:
                raise self._no_credential(login)
            headers["Authorization"] = f"Bearer {token.reveal()}"
        elif self.api_key is not None:
            headers["Authorization"] = f"Token {self.api_key.reveal()}"
        response = self._send(method, url, headers, body, deadline, ours=True)
        ended = response.status == 401 and "invalid_token" in response.header("www-authenticate")
        if token is None or self.login is None or not ended:
            return response
        response.close()
        headers["Authorization"] = f"Bearer {self.login.renewed(token).reveal()}"
        return self._send(method, url, headers, body, deadline, ours=True)

    def _send(
        self,
        method: str,
        url: str,
        headers: dict[str, str],
        body: bytes | StreamedBody | None,
        deadline: Deadline,
        *,
        ours: bool,
    ) -> Response:
        if ours and self._suspended is not None:
            raise self._suspended
        deadline.check()
        entry = self._turn(method, deadline) if ours else None
        left_s = max(0.1, deadline.left_s())
        request = Request(
            method,
            url,
            {"User-Agent": self._user_agent, **headers},
            body,
            min(self.manners.connect_timeout_s, left_s),
            min(self.manners.read_timeout_s, left_s),
        )
        try:
            response = self.transport.send(request)
        except NetworkError as error:
            if entry is not None and error.never_sent:
                self.ledger.release(entry)
            raise
        self.counted(requests=1, api_requests=1 if ours else 0)
        if entry is not None:
            self.ledger.finish(entry, counted=response.status not in (401, 429))
        return response

    def _turn(self, method: str, deadline: Deadline) -> int:
        start = self.clock.steady()
        try:
            return self.ledger.acquire(
                self.credential, method, patience_s=self.manners.patience_s, on_wait=self._on_wait
            )
        finally:
            waited = self.clock.steady() - start
            deadline.postpone(waited)
            self.counted(waited_s=waited)

    def _refused(self, error: Throttled, what: str, refusals: int) -> None:
        """Take note of a 429; raise it if waiting does not help."""
        if error.status != 429:  # our own ledger says so already
            raise error
        method = what.split(" ", 1)[0]
        if isinstance(error, QuotaExceeded):
            pause = self.ledger.refused(self.credential, method, "day")
            raise quota_exceeded(error.limit, self.ledger.resets_at(self.credential), pause) from None
        self.ledger.refused(self.credential, method, "minute")
        if refusals >= _MOST_REFUSALS:
            raise error
        log.info("%s", error)

    def _no_credential(self, login: bool) -> AuthError:
        if login:
            return AuthError(f"this needs a login, the key alone does not do: {LOGIN}")
        return AuthError(
            "no Freesound key: get one at https://freesound.org/apiv2/apply and set FREESOUND_API_KEY to it"
        )
