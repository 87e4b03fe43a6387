"""The seam to the network: one protocol with one method, and the version that really sends.

Tests hand in their own :class:`Transport`; nothing is ever patched.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from freesound.errors import NetworkError

if TYPE_CHECKING:
    import requests

CHUNK_BYTES = 64 * 1024


class StreamedBody(Protocol):
    """A body too large for memory: its length and its pieces, from the start each time it is iterated."""

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[bytes]: ...


@dataclass(frozen=True, slots=True)
class Request:
    """One request, ready to be sent.

    Parameters
    ----------
    method : str
        ``"GET"`` or ``"POST"``.
    url : str
        Complete and percent-encoded; never holds a key.
    headers : mapping of str to str
        Hidden in the repr, for one of them holds the key.
    body : bytes, StreamedBody or None
    connect_timeout_s, read_timeout_s : float
        How long to wait for the connection, and for each piece of the answer.
    """

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes | StreamedBody | None = field(default=None, repr=False)
    connect_timeout_s: float = 5.0
    read_timeout_s: float = 30.0


class Response:
    """One answer: status and headers at once, the body in pieces as they come.

    Parameters
    ----------
    status : int
    headers : mapping of str to str
        Looked up without regard to case.
    chunks : iterator of bytes
        Raises :class:`~freesound.errors.NetworkError` when the connection breaks.
    close : callable
        Gives the connection back; called once.
    """

    def __init__(
        self,
        status: int,
        headers: Mapping[str, str],
        chunks: Iterator[bytes],
        close: Callable[[], None] = lambda: None,
    ) -> None:
        self.status = status
        self.headers = {name.lower(): value for name, value in headers.items()}
        self.chunks = chunks
        self._close: Callable[[], None] | None = close

    def header(self, name: str) -> str:
        """Return a header's value, or an empty text."""
        return self.headers.get(name.lower(), "")

    def close(self) -> None:
        """Give the connection back."""
        close, self._close = self._close, None
        if close is not None:
            close()

    def __enter__(self) -> Response:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Transport(Protocol):
    """Whatever can send a request and bring the answer."""

    def send(self, request: Request) -> Response:
        """Send one request. Follows no redirect, retries nothing.

        Raises
        ------
        NetworkError
            No answer came.
        """
        ...


class RequestsTransport:
    """Sends by ``requests``, with the proxies and certificates that the environment names.

    Parameters
    ----------
    connections : int
        The most answers that are open at a time; Freesound asks for restraint.
    """

    def __init__(self, connections: int = 2) -> None:
        self._open = threading.BoundedSemaphore(connections)
        self._session: requests.Session | None = None
        self._making = threading.Lock()

    def _get_session(self) -> requests.Session:
        from http.cookiejar import DefaultCookiePolicy

        import requests

        with self._making:
            if self._session is None:
                self._session = requests.Session()
                self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))  # the API needs none
            return self._session

    def send(self, request: Request) -> Response:
        """Send one request; see :meth:`Transport.send`."""
        import requests

        session = self._get_session()
        self._open.acquire()
        try:
            # `auth` keeps requests from replacing our header by one from ~/.netrc; `session.request`, unlike
            # `session.send`, heeds REQUESTS_CA_BUNDLE.
            answer = session.request(
                request.method,
                request.url,
                headers=dict(request.headers),
                data=request.body,
                auth=_as_it_is,
                timeout=(request.connect_timeout_s, request.read_timeout_s),
                allow_redirects=False,
                stream=True,
            )
        except requests.RequestException as error:
            self._open.release()
            # `from None`: the original holds the request, and with it the key
            raise _network_error(error) from None
        except BaseException:
            self._open.release()
            raise

        def close() -> None:
            answer.close()
            self._open.release()

        return Response(answer.status_code, dict(answer.headers), _pieces(answer), close)


def _as_it_is(prepared: requests.PreparedRequest) -> requests.PreparedRequest:
    return prepared


def _network_error(error: Exception) -> NetworkError:
    import requests

    name = type(error).__name__
    if isinstance(error, requests.exceptions.SSLError):
        return NetworkError(
            f"no secure connection to Freesound ({name}): check the clock and the proxy, then try again"
        )
    if isinstance(error, requests.exceptions.ConnectTimeout):
        return NetworkError("Freesound did not take the connection in time: try again later", never_sent=True)
    if isinstance(error, requests.exceptions.Timeout):
        return NetworkError("Freesound did not answer in time: try again later")
    if isinstance(error, requests.exceptions.ConnectionError):
        refused = "NewConnectionError" in repr(error.args) or "NameResolutionError" in repr(error.args)
        return NetworkError(f"no connection to Freesound ({name}): check the network", never_sent=refused)
    if isinstance(error, ValueError):  # requests' name for an address or header that cannot be
        return NetworkError(f"the request could not be made ({name})", never_sent=True, retryable=False)
    return NetworkError(f"the connection to Freesound broke ({name}): try again later")


def _pieces(answer: requests.Response) -> Iterator[bytes]:
    import requests
    import urllib3

    raw: Any = answer.raw
    # read1 gives what is there; read would wait for a whole piece and let a slow server outlast every deadline
    read = getattr(raw, "read1", None) or raw.read
    try:
        while piece := read(CHUNK_BYTES, decode_content=True):
            yield piece
    except (urllib3.exceptions.HTTPError, requests.RequestException, OSError) as error:
        raise NetworkError(f"the connection broke in the middle of the answer ({type(error).__name__})") from None
