"""Bad input: one line, the documented exit code, no traceback, nothing left behind."""

from __future__ import annotations

import os
import signal
import struct
import subprocess
import sys
import time
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.extender.test_render import cache, extender, picture, project_of, render_scene, scene_file

__all__ = ["cache", "extender", "picture"]


def assert_refused(result: Any, code: int, words: str, folder: Path, before: set[str]) -> None:
    lines = [line for line in result.output.splitlines() if line.strip()]
    assert result.exit_code == code, result.output
    assert len(lines) == 1, result.output
    assert words in lines[0]
    assert {p.name for p in folder.iterdir()} == before


def huge_png(path: Path, side: int) -> Path:
    """Write a PNG of side × side one-bit pixels, which is small as a file."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    packer = zlib.compressobj(1)
    row = b"\0" * (1 + (side + 7) // 8)
    data = b"".join(packer.compress(row) for _ in range(side)) + packer.flush()
    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b""))
    return path


def test_pictures_that_are_none(extender: Any, picture: Path, tmp_path: Path) -> None:
    (tmp_path / "empty.jpg").write_bytes(b"")
    (tmp_path / "text.jpg").write_text("this is no picture")
    whole = picture.read_bytes()
    (tmp_path / "cut.jpg").write_bytes(whole[: len(whole) // 2])
    huge_png(tmp_path / "huge.png", 40_000)
    (tmp_path / "folder.jpg").mkdir()
    before = {p.name for p in tmp_path.iterdir()}
    for name, words in [
        ("missing.jpg", "missing.jpg"),
        ("empty.jpg", "empty"),
        ("text.jpg", "text.jpg"),
        ("cut.jpg", "cut.jpg"),
        ("huge.png", "pixels"),
        ("folder.jpg", "folder"),
    ]:
        assert_refused(extender("render", name, "--offline"), 3, words, tmp_path, before)


def test_one_pixel_is_enough(extender: Any, tmp_path: Path) -> None:
    from PIL import Image

    Image.new("RGB", (1, 1), "white").save(tmp_path / "dot.png")
    assert extender("render", "dot.png", "--offline", "-d", "2").exit_code == 0
    assert (tmp_path / "dot.soundscape" / "soundscape.wav").is_file()


def test_outputs_that_cannot_be(extender: Any, picture: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "diary.txt").write_text("mine")
    before = {p.name for p in tmp_path.iterdir()}
    run = ("render", picture, "--offline", "-d", "2", "-o")
    assert_refused(extender(*run, "file"), 4, "exists already", tmp_path, before)
    assert_refused(extender(*run, "file", "--force"), 4, "not a soundscape", tmp_path, before)
    assert_refused(extender(*run, "mine", "--force"), 4, "not a soundscape", tmp_path, before)
    assert_refused(extender(*run, "file/x"), 4, "not a folder", tmp_path, before)
    assert (tmp_path / "mine" / "diary.txt").read_text() == "mine"


def test_folders_without_permission(extender: Any, picture: Path, tmp_path: Path) -> None:
    locked = tmp_path / "locked"
    locked.mkdir(mode=0o500)
    if os.access(locked, os.W_OK):
        pytest.skip("permissions do not bind this user")
    before = {p.name for p in tmp_path.iterdir()}
    result = extender("render", picture, "--offline", "-d", "2", "-o", locked / "x")
    assert_refused(result, 4, "permission denied", tmp_path, before)


def test_a_full_disk(extender: Any, picture: Path, small_disk: Path) -> None:
    result = extender("render", picture, "--offline", "-d", "30", "-o", small_disk / "x")
    assert_refused(result, 4, "disk is full", small_disk, set())


def test_weights_that_are_none(extender: Any, picture: Path, tmp_path: Path) -> None:
    pytest.importorskip("ultralytics", reason="needs the detector: pip install '.[detect]'", exc_type=ImportError)
    (tmp_path / "cut.pt").write_bytes(b"PK\x03\x04" + b"x" * 1000)
    (tmp_path / "text.pt").write_text("no weights")
    (tmp_path / "w.txt").write_text("no weights")
    before = {p.name for p in tmp_path.iterdir()}
    run = ("render", picture, "--offline", "-d", "2", "--weights")
    for name in ("cut.pt", "text.pt", "w.txt", "nowhere.pt"):
        assert_refused(extender(*run, name, "--trust-weights"), 5, name, tmp_path, before)


def test_unknown_pickles_are_not_loaded(extender: Any, picture: Path, tmp_path: Path, weights: Path) -> None:
    pytest.importorskip("ultralytics", reason="needs the detector: pip install '.[detect]'", exc_type=ImportError)
    before = {p.name for p in tmp_path.iterdir()}
    result = extender("render", picture, "--weights", weights, "-d", "2")
    assert_refused(result, 5, "--trust-weights", tmp_path, before)


def test_words_that_name_nothing(extender: Any, picture: Path, tmp_path: Path) -> None:
    before = {p.name for p in tmp_path.iterdir()}
    run = ("render", picture, "--offline", "-d", "2")
    assert_refused(extender(*run, "--strategy", "loudest"), 2, "balanced", tmp_path, before)
    assert_refused(extender(*run, "--sources", "nowhere"), 2, "procedural", tmp_path, before)
    assert_refused(extender(*run, "--detector", "eyes"), 2, "yolo", tmp_path, before)
    assert_refused(extender(*run, "--sounds", "nowhere"), 2, "nowhere", tmp_path, before)
    assert_refused(extender(*run, "--loud-level", "-40"), 2, "--loud-level", tmp_path, before)
    assert extender(*run, "--format", "aiff").exit_code == 2
    assert extender(*run, "--duration", "0").exit_code == 2


def test_projects_that_are_none(extender: Any, picture: Path, tmp_path: Path) -> None:
    scene = scene_file(tmp_path / "s.json", ("dog", 0.2))
    folder = render_scene(extender, picture, scene, "a")
    text = (folder / "project.json").read_text(encoding="utf-8")
    assert project_of(folder)["version"] == 2
    before = {p.name for p in tmp_path.iterdir()}
    for old, new, words in [
        ('"version": 2', '"version": 2, "colour": 1', "colour"),
        ('"version": 2', '"version": "two"', "version"),
        ('"duration_s": 6.0', '"duration_s": NaN', "duration_s"),
        ("{", "", "project.json"),
    ]:
        (folder / "project.json").write_text(text.replace(old, new, 1), encoding="utf-8")
        assert_refused(extender("render", folder / "project.json", "-o", "b"), 3, words, tmp_path, before)


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_in_the_middle(cache: Path, picture: Path, tmp_path: Path, signum: signal.Signals) -> None:
    before = {p.name for p in tmp_path.iterdir()}
    # What runs in the background of a script starts with SIGINT ignored; a person's terminal does not.
    program = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
    program += "from extender.cli import main; main()"
    command = [sys.executable, "-c", program, "render", str(picture)]
    command += ["--detector", "none", "-d", "3000", "-o", str(tmp_path / "out")]
    environment = os.environ | {"EXTENDER_CACHE": str(cache)}
    process = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment)
    deadline = time.monotonic() + 60
    while not any(".partial" in p.name for p in tmp_path.iterdir()) and time.monotonic() < deadline:
        time.sleep(0.05)
    time.sleep(0.5)
    process.send_signal(signum)
    try:
        _, err = process.communicate(timeout=30)
    finally:
        process.kill()
    assert process.returncode == 130
    assert err.strip().splitlines() == ["extender: interrupted; nothing was left half done"]
    assert {p.name for p in tmp_path.iterdir()} == before


def test_nothing_is_written_beside_the_output(extender: Any, tmp_path: Path, cache: Path) -> None:
    from PIL import Image

    Image.fromarray(np.zeros((50, 50, 3), np.uint8)).save(tmp_path / "p.png")
    assert extender("detect", "p.png", "--offline").exit_code == 0
    assert {p.name for p in tmp_path.iterdir()} == {"p.png"}
