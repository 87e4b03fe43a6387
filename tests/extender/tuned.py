"""A small soundscape, made once, for the tests of what comes after: explaining, taking back, mixing anew."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from typer.testing import CliRunner, Result

from extender.cli import app

SECONDS = 2.0
RATE = 24_000


def band(low: float, high: float, seed: int, level: float = 0.1, swell: bool = False) -> np.ndarray[Any, Any]:
    """Noise between two frequencies."""
    spectrum = np.fft.rfft(np.random.default_rng(seed).normal(0, 1, round(SECONDS * RATE)))
    frequencies = np.fft.rfftfreq(round(SECONDS * RATE), 1 / RATE)
    spectrum[(frequencies < low) | (frequencies > high)] = 0
    sound = np.fft.irfft(spectrum)
    if swell:
        sound = sound * (np.sin(np.arange(len(sound)) / RATE * 9.0) > 0.3)
    return np.asarray(level * sound / np.sqrt(np.mean(sound**2)))


def soundscape(root: Path, cache: Path) -> Path:
    """Render a bus over a bird and a dog; return where."""
    from PIL import Image

    sounds = {
        "bus engine/one.wav": band(90, 7_000, 1), "bird song/two.wav": band(3_000, 6_000, 2, swell=True),
        "dog bark/three.wav": band(400, 2_000, 3, swell=True),
    }  # fmt: skip
    for name, sound in sounds.items():
        path = root / "mine" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(path, sound, RATE)
    Image.fromarray(np.full((60, 80, 3), 128, np.uint8)).save(root / "photo.jpg")
    boxes = (("bus", 0.45), ("bird", 0.6), ("dog", 0.3))
    things = [{"label": label, "box": [x, 0.4, x + 0.1, 0.7]} for label, x in boxes]
    (root / "scene.json").write_text(json.dumps({"version": 1, "place": "street", "objects": things}))
    own = ("--sources", "folder,procedural", "--sounds", str(root / "mine"), "--offline", "--outputs", "credits")
    files = ("render", str(root / "photo.jpg"), "--scene", str(root / "scene.json"), "-o", str(root / "out"))
    done = run(cache, *files, "-d", str(SECONDS), *own)
    assert done.exit_code == 0, done.output
    return root / "out"


def run(cache: Path, *words: str | Path, **more: str) -> Result:
    """Run the command line."""
    environment = {"EXTENDER_CACHE": str(cache), "COLUMNS": "200", **more}
    return CliRunner(env=environment).invoke(app, [str(word) for word in words], catch_exceptions=False)


def project_of(folder: Path) -> dict[str, Any]:
    """Return what project.json says."""
    loaded: dict[str, Any] = json.loads((folder / "project.json").read_text(encoding="utf-8"))
    return loaded


def settings_of(folder: Path, name: str) -> dict[str, Any]:
    """Return the settings of one track."""
    found: dict[str, Any] = next(t for t in project_of(folder)["plan"]["tracks"] if t["id"] == name)
    return found


def edit(folder: Path, name: str, **values: Any) -> None:
    """Write other settings of a track into project.json, as a person would."""
    project = project_of(folder)
    next(t for t in project["plan"]["tracks"] if t["id"] == name).update(values)
    (folder / "project.json").write_text(json.dumps(project), encoding="utf-8")
