"""Access, limits, OAuth2, files, writing: the service around the search."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import http.client
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
import soundfile

from tests.conftest import shared
from tests.freesound_server import Credential, FreesoundServer
from tests.freesound_server.conftest import Client
from tests.freesound_server.recorded import recorded_catalogue


class Clock:
    """A clock that is put forward by hand."""

    def __init__(self) -> None:
        self.now_s = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def timed(tmp_path: Path, clock: Clock) -> Iterator[Client]:
    """A client of a server whose clock stands still."""
    with FreesoundServer(recorded_catalogue(tmp_path), clock=clock, cache_dir=tmp_path / "cache") as server:
        client = Client(server)
        yield client
        client.session.close()
        assert server.errors == []


# Limits


def test_the_minute_slides_and_refusals_are_not_counted(timed: Client, clock: Clock) -> None:
    """60 in any 60 s: the 61st is refused without Retry-After; 404 counts, 401 does not."""
    for n in range(60):
        clock.now_s += 0.5
        assert timed.get("/sounds/1000/" if n else "/sounds/1/", fields="id").status_code in (200, 404)
    refused = timed.get("/sounds/1000/")
    assert refused.status_code == 429
    assert refused.json()["detail"].endswith("request limit rate (60/minute)")
    assert "Retry-After" not in refused.headers
    assert requests.get(timed.server.base_url + "/search/", timeout=10).status_code == 401
    clock.now_s += 30.4
    assert timed.get("/sounds/1000/").status_code == 429
    clock.now_s += 0.1
    assert timed.get("/sounds/1000/").status_code == 200
    assert timed.get("/sounds/1000/").status_code == 429
    log = timed.server.log
    assert (log.counted, log.max_in_window(60), len(log)) == (61, 60, 65)


def test_the_day_and_the_shared_log(timed: Client, clock: Clock) -> None:
    """2000 a day; 30 reads in a minute leave no room for a write; a suspended key is never served."""
    bearer = {"Authorization": "Bearer " + timed.server.bearer()}
    for _ in range(30):
        assert timed.get("/sounds/1000/", fields="id").status_code == 200
    rate = timed.server.base_url + "/sounds/1001/rate/"
    refused = requests.post(rate, data={"rating": "4"}, headers=bearer, timeout=10)
    assert refused.json()["detail"].endswith("(30/minute)")
    clock.now_s += 61
    timed.server.throttle.preload(timed.server.client_id, 1970)
    clock.now_s += 61
    assert timed.get("/sounds/1000/").json()["detail"].endswith("(2000/day)")
    clock.now_s += 86400
    assert timed.get("/sounds/1000/").status_code == 200
    timed.server.accounts.add(Credential("s" * 20, "s" * 40, level=0))
    suspended = requests.get(rate, headers={"Authorization": "Token " + "s" * 40}, timeout=10)
    assert suspended.status_code == 401
    search = timed.server.base_url + "/search/"
    suspended = requests.get(search, headers={"Authorization": "Token " + "s" * 40}, timeout=10)
    assert "has been suspended" in suspended.json()["detail"]


def test_twenty_threads_never_get_more_than_the_limit(small: Client) -> None:
    """However many ask at once, 60 are let through and every request is in the log."""
    url, headers = small.server.base_url + "/sounds/1000/?fields=id", {"Authorization": f"Token {small.server.key}"}
    statuses: list[int] = []

    def ask() -> None:
        for _ in range(5):
            statuses.append(requests.get(url, headers=headers, timeout=10).status_code)

    threads = [threading.Thread(target=ask) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (statuses.count(200), statuses.count(429)) == (60, 40)
    assert (small.server.log.max_in_window(60), len(small.server.log)) == (60, 100)


# OAuth2


def _challenge(verifier: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def _exchange(server: FreesoundServer, **form: str) -> requests.Response:
    form = {"client_id": server.client_id, "client_secret": server.key, **form}
    return requests.post(server.base_url + "/oauth2/access_token/", data=form, timeout=10)


def test_oauth_from_the_code_to_the_rotation(timed: Client, clock: Clock) -> None:
    """Code once only and with its verifier, tokens rotate, the old pair dies at once, expiry is in the header."""
    server = timed.server
    asked = {"client_id": server.client_id, "response_type": "code", "state": "x y", "code_challenge_method": "S256"}
    asked |= {"code_challenge": _challenge("v" * 43), "redirect_uri": "http://127.0.0.1:9/cb"}
    url = server.base_url + "/oauth2/authorize/"
    moved = requests.get(url, params=asked, timeout=10, allow_redirects=False)
    sent = parse_qs(urlsplit(moved.headers["Location"]).query)
    assert sent["state"] == ["x y"]
    grant = {"grant_type": "authorization_code", "code": sent["code"][0], "redirect_uri": "http://127.0.0.1:9/cb"}
    assert _exchange(server, **grant, code_verifier="wrong").json() == {"error": "invalid_grant"}
    moved = requests.get(url, params=asked, timeout=10, allow_redirects=False)
    grant["code"] = parse_qs(urlsplit(moved.headers["Location"]).query)["code"][0]
    pair = _exchange(server, **grant, code_verifier="v" * 43).json()
    assert (pair["expires_in"], pair["token_type"], pair["scope"]) == (86400, "Bearer", "read write")
    assert _exchange(server, **grant, code_verifier="v" * 43).status_code == 400
    new = _exchange(server, grant_type="refresh_token", refresh_token=pair["refresh_token"]).json()
    assert _exchange(server, grant_type="refresh_token", refresh_token=pair["refresh_token"]).status_code == 400

    def me(token: str) -> requests.Response:
        return requests.get(server.base_url + "/me/", headers={"Authorization": f"Bearer {token}"}, timeout=10)

    assert me(pair["access_token"]).status_code == 401
    assert me(new["access_token"]).json()["username"] == "dev"
    clock.now_s += 86401
    expired = me(new["access_token"])
    assert expired.json()["detail"] == "Authentication credentials were not provided."
    assert 'error="invalid_token"' in expired.headers["WWW-Authenticate"]
    assert _exchange(server, grant_type="refresh_token", refresh_token=new["refresh_token"]).status_code == 200


def test_a_code_lives_ten_minutes(timed: Client, clock: Clock) -> None:
    """A code that is too old is refused; so is one without a callback that was registered."""
    server = timed.server
    code = server.accounts.make_code(server.client_id, "dev", "http://localhost/cb")
    clock.now_s += 601
    assert _exchange(server, grant_type="authorization_code", code=code).status_code == 400
    params = {"client_id": server.client_id, "response_type": "code", "redirect_uri": "https://evil.example/"}
    refused = requests.get(server.base_url + "/oauth2/authorize/", params=params, timeout=10, allow_redirects=False)
    assert refused.status_code == 400


@pytest.mark.parametrize("approve", [None, False])
def test_authorisation_is_asked_for_or_denied(tmp_path: Path, approve: bool | None) -> None:
    """Without a standing consent a page asks; a denial goes back to the callback."""
    with FreesoundServer(recorded_catalogue(tmp_path), approve=approve) as server:
        url = server.base_url + "/oauth2/authorize/"
        params = {"client_id": server.client_id, "response_type": "code"}
        params["redirect_uri"] = server.origin + "/home/app_permissions/permission_granted/"
        shown = requests.get(url, params=params, timeout=10)
        if approve is None:
            assert "Authorize!" in shown.text
            shown = requests.post(url, data={**params, "allow": "1"}, timeout=10)
            assert "Your code: <code>" in shown.text
        else:
            assert "access_denied" in shown.text


def test_https_can_be_demanded(tmp_path: Path) -> None:
    """OAuth-only resources over plain http are a 403, the others are not."""
    with FreesoundServer(recorded_catalogue(tmp_path), require_https=True) as server:
        headers = {"Authorization": "Bearer " + server.bearer()}
        assert requests.get(server.base_url + "/me/", headers=headers, timeout=10).status_code == 403
        headers["X-Forwarded-Proto"] = "https"
        assert requests.get(server.base_url + "/me/", headers=headers, timeout=10).status_code == 200


# Files


def test_previews_decode_and_are_counted_by_nobody(site: Client) -> None:
    """All four previews are whole sounds of the right kind, on a host that wants no key."""
    found = site.search("rooster", fields="id,duration,previews", page_size=1)["results"][0]
    for name, url in found["previews"].items():
        answer = requests.get(url, timeout=20)
        path = Path(urlsplit(url).path)
        assert answer.headers["Content-Type"] == {".mp3": "audio/mpeg", ".ogg": "audio/ogg"}[path.suffix], name
        with soundfile.SoundFile(__import__("io").BytesIO(answer.content)) as file:
            assert file.frames / file.samplerate == pytest.approx(found["duration"], abs=0.1)
    assert not any(entry.counted or entry.credential for entry in site.server.log.previews())
    wrong = url.replace(f"/{found['id']}_", f"/{found['id']}_1")
    assert requests.get(wrong, timeout=10).status_code == 404


def test_ranges_and_validators(small: Client) -> None:
    """206, 416, If-Range that fits or not, 304."""
    url = small.get("/sounds/1000/").json()["previews"]["preview-lq-ogg"]
    whole = requests.get(url, timeout=10)
    content, etag = whole.content, whole.headers["ETag"]
    size = len(content)

    def part(**headers: str) -> requests.Response:
        return requests.get(url, headers={name.replace("_", "-"): value for name, value in headers.items()}, timeout=10)

    rest = part(Range=f"bytes={size // 2}-", If_Range=etag)
    assert (rest.status_code, rest.content) == (206, content[size // 2 :])
    assert rest.headers["Content-Range"] == f"bytes {size // 2}-{size - 1}/{size}"
    assert part(Range="bytes=-7").content == content[-7:]
    assert part(Range=f"bytes=0-{size * 9}").content == content
    assert part(Range="bytes=5-", If_Range='"other"').status_code == 200
    beyond = part(Range=f"bytes={size}-")
    assert (beyond.status_code, beyond.headers["Content-Range"]) == (416, f"bytes */{size}")
    assert part(Range="bytes=x-y").status_code == 200
    assert part(If_None_Match=etag).status_code == 304
    assert requests.head(url, timeout=10).headers["Content-Length"] == str(size)


def test_originals_need_oauth_and_carry_their_md5(site: Client) -> None:
    """The original is the file itself, under a name of the service's making."""
    shown = site.get("/sounds/" + str(site.ids("rooster")[0]) + "/").json()
    url = f"{site.server.base_url}/sounds/{shown['id']}/download/"
    assert site.session.get(url, timeout=10).status_code == 401
    answer = requests.get(url, headers={"Authorization": "Bearer " + site.server.bearer()}, timeout=10)
    assert hashlib.md5(answer.content).hexdigest() == shown["md5"]
    assert len(answer.content) == shown["filesize"]
    assert f"{shown['id']}__" in answer.headers["Content-Disposition"]


