"""The client: all that the API answers, the files, and what one writes."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

from freesound.cache import Cache
from freesound.calls import Caller, Manners, Traffic
from freesound.checking import decodes
from freesound.clock import Clock, SystemClock
from freesound.downloads import Decode, Downloader
from freesound.errors import FreesoundError
from freesound.fetching import Fetching
from freesound.ledger import Ledger, Limits, Remaining
from freesound.oauth import StoredLogin
from freesound.secret import Secret, api_key_from_environment
from freesound.tokens import TokenStore
from freesound.transport import RequestsTransport, Transport
from freesound.writing import Writing

log = logging.getLogger("freesound")

BASE_URL = "https://freesound.org/apiv2"
USER_AGENT = "image-extender-freesound/1.0 (+https://pypi.org/project/image-extender/)"


class Client(Fetching, Writing):
    """A client of the Freesound API v2.

    Parameters
    ----------
    api_key : str, Secret or None
        None = what ``FREESOUND_API_KEY`` holds; ``""`` = none.
    token_store : TokenStore or None
        Where a login is kept; None = no login is used.
    transport : Transport or None
        None = the network.
    cache : Cache or None
        None = nothing is kept.
    ledger : Ledger or None
        None = the book that all of the user's programs share, with ``limits``.
    limits : Limits or None
        Of the key; None = what everybody gets.
    base_url : str
        Of the API: https, or plain http on this machine.
    offline : bool
        Use the cache only, however old; what is not there raises :class:`~freesound.errors.OfflineMiss`.
    work_dir : pathlib.Path or None
        Where unfinished files lie; None = in the cache, or without one in the user's state folder.
    manners : Manners or None
        Timeouts, tries, deadlines.
    decode : callable
        Checks that a file makes sound; see :func:`freesound.checking.decodes`.
    clock, rng : Clock, callable
        For tests: time, and a number in [0, 1) for pauses.
    on_wait : callable, optional
        Told the seconds when a request must wait for its turn.
    user_agent : str
        Names the program to Freesound.

    Attributes
    ----------
    traffic : Traffic
        What was sent and received so far.

    Raises
    ------
    AuthError
        The key cannot be one, or would be sent in the open.

    Notes
    -----
    Methods raise :class:`~freesound.errors.FreesoundError`, whose message says what to do next. Several threads may use
    one client.
    """

    def __init__(
        self,
        api_key: str | Secret | None = None,
        *,
        token_store: TokenStore | None = None,
        transport: Transport | None = None,
        cache: Cache | None = None,
        ledger: Ledger | None = None,
        limits: Limits | None = None,
        base_url: str = BASE_URL,
        offline: bool = False,
        work_dir: Path | None = None,
        manners: Manners | None = None,
        decode: Decode = decodes,
        clock: Clock | None = None,
        rng: Callable[[], float] | None = None,
        on_wait: Callable[[float], None] | None = None,
        user_agent: str = USER_AGENT,
    ) -> None:
        clock = clock or SystemClock()
        if isinstance(api_key, str):
            key = Secret(api_key) if api_key.strip() else None
        else:
            key = api_key if api_key is not None else api_key_from_environment()
        login = StoredLogin(token_store, clock, key) if token_store is not None else None
        self._caller = Caller(
            base_url=base_url,
            transport=transport or RequestsTransport(),
            ledger=ledger or _shared_ledger(limits, clock),
            clock=clock,
            manners=manners or Manners(),
            user_agent=user_agent,
            api_key=key,
            login=login,
            rng=rng,
            on_wait=on_wait,
        )
        if login is not None:
            login.caller = self._caller
        self._cache = cache
        self._offline = offline
        if work_dir is None:
            work_dir = cache.root / "partial" if cache is not None else _state_folder() / "partial"
        self._downloader = Downloader(self._caller, work_dir, decode)

    def __repr__(self) -> str:
        key = "set" if self._caller.api_key else "none"
        return f"Client({self._caller.base_url!r}, key={key}, offline={self._offline})"

    @property
    def traffic(self) -> Traffic:
        """What was sent and received so far."""
        return self._caller.traffic

    @property
    def caller(self) -> Caller:
        """What sends this client's requests, for :func:`freesound.finish_login`."""
        return self._caller

    def remaining(self, method: str = "GET") -> Remaining:
        """Return how many requests may still be sent in this minute and this day. Asks nobody."""
        return self._caller.ledger.remaining(self._caller.credential, method)


def _state_folder() -> Path:
    import platformdirs

    return Path(platformdirs.user_state_dir("freesound", appauthor=False))


def _shared_ledger(limits: Limits | None, clock: Clock) -> Ledger:
    path = _state_folder() / "requests.sqlite"
    try:
        return Ledger(path, limits=limits, clock=clock)
    except (OSError, FreesoundError) as error:
        log.warning("requests are counted in this program only: %s cannot be written (%s)", path, error)
        return Ledger(limits=limits, clock=clock)
