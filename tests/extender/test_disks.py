"""Disks that are full or cannot be written: whatever the command, one line, exit code 4, and nothing is lost."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from tests.extender.conftest import remount
from tests.extender.test_render import cache, extender, picture, render_scene, scene_file

__all__ = ["cache", "extender", "picture"]

COMMANDS = {
    "render": ("render", "photo.jpg", "--offline", "-d", "2", "-o", "disk/other"),
    "render a project": ("render", "disk/made/project.json", "--force"),
    "swap": ("swap", "disk/made/project.json", "dog"),
    "undo": ("undo", "disk/made/project.json", "--all-of", "dog"),
    "detect": ("detect", "photo.jpg", "--detector", "none", "--offline", "--save", "disk/scene.json"),
    "mix": ("mix", "one.wav", "two.wav", "-o", "disk/mix.wav"),
    "evaluate": ("evaluate", "stems", "-o", "disk/compared", "--strategies", "flat", "--trials", "0"),
    "batch": ("batch", "photo.jpg", "-o", "disk/all", "--offline", "-d", "1", "--detector", "none"),
    "synthesise": ("sounds", "procedural", "render", "rain", "-o", "disk/rain.wav"),
    "page": ("sounds", "procedural", "page", "-o", "disk/page"),
}


def digests(folder: Path) -> dict[str, str]:
    """Return all files and what is in them."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.fixture
def disk(extender: Any, picture: Path, tmp_path: Path, small_disk: Path) -> Path:
    """Return a disk with a soundscape on it and no room left; stems and a picture lie beside it."""
    remount(small_disk, "size=20m")
    scene = scene_file(tmp_path / "scene.json", ("dog", 0.2), ("car", 0.8))
    render_scene(extender, picture, scene, "disk/made", "--strategy", "balanced", "-d", "2")
    (tmp_path / "stems").mkdir()
    rng = np.random.default_rng(0)
    for name in ("one", "two"):
        soundfile.write(tmp_path / f"{name}.wav", rng.normal(0.0, 0.1, 96_000), 48_000)
        shutil.copy(tmp_path / f"{name}.wav", tmp_path / "stems")
    (small_disk / "rest").write_bytes(bytes(shutil.disk_usage(small_disk).free))
    assert shutil.disk_usage(small_disk).free == 0
    return small_disk


@pytest.mark.parametrize("trouble", ["full", "read-only"])
@pytest.mark.parametrize("command", COMMANDS)
def test_one_line_and_nothing_is_lost(extender: Any, disk: Path, command: str, trouble: str) -> None:
    if trouble == "read-only":
        remount(disk, "ro")
    before = digests(disk)
    result = extender(*COMMANDS[command])
    assert result.exit_code == 4, result.output
    assert len(result.output.strip().splitlines()) == 1, result.output
    said = result.output.lower()
    assert (
        ("full" in said or "no space" in said)
        if trouble == "full"
        else ("permission denied" in said or "read-only" in said)
    )
    after = digests(disk)
    assert {name: after.get(name) for name in before} == before
    assert not [name for name in after if name not in before and "/.batch/" not in name]  # a batch says what it did
