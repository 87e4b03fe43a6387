"""The real transport against a real socket on this machine."""

from __future__ import annotations

import gzip
import os
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from freesound import Client, FreesoundError, Ledger, Manners, NetworkError, Request, RequestsTransport, read_sound
from freesound.transport import CHUNK_BYTES
from tests.freesound.fakes import KEY, ogg, sound

OGG = ogg() * 1
LIST = b'{"count": 1, "next": null, "previous": null, "results": [{"id": 7, "name": "x"}]}'


class Site(BaseHTTPRequestHandler):
    """One fault for each path."""

    protocol_version = "HTTP/1.1"
    seen: list[tuple[str, str, bytes]] = []  # noqa: RUF012 - emptied by the fixture

    def log_message(self, *_: object) -> None:
        """Nothing."""

    def give(self, body: bytes, kind: str = "application/json", **headers: str) -> None:
        self.send_response(200)
        for name, value in ({"Content-Type": kind, "Content-Length": str(len(body))} | headers).items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.seen.append((self.path, self.headers.get("Authorization", ""), body))
        self.give(b'{"detail": "done"}')

    def do_GET(self) -> None:
        self.seen.append((self.path, self.headers.get("Authorization", ""), b""))
        if "reset" in self.path:
            linger = struct.pack("ii", 1, 0)
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            self.connection.close()
        elif "short" in self.path:
            self.give(LIST[:30], **{"Content-Length": "100"})
            self.close_connection = True
        elif "gzip" in self.path:
            self.give(gzip.compress(LIST), Content_Encoding="gzip", Set_Cookie="session=1")
        elif "drip" in self.path:
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", "1000")
            self.end_headers()
            for _ in range(100):
                self.wfile.write(b" ")
                self.wfile.flush()
                if self.server_stopping.wait(0.05):
                    break
            self.close_connection = True
        elif "silent" in self.path:
            self.server_stopping.wait(2)
            self.close_connection = True
        elif "preview" in self.path:
            start = int(self.headers["Range"][6:-1]) if "Range" in self.headers else 0
            self.send_response(206 if start else 200)
            self.send_header("Content-Type", "audio/ogg")
            self.send_header("ETag", '"v"')
            self.send_header("Content-Length", str(len(OGG) - start))
            if start:
                self.send_header("Content-Range", f"bytes {start}-{len(OGG) - 1}/{len(OGG)}")
            self.end_headers()
            self.wfile.write(OGG[start : start + 2000])
            self.close_connection = True
        else:
            self.give(LIST)

    server_stopping = threading.Event()


@pytest.fixture
def site() -> Iterator[str]:
    Site.seen.clear()
    Site.server_stopping.clear()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Site)
    thread = threading.Thread(target=lambda: server.serve_forever(0.01))
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    Site.server_stopping.set()
    server.shutdown()
    server.server_close()
    thread.join()


HURRIED = Manners(connect_timeout_s=1, read_timeout_s=0.3, tries=2, backoff_s=0.01, deadline_s=1)


def client_at(site: str, manners: Manners = HURRIED, work_dir: Path | None = None) -> Client:
    return Client(KEY, base_url=f"{site}/apiv2", ledger=Ledger(), manners=manners, work_dir=work_dir)


def test_a_search_over_a_real_socket(site: str) -> None:
    found = list(client_at(site).search('rain "roof" +x %41', fields=("name",)))
    assert [s.id for s in found] == [7]
    path, authorization, _ = Site.seen[0]
    assert authorization == f"Token {KEY}"
    assert path == "/apiv2/search/?query=rain%20%22roof%22%20%2Bx%20%252541&fields=id,name&page_size=150"


def test_packed_answers_and_no_cookies(site: str) -> None:
    client = client_at(site)
    for _ in range(2):
        assert [s.id for s in client.user_sounds("gzip")] == [7]


@pytest.mark.parametrize("fault", ["reset", "short", "drip", "silent"])
def test_faults_of_the_network_are_one_line(site: str, fault: str) -> None:
    client = client_at(site)
    with pytest.raises(NetworkError) as caught:
        client.user(fault)
    assert "\n" not in str(caught.value)
    assert KEY not in repr(caught.value) + repr(caught.value.__cause__) + repr(caught.value.__context__)
    assert client.traffic.requests <= 2


