"""The whole product with a key, against a Freesound on loopback: how much it asks, what it keeps, what goes wrong."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import shared
from tests.freesound_server import Fault, FreesoundServer

ROOT = Path(__file__).resolve().parents[2]
OBJECTS = ("dog", "cat", "bicycle", "car", "clock", "bird", "train", "person")


@pytest.fixture
def server() -> Iterator[FreesoundServer]:
    """A fresh site over the real recordings."""
    with FreesoundServer(shared("sounds")) as running:
        yield running
        assert running.errors == []


class Desk:
    """A folder to work in, with a cache of its own and a key for one server."""

    def __init__(self, folder: Path, server: FreesoundServer) -> None:
        self.folder = folder
        self.cache = folder / "cache"
        self.key = server.key
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("EXTENDER_", "FREESOUND_"))},
            "PYTHONPATH": str(ROOT),
            "EXTENDER_CACHE": str(self.cache),
            "EXTENDER_OPENVERSE_URL": "http://127.0.0.1:9/v1",
            "FREESOUND_BASE_URL": server.base_url,
            "FREESOUND_API_KEY": server.key,
            "XDG_DATA_HOME": str(folder / "data"),
            "COLUMNS": "200",
        }

    def scene(self, *labels: str) -> None:
        """Write a picture and a scene of these things."""
        from PIL import Image

        Image.new("RGB", (80, 60), (90, 120, 150)).save(self.folder / "photo.jpg")
        things = [{"label": label, "box": [i / 10, 0.4, i / 10 + 0.08, 0.7]} for i, label in enumerate(labels)]
        scene = {"version": 1, "place": "street", "objects": things}
        (self.folder / "scene.json").write_text(json.dumps(scene), encoding="utf-8")

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run the command line in a process of its own."""
        command = [sys.executable, "-c", "from extender.cli import main; main()", *arguments]
        return subprocess.run(
            command, cwd=self.folder, env=self.environment, capture_output=True, text=True, timeout=120, check=False
        )

    def render(self, out: str, *more: str) -> dict[str, Any]:
        """Render the scene, which must go well, and return what --json says."""
        done = self.run("render", "photo.jpg", "--scene", "scene.json", "-o", out, "-d", "5", "--json", *more)
        assert done.returncode == 0, done.stderr
        said: dict[str, Any] = json.loads(done.stdout)
        return said

    def sha(self, out: str) -> str:
        """Return the digest of a mix."""
        return hashlib.sha256((self.folder / out / "soundscape.wav").read_bytes()).hexdigest()

    def sources(self, out: str) -> set[str]:
        """Return who the sounds of a soundscape came from."""
        project = json.loads((self.folder / out / "project.json").read_text(encoding="utf-8"))
        return {take["source"] for role in project["cast"]["roles"] for take in role["takes"]}

    def leftovers(self) -> list[str]:
        """Return whatever is half done: in the folder of the person, and where previews are taken in."""
        here = [path.name for path in self.folder.iterdir() if ".partial" in path.name or path.name.startswith(".")]
        audio = self.cache / "freesound" / "audio"
        return here + [str(path) for path in audio.rglob("*") if path.is_file() and path.suffix != ".ogg"]

    def files_with_key(self) -> list[Path]:
        """Return all files below the folder that hold the key."""
        return [path for path in self.folder.rglob("*") if path.is_file() and self.key.encode() in path.read_bytes()]


@pytest.fixture
def desk(tmp_path: Path, server: FreesoundServer, synthesised: Path) -> Desk:
    made = Desk(tmp_path, server)
    made.cache.mkdir()
    (made.cache / "procedural").symlink_to(synthesised)
    made.scene("dog")
    return made


def test_eight_things_cost_two_requests_each_and_nothing_the_second_time(desk: Desk, server: FreesoundServer) -> None:
    desk.scene(*OBJECTS)
    said = desk.render("one")
    asked = len(server.log.api())
    concepts = len(said["sounds"])
    assert concepts >= len(OBJECTS)
    assert 0 < asked <= 2 * concepts
    assert said["requests"]["freesound"] == asked
    assert "freesound" in desk.sources("one")
    assert any("non-commercial" in note for note in said["notes"])
    assert not any(entry.credential for entry in server.log.previews())
    server.stop()
    again = desk.render("two")
    assert again["requests"]["freesound"] == 0
    assert desk.sha("two") == desk.sha("one")
    offline = desk.render("three", "--offline")
    assert offline["requests"].get("freesound", 0) == 0
    assert desk.sources("three") >= {"freesound"}
    assert desk.files_with_key() == []


