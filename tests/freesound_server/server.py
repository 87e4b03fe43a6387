"""The server as a whole: two listeners on loopback, one for the API and one for the previews."""

from __future__ import annotations

import hashlib
import os
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable
from http.server import ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any

from tests.freesound_server.accounts import DEFAULT_REDIRECT, Accounts, Credential
from tests.freesound_server.audio import AudioShelf
from tests.freesound_server.catalogue import Catalogue, read_folder
from tests.freesound_server.faults import Fault, FaultList
from tests.freesound_server.handler import Handler
from tests.freesound_server.messages import API
from tests.freesound_server.present import Presenter
from tests.freesound_server.requestlog import RequestLog
from tests.freesound_server.site import Site
from tests.freesound_server.state import State
from tests.freesound_server.throttle import Limits, Throttle

LOOPBACK = "127.0.0.1"


class Listener(ThreadingHTTPServer):
    """One listening socket. ``host`` is ``"api"`` or ``"cdn"``."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, owner: FreesoundServer, host: str, port: int) -> None:
        self.owner = owner
        self.host = host
        self._open: set[socket.socket] = set()
        self._guard = threading.Lock()
        super().__init__((LOOPBACK, port), Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Remember the connection, then serve it on a thread of its own."""
        with self._guard:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Close a connection that is done with."""
        with self._guard:
            self._open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Forget clients that went away; keep every other error for the tests."""
        error = sys.exc_info()[1]
        if not isinstance(error, OSError):
            self.owner.errors.append(repr(error))

    def cut_all(self) -> None:
        """Shut all open connections."""
        with self._guard:
            connections = tuple(self._open)
        for connection in connections:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue


class FreesoundServer:
    """A Freesound site over a folder of recordings, for use in a ``with`` statement.

    Parameters
    ----------
    sounds : path or Catalogue
        A folder (with or without a manifest), or sounds made by hand.
    key, client_id : str, optional
        The API key (also the client secret) and client id; random ones else.
    level : int
        Throttling level of that credential.
    username : str
        Whose credential it is.
    limits : Limits, optional
        In place of level 1's 60 a minute and 2000 a day.
    minute_s : float
        Length of the throttle's minute.
    clock : callable
        Seconds since 1970.
    latency_s : float
        Wait before every answer.
    faults : iterable of Fault or str
        What goes wrong from the start, as :meth:`Fault.read` takes it.
    public_url : str
        Scheme and host of the addresses in answers. As on the real site behind its proxy it is not where the server
        listens: nobody may follow it blindly.
    media_url : str, optional
        Before ``/previews/…`` in answers; default is this server's second listener.
    port, cdn_port : int
        0 = any free one.
    cache_dir : Path, optional
        Where previews and measurements are kept between runs; default is a folder of this user's under the system's
        temporary one.
    approve : bool or None
        Whether the person at the browser allows an application; None = a page asks.
    require_https : bool
        Refuse OAuth-only resources unless ``X-Forwarded-Proto: https`` is sent.
    max_request_line : int
        Longer ones get a 414.

    Attributes
    ----------
    log : RequestLog
    faults : FaultList
    state : State
        The catalogue and what was written to it.
    accounts : Accounts
    throttle : Throttle
    errors : list of str
        Tracebacks of the server's own mistakes; a test may assert that there are none.
    """

    def __init__(
        self,
        sounds: Path | str | Catalogue,
        *,
        key: str | None = None,
        client_id: str | None = None,
        level: int = 1,
        username: str = "dev",
        limits: Limits | None = None,
        minute_s: float = 60.0,
        clock: Callable[[], float] = time.time,
        latency_s: float = 0.0,
        faults: Iterable[Fault | str] = (),
        public_url: str = "https://freesound.invalid",
        media_url: str | None = None,
        port: int = 0,
        cdn_port: int = 0,
        cache_dir: Path | None = None,
        approve: bool | None = True,
        require_https: bool = False,
        max_request_line: int = 8190,
    ) -> None:
        self.clock = clock
        self.latency_s = latency_s
        self.max_request_line = max_request_line
        self.log = RequestLog()
        self.errors: list[str] = []
        self.faults = FaultList(tuple(Fault.read(each) if isinstance(each, str) else each for each in faults))
        self.accounts = Accounts(clock)
        self.throttle = Throttle(clock, minute_s=minute_s)
        self._stopped = threading.Event()
        self._threads: list[threading.Thread] = []
        catalogue = sounds if isinstance(sounds, Catalogue) else read_folder(Path(sounds))
        self._api = Listener(self, "api", port)
        try:
            self._cdn = Listener(self, "cdn", cdn_port)
        except OSError:
            self._api.server_close()
            raise
        seed = os.urandom(16).hex()
        self.credential = self.accounts.add(
            Credential(
                client_id or hashlib.sha256(f"id{seed}".encode()).hexdigest()[:20],
                key or hashlib.sha256(f"key{seed}".encode()).hexdigest()[:40],
                username,
                level,
                redirect_uris=(DEFAULT_REDIRECT, f"{self.origin}/home/app_permissions/permission_granted/"),
            )
        )
        presenter = Presenter(public_url, media_url or self.cdn_origin, catalogue)
        self.state = State(catalogue, AudioShelf(cache_dir or default_cache_dir()), self.accounts, presenter, clock)
        self.site = Site(self.state, self.throttle, limits, approve, require_https)

    @property
    def origin(self) -> str:
        """Where the API listens, such as ``http://127.0.0.1:40001``."""
        return f"http://{LOOPBACK}:{self._api.server_port}"

    @property
    def base_url(self) -> str:
        """The root of the API, without a slash at its end."""
        return self.origin + API

    @property
    def cdn_origin(self) -> str:
        """Where the previews are served."""
        return f"http://{LOOPBACK}:{self._cdn.server_port}"

    @property
    def other_host(self) -> str:
        """The same listener as the previews', under another host name."""
        return f"http://localhost:{self._cdn.server_port}"

    @property
    def key(self) -> str:
        """The API key, which is also the client secret."""
        return self.credential.key

    @property
    def client_id(self) -> str:
        """The client id."""
        return self.credential.client_id

    def bearer(self, username: str | None = None) -> str:
        """Return a fresh access token without the dance."""
        return self.accounts.make_token(self.client_id, username or self.credential.username).access

    def pause(self, seconds: float) -> None:
        """Wait, but not longer than the server lives."""
        if seconds > 0:
            self._stopped.wait(seconds)

    def start(self) -> FreesoundServer:
        """Begin to serve."""
        for listener in (self._api, self._cdn):
            thread = threading.Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
            thread.start()
            self._threads.append(thread)
        return self

    def stop(self) -> None:
        """Stop serving and cut what is open; afterwards nobody listens."""
        self._stopped.set()
        for listener in (self._api, self._cdn):
            if self._threads:
                listener.shutdown()
            listener.server_close()
            listener.cut_all()
        for thread in self._threads:
            thread.join()
        self._threads.clear()
        self.state.close()

    def __enter__(self) -> FreesoundServer:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def default_cache_dir() -> Path:
    """Return this user's folder for previews and measurements."""
    owner = os.getuid() if hasattr(os, "getuid") else None
    folder = Path(tempfile.gettempdir()) / f"image-extender-freesound-server-{owner or 'user'}"
    # Somebody else may have put a folder of that name there.
    foreign = folder.is_symlink() or (folder.exists() and owner is not None and folder.stat().st_uid != owner)
    return Path(tempfile.mkdtemp(prefix=folder.name)) if foreign else folder
