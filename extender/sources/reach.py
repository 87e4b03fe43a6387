"""Is a host there at all? Asked once and briefly, so that a machine without network hardly waits."""

from __future__ import annotations

import socket
import threading
from urllib.parse import urlsplit

CONNECT_S = 3.0
"""The longest to wait for a name to be looked up and a connection to be taken, together."""


def can_reach(url: str, timeout_s: float = CONNECT_S) -> bool:
    """Tell whether somebody takes a connection at an address; True without asking where a proxy stands between.

    Looking a name up may take far longer than any timeout of a socket, so it is done aside and given up.
    """
    from urllib.request import getproxies, proxy_bypass

    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
    if parts.scheme in getproxies() and not proxy_bypass(host):
        return True
    reached = threading.Event()
    done = threading.Event()

    def knock() -> None:
        try:
            socket.create_connection((host, port), timeout=timeout_s).close()
            reached.set()
        except OSError:
            pass
        finally:
            done.set()

    threading.Thread(target=knock, daemon=True).start()
    done.wait(timeout_s)
    return reached.is_set()