def test_nothing_outside_the_folder_is_served(tmp_path: Path) -> None:
    """Neither a manifest nor a link nor an address leads out; ids and addresses are all there is."""
    inside = tmp_path / "inside"
    inside.mkdir()
    catalogue = recorded_catalogue(tmp_path)
    assert catalogue.sounds
    (inside / "link.wav").symlink_to(tmp_path / "tone.wav")
    (inside / "notes.txt").write_text("secret")
    (inside / "manifest.csv").write_text(
        "file,label,seconds,licence,author,source_url\n"
        "../tone.wav,a,1,CC0,,\nlink.wav,b,1,CC0,,\nnotes.txt,c,1,CC0,,\n" + f"{tmp_path}/tone.wav,d,1,CC0,,\n"
    )
    with FreesoundServer(inside) as server:
        assert len(server.state.catalogue) == 0
        for path in ("/inside/notes.txt", "/previews/../notes.txt", "/previews/%2e%2e/manifest.csv", "//etc/passwd"):
            connection = http.client.HTTPConnection("127.0.0.1", urlsplit(server.origin).port, timeout=10)
            connection.request("GET", path)
            assert connection.getresponse().status == 404, path
            connection.close()


def test_a_plain_folder_is_a_site_too(tmp_path: Path) -> None:
    """Without a manifest the folders' names are the labels; durations come from the files."""
    (tmp_path / "old_dog").mkdir()
    recorded_catalogue(tmp_path)
    (tmp_path / "tone.wav").rename(tmp_path / "old_dog" / "woof.wav")
    with FreesoundServer(tmp_path, cache_dir=tmp_path / "cache") as server:
        found = Client(server).search("old dog woof", fields="duration,username,type,bitdepth,filesize")["results"]
        assert found == [{"type": "wav", "filesize": 352844, "bitdepth": 16, "duration": 2.0, "username": "anonymous"}]


