"""Write the 40 scenes of ``benchmarks.clarity`` as folders of stems, on which ``extender evaluate`` can be run.

``python -m benchmarks.evaluation -o FOLDER [SEED …]``, from the root of the repository; it needs the recordings in
``../shared/data/sounds``. Each folder holds the sounds and a ``scene.json`` with places, levels and times (see
``docs/evaluation.md``), so that what is evaluated are the very tracks of that benchmark.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from benchmarks.clarity_scenes import DURATION_S, SCENES, SOUNDS, take


def write_scene(scene: dict[str, Any], folder: Path) -> None:
    """Write one scene: sounds as FLAC, or as WAV of floats where they are beyond full scale."""
    folder.mkdir(parents=True, exist_ok=True)
    stems: dict[str, dict[str, Any]] = {}
    for row in scene["tracks"]:
        sound = take(row["sound"])
        over = float(np.abs(sound.samples).max(initial=0.0)) >= 1.0
        name = f"{Path(row['id']).stem}.{'wav' if over else 'flac'}"
        soundfile.write(folder / name, sound.samples.T, sound.sample_rate, subtype="FLOAT" if over else "PCM_24")
        stems[name] = {
            key: row[key] for key in ("azimuth_deg", "distance_m", "width", "priority", "target_lufs", "onsets_s")
        }
    text = json.dumps({"duration_s": DURATION_S, "stems": stems}, indent=1, ensure_ascii=False)
    (folder / "scene.json").write_text(text + "\n", encoding="utf-8")


def main() -> None:
    """Write all scenes, or those named."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("seeds", type=int, nargs="*", help="of the scenes; all by default")
    parser.add_argument("-o", "--output", type=Path, required=True, help="folder to be made")
    options = parser.parse_args()
    if not SOUNDS.is_dir():
        raise SystemExit(f"needs {SOUNDS}, which is not here")
    for scene in json.loads(SCENES.read_text(encoding="utf-8")):
        if not options.seeds or scene["seed"] in options.seeds:
            write_scene(scene, options.output / f"scene {scene['seed']:02d}")
            print(f"scene {scene['seed']:02d}: {len(scene['tracks'])} stems", flush=True)


if __name__ == "__main__":
    main()