def test_nobody_there(site: str) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    client = client_at(f"http://127.0.0.1:{port}")
    with pytest.raises(NetworkError, match="no connection") as caught:
        client.sound(1)
    assert caught.value.never_sent
    assert client.remaining().minute == 60


def test_a_preview_is_resumed_over_a_real_socket(site: str, tmp_path: Path) -> None:
    one = read_sound(sound(previews={"preview-hq-ogg": f"{site}/preview.ogg"}))
    assert one is not None
    manners = Manners(tries=20, backoff_s=0.001, read_timeout_s=2)
    got = client_at(site, manners, tmp_path / "work").preview(one, folder=tmp_path)
    assert got.path.read_bytes() == OGG
    assert {authorization for _, authorization, _ in Site.seen} == {""}
    assert len(Site.seen) == -(-len(OGG) // 2000)


def test_public_files_on_the_apis_own_host_are_not_counted(site: str, tmp_path: Path) -> None:
    one = read_sound(sound(previews={"preview-hq-ogg": f"{site}/preview.ogg"}))
    assert one is not None
    client = client_at(site, Manners(tries=20, backoff_s=0.001), tmp_path / "work")
    client.preview(one, folder=tmp_path)
    assert client.traffic.api_requests == 0
    assert client.remaining().minute == 60


def test_the_key_is_not_replaced_by_a_netrc(site: str, tmp_path: Path) -> None:
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login a password b\n")
    (tmp_path / ".netrc").chmod(0o600)
    code = (
        "from freesound import Client, Ledger\n"
        f"client = Client({KEY!r}, base_url={site + '/apiv2'!r}, ledger=Ledger())\n"
        "print(client.search('x', fields=('name',)).first().id)"
    )
    environ = {**os.environ, "HOME": str(tmp_path), "NETRC": str(tmp_path / ".netrc")}
    done = subprocess.run([sys.executable, "-c", code], env=environ, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("7\n", "")
    assert Site.seen[0][1] == f"Token {KEY}"


def test_bodies_in_pieces_keep_their_length(site: str) -> None:
    class Body:
        def __len__(self) -> int:
            return 3 * CHUNK_BYTES

        def __iter__(self) -> Iterator[bytes]:
            yield from (bytes([i]) * CHUNK_BYTES for i in range(3))

    with RequestsTransport().send(Request("POST", f"{site}/x", {}, Body())) as answer:
        assert answer.status == 200
        assert answer.header("Content-Type") == "application/json"
        assert b"".join(answer.chunks) == b'{"detail": "done"}'
    assert len(Site.seen[0][2]) == 3 * CHUNK_BYTES


def test_no_more_than_two_connections_at_once(site: str) -> None:
    transport = RequestsTransport(connections=2)
    first, second = (transport.send(Request("GET", f"{site}/x")) for _ in range(2))
    third: list[int] = []
    thread = threading.Thread(target=lambda: third.append(transport.send(Request("GET", f"{site}/x")).status))
    thread.start()
    thread.join(0.1)
    assert third == []
    first.close()
    thread.join(5)
    assert third == [200]
    second.close()
    second.close()


@pytest.mark.parametrize("url", ["http://", "nonsense", "http://127.0.0.1:99999/"])
def test_what_is_no_address(url: str) -> None:
    with pytest.raises(FreesoundError):
        RequestsTransport().send(Request("GET", url))


def test_importing_is_quick() -> None:
    code = (
        "import sys, time; start = time.perf_counter(); import freesound; print(time.perf_counter() - start);"
        "print([m for m in ('requests', 'numpy', 'soundfile', 'sqlite3', 'pydantic') if m in sys.modules]);"
        "freesound.Client; print([m for m in ('requests', 'numpy', 'soundfile', 'pydantic') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    seconds, alone, with_client = done.stdout.splitlines()
    assert float(seconds) < 0.1
    assert (alone, with_client) == ("[]", "[]")
