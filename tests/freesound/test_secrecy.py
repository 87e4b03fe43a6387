"""Keys and tokens are in headers, and nowhere else."""

from __future__ import annotations

import copy
import logging
import pickle
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from freesound import AuthError, FreesoundError, Ledger, NetworkError, Request, Secret, api_key_from_environment
from freesound.secret import HIDDEN, redact
from tests.freesound.fakes import ACCESS, KEY, REFRESH, Network, Reply, client_for, html, listing, ogg, reply, sound

ALL = (KEY, ACCESS, REFRESH)


def everything(error: BaseException) -> Iterator[str]:
    """Return all that an error could show, and what it came from."""
    seen: BaseException | None = error
    while seen is not None:
        yield from (str(seen), repr(seen), repr(vars(seen)), *map(repr, seen.args))
        seen = seen.__cause__ or seen.__context__
    yield "".join(traceback.format_exception(error))


def echo(request: Request) -> Reply:
    """A service that repeats what it was sent."""
    return reply({"detail": f"Invalid header {request.headers.get('Authorization')}"}, 400)


FAULTS: list[Any] = [
    lambda r: echo(r),
    lambda r: html(f"<title>{r.headers.get('Authorization')}</title>", 500),
    lambda r: reply({"detail": {"token": [str(r.headers.get("Authorization"))]}}, 400),
    lambda r: reply({"detail": "Invalid token"}, 401),
    lambda r: Reply(301, b"", {"Location": "http://evil.example/"}),
    lambda r: html(),
]


@pytest.mark.parametrize("answer", FAULTS)
def test_no_error_and_no_log_shows_the_key(answer: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    client, network, _ = client_for(answer, tmp_path, login=True)
    shown = [repr(client), str(client), repr(client.caller.api_key), f"{client.caller.api_key}", repr(network.sent)]
    for ask in (lambda: client.sound(1), client.me, lambda: list(client.search("x")), lambda: client.rate(1, 2)):
        with pytest.raises(FreesoundError) as caught:
            ask()
        shown += everything(caught.value)
    shown += [repr(request) for request in network.sent] + [request.url for request in network.sent]
    shown.append(caplog.text)
    assert not [text for text in shown for secret in ALL if secret in text]


def test_no_file_but_the_login_holds_a_secret(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    body = ogg()

    def serve(request: Request) -> Reply:
        if "cdn." in request.url:
            return Reply(200, body, {"Content-Type": "audio/ogg", "Content-Length": str(len(body)), "ETag": '"x"'})
        return listing(sound()) if "/search/" in request.url else reply(sound())

    client, network, clock = client_for(serve, tmp_path, login=True)
    ledger = Ledger(tmp_path / "state" / "book", clock=clock)
    client, _, _ = client_for(network, tmp_path, clock=clock, ledger=ledger, login=True)
    list(client.search("rain"))
    client.sound(1000)
    client.preview(1000, folder=tmp_path / "out")
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(files) >= 6
    for path in files:
        content = path.read_bytes() + str(path).encode()
        found = [secret for secret in ALL if secret.encode() in content]
        assert found == ([ACCESS, REFRESH] if path.name == "tokens.json" else []), path
    assert not any(secret in caplog.text for secret in ALL)
    assert not any(secret in request.url for request in network.sent for secret in ALL)


def test_a_secret_gives_itself_away_nowhere() -> None:
    secret = Secret(f"  {KEY}\n")
    assert secret.reveal() == KEY
    assert KEY not in f"{secret!r} {secret!s} {secret} {[secret]} {secret.fingerprint()}"
    assert secret == Secret(KEY)
    assert len({secret, Secret(KEY), Secret("other")}) == 2
    for store in (pickle.dumps, copy.deepcopy):
        with pytest.raises(TypeError, match="not to be stored"):
            store(secret)
    assert redact(f"a {KEY} b", [secret, None]) == f"a {HIDDEN} b"


@pytest.mark.parametrize("text", ["", "  ", "a b", "a\nX-Header: b", "schlüssel", "x" * 3000])
def test_what_cannot_be_a_key_is_told_without_showing_it(text: str) -> None:
    with pytest.raises(AuthError, match="expected a Freesound key") as caught:
        Secret(text)
    assert not text.strip() or text not in str(caught.value)


def test_the_key_comes_from_the_environment() -> None:
    assert api_key_from_environment({}) is None
    assert api_key_from_environment({"FREESOUND_API_KEY": " "}) is None
    assert api_key_from_environment({"FREESOUND_API_KEY": KEY}) == Secret(KEY)


def test_the_network_errors_of_a_transport_pass_through() -> None:
    client, _, _ = client_for(Network([NetworkError("no route", retryable=False)]))
    with pytest.raises(NetworkError, match="no route") as caught:
        client.sound(1)
    assert not any(KEY in text for text in everything(caught.value))
