"""A clock that is set by hand, and a network that says what a test wants."""

from __future__ import annotations

import io
import json
import wave
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from freesound import Cache, Client, Ledger, NetworkError, Request, Response, TokenStore
from freesound.secret import Secret
from freesound.tokens import Tokens

KEY = "kEy0123456789abcdefghijklmnopqrstuvwXYZ0"
ACCESS = "aCCess-token-0123456789-abcdef"
REFRESH = "reFResh-token-0123456789-abcde"
BASE = "https://freesound.org/apiv2"
NOW = 1_790_000_000.0


class FakeClock:
    """Sleeping takes no time and passes it."""

    def __init__(self, wall: float = NOW, boot: str = "boot-1") -> None:
        self.boot = boot
        self.now = wall
        self.jumped = 0.0
        self.slept: list[float] = []

    def wall(self) -> float:
        return self.now + self.jumped

    def steady(self) -> float:
        return self.now - 1000.0

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += max(0.0, seconds)


@dataclass
class Reply:
    """What the network answers."""

    status: int = 200
    body: Any = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    breaks_after: int | None = None
    """The connection breaks after so many bytes."""
    delay_s: float = 0.0
    """Before each piece of the body."""


def reply(body: Any, status: int = 200, **headers: str) -> Reply:
    """Answer JSON."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(status, body, {"Content-Type": "application/json", **named})


def html(text: str = "<html><title>Server Error</title></html>", status: int = 200) -> Reply:
    """Answer a web page."""
    return Reply(status, text.encode(), {"Content-Type": "text/html; charset=utf-8"})


Handler = Callable[[Request], Reply]


class Network:
    """Answers by a function, or by a list of replies in order; keeps what was sent."""

    def __init__(self, answers: Handler | list[Reply | Exception], clock: FakeClock | None = None) -> None:
        self._answers = answers
        self._clock = clock
        self.sent: list[Request] = []
        self.bodies: list[bytes] = []
        self.open = 0

    def send(self, request: Request) -> Response:
        self.sent.append(request)
        self.bodies.append(
            b""
            if request.body is None
            else b"".join([request.body] if isinstance(request.body, bytes) else request.body)
        )
        if callable(self._answers):
            told: Reply | Exception = self._answers(request)
        else:
            assert self._answers, f"nothing more was expected, but {request!r} came"
            told = self._answers.pop(0)
        if isinstance(told, Exception):
            raise told
        body = told.body if isinstance(told.body, bytes) else json.dumps(told.body).encode()
        self.open += 1
        return Response(told.status, told.headers, self._pieces(told, body), self._closed)

    def _pieces(self, told: Reply, body: bytes) -> Iterator[bytes]:
        end = len(body) if told.breaks_after is None else told.breaks_after
        for start in range(0, end, 1000):
            if self._clock is not None:
                self._clock.now += told.delay_s
            yield body[start : min(start + 1000, end)]
        if told.breaks_after is not None:
            raise NetworkError("the connection broke in the middle of the answer (Reset)")

    def _closed(self) -> None:
        self.open -= 1


def client_for(
    answers: Handler | list[Reply | Exception] | Network,
    folder: Path | None = None,
    *,
    clock: FakeClock | None = None,
    login: bool = False,
    **options: Any,
) -> tuple[Client, Network, FakeClock]:
    """Return a client with a key, its network and its clock; with a folder also a cache."""
    clock = clock or FakeClock()
    network = answers if isinstance(answers, Network) else Network(answers, clock)
    given: dict[str, Any] = {
        "api_key": KEY,
        "transport": network,
        "clock": clock,
        "ledger": Ledger(clock=clock),
        "cache": Cache(folder / "cache", clock=clock) if folder is not None else None,
        "rng": lambda: 1.0,
    }
    if login:
        assert folder is not None
        store = TokenStore(folder / "config" / "tokens.json")
        store.save(tokens())
        given["token_store"] = store
    return Client(**(given | options)), network, clock


def tokens(access: str = ACCESS, refresh: str = REFRESH, expires_at: float = NOW + 86_400) -> Tokens:
    """A login."""
    return Tokens(Secret(access), Secret(refresh), expires_at, "clientid0123456789ab", Secret(KEY).fingerprint(), BASE)


def listing(*results: Any, count: int | None = None, more: bool = False) -> Reply:
    """A page of a list as the service gives it, with a `next` that must not be followed."""
    return reply(
        {
            "count": len(results) if count is None else count,
            "previous": None,
            "next": "https://elsewhere.example/apiv2/search/?&query=x&weights=&page=2" if more else None,
            "results": list(results),
        }
    )


def wav(seconds: float = 0.1, rate_hz: int = 8000) -> bytes:
    """A small WAV file that is not silent."""
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate_hz)
        file.writeframes(bytes(i * 37 % 251 for i in range(int(seconds * rate_hz) * 2)))
    return out.getvalue()


def ogg(seconds: float = 1.0) -> bytes:
    """A small Ogg Vorbis file."""
    import numpy as np
    import soundfile

    out = io.BytesIO()
    soundfile.write(
        out, np.sin(np.arange(round(22_050 * seconds)) * 0.1).astype(np.float32) * 0.5, 22_050, format="OGG"
    )
    return out.getvalue()


PREVIEW = "https://cdn.freesound.org/previews/1/1000_1-hq.ogg"


def sound(number: int = 1000, **more: Any) -> dict[str, Any]:
    """A sound as the service tells it."""
    return {
        "id": number,
        "name": "Rain 00",
        "tags": ["rain"],
        "license": "http://creativecommons.org/licenses/by/4.0/",
        "username": "InspectorJ",
        "previews": {"preview-hq-ogg": PREVIEW},
        **more,
    }