# Writing


def test_what_is_written_can_be_read(small: Client) -> None:
    """Ratings, comments, bookmarks; an upload, its description and its change."""
    base, headers = small.server.base_url, {"Authorization": "Bearer " + small.server.bearer()}

    def post(path: str, **form: Any) -> requests.Response:
        return requests.post(base + path, data=form, headers=headers, timeout=10)

    assert post("/sounds/2002/comment/", comment="Wuff ☃").status_code == 201
    assert small.get("/sounds/2002/comments/").json()["results"][0]["comment"] == "Wuff ☃"
    for _ in range(2):
        post("/sounds/1003/rate/", rating="5")
    assert small.get("/sounds/1003/").json()["num_ratings"] == 1
    assert post("/sounds/1003/bookmark/", category="Nice").status_code == 201
    categories = requests.get(base + "/me/bookmark_categories/", headers=headers, timeout=10).json()["results"]
    assert [each["name"] for each in categories] == ["Nice"]
    upload = {"audiofile": ("../../new.wav", small.server.state.catalogue.sounds[1000].path.read_bytes())}  # type: ignore[union-attr]
    sent = requests.post(base + "/sounds/upload/", files=upload, headers=headers, timeout=10)
    assert (sent.status_code, sent.json()["filename"]) == (201, "new.wav")
    described = {"upload_filename": "new.wav", "tags": "one two", "description": "d", "license": "Attribution"}
    assert "tags" in post("/sounds/describe/", **described).json()["detail"]
    made = post("/sounds/describe/", **{**described, "tags": "one two three", "bst_category": "fx-a"})
    number = made.json()["id"]
    assert post(f"/sounds/{number}/edit/", name="A new name").status_code == 200
    shown = small.get(f"/sounds/{number}/").json()
    assert (shown["name"], shown["category"], shown["duration"]) == ("A new name", "Sound effects", 2.0)
    assert post("/sounds/1000/edit/", name="stolen").status_code == 403
    pending = requests.get(base + "/sounds/pending_uploads/", headers=headers, timeout=10).json()
    assert [each["id"] for each in pending["pending_moderation"]] == [number]


