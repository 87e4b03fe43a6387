"""Everything that can go wrong, on demand."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from tests.freesound_server.messages import Answer, Request, detail, json_answer, page, proxy_page, server_error_page
from tests.freesound_server.search import MAX_PAGE_SIZE
from tests.freesound_server.throttle import SUSPENDED, exceeded

HOSTILE_NAMES = (
    "../../x",
    "CON",
    "a" * 300,
    "🐕🌧️ Hund & Regen 雨.wav",
    "/etc/passwd",
    "..\\..\\evil:name?.WAV",
    "nul.",
    " . ",
    "-rf *",
    "quote\"s 'n' <b>html</b>",
    "line\nbreak\x00zero\u202egnp.wav",
    "no extension",
)

#: Answers given in place of the application's, before it is asked (the throttle counts nothing).
IN_FRONT: dict[str, Callable[[], Answer]] = {
    "forbidden_html": lambda: page(403, "403 Forbidden", "<p>Your address has been blocked.</p>"),
    "missing": lambda: proxy_page(404, "Not Found"),
    "bad_gateway": lambda: proxy_page(502, "Bad Gateway"),
    "unavailable": lambda: proxy_page(503, "Service Temporarily Unavailable"),
    "gateway_timeout": lambda: proxy_page(504, "Gateway Time-out"),
    "html_ok": lambda: page(200, "Freesound", "<p>We are down for maintenance.</p>"),
    "unauthorised": lambda: detail(401, "Invalid token", WWW_Authenticate='Bearer realm="api"'),
    "throttled_minute": lambda: detail(429, exceeded(60, "minute")),
    "throttled_day": lambda: detail(429, exceeded(2000, "day")),
    "suspended": lambda: detail(429, SUSPENDED),
}

#: Answers of an application that fails after it has counted the request (and done what was asked).
IN_APPLICATION: dict[str, Callable[[], Answer]] = {
    "overloaded": lambda: detail(500, "Search is overloaded, please try again later."),
    "unreachable": lambda: detail(500, "The search server could not be reached or some unexpected error occurred."),
    "server_error": lambda: detail(500, "Server error"),
    "server_error_html": server_error_page,
}

#: Lists that are wrong in themselves.
IN_DATA = ("null_results", "duplicates", "count_lies", "hostile_names", "unknown_licence", "bad_json")

#: What happens to a right answer on the wire.
ON_THE_WIRE = (
    "truncated",
    "length_too_long",
    "length_too_short",
    "reset",
    "reset_midway",
    "slow",
    "stalled",
    "stalled_midway",
)

REDIRECT = "redirect"
KINDS = (*IN_FRONT, *IN_APPLICATION, *IN_DATA, *ON_THE_WIRE, REDIRECT)


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that goes wrong.

    Parameters
    ----------
    kind : str
        One of ``KINDS``.
    match : str
        Regular expression, searched for in the path with its query; empty = every request.
    times : int or None
        How often; None = always.
    skip : int
        How many matching requests go well before it.
    seconds : float
        For ``slow``: how long the body takes; for ``stalled``: how long nothing comes, then the line is cut; for
        ``stalled_midway``: the same after half of the body.
    location : str
        For ``redirect``: where to; empty = the same path on another host of this server.
    """

    kind: str
    match: str = ""
    times: int | None = None
    skip: int = 0
    seconds: float = 5.0
    location: str = ""

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"fault {self.kind!r} is unknown; expected one of {', '.join(KINDS)}")
        if (self.times is not None and self.times < 0) or self.skip < 0 or self.seconds < 0:
            raise ValueError("times, skip and seconds of a fault are never negative")
        try:
            re.compile(self.match)
        except re.error as error:
            raise ValueError(f"match {self.match!r} is no regular expression: {error}") from None

    @classmethod
    def read(cls, given: Mapping[str, Any] | str) -> Fault:
        """Read a fault from JSON, or from ``KIND``, ``KIND@MATCH`` or ``KIND@MATCHxTIMES``.

        Raises
        ------
        ValueError
        """
        if isinstance(given, str):
            found = re.fullmatch(r"(\w+?)(?:@(.*?))?(?:x(\d+))?", given)
            if not found:
                raise ValueError(f"fault {given!r} not understood; expected KIND[@MATCH][xTIMES]")
            return cls(found[1], found[2] or "", int(found[3]) if found[3] else None)
        try:
            return cls(**given)
        except TypeError as error:
            raise ValueError(f"fault not understood: {error}") from None


class FaultList:
    """The faults that are waiting, in order; of those that match a request the first is played."""

    def __init__(self, faults: tuple[Fault, ...] = ()) -> None:
        self._lock = threading.Lock()
        self._waiting: list[Fault] = list(faults)

    def add(self, kind: str, match: str = "", **options: Any) -> None:
        """Append one fault; see :class:`Fault` for the options."""
        self.put(Fault(kind, match, **options))

    def put(self, fault: Fault) -> None:
        """Append one fault."""
        with self._lock:
            self._waiting.append(fault)

    def clear(self) -> None:
        """Let all go well."""
        with self._lock:
            self._waiting.clear()

    @property
    def waiting(self) -> tuple[Fault, ...]:
        """What is still to come."""
        with self._lock:
            return tuple(self._waiting)

    def take(self, request: Request) -> Fault | None:
        """Return the fault for a request, and count it down."""
        with self._lock:
            for place, fault in enumerate(self._waiting):
                if fault.times == 0 or not re.search(fault.match, request.target):
                    continue
                if fault.skip:
                    self._waiting[place] = replace(fault, skip=fault.skip - 1)
                    continue
                if fault.times is not None:
                    self._waiting[place] = replace(fault, times=fault.times - 1)
                self._waiting = [each for each in self._waiting if each.times != 0]
                return fault
        return None


def spoil(fault: Fault, request: Request, answer: Answer, repeated: Callable[[int], Any]) -> Answer:
    """Return the answer with its data made wrong.

    Parameters
    ----------
    fault : Fault
        Of the kinds ``IN_DATA``.
    repeated : callable
        Given a number n, the last n results of the page before (for ``duplicates``).
    """
    if not isinstance(answer.data, dict) or answer.status != 200:
        return answer
    if fault.kind == "bad_json":
        assert isinstance(answer.body, bytes)
        return replace(answer, body=answer.body[: max(len(answer.body) // 2, 1)])
    data = json.loads(json.dumps(answer.data))
    results = data.get("results")
    if isinstance(results, list):
        if fault.kind == "null_results":
            data["results"] = [None if place % 3 == 0 else item for place, item in enumerate(results)]
        elif fault.kind == "count_lies":
            data["count"] = data["count"] * 3 + 1
        elif fault.kind == "duplicates":
            again = repeated(max(len(results) // 2, 1))
            data["results"] = (again + results + results[:1])[:MAX_PAGE_SIZE]
    for place, item in enumerate(results if isinstance(results, list) else [data]):
        if isinstance(item, dict):
            if fault.kind == "hostile_names" and "name" in item:
                item["name"] = HOSTILE_NAMES[place % len(HOSTILE_NAMES)]
            if fault.kind == "unknown_licence" and "license" in item:
                item["license"] = "http://creativecommons.org/licenses/by-nc-nd/9.0/"
    changed = json_answer(data)
    return replace(answer, body=changed.body, data=data)
