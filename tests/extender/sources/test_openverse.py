"""Openverse against a small server of our own: what is asked, what is kept, what is refused, and what goes wrong."""

from __future__ import annotations

import io
import json
import socket
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest
import soundfile

from extender.errors import NotAtHandError, SourceError
from extender.sources.base import Query, SourceContext
from extender.sources.openverse import OpenverseSource
from extender.testing import check_sound_source
from tests.extender.sources.signals import RATE, speech
from tests.freesound.fakes import FakeClock

DOG = Query("dog", ("dog bark", "barking dog"), "event", ("music", "speech"), takes=3)
BY = "https://creativecommons.org/licenses/by/4.0/"
CC0 = "https://creativecommons.org/publicdomain/zero/1.0/"
BY_NC = "https://creativecommons.org/licenses/by-nc/4.0/"
BY_ND = "https://creativecommons.org/licenses/by-nd/4.0/"


def ogg(pitch_hz: float = 440.0, peak: float = 0.5) -> bytes:
    """Return a second of sound as an OGG file."""
    out = io.BytesIO()
    tone = peak * np.sin(2 * np.pi * pitch_hz * np.arange(8000) / 8000)
    soundfile.write(out, tone, 8000, "VORBIS", format="OGG")
    return out.getvalue()


@dataclass
class Site:
    """What the server has, says, and was asked."""

    url: str = ""
    sounds: list[dict[str, Any] | None] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=dict)
    asked: list[dict[str, list[str]]] = field(default_factory=list)
    fetched: list[str] = field(default_factory=list)
    status: int = 200
    body: bytes | None = None
    short_by: int = 0
    content_type: str = "audio/ogg"

    def add(self, title: str, tags: str = "", licence: str = BY, **more: Any) -> str:
        """Put a sound in the index and its file on the server; return its id."""
        name = str(uuid.UUID(int=len(self.sounds) + 1))
        self.files[name] = ogg(300.0 + 50.0 * len(self.sounds))
        record = {
            "id": name, "title": title, "url": f"{self.url}/files/{name}.ogg",
            "foreign_landing_url": f"https://freesound.org/s/{len(self.sounds)}/", "creator": "ann",
            "license": "by", "license_version": "4.0", "license_url": licence, "source": "freesound",
            "tags": [{"name": tag} for tag in tags.split()], "duration": 1000, "filetype": "ogg", "mature": False,
        }  # fmt: skip
        self.sounds.append(record | more)
        return name

    def answer(self, request: BaseHTTPRequestHandler) -> tuple[int, str, bytes]:
        """Return status, type and body."""
        parts = urlsplit(request.path)
        if parts.path.startswith("/files/"):
            name = parts.path.removeprefix("/files/").removesuffix(".ogg")
            self.fetched.append(name)
            if name not in self.files:
                return 404, "text/html", b"<html>gone</html>"
            return 200, self.content_type, self.files[name]
        self.asked.append(parse_qs(parts.query))
        if self.status != 200 or self.body is not None:
            return self.status, "application/json", self.body or b'{"detail": "no"}'
        return 200, "application/json", json.dumps({"result_count": 1, "results": self.sounds}).encode()


@pytest.fixture
def site() -> Iterator[Site]:
    """A server on loopback."""
    state = Site()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            assert "Authorization" not in self.headers
            status, kind, body = state.answer(self)
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            cut = state.short_by if self.path.startswith("/files/") else 0
            self.wfile.write(body[: len(body) - cut])

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    state.url = f"http://127.0.0.1:{server.server_port}"
    yield state
    server.shutdown()
    server.server_close()
    thread.join()


Make = Callable[..., OpenverseSource]


@pytest.fixture
def make(site: Site, tmp_path: Path) -> Make:
    """Return a function that makes a source with one cache: ``make(offline=True, licence="cc0")``."""

    def made(clock: FakeClock | None = None, **context: Any) -> OpenverseSource:
        full = SourceContext(tmp_path / "cache", **context)
        return OpenverseSource(full, base_url=f"{site.url}/v1", clock=clock or FakeClock())

    return made


def test_it_keeps_the_contract(site: Site, make: Make) -> None:
    site.add("Dog bark in a yard", "dog bark")
    site.add("dog", "dog barking animal")
    check_sound_source(make(), DOG)


def test_it_asks_only_what_the_anonymous_may_ask_and_nothing_twice(site: Site, make: Make) -> None:
    site.add("Dog bark", "dog")
    source = make()
    found = source.search(DOG)
    assert site.asked == [{"q": ["dog bark"], "source": ["freesound"], "page_size": ["20"]}]
    asset = source.fetch(found[0])
    assert (source.api_requests, len(site.asked), len(site.fetched)) == (1, 1, 1)
    again = make()
    assert again.search(DOG) == found
    assert again.fetch(found[0]) == asset
    assert (again.api_requests, len(site.asked), len(site.fetched)) == (0, 1, 1)