def test_the_licences_that_are_not_wanted_are_never_fetched(desk: Desk, server: FreesoundServer) -> None:
    desk.scene("dog", "car", "clock")
    desk.render("free", "--licence", "cc0")
    project = json.loads((desk.folder / "free" / "project.json").read_text(encoding="utf-8"))
    licences = {take["licence"] for role in project["cast"]["roles"] for take in role["takes"]}
    assert all(name.startswith(("CC0", "Public-Domain")) for name in licences), licences
    played = {number for number, sound in server.state.catalogue.sounds.items() if "zero" in sound.deed.url}
    fetched = {int(entry.path.rsplit("/", 1)[1].split("_")[0]) for entry in server.log.previews()}
    assert fetched <= played


def test_one_sound_is_swapped_and_named(desk: Desk, server: FreesoundServer) -> None:
    desk.render("out")

    def takes() -> set[str]:
        project = json.loads((desk.folder / "out" / "project.json").read_text(encoding="utf-8"))
        roles = {role["id"]: role for role in project["cast"]["roles"]}
        return {f"{take['source']}:{take['id']}" for take in roles["dog-1"]["takes"]}

    first = takes()
    assert desk.run("swap", "out/project.json", "dog").returncode == 0
    second = takes()
    assert first.isdisjoint(second)
    named = sorted(first)[0]
    assert desk.run("swap", "out/project.json", "dog", "--with", named).returncode == 0
    assert takes() == {named}
    table = desk.run("sounds", "search", "dog", "--limit", "3").stdout
    assert "freesound:" in table


FAULTS = (
    "unauthorised", "forbidden_html", "html_ok", "throttled_day", "suspended", "overloaded@/search/x1", "bad_json",
    "null_results", "duplicates", "hostile_names", "unknown_licence", "server_error_html", "reset@/search/x1",
    "missing@previews", "truncated@previews", "length_too_long@previewsx1", "html_ok@previews", "redirect@previewsx1",
    "redirect@/search/", "reset_midway@previewsx1",
)  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_every_fault_ends_in_a_right_render(desk: Desk, server: FreesoundServer, fault: str) -> None:
    server.faults.put(Fault.read(fault))
    done = desk.run("render", "photo.jpg", "--scene", "scene.json", "-o", "out", "-d", "4", "--debug")
    assert desk.leftovers() == []
    assert desk.key not in done.stdout + done.stderr
    assert desk.files_with_key() == []
    assert "Traceback" not in done.stderr
    assert done.returncode == 0, done.stderr
    project = json.loads((desk.folder / "out" / "project.json").read_text(encoding="utf-8"))
    for role in project["cast"]["roles"]:
        for take in role["takes"]:
            path = desk.folder / "out" / take["file"]
            assert hashlib.sha256(path.read_bytes()).hexdigest() == take["sha256"]
    assert not any(entry.credential for entry in server.log if entry.host == "cdn")
    assert all(path.is_relative_to(desk.folder) for path in (desk.folder / "out").rglob("*"))


def test_an_error_shows_no_key(desk: Desk, server: FreesoundServer) -> None:
    desk.render("out")
    before = desk.sha("out")
    server.faults.add("unauthorised")
    number = next(iter(server.state.catalogue.sounds))
    for more in ((), ("--debug",)):
        done = desk.run("swap", "out/project.json", "dog", "--with", f"freesound:{number}", *more)
        assert done.returncode == 6
        assert desk.key not in done.stdout + done.stderr
        assert done.stderr.strip().splitlines()[-1].startswith("extender: ")
        assert more or done.stderr.count("\n") == 1
    assert desk.sha("out") == before
    assert desk.leftovers() == []
    assert desk.files_with_key() == []
