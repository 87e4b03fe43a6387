"""A file is whole and what it says it is, or it is not there."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from freesound import (
    Cache,
    Download,
    FreesoundError,
    IntegrityError,
    Manners,
    NetworkError,
    NotFound,
    OfflineMiss,
    QueryError,
    Request,
    Response,
    cache_info,
    read_sound,
)
from tests.freesound.fakes import ACCESS, KEY, PREVIEW, Network, Reply, client_for, html, ogg, reply, sound, wav

OGG = ogg()
SOUND = read_sound(sound(name="../../x CON 🌧"))
assert SOUND is not None


def audio(body: bytes = OGG, kind: str = "audio/ogg", **headers: str) -> Reply:
    named = {"Content-Type": kind, "Content-Length": str(len(body)), "ETag": '"v1"'}
    return Reply(200, body, named | {k.replace("_", "-"): v for k, v in headers.items()})


def files_under(folder: Path) -> list[str]:
    return sorted(p.name for p in folder.rglob("*") if p.is_file() and p.suffix not in (".lock", ".TAG"))


def test_a_preview_is_fetched_once_without_the_key(tmp_path: Path) -> None:
    client, network, _ = client_for([audio()], tmp_path)
    assert SOUND is not None
    first = client.preview(SOUND)
    again = client.preview(SOUND)
    assert first.path == again.path
    assert first.path.read_bytes() == OGG
    assert first.sha256 == hashlib.sha256(OGG).hexdigest()
    assert (first.fetched, again.fetched) == (True, False)
    assert first.path.name == f"{first.sha256}.ogg"
    (request,) = network.sent
    assert "Authorization" not in request.headers
    assert client.traffic.api_requests == 0
    assert client.remaining().minute == 60
    assert client.traffic.bytes_received == len(OGG)
    offline, _, _ = client_for([], tmp_path, offline=True, api_key="")
    assert offline.preview(1000).path == first.path
    with pytest.raises(OfflineMiss):
        offline.preview(1001)


def test_a_preview_goes_where_it_is_wanted(tmp_path: Path) -> None:
    assert SOUND is not None
    client, _, _ = client_for([audio()], tmp_path)
    kept = client.preview(SOUND, folder=tmp_path / "out")
    assert kept.path == tmp_path / "out" / "1000__x-con.ogg"
    assert kept.path.read_bytes() == OGG
    client, _, _ = client_for([audio()], work_dir=tmp_path / "work")
    assert client.preview(SOUND, folder=tmp_path / "other").path.read_bytes() == OGG
    assert [path.name for path in (tmp_path / "other").iterdir()] == ["1000__x-con.ogg"]
    with pytest.raises(QueryError, match="a folder"):
        client.preview(SOUND)
    with pytest.raises(QueryError, match="one of the previews"):
        client.preview(SOUND, variant="flac")


def test_by_number_the_address_is_asked_for(tmp_path: Path) -> None:
    client, network, _ = client_for([reply(sound()), audio()], tmp_path)
    assert client.preview(1000).path.read_bytes() == OGG
    assert [("Authorization" in r.headers) for r in network.sent] == [True, False]


@pytest.mark.parametrize(
    ("answer", "error", "says"),
    [
        (html("<title>Welcome</title>"), IntegrityError, "expected a sound, got text/html"),
        (reply({"detail": "x"}), IntegrityError, "got application/json"),
        (audio(b"<html>an error that calls itself audio</html>"), IntegrityError, "something else that begins with"),
        (audio(wav()), IntegrityError, "expected ogg, got wav"),
        (audio(b"OggS" + b"\0" * 400), IntegrityError, "cannot be decoded"),
        (audio(b""), IntegrityError, "got 0"),
        (audio(b"Og"), IntegrityError, "something else"),
        (audio(Content_Length="999999999"), IntegrityError, "over the limit"),
        (html("<html><head><title>404 Not Found</title></head></html>", 404), NotFound, "leave it out"),
        (html("<title>403 Forbidden</title>", 403), FreesoundError, "firewall"),
        (audio(Content_Length=str(len(OGG) + 100)), NetworkError, "broke off after"),
        (audio(OGG, Content_Length=str(len(OGG) - 100)), IntegrityError, "bytes, got"),
        (Reply(206, OGG, {"Content-Type": "audio/ogg", "Content-Range": "bytes 5-9/10"}), NetworkError, "another part"),
        (Reply(416, b"", {"Content-Type": "audio/ogg"}), NetworkError, "changed meanwhile"),
        (NetworkError("no connection to Freesound"), NetworkError, "no connection"),
    ],
)
def test_what_is_no_such_file_is_not_kept(
    tmp_path: Path, answer: Reply | Exception, error: type[FreesoundError], says: str
) -> None:
    assert SOUND is not None
    client, network, _ = client_for([answer] * 4, tmp_path)
    with pytest.raises(error) as caught:
        client.preview(SOUND, folder=tmp_path / "out", most_bytes=10**6)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "out").exists()
    assert cache_info(tmp_path / "cache").previews == 0
    assert network.open == 0


@pytest.mark.parametrize("share", [0.5, 0.9, 1.0])
def test_half_a_file_that_calls_itself_whole_is_not_kept(tmp_path: Path, share: float) -> None:
    """It decodes, and its length is the one that was stated."""
    assert SOUND is not None
    long = ogg(20.0)
    client, _, _ = client_for([audio(long[: int(share * len(long)) - 1])], tmp_path)
    with pytest.raises(IntegrityError, match="stops in the middle"):
        client.preview(SOUND)
    assert cache_info(tmp_path / "cache").previews == 0
    client, _, _ = client_for([audio(long)], tmp_path)
    assert client.preview(SOUND).path.read_bytes() == long


def test_a_dead_preview_is_remembered_for_an_hour(tmp_path: Path) -> None:
    assert SOUND is not None
    client, network, clock = client_for([html("", 404), audio()], tmp_path)
    for _ in range(3):
        with pytest.raises(NotFound):
            client.preview(SOUND)
    assert len(network.sent) == 1
    clock.now += 3601
    assert client.preview(SOUND).path.exists()


class Ranged:
    """A file server that breaks off."""

    def __init__(self, body: bytes, breaks: list[int], etag: str = '"v1"', ranges: bool = True) -> None:
        self.body, self.breaks, self.etag, self.ranges = body, breaks, etag, ranges
        self.asked: list[tuple[str, str]] = []

    def __call__(self, request: Request) -> Reply:
        wanted, condition = request.headers.get("Range", ""), request.headers.get("If-Range", "")
        self.asked.append((wanted, condition))
        start = int(wanted[6:-1]) if wanted and self.ranges and condition == self.etag else 0
        body = self.body[start:]
        headers = {"Content-Type": "audio/ogg", "Content-Length": str(len(body)), "ETag": self.etag}
        if start:
            headers["Content-Range"] = f"bytes {start}-{len(self.body) - 1}/{len(self.body)}"
        return Reply(206 if start else 200, body, headers, self.breaks.pop(0) if self.breaks else None)


def test_what_broke_off_goes_on(tmp_path: Path) -> None:
    assert SOUND is not None
    server = Ranged(OGG, [1500, 700])
    client, _, _ = client_for(server, tmp_path)
    assert client.preview(SOUND).path.read_bytes() == OGG
    assert server.asked == [("", ""), ("bytes=1500-", '"v1"'), ("bytes=2200-", '"v1"')]
    assert client.traffic.bytes_received == len(OGG)


@pytest.mark.parametrize("etag", ['"v2"', 'W/"v1"', ""])
def test_a_changed_file_is_begun_anew(tmp_path: Path, etag: str) -> None:
    assert SOUND is not None
    first = Ranged(OGG[:1000] + bytes(9000), [1500], etag=etag)
    client, _, _ = client_for(lambda r: first(r), tmp_path, manners=Manners(tries=0))
    with pytest.raises(NetworkError):
        client.preview(SOUND)
    second = Ranged(OGG, [], etag='"v3"')
    client, _, _ = client_for(second, tmp_path)
    assert client.preview(SOUND).path.read_bytes() == OGG


def test_a_killed_download_goes_on_in_the_next_program(tmp_path: Path) -> None:
    """The program dies without a word in the middle, as by kill -9."""
    assert SOUND is not None

    class Deadly(Network):
        def _pieces(self, told: Reply, body: bytes):  # type: ignore[no-untyped-def]
            yield body[:2000]
            os._exit(9)

    child = os.fork()
    if child == 0:
        client, _, _ = client_for(Deadly(Ranged(OGG, [])), tmp_path)
        client.preview(SOUND)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9
    assert cache_info(tmp_path / "cache").previews == 0
    server = Ranged(OGG, [])
    client, _, _ = client_for(server, tmp_path)
    assert client.preview(SOUND).path.read_bytes() == OGG
    assert server.asked == [("bytes=2000-", '"v1"')]


def test_a_damaged_preview_is_fetched_again(tmp_path: Path) -> None:
    assert SOUND is not None
    client, network, _ = client_for([audio(), audio()], tmp_path)
    path = client.preview(SOUND).path
    path.write_bytes(OGG[:-1] + b"x")
    assert client.preview(SOUND).path.read_bytes() == OGG
    assert len(network.sent) == 2


def test_same_content_is_kept_once(tmp_path: Path) -> None:
    client, _, _ = client_for([audio(), audio()], tmp_path)
    for number in (1, 2):
        one = read_sound(sound(number))
        assert one is not None
        client.preview(one)
    assert cache_info(tmp_path / "cache").previews == 2
    assert len(list((tmp_path / "cache" / "audio").rglob("*.ogg"))) == 1
    Cache(tmp_path / "cache").forget_sound(1)
    assert len(list((tmp_path / "cache" / "audio").rglob("*.ogg"))) == 1
    Cache(tmp_path / "cache").forget_sound(2)
    assert len(list((tmp_path / "cache" / "audio").rglob("*.ogg"))) == 0


def test_programs_wait_for_each_other(tmp_path: Path) -> None:
    """Whoever comes second finds what the first one fetched."""
    assert SOUND is not None
    wanted = SOUND

    class Slow(Network):
        other: Download | None = None

        def send(self, request: Request) -> Response:
            response = super().send(request)
            if child := os.fork():
                self.child = child
                return response
            code = 1
            try:
                second, network, _ = client_for([], tmp_path)
                code = 0 if second.preview(wanted).path.read_bytes() == OGG and not network.sent else 2
            finally:
                os._exit(code)

    network = Slow([audio()])
    client, _, _ = client_for(network, tmp_path)
    client.preview(wanted)
    assert os.waitstatus_to_exitcode(os.waitpid(network.child, 0)[1]) == 0


def test_an_original_needs_the_login_and_has_its_checksum(tmp_path: Path) -> None:
    body = wav()
    told = sound(type="wav", md5=hashlib.md5(body).hexdigest())
    found = Reply(200, body, {"Content-Type": "application/octet-stream", "Content-Length": str(len(body))})
    client, network, _ = client_for([reply(told), found], tmp_path, login=True)
    got = client.original(1000, tmp_path / "out")
    assert got.path == tmp_path / "out" / "1000__rain-00.wav"
    assert got.path.read_bytes() == body
    assert network.sent[1].headers["Authorization"] == f"Bearer {ACCESS}"
    assert not client.original(1000, tmp_path / "out").fetched
    assert files_under(tmp_path / "out") == ["1000__rain-00.wav"]
    got.path.write_bytes(b"changed")
    client, _, _ = client_for([Reply(200, body[:-1] + b"!", found.headers)] * 4, tmp_path, login=True)
    with pytest.raises(IntegrityError, match="checksum"):
        client.original(1000, tmp_path / "out")
    assert got.path.read_bytes() == b"changed"


def test_the_token_stays_at_home_when_the_file_lies_elsewhere(tmp_path: Path) -> None:
    body = wav()
    one = read_sound(sound(type="wav", md5=hashlib.md5(body).hexdigest()))
    assert one is not None
    away = Reply(302, b"", {"Location": "https://cdn.example/originals/1000.wav?signature=x"})
    client, network, _ = client_for([away, Reply(200, body, {"Content-Type": "audio/x-wav"})], tmp_path, login=True)
    client.original(one, tmp_path / "out")
    assert ["Authorization" in r.headers for r in network.sent] == [True, False]
    assert not any(KEY in str(r.headers) or ACCESS in str(r.headers) for r in network.sent[1:])


@pytest.mark.parametrize(
    "url", ["http://cdn.freesound.org/x.ogg", "http://127.0.0.1/x.ogg", "file:///etc/passwd", "/x"]
)
def test_previews_come_over_https_only(tmp_path: Path, url: str) -> None:
    one = read_sound(sound(previews={"preview-hq-ogg": url}))
    assert one is not None
    client, network, _ = client_for([], tmp_path)
    with pytest.raises(NetworkError, match="expected an https address"):
        client.preview(one)
    assert network.sent == []
    assert PREVIEW.startswith("https://")


def test_a_slow_body_ends_by_the_deadline(tmp_path: Path) -> None:
    assert SOUND is not None
    big = b"OggS" + bytes(200_000)
    slow = Reply(200, big, {"Content-Type": "audio/ogg", "Content-Length": str(len(big))}, delay_s=29)
    client, network, _ = client_for([slow], tmp_path)
    with pytest.raises(NetworkError, match="longer than 900 s"):
        client.preview(SOUND)
    assert network.open == 0


def test_a_folder_that_cannot_be_is_one_line(tmp_path: Path) -> None:
    assert SOUND is not None
    (tmp_path / "file").write_text("in the way")
    client, network, _ = client_for([audio()], tmp_path)
    with pytest.raises(FreesoundError, match=r"cannot write .*: make room, or choose another folder"):
        client.preview(SOUND, folder=tmp_path / "file")
    assert network.open == 0


def test_a_pack_is_an_archive(tmp_path: Path) -> None:
    told = {"id": 9678, "name": 'Rain: tropical/heavy — "pack"'}
    body = b"PK\x03\x04" + bytes(100)
    client, _, _ = client_for(
        [reply(told), Reply(200, body, {"Content-Type": "application/zip"})], tmp_path, login=True
    )
    got = client.pack_archive(9678, tmp_path / "out")
    assert got.path.name == "9678__rain-tropical-heavy-pack.zip"
    assert got.path.read_bytes() == body
