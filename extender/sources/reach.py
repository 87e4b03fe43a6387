"""Which services are there at all? Asked once and briefly, so that a network that swallows everything costs little."""

from __future__ import annotations

import socket
import threading
import time
from urllib.parse import urlsplit

from freesound.errors import NetworkError
from freesound.transport import Request, Response, Transport

CONNECT_S = 3.0
"""The longest to wait for a name to be looked up, a connection to be taken and its keys agreed, all together."""

UNREACHABLE = "it cannot be reached; is there a network?"


class Reach:
    """What a render knows about the network: who takes a connection, and who does not.

    The first question knocks at all addresses that were announced, at the same time, so that in a network that answers
    nobody the wait is ``patience_s`` once, however many services there are. What was found holds for this render.

    Parameters
    ----------
    patience_s : float
        The longest to wait for one host, in seconds.
    """

    def __init__(self, patience_s: float = CONNECT_S) -> None:
        self._patience_s = patience_s
        self._guard = threading.Lock()
        self._announced: list[str] = []
        self._knocks: dict[tuple[str, str, int], _Knock] = {}

    def announce(self, url: str) -> None:
        """Say that an address will be asked for; nothing is sent yet."""
        with self._guard:
            self._announced.append(url)

    def can_reach(self, url: str) -> bool:
        """Tell whether somebody takes a connection at an address; True without asking where a proxy stands between."""
        if _has_proxy(url):
            return True
        with self._guard:
            for each in (url, *self._announced):
                if _place(each) not in self._knocks and not _has_proxy(each):
                    self._knocks[_place(each)] = _Knock(_place(each), self._patience_s)
            self._announced.clear()
            knock = self._knocks[_place(url)]
        return knock.was_answered()


class Guarded:
    """A transport that sends to nobody who does not take a connection, and so never waits for one again and again.

    Parameters
    ----------
    transport : Transport
        Which sends.
    reach : Reach
    """

    def __init__(self, transport: Transport, reach: Reach) -> None:
        self._transport = transport
        self._reach = reach

    def send(self, request: Request) -> Response:
        """Send one request; see :meth:`freesound.transport.Transport.send`."""
        if not self._reach.can_reach(request.url):
            raise NetworkError(UNREACHABLE, never_sent=True, retryable=False)
        return self._transport.send(request)


class _Knock:
    """One attempt to be let in, made aside: looking a name up may take far longer than any timeout of a socket."""

    def __init__(self, place: tuple[str, str, int], patience_s: float) -> None:
        self._ends = time.monotonic() + patience_s
        self._patience_s = patience_s
        self._over = threading.Event()
        self._answered = False
        threading.Thread(target=self._knock, args=place, daemon=True).start()

    def was_answered(self) -> bool:
        self._over.wait(max(0.0, self._ends - time.monotonic()))
        return self._answered

    def _knock(self, scheme: str, host: str, port: int) -> None:
        try:
            with socket.create_connection((host, port), timeout=self._patience_s) as plain:
                self._answered = scheme != "https" or _greets(plain, host)
        except (OSError, ValueError):  # ValueError: a host that cannot be one
            self._answered = False
        finally:
            self._over.set()


def _greets(plain: socket.socket, host: str) -> bool:
    """Tell whether somebody answers the first words of a secure connection: some firewalls let these vanish only.

    Whether it is the right one is for whoever sends something to find out; here nothing is sent.
    """
    import ssl

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    try:
        context.wrap_socket(plain, server_hostname=host).close()
    except ssl.SSLError:
        return True
    return True


def _place(url: str) -> tuple[str, str, int]:
    try:
        parts = urlsplit(url)
        return parts.scheme, parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError:  # no address at all; whoever asks for it is told so elsewhere
        return "", "", 0


def _has_proxy(url: str) -> bool:
    from urllib.request import getproxies, proxy_bypass

    scheme, host, _ = _place(url)
    return scheme in getproxies() and not proxy_bypass(host)
