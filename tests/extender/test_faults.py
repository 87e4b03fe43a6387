"""Whatever goes wrong at Freesound or on the way: a right render or one clear line, and nothing half-written."""

from __future__ import annotations

import json
import re
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

import pytest

from extender.casting import cast
from extender.sources.base import Query, SourceContext
from extender.sources.freesound import FreesoundSource
from extender.sources.procedural import ProceduralSource
from extender.sources.reach import CONNECT_S, Reach
from freesound.calls import Manners
from scenes import Box, Detection, Place, Scene, load_vocabulary
from tests.conftest import shared
from tests.extender.desk import MAIN, Desk
from tests.freesound.fakes import FakeClock
from tests.freesound_server import Fault, FreesoundServer

HASTE = Manners(0.2, 0.2, tries=2, backoff_s=0.01, deadline_s=0.5, download_deadline_s=0.5)

FAULTS = {
    # what goes wrong: whether Freesound's sounds play all the same, and what is said
    "unauthorised": (False, "copy it again from https://freesound.org/apiv2/apply"),
    "forbidden_html": (False, "403 Forbidden"),
    "missing@/search/": (False, ""),
    "throttled_day": (False, "allows in a day are used up: go on after"),
    "suspended": (False, "suspended"),
    "overloaded@/search/x1": (True, ""),
    "overloaded": (False, "overloaded"),
    "server_error_html": (False, "500"),
    "bad_gateway@/search/x1": (True, ""),
    "html_ok": (False, "expected JSON, got text/html"),
    "bad_json": (False, ""),
    "null_results": (True, ""),
    "duplicates": (True, ""),
    "count_lies": (True, ""),
    "hostile_names": (None, ""),
    "unknown_licence": (False, ""),
    "reset": (False, "no connection"),
    "reset@/search/x1": (True, ""),
    "redirect@/search/": (False, ""),
    "missing@/previews/": (False, ""),
    "html_ok@/previews/": (False, ""),
    "forbidden_html@/previews/": (False, ""),
    "truncated@/search/x1": (True, ""),
    "truncated@/previews/x1": (True, ""),
    "truncated@/previews/": (False, "its sounds cannot be fetched: the connection broke"),
    "length_too_long@/previews/x1": (True, ""),
    "length_too_short@/previews/x1": (True, ""),
    "length_too_short@/previews/": (False, ""),
    "redirect@/previews/x1": (True, ""),
    "reset_midway@/previews/x1": (True, ""),
}


def quick(kind: str, match: str, seconds: float) -> Fault:
    return Fault(kind, match, times=1, seconds=seconds)


@pytest.mark.parametrize("fault", [*FAULTS, "slow", "slow body", "stalled", "stalled body"])
def test_every_fault_ends_in_a_right_render(desk: Desk, server: FreesoundServer, fault: str) -> None:
    slow = {
        "slow": quick("slow", "/search/", 0.3),
        "slow body": quick("slow", "/previews/", 0.3),
        "stalled": quick("stalled", "/search/", 0.2),
        "stalled body": quick("stalled_midway", "/previews/", 0.2),
    }
    server.faults.put(slow.get(fault) or Fault.read(fault))
    plays, says = FAULTS.get(fault, (True, ""))
    done = desk.run(*desk.rendering("out", "--debug"))
    assert desk.leftovers() == []
    assert desk.key not in done.stdout + done.stderr
    assert desk.files_with_key() == []
    assert "Traceback" not in done.stderr
    assert done.returncode == 0, done.stderr
    sources = desk.sources("out")
    assert plays is None or ("freesound" in sources) == plays, desk.notes("out")
    assert says in desk.notes("out")
    assert says == "" or "note: freesound: " in done.stdout
    assert not any(entry.credential for entry in server.log if entry.host == "cdn")
    assert {p.name for p in (desk.folder / "out").iterdir()} <= {
        "soundscape.wav", "project.json", "credits.txt", "credits.json", "picture.jpg", "sounds",
    }  # fmt: skip
    if fault in ("truncated@/previews/x1", "reset_midway@/previews/x1", "stalled body"):
        assert [entry.range for entry in server.log.previews()][1].startswith("bytes=")