def test_offline_shows_the_same_and_gives_what_was_fetched(site: Site, make: Make) -> None:
    site.add("Dog bark one", "dog")
    site.add("Dog bark two", "dog")
    online = make()
    found = online.search(DOG)
    online.fetch(found[1])
    offline = make(offline=True)
    assert offline.search(DOG) == found
    assert Path(offline.fetch(found[1]).file).is_file()
    with pytest.raises(NotAtHandError, match="not fetched before"):
        offline.fetch(found[0])
    assert offline.search(Query("cat", ("cat meow",), "event")) == []
    assert (len(site.asked), len(site.fetched)) == (1, 1)


def test_attribution_is_kept(site: Site, make: Make) -> None:
    site.add("Dog bark", "dog", CC0, license="cc0", license_version="1.0", creator="Zoë", duration=2000)
    source = make()
    asset = source.fetch(source.search(DOG)[0])
    assert (asset.title, asset.author, asset.licence) == ("Dog bark", "Zoë", "CC0-1.0")
    assert asset.url == "https://freesound.org/s/0/"


@pytest.mark.parametrize(
    ("policy", "asked", "titles"),
    [
        ("any", None, {"dog bark by", "dog bark cc0", "dog bark by-nc"}),
        ("commercial", ["cc0,by"], {"dog bark by", "dog bark cc0"}),
        ("cc0", ["cc0"], {"dog bark cc0"}),
    ],
)
def test_the_licence_policy_holds_whatever_the_server_sends(
    site: Site, make: Make, policy: Any, asked: list[str] | None, titles: set[str]
) -> None:
    for name, deed in {"by": BY, "cc0": CC0, "by-nc": BY_NC, "by-nd": BY_ND}.items():
        site.add(f"dog bark {name}", "dog", deed)
    site.add("dog bark strange", "dog", "https://example.org/mine", license="mine")
    source = make(licence=policy)
    assert {c.title for c in source.search(DOG)} == titles
    assert site.asked[0].get("license") == asked
    for candidate in make().search(DOG):
        if candidate.title not in titles:
            with pytest.raises(SourceError, match="licence"):
                source.fetch(candidate)
    assert site.fetched == []


def test_null_and_unfit_entries_are_passed_over(site: Site, make: Make) -> None:
    good = site.add("Dog bark", "dog")
    site.sounds.append(None)
    site.add("Dog bark song", "dog music", BY)
    site.add("Dog bark adult", "dog", mature=True)
    site.add("Dog bark without id", "dog", id="../../etc/passwd")
    site.add("Dog bark without file", "dog", url="")
    site.add("Dog bark, a page", "dog", url="https://example.org/page.html", filetype="html")
    site.add("Dog bark, hours", "dog", duration=7_200_000)
    site.add("Dog bark, odd numbers", "dog", duration="long")
    site.add("A quiet evening", "cat")
    assert [c.id for c in make().search(DOG)] == [good]


def test_hostile_names_become_no_paths(site: Site, make: Make, tmp_path: Path) -> None:
    for title in ("../../x dog bark", "CON dog bark", "dog bark " * 60, "dog bark \n\u202e 🐕"):
        site.add(title, "dog")
    source = make()
    for candidate in source.search(DOG):
        path = Path(source.fetch(candidate).file)
        assert path.is_relative_to(tmp_path / "cache" / "openverse" / "audio")
        assert path.stem.isalnum()
        assert "\n" not in candidate.title
    with pytest.raises(SourceError, match="32 hexadecimal digits"):
        source.find("../../x")


def test_a_sound_that_was_seen_can_be_named(site: Site, make: Make) -> None:
    name = site.add("Dog bark", "dog")
    source = make()
    with pytest.raises(SourceError, match="found before"):
        source.find(name)
    source.search(DOG)
    assert source.find(name).title == "Dog bark"
    assert make().find(name).licence == "CC-BY-4.0"


@pytest.mark.parametrize(
    ("status", "body", "says"),
    [
        (429, None, "too often"),
        (403, b"<html>blocked</html>", "403"),
        (401, None, "401"),
        (500, None, "500"),
        (200, b"<html>down</html>", "no list of sounds"),
        (200, b'{"results": 7}', "no list of sounds"),
        (200, b"[]", "no list of sounds"),
    ],
)
def test_a_bad_answer_is_told_once_and_ends_the_asking(
    site: Site, make: Make, status: int, body: bytes | None, says: str
) -> None:
    site.status, site.body = status, body
    source = make()
    assert source.search(DOG) == []
    assert source.search(Query("cat", ("cat meow",), "event")) == []
    assert len(site.asked) == 1
    assert len(source.notes) == 1
    assert says in source.notes[0]


def test_after_a_refusal_other_processes_wait_too(site: Site, make: Make) -> None:
    site.status = 429
    clock = FakeClock()
    make(clock).search(DOG)
    site.status = 200
    site.add("Dog bark", "dog")
    other = make(clock)
    assert other.search(DOG) == []
    assert "in a minute" in other.notes[0]
    clock.sleep(61.0)
    assert len(make(clock).search(DOG)) == 1
    assert len(site.asked) == 2


