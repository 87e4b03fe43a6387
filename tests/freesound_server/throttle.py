"""How the service limits its users: a sliding log of answered requests for each credential."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

SUSPENDED = "Request was throttled because the ApiV2 credential has been suspended"
_EXCEEDED = "Request was throttled because of exceeding a request limit rate ({limit}/{unit})"


@dataclass(frozen=True, slots=True)
class Limits:
    """Requests allowed in any minute and in any day, for reading and for writing."""

    get_per_minute: int
    get_per_day: int
    post_per_minute: int
    post_per_day: int


LEVELS: dict[int, Limits | None] = {
    0: Limits(0, 0, 0, 0),
    1: Limits(60, 2000, 30, 500),
    2: Limits(300, 5000, 60, 1000),
    3: Limits(300, 15000, 60, 3000),
    99: None,
}


def exceeded(limit: int, unit: str) -> str:
    """Return the sentence of a refusal: ``unit`` is ``"minute"`` or ``"day"``."""
    return _EXCEEDED.format(limit=limit, unit=unit)


class Throttle:
    """One log for each credential, shared by reading and writing; refused requests leave no trace in it.

    Parameters
    ----------
    clock : callable
        Seconds, never backwards.
    minute_s, day_s : float
        Lengths of the two windows; shorter ones make a test quick.
    """

    def __init__(self, clock: Callable[[], float], *, minute_s: float = 60.0, day_s: float = 86400.0) -> None:
        self._clock = clock
        self._minute_s = minute_s
        self._day_s = day_s
        self._logs: dict[str, deque[float]] = {}
        self._lock = threading.Lock()

    def admit(self, client_id: str, limits: Limits | None, method: str) -> tuple[str | None, float]:
        """Count one request, or refuse it.

        Returns
        -------
        refusal : str or None
            The ``detail`` of the 429, None where it was let through.
        at_s : float
            The time it was counted at.
        """
        with self._lock:
            now_s = self._clock()
            if limits is None:
                return None, now_s
            log = self._logs.setdefault(client_id, deque())
            while log and log[0] <= now_s - self._day_s:
                log.popleft()
            reading = method in ("GET", "HEAD", "OPTIONS")
            per_minute = limits.get_per_minute if reading else limits.post_per_minute
            per_day = limits.get_per_day if reading else limits.post_per_day
            if per_minute == 0:
                return SUSPENDED, now_s
            in_minute = 0
            for at_s in reversed(log):
                if at_s <= now_s - self._minute_s:
                    break
                in_minute += 1
            if in_minute >= per_minute:
                return exceeded(per_minute, "minute"), now_s
            if len(log) >= per_day:
                return exceeded(per_day, "day"), now_s
            log.append(now_s)
            return None, now_s

    def preload(self, client_id: str, requests: int) -> None:
        """Pretend that so many requests were just answered."""
        with self._lock:
            self._logs.setdefault(client_id, deque()).extend([self._clock()] * requests)

    def reset(self) -> None:
        """Forget all requests."""
        with self._lock:
            self._logs.clear()