GETTING = {
    # what goes wrong: whether the file is had, and what is said
    "missing@/previews/": (False, "404"),
    "html_ok@/previews/": (False, "expected a sound, got text/html"),
    "truncated@/previews/x1": (True, ""),
    "length_too_short@/previews/": (False, "it stops in the middle"),
    "reset_midway@/previews/x1": (True, ""),
    "hostile_names": (True, ""),
    "throttled_day": (False, "allows in a day are used up: go on after"),
}


@pytest.mark.parametrize("fault", GETTING)
def test_what_is_got_is_whole_or_not_there(desk: Desk, server: FreesoundServer, fault: str) -> None:
    had, says = GETTING[fault]
    server.faults.put(Fault.read(fault))
    order = ("--sources", "freesound", "--limit", "12" if fault == "hostile_names" else "1")
    done = desk.run("sounds", "search", "dog", *order, "--get", "kept")
    assert desk.leftovers() == []
    assert says in done.stderr
    kept = [path for path in desk.folder.glob("kept/*") if path.suffix == ".ogg"]
    assert bool(kept) == had, done.stderr
    if not kept:
        assert not (desk.folder / "kept").exists()
        assert done.stderr.splitlines()[-1].startswith(("extender: ", "freesound: "))
    server.faults.clear()
    for path in kept:
        assert re.fullmatch(r"freesound-\d+-[a-z0-9-]*\.ogg", path.name)
        assert path.read_bytes() == preview(server, path.name.split("-")[1])
    outside = {path.name for path in desk.folder.iterdir()}
    assert outside <= {"cache", "photo.jpg", "scene.json", "kept"}


def preview(server: FreesoundServer, number: str) -> bytes:
    """Return a preview as the site has it."""
    path = next(e.path for e in server.log.previews() if e.path.rsplit("/", 1)[1].startswith(f"{number}_"))
    with urlopen(server.cdn_origin + path) as answer:
        content: bytes = answer.read()
    return content


def test_a_render_that_is_killed_in_a_download_goes_on_where_it_was(desk: Desk, server: FreesoundServer) -> None:
    server.faults.add("slow", "/previews/", times=1, seconds=20.0)
    with subprocess.Popen([*MAIN, *desk.rendering("out")], cwd=desk.folder, env=desk.environment) as running:
        try:
            have = until_some_of_it_is_there(desk.cache / "freesound" / "partial")
        finally:
            running.send_signal(signal.SIGKILL)
    assert running.returncode == -signal.SIGKILL
    assert desk.leftovers() == []
    assert not (desk.folder / "out").exists()
    assert list((desk.cache / "freesound").glob("previews/*.json")) == []
    (begun,) = server.log.previews()
    server.log.clear()
    desk.render("out")
    again = next(entry for entry in server.log.previews() if entry.path == begun.path)
    assert again.status == 206
    assert int(again.range.removeprefix("bytes=").removesuffix("-")) >= have
    number = begun.path.rsplit("/", 1)[1].split("_")[0]
    note = json.loads(next((desk.cache / "freesound" / "previews").glob(f"{number}-*.json")).read_bytes())
    (kept,) = (desk.cache / "freesound" / "audio").rglob(f"{note['sha256']}.ogg")
    assert kept.read_bytes() == preview(server, number)
    assert list((desk.cache / "freesound" / "partial").glob(".*.part")) == []
    assert desk.leftovers() == []
    undisturbed = desk.sha("out")
    desk.variables["EXTENDER_CACHE"] = str(desk.folder / "cache" / "other")
    desk.render("fresh", "--sources", "freesound,procedural")
    assert desk.sha("fresh") == undisturbed


def until_some_of_it_is_there(folder: Path) -> int:
    """Wait until a download has begun and return how much of it there is, in bytes."""
    for _ in range(1000):
        for part in folder.glob(".*.part"):
            if (size := part.stat().st_size) > 0:
                return size
        time.sleep(0.02)
    raise AssertionError("no download has begun")


# ---------------------------------------------------------------- networks that swallow


@contextmanager
def swallowing() -> Iterator[int]:
    """A port whose connections are never taken, as behind a firewall that drops all packets."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(0)
        waiting = [socket.socket() for _ in range(4)]  # these fill its queue
        for each in waiting:
            each.setblocking(False)
            each.connect_ex(listening.getsockname())
        try:
            yield listening.getsockname()[1]
        finally:
            for each in waiting:
                each.close()


@contextmanager
def silent() -> Iterator[int]:
    """A port that takes connections and never says a word."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(16)
        yield listening.getsockname()[1]