def test_no_more_is_asked_than_a_day_allows_and_never_twice_in_a_second(site: Site, make: Make) -> None:
    clock = FakeClock()
    source = make(clock)
    site.add("nothing that fits")
    for number in range(60):
        start = clock.now
        source.search(Query("x", (f"word{number} one", f"word{number} two"), "event"))
        assert number == 0 or source.notes or clock.now - start >= 2.0
    assert len(site.asked) == 100
    assert len(source.notes) == 1
    assert "100 times today" in source.notes[0]


def test_an_old_answer_is_better_than_none(site: Site, make: Make) -> None:
    site.add("Dog bark", "dog")
    clock = FakeClock()
    first = make(clock)
    found = first.search(DOG)
    first.fetch(found[0])
    clock.sleep(2 * 86_400.0)
    site.status = 500
    late = make(clock)
    assert late.search(DOG) == found
    assert len(late.notes) == 1


@pytest.mark.parametrize("fault", ["missing", "short", "page", "silent", "not a sound"])
def test_a_bad_file_is_no_sound_and_leaves_nothing(site: Site, make: Make, tmp_path: Path, fault: str) -> None:
    name = site.add("Dog bark", "dog")
    if fault == "missing":
        del site.files[name]
    elif fault == "short":
        site.short_by = 500
    elif fault == "page":
        site.content_type = "text/html"
    elif fault == "silent":
        site.files[name] = ogg(peak=0.0)
    else:
        site.files[name] = b"OggS" + b"x" * 3000
    source = make()
    candidate = source.search(DOG)[0]
    with pytest.raises(SourceError):
        source.fetch(candidate)
    kept = [p for p in (tmp_path / "cache" / "openverse" / "audio").rglob("*") if p.is_file()]
    assert fault == "silent" or kept == []
    with pytest.raises(SourceError):
        make(offline=True).fetch(candidate)
    if fault == "missing":
        fetched = len(site.fetched)
        with pytest.raises(SourceError, match="no longer there"):
            make().fetch(candidate)
        assert len(site.fetched) == fetched


def test_a_file_elsewhere_is_fetched_by_https_only(site: Site, make: Make) -> None:
    site.add("Dog bark", "dog", url="http://example.org/dog.ogg")
    site.add("Dog bark 2", "dog", url="file:///etc/passwd.ogg")
    source = make()
    for candidate in source.search(DOG):
        with pytest.raises(SourceError, match="https"):
            source.fetch(candidate)


def test_chance_chooses_by_the_seed(site: Site, make: Make) -> None:
    for number in range(12):
        site.add(f"Dog bark {number}", "dog")
    orders = []
    for seed in range(4):
        query = Query("dog", ("dog bark",), "event", seed=seed)
        found = make(pick="random").search(query)
        assert found == make(pick="random").search(query)
        assert [c.score for c in found] == sorted((c.score for c in found), reverse=True)
        orders.append([c.id for c in found])
    assert len({tuple(order) for order in orders}) == 4


def test_nobody_there_is_found_out_at_once_and_once(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    source = OpenverseSource(SourceContext(tmp_path), base_url=f"http://127.0.0.1:{port}/v1")
    start = time.monotonic()
    for _ in range(10):
        assert source.search(DOG) == []
    assert time.monotonic() - start < 1.0
    assert len(source.notes) == 1
    assert "cannot be reached" in source.notes[0]


def test_what_is_heard_decides_unless_a_person_names_it(site: Site, make: Make) -> None:
    name = site.add("Dog bark in a yard", "dog bark")
    out = io.BytesIO()
    soundfile.write(out, 0.6 * speech(6.0, seed=3), RATE, "VORBIS", format="OGG")
    site.files[name] = out.getvalue()
    source = make()
    with pytest.raises(SourceError, match="speech"):
        source.fetch(source.search(DOG)[0])
    named = make()
    assert Path(named.fetch(named.find(name)).file).is_file()


def test_sound_after_a_long_silence_is_found(site: Site, make: Make) -> None:
    name = site.add("Dog bark in a yard", "dog bark")
    rng = np.random.default_rng(1)
    late = np.concatenate([np.zeros(70 * 8000), 0.5 * rng.standard_normal(8000) * np.exp(-np.linspace(0, 6, 8000))])
    out = io.BytesIO()
    soundfile.write(out, np.concatenate([late, np.zeros(8000)]), 8000, "VORBIS", format="OGG")
    site.files[name] = out.getvalue()
    source = make()
    asset = source.fetch(source.search(DOG)[0])
    assert asset.excerpt is not None
    assert asset.excerpt.start_s == pytest.approx(70.0, abs=0.1)
    assert asset.duration_s == pytest.approx(72.0, abs=0.1)