def test_a_takedown_is_a_404(small: Client) -> None:
    """A sound that is removed is gone from its page, its previews and the index."""
    preview = small.get("/sounds/1000/").json()["previews"]["preview-hq-mp3"]
    small.server.state.remove(1000)
    assert small.get("/sounds/1000/").status_code == requests.get(preview, timeout=10).status_code == 404
    assert 1000 not in small.ids("rain")


# The server itself


def test_log_and_faults_from_another_process(small: Client) -> None:
    """Both have pages; no credential stands in the log; only a loopback host name is served."""
    origin, key = small.server.origin, small.server.key
    added = requests.post(
        origin + "/__faults__", json=["overloaded@searchx1", {"kind": "slow", "seconds": 0}], timeout=10
    )
    assert [each["kind"] for each in added.json()["waiting"]] == ["overloaded", "slow"]
    assert requests.post(origin + "/__faults__", json="nope", timeout=10).status_code == 400
    assert requests.delete(origin + "/__faults__", timeout=10).json() == {"waiting": []}
    requests.get(f"{small.server.base_url}/search/?token={key}&query=x", timeout=10)
    small.get("/sounds/1000/")
    page = requests.get(origin + "/__log__", timeout=10)
    assert key not in page.text
    assert (page.json()["requests"], page.json()["max_in_60_s"], page.json()["errors"]) == (2, 2, [])
    assert requests.get(origin + "/__log__", headers={"Host": "evil.example"}, timeout=10).status_code == 403


