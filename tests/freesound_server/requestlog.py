"""What the server was asked: the witness of the tests."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Entry:
    """One request.

    Parameters
    ----------
    at_s : float
        By the server's clock.
    host : {"api", "cdn"}
        Which of the two listeners was asked.
    method, path : str
        ``path`` with its query, credentials replaced by ``***``.
    status : int
        0 where the connection was cut before an answer.
    sent_bytes : int
        Body bytes that were sent.
    counted : bool
        Whether the throttle counted it against the credential.
    credential : {"", "token", "bearer", "query"}
        What kind of credential came with it (never the credential itself).
    client_id : str
        Whose it was; empty where none was accepted.
    user_agent, range, fault : str
        ``fault`` is the kind that was played, or empty.
    """

    at_s: float
    host: str
    method: str
    path: str
    status: int
    sent_bytes: int
    counted: bool
    credential: str
    client_id: str
    user_agent: str
    range: str
    fault: str


class RequestLog:
    """All requests since the start or the last :meth:`clear`, oldest first. Safe to read while serving."""

    def __init__(self) -> None:
        self._entries: list[Entry] = []
        self._lock = threading.Lock()

    def add(self, entry: Entry) -> None:
        """Append one request."""
        with self._lock:
            self._entries.append(entry)

    def amend(self, entry: Entry, sent_bytes: int) -> None:
        """Note that another number of bytes went out than was meant to."""
        with self._lock:
            for place in range(len(self._entries) - 1, -1, -1):
                if self._entries[place] is entry:
                    self._entries[place] = replace(entry, sent_bytes=sent_bytes)
                    return

    def clear(self) -> None:
        """Forget all requests."""
        with self._lock:
            self._entries.clear()

    @property
    def entries(self) -> tuple[Entry, ...]:
        """All requests."""
        with self._lock:
            return tuple(self._entries)

    def __iter__(self) -> Iterator[Entry]:
        return iter(self.entries)

    def __len__(self) -> int:
        return len(self.entries)

    def api(self) -> tuple[Entry, ...]:
        """Requests to the API, without the previews and the server's own pages."""
        return tuple(entry for entry in self.entries if entry.path.startswith("/apiv2/"))

    def previews(self) -> tuple[Entry, ...]:
        """Requests for previews, on either listener."""
        return tuple(entry for entry in self.entries if "/previews/" in entry.path)

    @property
    def counted(self) -> int:
        """How many requests the throttle counted."""
        return sum(entry.counted for entry in self.entries)

    @property
    def sent_bytes(self) -> int:
        """Body bytes sent in all."""
        return sum(entry.sent_bytes for entry in self.entries)

    def paths(self) -> Counter[str]:
        """How often each path was asked for, without its query."""
        return Counter(entry.path.partition("?")[0] for entry in self.entries)

    def max_in_window(self, seconds: float = 60.0) -> int:
        """Return the greatest number of counted requests of one credential in any window of that length (< seconds)."""
        most = 0
        times: dict[str, list[float]] = {}
        for entry in self.entries:
            if entry.counted:
                times.setdefault(entry.client_id, []).append(entry.at_s)
        for seen in times.values():
            seen.sort()
            first = 0
            for last, at_s in enumerate(seen):
                while at_s - seen[first] >= seconds:
                    first += 1
                most = max(most, last - first + 1)
        return most

    def summary(self) -> dict[str, object]:
        """Return the figures as a JSON-ready dictionary."""
        entries = self.entries
        return {
            "requests": len(entries),
            "counted": sum(entry.counted for entry in entries),
            "max_in_60_s": self.max_in_window(60.0),
            "sent_bytes": sum(entry.sent_bytes for entry in entries),
            "statuses": {str(status): n for status, n in sorted(Counter(e.status for e in entries).items())},
            "paths": dict(self.paths()),
        }
