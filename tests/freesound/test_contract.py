"""Every recorded exchange with a running service: the client asks so, and reads the answer rightly."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import pytest

from freesound import (
    Analysis,
    AuthError,
    BadRequest,
    BookmarkCategory,
    Cache,
    Client,
    Comment,
    Conflict,
    CredentialSuspended,
    DecodeError,
    Description,
    Download,
    FreesoundError,
    IntegrityError,
    Ledger,
    LicenceKind,
    Manners,
    NotFound,
    Pack,
    PendingUploads,
    Request,
    Response,
    Results,
    ServerBusy,
    ServerError,
    Sound,
    Throttled,
    TokenStore,
    User,
    begin_login,
    finish_login,
)
from freesound.query import address
from freesound.secret import Secret
from freesound.tokens import Tokens
from tests.conftest import SHARED
from tests.freesound.fakes import KEY, FakeClock, sound, tokens

RECORDED = SHARED / "freesound" / "exchanges.json"
EXCHANGES = json.loads(RECORDED.read_text(encoding="utf-8")) if RECORDED.exists() else []
BY_NAME = {exchange["name"]: exchange for exchange in EXCHANGES}
MAGIC = {"audio/mpeg": b"ID3\x04", "audio/ogg": b"OggS", "application/octet-stream": b"RIFF\0\0\0\0WAVE"}
REDIRECTED = {"search_noslash": "search_default"}
"""Exchanges whose answer leads to that of another."""


def left_out(content_type: str, size: int) -> bytes:
    """Return a body of the kind and length that was recorded; its bytes were not."""
    return (MAGIC.get(content_type, b"<root>") + bytes(size))[:size]


class Replay:
    """Gives the recorded answer, and keeps what was asked."""

    def __init__(self, *names: str) -> None:
        self._names = list(names)
        self.sent: list[Request] = []

    def send(self, request: Request) -> Response:
        self.sent.append(request)
        exchange = BY_NAME[self._names.pop(0) if len(self._names) > 1 else self._names[0]]
        headers = dict(exchange["headers"])
        body = exchange["body"]
        if isinstance(body, str) and (size := re.fullmatch(r"<(\d+) bytes>", body)):
            content = left_out(headers["Content-Type"], int(size[1]))
        else:
            content = body.encode() if isinstance(body, str) else json.dumps(body).encode()
            headers.pop("Content-Length", None)  # of the service's spacing, not of json's
        return Response(exchange["status"], headers, iter([content]))


def client_of(transport: Replay, folder: Path) -> Client:
    store = TokenStore(folder / "tokens.json")
    store.save(tokens())
    clock = FakeClock()
    return Client(
        KEY,
        token_store=store,
        transport=transport,
        ledger=Ledger(clock=clock),
        cache=Cache(folder / "cache", clock=clock),
        clock=clock,
        manners=Manners(tries=1),
        decode=lambda _path, _kind: None,  # the recorded bodies were left out
    )


def path_and_params(exchange: dict[str, Any]) -> tuple[str, dict[str, str]]:
    """Return what a recording asks for: its line as it was typed, of which the service decodes the query twice."""
    path, _, query = exchange["path"].partition("?")
    params = {}
    for part in re.split(r"&(?=\w+=)", query):
        name, _, value = part.partition("=")
        if name and name != "token":
            params[name] = unquote(unquote(value))
    return path, params


def search(client: Client, params: dict[str, str]) -> list[Sound]:
    similar: Any = params.get("similar_to")
    if similar is not None:
        similar = json.loads(similar)
    results = client.search(
        params.get("query", ""),
        filter=params.get("filter") or None,
        sort=params.get("sort", "score"),
        fields=params["fields"].split(",") if "fields" in params else None,
        group_by_pack=params.get("group_by_pack") == "1",
        weights={k: int(v) for k, v in (pair.split(":") for pair in params["weights"].split(","))}
        if "weights" in params
        else None,
        similar_to=similar,
        page_size=int(params.get("page_size", 15)),
        page=int(params.get("page", 1)),
    )
    return list(results.page(int(params.get("page", 1))).items)


RAW = {
    "root", "search_fields_badsim", "search_page0", "search_page_neg", "search_page_bogus", "search_pagesize0",
    "search_pagesize_151", "search_filter_empty", "search_sort_bad", "search_sort_unknown", "search_similar_bad",
    "search_similar_badvec", "search_similar_shortvec", "search_similar_badspace", "search_xml", "search_html",
    "search_badaccept", "sound_badid", "invalid_url", "similar_filter", "search_text_legacy", "search_noslash",
}  # fmt: skip
"""What the client does not ask of itself, because it refuses it or has no need: asked for as it stands."""

POSTS: dict[str, Callable[[Client, Path], Any]] = {
    "search_post": lambda c, _: c.caller.json("POST", "/search/", login=True),
    "rate": lambda c, _: c.rate(2001, 4),
    "rate_again": lambda c, _: c.rate(2001, 4),
    "rate_bad": lambda c, _: c.rate(2001, 5),
    "comment": lambda c, _: c.comment(2001, "Nice"),
    "comment_missing": lambda c, _: c.comment(2001, "Nice"),
    "bookmark": lambda c, _: c.bookmark(2001, category="My loops"),
    "upload_nodesc": lambda c, folder: c.upload(folder / "t.wav"),
    "upload_bad": lambda c, folder: c.upload(folder / "t.wav", Description(name="t", licence=LicenceKind.CC0)),
    "describe_bad": lambda c, _: c.describe("zz.wav", Description(name="t")),
}


def call(exchange: dict[str, Any], client: Client, folder: Path) -> Any:
    """Ask what was asked in a recording, by the method that a program would use."""
    name = exchange["name"]
    path, params = path_and_params(exchange)
    if name.startswith("oauth_"):
        return finish_login(client.caller, begin_login(client.caller.base_url, "abc"), Secret("code"), Secret(KEY))
    if exchange["method"] == "POST":
        (folder / "t.wav").write_bytes(b"RIFF")
        return POSTS[name](client, folder)
    if name in RAW:
        return client.get_json(path, params.items())
    if path.startswith("https://") and "/previews/" in path:
        variant = "hq-ogg" if path.endswith("ogg") else "hq-mp3"
        one = Sound(int(path.rsplit("/", 1)[1].split("_")[0]), previews={f"preview-{variant}": path})
        return client.preview(one, variant=variant)
    if path.startswith("https://"):
        return client.get_json("/download/")
    if path == "/search/":
        return search(client, params)
    fields = params["fields"].split(",") if "fields" in params else None
    size = int(params.get("page_size", 15))
    steps = [unquote(step) for step in path.strip("/").split("/")]
    checksum = hashlib.md5(left_out("application/octet-stream", 352_844)).hexdigest()
    lists: dict[str, Callable[[], Results[Any]]] = {
        "sounds/*/similar": lambda: client.similar(int(steps[1]), fields=fields, page_size=size),
        "sounds/*/comments": lambda: client.comments(int(steps[1]), page_size=size),
        "users/*/sounds": lambda: client.user_sounds(steps[1], fields=fields, page_size=size),
        "users/*/packs": lambda: client.user_packs(steps[1], page_size=size),
        "packs/*/sounds": lambda: client.pack_sounds(int(steps[1]), fields=fields, page_size=size),
        "me/bookmark_categories": client.bookmark_categories,
        "me/bookmark_categories/*/sounds": lambda: client.bookmarks(int(steps[2]), fields=fields, page_size=size),
    }
    things: dict[str, Callable[[], Any]] = {
        "sounds/*": lambda: client.sound(int(steps[1]), fields=fields),
        "sounds/*/analysis": lambda: client.analysis(int(steps[1])),
        "sounds/*/download": lambda: client.original(Sound(int(steps[1]), type="wav", md5=checksum), folder),
        "sounds/*/download/link": lambda: client.download_link(int(steps[1])),
        "users/*": lambda: client.user(steps[1]),
        "packs/*": lambda: client.pack(int(steps[1])),
        "packs/*/download": lambda: client.pack_archive(Pack(int(steps[1])), folder),
        "me": client.me,
        "sounds/pending_uploads": client.pending_uploads,
    }
    shape = "/".join("*" if i and (s.isdigit() or (i == 1 and steps[0] == "users")) else s for i, s in enumerate(steps))
    if shape in lists:
        return lists[shape]().page(int(params.get("page", 1))).items
    return things[shape]()


ERRORS: dict[int, type[FreesoundError]] = {
    301: BadRequest, 400: BadRequest, 401: AuthError, 404: NotFound, 405: BadRequest, 406: BadRequest, 409: Conflict,
    429: Throttled, 500: ServerError,
}  # fmt: skip
ODD: dict[str, type[FreesoundError]] = {
    "suspended": CredentialSuspended,
    "revoked": CredentialSuspended,
    "search_timeout": ServerBusy,
    "search_boom": ServerBusy,
    "search_xml": DecodeError,
    "search_html": DecodeError,
    "oauth_refresh": AuthError,
    "oauth_badcode": AuthError,
    "pack_download": IntegrityError,  # the archive is made by a module that the recorded server did not have
    "download_range": FreesoundError,  # a part that nobody asked for
    "preview_range": FreesoundError,
}


@pytest.mark.parametrize("name", [e["name"] for e in EXCHANGES] or ["none"])
def test_recorded_answers_are_read_rightly(name: str, tmp_path: Path) -> None:
    if not EXCHANGES:
        pytest.skip("needs ../shared/data/freesound/exchanges.json, which is not here")
    exchange = BY_NAME[name]
    transport = Replay(name, *([REDIRECTED[name]] if name in REDIRECTED else []))
    client = client_of(transport, tmp_path)
    status = exchange["status"]
    wanted = ODD.get(name) or (None if status < 300 or name in REDIRECTED else ERRORS[status])
    if wanted is not None:
        with pytest.raises(wanted) as caught:
            call(exchange, client, tmp_path)
        message = str(caught.value)
        assert "\n" not in message
        assert ": " in message
        assert KEY not in message
        if status >= 400 and name not in ("preview_missing",):
            assert caught.value.status in (status, None) or name in ODD
        return
    got = call(exchange, client, tmp_path)
    assert got is not None
    compare(exchange, got)
    asked_rightly(exchange, transport.sent[0])


def compare(exchange: dict[str, Any], got: Any) -> None:
    """Nothing that the service told is lost."""
    body = exchange["body"]
    if isinstance(got, tuple | list) and isinstance(body, dict):
        ids = [entry["id"] for entry in body["results"] if entry and "id" in entry]
        assert [getattr(item, "id", None) for item in got if hasattr(item, "id")] == ids
        assert len(got) == sum(entry is not None for entry in body["results"])
        for entry, item in zip([e for e in body["results"] if e], got, strict=True):
            assert isinstance(item, Sound | Pack | Comment | BookmarkCategory)
            assert item.extra == {}
            if isinstance(item, Sound):
                same_sound(entry, item)
    elif isinstance(got, Sound):
        same_sound(body, got)
        assert got.extra == {}
    elif isinstance(got, Analysis):
        assert {name: len(vector) for name, vector in got.vectors.items()} == {
            "laion_clap": 512,
            "freesound_classic": 100,
        }
        assert got.descriptors["bpm"] == 120.0
    elif isinstance(got, Download):
        assert got.size == int(exchange["headers"]["Content-Length"])
    elif isinstance(got, Tokens):
        assert got.access.reveal() == body["access_token"]
    elif isinstance(got, User):
        assert got.username == body["username"]
        assert got.extra == {}
        assert got.date_joined is not None
    elif isinstance(got, Pack):
        assert (got.id, got.name, got.num_sounds) == (body["id"], body["name"], body["num_sounds"])
    elif isinstance(got, PendingUploads):
        assert got.description == tuple(body["pending_description"])
    elif isinstance(got, str):
        assert got in (body.get("detail"), body.get("download_link"))
    else:
        assert got == (body if exchange["name"] not in REDIRECTED else BY_NAME["search_default"]["body"])


def same_sound(told: dict[str, Any], got: Sound) -> None:
    assert got.raw == told
    for key, attribute in (("name", "name"), ("duration", "duration_s"), ("md5", "md5"), ("license", "licence_url")):
        if told.get(key) is not None:
            assert getattr(got, attribute) == told[key]
    if "license" in told:
        assert got.licence.kind is not LicenceKind.UNKNOWN
    assert list(got.tags) == told.get("tags", [])
    measured = {k for k, v in told.items() if v is not None} & set(got.descriptors)
    assert all(got.descriptors[key] == told[key] for key in measured)


def asked_rightly(exchange: dict[str, Any], sent: Request) -> None:
    """The client asks for what the recording asked for, apart from what is the default anyway."""
    path, params = path_and_params(exchange)
    place = urlsplit(sent.url)
    if exchange["name"].startswith("oauth") or path.startswith("https://"):
        return
    assert unquote(place.path).removeprefix("/apiv2") == path
    asked = dict(parse_qsl(place.query, keep_blank_values=True))
    for key, value in params.items():
        if (key, value) in (("query", ""), ("page", "1")):
            continue
        assert unquote(asked[key]) == (value.replace(" ", "") if key == "fields" else value), key


def test_the_recordings_are_all_there() -> None:
    if not EXCHANGES:
        pytest.skip("needs ../shared/data/freesound/exchanges.json, which is not here")
    assert len(EXCHANGES) == len(BY_NAME) == 125
    assert sound()["id"] == 1000
    assert address("https://x", "/a/") == "https://x/a/"
