"""Another sound for one thing: named, or the next best; and what the command line has around sounds."""

from __future__ import annotations

import csv
import hashlib
import json
import shutil
import stat
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from typer.testing import CliRunner

from extender.cli import app
from extender.vision.whereabouts import whereabouts

RUNNER = CliRunner()


SECONDS = ("-d", "3", "--outputs", "credits")


@pytest.fixture(scope="session")
def rendered(tmp_path_factory: pytest.TempPathFactory, synthesised: Path) -> Path:
    """Return a folder with a library of three dogs and a cat, each a tone of its own, a picture, and its soundscape."""
    from PIL import Image

    root = tmp_path_factory.mktemp("rendered")
    names = ("dog bark/rex.wav", "dog bark/ada.wav", "dog bark/bo.wav", "cat meow/tom.wav")
    for number, name in enumerate(names):
        path = root / "mine" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        tone = 0.3 * np.sin(2 * np.pi * (300 + 150 * number) * np.arange(24_000) / 24_000)
        soundfile.write(path, tone, 24_000)
    Image.fromarray(np.full((60, 80, 3), 128, np.uint8)).save(root / "photo.jpg")
    things = [{"label": label, "box": [x, 0.4, x + 0.1, 0.7]} for label, x in (("dog", 0.1), ("cat", 0.7))]
    (root / "scene.json").write_text(json.dumps({"version": 1, "place": "street", "objects": things}))
    cache = tmp_path_factory.mktemp("cache")
    (cache / "procedural").symlink_to(synthesised)
    own = ("--sources", "folder,procedural", "--sounds", str(root / "mine"), "--offline")
    files = ("render", str(root / "photo.jpg"), "--scene", str(root / "scene.json"), "-o", str(root / "out"))
    result = RUNNER.invoke(app, [*files, *SECONDS, *own], env={"EXTENDER_CACHE": str(cache)}, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return root


@pytest.fixture
def library(tmp_path: Path, rendered: Path) -> Path:
    """Return the library, a copy of one's own."""
    return shutil.copytree(rendered / "mine", tmp_path / "mine")


@pytest.fixture
def extender(tmp_path: Path, synthesised: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return a function that runs the command line: its output, and how it ended."""
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "procedural").symlink_to(synthesised)
    monkeypatch.setenv("EXTENDER_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("EXTENDER_SOUNDS", "")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "no-data"))
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str | Path, ends: int = 0) -> str:
        result = RUNNER.invoke(app, [str(a) for a in arguments], catch_exceptions=False)
        assert result.exit_code == ends, result.output
        return str(result.output)

    return run


@pytest.fixture
def picture(tmp_path: Path, rendered: Path) -> Path:
    """Return the picture, with its scene beside it."""
    for name in ("photo.jpg", "scene.json"):
        shutil.copy(rendered / name, tmp_path)
    return tmp_path / "photo.jpg"


@pytest.fixture
def folder(tmp_path: Path, rendered: Path, picture: Path) -> Path:
    """Return the soundscape of the picture, as ``render`` makes it."""
    shutil.copytree(rendered / "out", tmp_path / "out")
    return Path("out")


def project_of(folder: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((folder / "project.json").read_text(encoding="utf-8"))
    return loaded


def part(project: dict[str, Any], kind: str, name: str) -> dict[str, Any]:
    """Return the role, part or settings of one thing."""
    places = {
        "role": project["cast"]["roles"],
        "part": project["arrangement"]["parts"],
        "set": project["plan"]["tracks"],
    }
    found: dict[str, Any] = next(each for each in places[kind] if each["id"] in (name, f"{name}-1"))
    return found


def ids(project: dict[str, Any], name: str) -> set[str]:
    return {f"{take['source']}:{take['id']}" for take in part(project, "role", name)["takes"]}


def render(extender: Any, library: Path, *more: str) -> Path:
    order = ("--sources", "folder,procedural", "--sounds", library)
    extender("render", "photo.jpg", "--scene", "scene.json", "-o", "out", *SECONDS, "--offline", *order, *more)
    return Path("out")


def test_the_named_sound_plays_and_all_else_stays(extender: Any, folder: Path, library: Path) -> None:
    before = project_of(folder)
    extender("swap", "out/project.json", "dog", "--with", "folder:mine/cat meow/tom.wav", "--sounds", library)
    after = project_of(folder)
    assert ids(after, "dog") == {"folder:mine/cat meow/tom.wav"}
    assert "named by hand" in part(after, "role", "dog")["reason"]
    for role in before["cast"]["roles"]:
        if role["id"] != "dog-1":
            for kind in ("role", "part", "set"):
                assert part(after, kind, role["id"]) == part(before, kind, role["id"])
    for name in ("position", "target_lufs", "width"):
        assert part(after, "part", "dog")[name] == part(before, "part", "dog")[name]
    files = {take["file"] for role in after["cast"]["roles"] for take in role["takes"]}
    assert {f"sounds/{path.name}" for path in (folder / "sounds").iterdir()} == files
    sha = hashlib.sha256((folder / "soundscape.wav").read_bytes()).hexdigest()
    extender("render", "out/project.json", "--force")
    assert hashlib.sha256((folder / "soundscape.wav").read_bytes()).hexdigest() == sha


def test_the_next_best_is_never_one_that_was_used(extender: Any, library: Path, picture: Path) -> None:
    folder = render(extender, library, "--replace", "dog=folder:mine/dog bark/rex.wav")
    own = ("--sources", "folder", "--sounds", library, "--offline")
    assert ids(project_of(folder), "dog") == {"folder:mine/dog bark/rex.wav"}
    extender("swap", "out/project.json", "dog", *own)
    now = project_of(folder)
    assert ids(now, "dog") == {"folder:mine/dog bark/ada.wav", "folder:mine/dog bark/bo.wav"}
    says = extender("swap", "out/project.json", "dog", *own, ends=6)
    assert "no other sound for dog" in says
    assert says.count("\n") == 1
    assert project_of(folder) == now


def test_what_is_synthesised_has_always_another(extender: Any, folder: Path) -> None:
    heard = [ids(project_of(folder), "cat")]
    for _ in range(3):
        extender("swap", "out/project.json", "cat", "--sources", "procedural")
        heard.append(ids(project_of(folder), "cat"))
    assert sum(map(len, heard)) == len(set.union(*heard))


def test_an_ambience_is_swapped_like_a_thing(extender: Any, folder: Path) -> None:
    before = project_of(folder)
    extender("swap", "out/project.json", "ambience-1", "--sources", "procedural")
    after = project_of(folder)
    assert ids(after, "ambience-1").isdisjoint(ids(before, "ambience-1"))
    assert part(after, "role", "ambience-1")["wanted"] == part(before, "role", "ambience-1")["wanted"]
    assert part(after, "part", "dog") == part(before, "part", "dog")


def test_settings_made_by_hand_outlive_a_swap(extender: Any, folder: Path) -> None:
    project = project_of(folder)
    part(project, "set", "cat")["gain_db"] = -17.25
    (folder / "project.json").write_text(json.dumps(project))
    extender("swap", "out/project.json", "dog", "--sources", "procedural")
    assert part(project_of(folder), "set", "cat")["gain_db"] == -17.25


def test_an_output_of_its_own_leaves_the_project_alone(extender: Any, folder: Path) -> None:
    before = project_of(folder)
    extender("swap", "out/project.json", "dog", "--sources", "procedural", "-o", "other")
    assert project_of(folder) == before
    assert ids(project_of(Path("other")), "dog") != ids(before, "dog")


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("zebra",), 2, "there are: "),
        (("dog", "--with", "rex"), 2, "expected SOURCE:ID"),
        (("dog", "--with", "attic:rex"), 2, "no sound source 'attic'"),
        (("dog", "--with", "folder:mine/../../etc/passwd"), 6, "there is no sound"),
        (("dog", "--with", "procedural:dog"), 6, "no synthesised sound"),
        (("dog", "--with", "openverse:7"), 6, "hexadecimal digits"),
        (("dog", "--with", "freesound:7"), 6, "needs a key"),
    ],
)
def test_what_cannot_be_swapped_is_one_line_and_changes_nothing(
    extender: Any, library: Path, folder: Path, arguments: tuple[str, ...], code: int, says: str
) -> None:
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    told = extender("swap", "out/project.json", *arguments, "--sounds", library, ends=code)
    assert says in told
    assert told.count("\n") == 1
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize("text", ["dog", "dog=", "=folder:x", "dog=rex", "dog=folder:"])
def test_replace_says_how_it_is_written(extender: Any, picture: Path, text: str) -> None:
    says = extender("render", "photo.jpg", "--scene", "scene.json", "--replace", text, ends=2)
    assert "LABEL=SOURCE:ID" in says
    assert not Path("photo.soundscape").exists()


def test_several_of_a_name_must_be_told_apart(extender: Any, picture: Path) -> None:
    things = [{"label": "dog", "box": [x, 0.4, x + 0.1, 0.7]} for x in (0.1, 0.7)]
    Path("scene.json").write_text(json.dumps({"version": 1, "place": "street", "objects": things}))
    extender("render", "photo.jpg", "--scene", "scene.json", "-o", "out", *SECONDS, "--offline")
    assert "is several: dog-1, dog-2" in extender("swap", "out/project.json", "dog", ends=2)


def test_the_table_shows_licence_and_length_and_the_rows_can_be_had(extender: Any, library: Path) -> None:
    own = ("--sources", "folder", "--sounds", library)
    table = extender("sounds", "search", "dog", *own)
    assert "licence" in table.splitlines()[0]
    assert "1.0 s" in table
    assert "folder:mine/dog bark/rex.wav" in table
    extender("sounds", "search", "dog", *own, "--only", "1,3", "--get", "kept")
    extender("sounds", "search", "cat", *own, "--get", "kept")
    with Path("kept/credits.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["label"] for row in rows] == ["dog", "dog", "cat"]
    assert {row["file"] for row in rows} | {"credits.csv"} == {path.name for path in Path("kept").iterdir()}
    again = json.loads(extender("sounds", "search", "dog", "--sources", "folder", "--sounds", "kept", "--json"))
    assert len(again) == 2
    assert "rows of the table" in extender("sounds", "search", "dog", *own, "--only", "9", "--get", "x", ends=2)


def test_sounds_are_played_by_what_the_system_has(
    extender: Any, library: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = ("--sources", "folder", "--sounds", library, "--limit", "1", "--play")
    tools = tmp_path / "tools"
    tools.mkdir()
    monkeypatch.setenv("PATH", str(tools))
    says = extender("sounds", "search", "dog", *own, ends=7)
    assert "nothing here plays sound" in says
    player = tools / "aplay"
    player.write_text(f'#!/bin/sh\nfor last; do :; done\n/bin/cp "$last" {tmp_path}/played.wav\n')
    player.chmod(player.stat().st_mode | stat.S_IXUSR)
    extender("sounds", "search", "dog", *own)
    assert soundfile.info(tmp_path / "played.wav").duration == pytest.approx(1.0)
    player.write_text("#!/bin/sh\nexit 1\n")
    assert "loudspeaker" in extender("sounds", "search", "dog", *own, ends=6)
    quiet = player.rename(tools / "ffplay")
    quiet.write_text("#!/bin/sh\necho 'No more combinations to try, audio open failed' >&2\n")
    assert "loudspeaker" in extender("sounds", "search", "dog", *own, ends=6)


def test_the_cache_is_shown_cleared_and_pruned(extender: Any, library: Path, picture: Path) -> None:
    render(extender, library)
    held = json.loads(extender("cache", "info", "--json"))
    assert held["parts"]["procedural"]["bytes"] > 0
    assert held["parts"]["libraries"]["files"] == 1
    assert "MB" in extender("cache", "info")
    assert "--yes" in extender("cache", "clear", ends=2)
    assert json.loads(extender("cache", "info", "--json")) == held
    assert "it has freesound" in extender("cache", "clear", "attic", "--yes", ends=2)
    assert "--max-mb" in extender("cache", "prune", ends=2)
    extender("cache", "prune", "procedural", "--max-mb", "0.2")
    assert json.loads(extender("cache", "info", "--json"))["parts"]["procedural"]["bytes"] <= 200_000
    extender("cache", "clear", "--yes")
    empty = json.loads(extender("cache", "info", "--json"))["parts"]
    assert all(part["files"] == 0 for part in empty.values())
    render(extender, library, "--force")


def test_clearing_keeps_the_count_of_requests(extender: Any, tmp_path: Path) -> None:
    from freesound import Cache, Ledger

    for name in ("freesound", "openverse"):
        root = tmp_path / "cache" / name
        Cache(root).put("a", "search", [1])
        Ledger(root / "requests.sqlite").acquire("me")
    extender("cache", "clear", "--yes")
    for name in ("freesound", "openverse"):
        root = tmp_path / "cache" / name
        assert Cache(root).get("a") is None
        assert Ledger(root / "requests.sqlite").remaining("me").minute == 59


def test_the_place_is_read_only_on_request_and_kept_nowhere(extender: Any, picture: Path, tmp_path: Path) -> None:
    from PIL import Image

    exif = Image.Exif()
    exif[0x8825] = {1: "S", 2: (33.0, 51.0, 31.5), 3: "E", 4: (151.0, 12.0, 36.0)}
    Image.new("RGB", (80, 60)).save(picture, exif=exif)
    assert whereabouts(picture) == pytest.approx((-33.85875, 151.21))
    for more in (("--outputs", "credits"), ("--near",)):
        extender("render", picture, "--scene", "scene.json", "-o", "out", "-d", "3", "--offline", "--force", *more)
        told = " ".join(project_of(Path("out"))["scene"]["notes"])
        assert ("near the place" in told) == ("--near" in more)
    for path in Path("out").rglob("*"):
        if path.is_file():
            assert not any(number in path.read_bytes() for number in (b"33.85", b"151.21", b"33.51")), path
    Image.new("RGB", (80, 60)).save(picture)
    extender("render", picture, "--scene", "scene.json", "-o", "out", *SECONDS, "--offline", "--force", "--near")
    assert "does not tell where" in " ".join(project_of(Path("out"))["scene"]["notes"])


@pytest.mark.parametrize(
    "gps",
    [
        {},
        {1: "N", 2: (95.0, 0.0, 0.0), 3: "E", 4: (0.0, 0.0, 0.0)},
        {1: "N", 2: (5.0, 0.0), 3: "E", 4: (0.0, 0.0, 0.0)},
        {2: (5.0, 0.0, 0.0), 4: (0.0, 0.0, 0.0)},
    ],
)
def test_a_broken_place_is_none(tmp_path: Path, gps: dict[int, Any]) -> None:
    from PIL import Image

    exif = Image.Exif()
    exif[0x8825] = gps
    Image.new("RGB", (8, 8)).save(tmp_path / "x.jpg", exif=exif)
    assert whereabouts(tmp_path / "x.jpg") is None
    (tmp_path / "y.jpg").write_bytes(b"no picture")
    assert whereabouts(tmp_path / "y.jpg") is None