def test_a_network_that_swallows_everything_costs_three_seconds_in_all(desk: Desk) -> None:
    desk.render("known", "--offline", "--strategy", "balanced")  # so that all is imported and synthesised
    with swallowing() as nobody, silent() as mute:
        desk.variables |= {
            "FREESOUND_BASE_URL": f"https://127.0.0.1:{mute}/apiv2",
            "EXTENDER_OPENVERSE_URL": f"http://127.0.0.1:{nobody}/v1",
        }
        start = time.monotonic()
        said = desk.render("out", "--strategy", "balanced")
        took_s = time.monotonic() - start
    assert CONNECT_S <= took_s < CONNECT_S + 2.0
    assert desk.sources("out") == {"procedural"}
    assert "freesound: it cannot be reached; is there a network?" in said["notes"]
    assert desk.sha("out") == desk.sha("known")


def test_nobody_is_waited_for_twice() -> None:
    with swallowing() as nobody, silent() as mute, socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        reach = Reach(patience_s=0.3)
        swallowed = [f"http://127.0.0.1:{nobody}/a", f"https://127.0.0.1:{mute}/b", f"http://127.0.0.1:{nobody}/c"]
        for url in (*swallowed, "http://[broken"):
            reach.announce(url)
        start = time.monotonic()
        assert not any(map(reach.can_reach, swallowed))
        assert not reach.can_reach(f"http://127.0.0.1:{free.getsockname()[1]}/")
        assert not reach.can_reach("https://no.such.host.invalid/")
        assert reach.can_reach(f"http://127.0.0.1:{mute}/")  # somebody takes the connection
        assert time.monotonic() - start < 1.2


def cast_a_dog(folder: Path, source: FreesoundSource) -> set[str]:
    """Cast a dog in a street from this source, else synthesised, and return who plays."""
    dog = Detection("dog-1", "dog", 0.9, Box(0.1, 0.1, 0.5, 0.5), 0.5, 0.0, 0.0, 5.0)
    sources = (source, ProceduralSource(SourceContext(folder / "cache")))
    roles = cast(Scene(Place("street"), (dog,)), load_vocabulary(), sources, seed=0).roles
    return {take.source for role in roles for take in role.takes}


def test_sounds_that_cannot_be_fetched_are_not_asked_for_again_and_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with swallowing() as nobody, FreesoundServer(shared("sounds"), media_url=f"http://127.0.0.1:{nobody}") as server:
        monkeypatch.setenv("FREESOUND_API_KEY", server.key)
        context = SourceContext(tmp_path / "cache", freesound_url=server.base_url, reach=Reach(0.3))
        source = FreesoundSource(context)
        start = time.monotonic()
        assert cast_a_dog(tmp_path, source) == {"procedural"}
        assert time.monotonic() - start < 5.0
    assert source.notes == ("its sounds cannot be fetched: it cannot be reached; is there a network?",)
    assert len(server.log.api()) <= 4  # two concepts, two questions each; then nobody is asked any more


@pytest.mark.parametrize("place", ["/search/", "/previews/"])
def test_a_server_that_falls_silent_for_ever_is_given_up(
    tmp_path: Path, server: FreesoundServer, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    monkeypatch.setenv("FREESOUND_API_KEY", server.key)
    server.faults.add("stalled_midway", place, seconds=3.0)
    context = SourceContext(tmp_path / "cache", freesound_url=server.base_url)
    source = FreesoundSource(context, manners=HASTE)
    assert cast_a_dog(tmp_path, source) == {"procedural"}
    (note,) = source.notes
    assert "\n" not in note
    assert list((tmp_path / "cache" / "freesound").glob("previews/*.json")) == []


def test_a_minute_that_is_used_up_is_waited_for(
    tmp_path: Path, server: FreesoundServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody else uses the key as well: the book has room, and the service refuses."""
    monkeypatch.setenv("FREESOUND_API_KEY", server.key)
    server.faults.add("throttled_minute", "/search/", times=1)
    clock = FakeClock()
    context = SourceContext(tmp_path / "cache", freesound_url=server.base_url)
    source = FreesoundSource(context, clock=clock)
    found = source.search(Query("dog", ("dog bark",), "event"))
    assert found
    assert 59 < sum(clock.slept) < 75
    assert [entry.status for entry in server.log.api()][:2] == [429, 200]
    (note,) = source.notes
    assert "had to wait" in note