def test_sizes_are_limited(small: Client) -> None:
    """Long lines, big and unsized bodies are refused, without a traceback."""
    base, bearer = small.server.base_url, {"Authorization": "Bearer " + small.server.bearer()}
    assert requests.get(base + "/search/?query=" + "x" * 9000, timeout=10).status_code == 414
    rate = base + "/sounds/1000/rate/"
    chunked = requests.post(rate, data=iter([b"rating=1"]), headers=bearer, timeout=10)
    assert chunked.status_code == 411
    with contextlib.suppress(requests.ConnectionError):  # the server may hang up while the body is on its way
        assert requests.post(rate, data=b"x" * (2 << 20), headers=bearer, timeout=10).status_code == 413


def test_latency_and_loopback(tmp_path: Path) -> None:
    """Every answer waits; only loopback is bound; after the end nobody listens."""
    with FreesoundServer(recorded_catalogue(tmp_path), latency_s=0.1) as server:
        started = time.monotonic()
        assert Client(server).get("/sounds/1000/").status_code == 200
        assert time.monotonic() - started >= 0.1
        assert server._api.socket.getsockname()[0] == server._cdn.socket.getsockname()[0] == "127.0.0.1"
        port = urlsplit(server.origin).port
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port or 0), timeout=1)


def test_unknown_formats_and_addresses(small: Client) -> None:
    """YAML, JSONP and the old API; wrong verbs; odd bytes."""
    assert small.get("/search/", query="rain", format="yaml").headers["Content-Type"].startswith("application/yaml")
    assert small.get("/search/", query="rain", format="jsonp", callback="f").text.startswith("f({")
    assert small.get("/search/", format="nope").status_code == 404
    assert requests.get(small.server.origin + "/api/sounds/1/", timeout=10).status_code == 410
    assert small.get("/search/", query="\udcff".encode("utf-8", "surrogateescape")).status_code == 200
    assert small.get("/users/%FF%2F../").status_code == 404
    assert small.session.options(small.server.base_url + "/search/", timeout=10).status_code == 200
    assert small.session.delete(small.server.base_url + "/search/", timeout=10).status_code == 405


def test_runs_as_a_module() -> None:
    """The command prints where it serves; a missing folder is one line."""
    command = [sys.executable, "-m", "tests.freesound_server", "--port", "0", "--key", "k" * 40]
    root = Path(__file__).resolve().parents[2]
    process = subprocess.Popen(
        [*command, "--sounds", str(shared("sounds"))], stdout=subprocess.PIPE, text=True, cwd=root
    )
    try:
        assert process.stdout is not None
        said = [process.stdout.readline() for _ in range(7)]
        base = said[1].split()[1]
        answer = requests.get(base + "/search/?query=rain", headers={"Authorization": "Token " + "k" * 40}, timeout=10)
        assert answer.json()["count"] > 40
    finally:
        process.terminate()
        process.communicate()
    missing = subprocess.run(
        [*command, "--sounds", "/nonexistent"], capture_output=True, text=True, cwd=root, check=False
    )
    assert (missing.returncode, missing.stderr.count("\n")) == (2, 1)
