"""The recorded exchanges are the server's contract: the same requests get answers of the same shape."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.conftest import SHARED, shared
from tests.freesound_server import FreesoundServer
from tests.freesound_server.descriptors import NAMES
from tests.freesound_server.recorded import KEYS, PUBLIC_URL, recorded_server, write_tone

_FILE = SHARED / "freesound" / "exchanges.json"
EXCHANGES: list[dict[str, Any]] = json.loads(_FILE.read_text(encoding="utf-8")) if _FILE.exists() else []

# Recorded as null there, measured or not here, or the other way round.
_NULLABLE = {*NAMES, "geotag", "pack", "pack_name", "category", "subcategory", "category_code", "similar_sounds"}
_HEADERS = (
    "WWW-Authenticate",
    "Allow",
    "Location",
    "Content-Disposition",
    "Content-Range",
    "Cache-Control",
    "Accept-Ranges",
)
#: Pages of HTML are ours, and a pack is sent as the zip that nginx makes of the list which was recorded.
_OTHER_TEXT = {"search_html", "sound_badid", "analysis_none", "invalid_url"}


@dataclass(frozen=True, slots=True)
class Ask:
    """What a recorded request carried besides its address, and what had happened before."""

    auth: str = "Token " + KEYS["good"]
    headers: dict[str, str] = field(default_factory=dict)
    data: dict[str, str] | None = None
    file: tuple[str, bytes] | None = None
    fault: str = ""
    before: tuple[str, dict[str, str]] | None = None


OAUTH = "oauth"
_CLIENT = {"client_id": "c" * 20, "client_secret": KEYS["good"]}
_PASSWORD = {**_CLIENT, "grant_type": "password", "username": "dev", "password": "pw"}
_REFRESH = {**_CLIENT, "grant_type": "refresh_token", "refresh_token": "dead"}
_CODE = {**_CLIENT, "grant_type": "authorization_code", "code": "bad"}
_ASKS: dict[str, Ask] = {
    "noauth": Ask(""),
    "badtoken": Ask("Token zzz"),
    "token_empty": Ask("Token"),
    "token_spaces": Ask("Token a b"),
    "badbearer": Ask("Bearer zzz"),
    "revoked": Ask("Token " + KEYS["pending"]),
    "suspended": Ask("Token " + KEYS["suspended"]),
    "throttled": Ask("Token " + KEYS["busy"]),
    "query_token": Ask(""),
    "query_token_bad": Ask(""),
    "search_timeout": Ask(fault="overloaded"),
    "search_boom": Ask(fault="unreachable"),
    "search_html": Ask(headers={"Accept": "text/html"}),
    "search_badaccept": Ask(headers={"Accept": "image/png"}),
    "oauth_password": Ask("", data=_PASSWORD),
    "oauth_refresh": Ask("", data=_REFRESH),
    "oauth_badcode": Ask("", data=_CODE),
    "oauth_badclient": Ask("", data={**_CODE, "client_secret": "wrong"}),
    "download_range": Ask(OAUTH, headers={"Range": "bytes=100-199"}),
    "download_link_use": Ask(""),
    "rate": Ask(OAUTH, data={"rating": "4"}),
    "rate_again": Ask(OAUTH, data={"rating": "4"}, before=("/sounds/2001/rate/", {"rating": "3"})),
    "rate_bad": Ask(OAUTH, data={"rating": "9"}),
    "comment": Ask(OAUTH, data={"comment": "Nice"}),
    "comment_missing": Ask(OAUTH, data={}),
    "bookmark": Ask(OAUTH, data={}),
    "upload_nodesc": Ask(OAUTH, file=("t.wav", b""), fault="server_error"),
    "upload_bad": Ask(OAUTH, file=("t.wav", b"no audio")),
    "describe_bad": Ask(OAUTH, data={"upload_filename": "zz.wav"}),
    "preview": Ask(""),
    "preview_range": Ask("", headers={"Range": "bytes=0-99"}),
    "preview_missing": Ask(""),
    **{
        name: Ask(OAUTH)
        for name in (
            *("me", "me_cats", "me_cat0", "me_cat_missing", "download", "download_unicode", "download_nofile"),
            *("download_404", "download_link", "pack_download", "pending"),
        )
    },
}


@pytest.fixture
def server(tmp_path: Path) -> Iterator[FreesoundServer]:
    """A server over the recorded site."""
    with recorded_server(tmp_path) as server:
        yield server
        assert server.errors == []


def replay(server: FreesoundServer, exchange: dict[str, Any], folder: Path) -> requests.Response:
    """Send a recorded request."""
    ask = _ASKS.get(exchange["name"], Ask())
    bearer = "Bearer " + server.bearer()
    if ask.before:
        path, data = ask.before
        requests.post(server.base_url + path, data=data, headers={"Authorization": bearer}, timeout=10)
    if ask.fault:
        server.faults.add(ask.fault)
    headers = {"Accept": "*/*", **ask.headers}
    if ask.auth:
        headers["Authorization"] = bearer if ask.auth == OAUTH else ask.auth
    path = exchange["path"].replace("<TOKEN>", KEYS["good"])
    host = server.cdn_origin if "/data/previews/" in path else server.origin
    url = path.replace(PUBLIC_URL, host) if path.startswith("http") else server.base_url + path
    files = None
    if ask.file:
        name, content = ask.file
        files = {"audiofile": (name, content or write_tone(folder).read_bytes())}
    return requests.request(
        exchange["method"], url, headers=headers, data=ask.data, files=files, timeout=10, allow_redirects=False
    )


def same_shape(recorded: Any, ours: Any, at: str = "") -> list[str]:
    """Return where two JSON values differ in keys, their order, or types; lists are compared by their first item."""
    name = at.rpartition(".")[2]
    if (recorded is None or ours is None) and name in _NULLABLE:
        return []
    if type(recorded) is not type(ours):
        return [f"{at}: {type(recorded).__name__} was recorded, {type(ours).__name__} came"]
    if isinstance(recorded, dict):
        if sorted(recorded) != sorted(ours):
            return [f"{at}: keys differ: {sorted(set(recorded) ^ set(ours))}"]
        wrong = [] if list(recorded) == list(ours) or name == "analysis" else [f"{at}: order of keys: {list(ours)}"]
        return wrong + [each for key in recorded for each in same_shape(recorded[key], ours[key], f"{at}.{key}")]
    if isinstance(recorded, list):
        if bool(recorded) != bool(ours):
            return [f"{at}: {len(recorded)} items were recorded, {len(ours)} came"]
        return [each for one, other in zip(recorded[:1], ours[:1], strict=True) for each in same_shape(one, other, at)]
    return []


@pytest.mark.skipif(not EXCHANGES, reason="needs ../shared/data/freesound/exchanges.json, which is not here")
@pytest.mark.parametrize("exchange", EXCHANGES, ids=[each["name"] for each in EXCHANGES])
def test_same_shape_as_recorded(server: FreesoundServer, exchange: dict[str, Any], tmp_path: Path) -> None:
    """Status, headers, JSON keys, their order and types are as recorded; the texts of errors are the same."""
    answer = replay(server, exchange, tmp_path)
    recorded, name = exchange["body"], exchange["name"]
    assert answer.status_code == exchange["status"], answer.text
    if name == "pack_download":  # recorded: the list from which nginx makes the zip that people get
        assert answer.headers["Content-Disposition"] == exchange["headers"]["Content-Disposition"]
        assert "_readme_and_license.txt" in zipfile.ZipFile(io.BytesIO(answer.content)).namelist()
        return
    assert answer.headers["Content-Type"] == exchange["headers"]["Content-Type"]
    for header in _HEADERS:
        ours, theirs = answer.headers.get(header), exchange["headers"].get(header)
        if header == "Content-Range" and name.startswith("preview"):  # of an encoder's output only the kind is promised
            ours, theirs = (value and value.partition("/")[0] for value in (ours, theirs))
        assert ours == theirs, header
    assert answer.headers.get("Retry-After") is None
    if isinstance(recorded, dict | list):
        ours = answer.json()
        assert same_shape(recorded, ours, "analysis" if name == "analysis" else "body") == []
        if answer.status_code >= 400:
            assert ours == recorded
            assert answer.headers["Content-Length"] == exchange["headers"]["Content-Length"]
        if isinstance(recorded, dict) and "results" in recorded:
            paged = ("count", "next", "previous")
            assert {key: ours[key] for key in paged} == {key: recorded[key] for key in paged}
            assert len(ours["results"]) == len(recorded["results"])
            assert ours["results"].count(None) == recorded["results"].count(None)
    elif recorded.startswith("<") and recorded.endswith("bytes>"):
        if name != "preview":
            assert len(answer.content) == int(recorded[1:].split()[0])
    elif name not in _OTHER_TEXT:
        assert answer.text == recorded
    else:
        assert _title(answer.text) == _title(recorded)


def _title(html: str) -> str:
    return html.partition("<title>")[2].partition("</title>")[0]


def test_every_recorded_request_is_replayed() -> None:
    """The recordings are all there, and none of the table's entries is left over."""
    shared("freesound/exchanges.json")
    names = [each["name"] for each in EXCHANGES]
    assert len(set(names)) == len(names) == 125
    assert set(_ASKS) <= set(names)


@pytest.mark.parametrize(
    ("recorded", "ours"),
    [({"a": 1}, {"a": 1.0}), ({"a": 1}, {"b": 1}), ({"a": 1, "b": 2}, {"b": 2, "a": 1}), ([1], []), ("x", None)],
)
def test_differences_of_shape_are_seen(recorded: Any, ours: Any) -> None:
    """The comparison itself finds other types, keys, orders and empty lists."""
    assert same_shape(recorded, ours, "body")
