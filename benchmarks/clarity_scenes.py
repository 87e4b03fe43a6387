"""The scenes of ``benchmarks.clarity``: drawn once by seeds, listed in ``clarity_scenes.json``.

``python -m benchmarks.clarity_scenes`` draws them anew from ``../shared/data/sounds`` and the procedural models.
"""

from __future__ import annotations

import csv
import functools
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

import mixer
from benchmarks.common import ROOT

SCENES = Path(__file__).with_name("clarity_scenes.json")
SOUNDS = ROOT.parent / "shared" / "data" / "sounds"
COUNT, DURATION_S = 40, 16.0
CROSSFADE_S = 0.25
Listed = tuple[str, str, float]
"""Label or kind, name, seconds."""
BEDS = ("rain", "wind", "waves", "storm", "city", "coffee-shop", "summer-night", "water", "Sea waves", "Rain", "hum")
"""Labels of what surrounds the listener."""


def tracks(scene: dict[str, Any]) -> list[mixer.Track]:
    """Return the tracks of a scene as listed."""
    return [_track(row) for row in scene["tracks"]]


def _track(row: dict[str, Any]) -> mixer.Track:
    sound = take(row["sound"])
    clips, end = [], 0.0
    for onset_s in row["onsets_s"]:
        fade = mixer.Fade(CROSSFADE_S if onset_s < end else 0.0)
        duration_s = min(sound.duration_s, DURATION_S - onset_s)
        clips.append(mixer.Clip(0, onset_s, duration_s, fade_in=fade))
        if fade.duration_s:
            last = clips[-2]
            clips[-2] = mixer.Clip(0, last.onset_s, last.duration_s, fade_in=last.fade_in, fade_out=fade)
        end = onset_s + duration_s
    position = mixer.Position(row["azimuth_deg"], 0.0, row["distance_m"])
    return mixer.Track(
        row["id"], (sound,), tuple(clips), position, row["target_lufs"], row["width"], row["priority"]
    )  # fmt: skip


@functools.lru_cache(maxsize=32)
def take(sound: str) -> mixer.AudioBuffer:
    """Return a sound by its listed name: a file under the sounds' folder, or ``procedural:MODEL/SEED/TAKE``."""
    if sound.startswith("procedural:"):
        from extender.sources.procedural.model import rendered
        from extender.sources.procedural.registry import BY_NAME

        name, seed, number = sound.removeprefix("procedural:").split("/")
        return mixer.AudioBuffer(rendered(BY_NAME[name], int(seed), int(number)), 48_000)
    samples, rate = soundfile.read(SOUNDS / sound, dtype="float32", always_2d=True)
    return mixer.AudioBuffer(samples.T, rate)


def draw(seed: int, sounds: Sequence[Listed], models: Sequence[Listed]) -> dict[str, Any]:
    """Draw a scene: 4 to 12 tracks, mostly one bed; every fourth scene has no places, as stems have none."""
    rng = np.random.default_rng(seed)
    places = seed % 4 != 3
    rows: list[dict[str, Any]] = []
    count = int(rng.integers(4, 13))
    while len(rows) < count:
        bed = places and not rows and rng.random() < 0.8
        pool = sounds if rng.random() < 0.5 else models
        label, name, seconds = pool[int(rng.integers(len(pool)))]
        steady = label in BEDS or label in ("ambience", "loop") or seconds >= 4.0
        if bed and label not in (*BEDS, "ambience"):
            continue
        if any(row["sound"] == name for row in rows):
            continue
        azimuth_deg = float(rng.uniform(-70, 70)) if places and not bed else 0.0
        rows.append({
            "id": f"{len(rows) + 1} {name.removeprefix('procedural:').split('/')[-1 if '.' in name else 0]}",
            "sound": name,
            "onsets_s": _onsets(rng, seconds, steady=steady),
            "target_lufs": round(float(rng.uniform(-30, -26) if bed else rng.uniform(-25, -18)), 1),
            "azimuth_deg": round(azimuth_deg, 1),
            "distance_m": round(float(2.0 ** rng.uniform(1, 5)), 1) if places and not bed else 1.0,
            "width": 1.0 if bed else 0.0,
            "priority": round(float(rng.choice([0.3, 0.5, 0.5, 0.8])), 1),
        })  # fmt: skip
    return {"seed": seed, "tracks": rows}


def _onsets(rng: np.random.Generator, seconds: float, *, steady: bool) -> list[float]:
    if steady:
        step = max(seconds - CROSSFADE_S, 0.3)
        return [round(k * step, 3) for k in range(int(np.ceil((DURATION_S - 0.5) / step)))]
    onsets, at = [], float(rng.uniform(0.0, 3.0))
    while at < DURATION_S - min(seconds, 1.0):
        onsets.append(round(at, 3))
        at += seconds + float(rng.uniform(0.3, 4.0))
    return onsets


def main() -> None:
    """Draw and write all scenes."""
    from extender.sources.procedural.registry import MODELS

    with (SOUNDS / "manifest.csv").open(newline="", encoding="utf-8") as file:
        listed = [(row["label"], row["file"], float(row["seconds"])) for row in csv.DictReader(file)]
    # what is long or comes in forty recordings would else be drawn nearly always
    rare = [row for row in listed if not row[1].startswith("esc10")]
    common = [row for row in listed if row[1].startswith("esc10")][::4]
    models: list[Listed] = [
        (model.kind, f"procedural:{model.name}/{seed}/0", model.duration_s) for model in MODELS for seed in (1, 2)
    ]
    scenes = [draw(seed, rare + common, models) for seed in range(COUNT)]
    text = "[\n" + ",\n".join(json.dumps(scene, ensure_ascii=False) for scene in scenes) + "\n]\n"
    SCENES.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
