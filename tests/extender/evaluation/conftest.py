"""Small scenes to be evaluated: a hum, a bird and rain, two seconds long."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from typer.testing import CliRunner

from extender.cli import app

RATE = 48_000


def write(path: Path, sound: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, np.asarray(sound).T, RATE, subtype="FLOAT" if path.suffix == ".wav" else "PCM_24")


def sounds(seed: int, seconds: float = 2.0) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    t = np.arange(round(seconds * RATE)) / RATE
    return {
        "bird.wav": 0.1 * np.sin(2 * np.pi * (3_000 + 600 * np.sin(40 * t)) * t) * (t % 0.5 < 0.2),
        "hum.wav": 0.2 * np.sin(2 * np.pi * 110 * t) + 0.02 * rng.normal(size=len(t)),
        "rain.flac": np.clip(rng.normal(0.0, 0.05, (2, len(t))), -1, 1),
    }


def make_scene(folder: Path, seed: int = 1, seconds: float = 2.0) -> Path:
    for name, sound in sounds(seed, seconds).items():
        write(folder / name, sound)
    return folder


@pytest.fixture(scope="session")
def two_scenes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two scenes, one of them with a mix by hand. Not to be changed."""
    folder = tmp_path_factory.mktemp("scenes")
    make_scene(folder / "scene 2", 2)
    make_scene(folder / "scene 10", 10)
    mix = np.zeros((2, 2 * RATE))
    for sound in sounds(2).values():
        mix += 0.3 * np.asarray(sound)
    write(folder / "scene 2" / "mix.wav", mix)
    (folder / "notes").mkdir()
    (folder / "notes" / "read me.txt").write_text("no sound")
    return folder


def run(*words: object) -> Any:
    """Run ``extender evaluate``."""
    return CliRunner().invoke(app, ["evaluate", *map(str, words)])


@pytest.fixture(scope="session")
def evaluated(two_scenes: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a finished evaluation. Not to be changed."""
    folder = tmp_path_factory.mktemp("evaluations") / "compared"
    made = run(two_scenes, "-o", folder, "--strategies", "flat,hafezi,unmask", "--quiet")
    assert (made.exit_code, made.output) == (0, "")
    return folder
