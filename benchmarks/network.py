"""What a render costs on the network, and whether many at once keep to one key's limit.

(a) a picture with 8 things and 50 ms before every answer; then once more from the cache, with the server stopped;
(b) 20 processes at once with one key and one cache, each with other things, at the service's own 60 a minute.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.common import ROOT, emit
from tests.freesound_server import FreesoundServer

LABELS = (
    "dog", "cat", "bicycle", "car", "clock", "bird", "train", "person", "cow", "sheep", "horse", "chicken", "frog",
    "airplane", "helicopter", "motorcycle", "bus", "truck", "boat", "fountain", "church bell", "keyboard", "door",
    "vacuum cleaner", "washing machine", "toilet", "kettle", "fire", "bee", "crow", "owl", "duck", "goose", "pig",
    "goat", "cricket", "telephone", "siren", "drum", "guitar", "piano", "flute", "violin", "baby", "chainsaw",
    "lawn mower", "tractor", "ambulance", "fire engine", "tap", "shower", "wind chime", "fan", "refrigerator",
    "microwave", "blender", "scissors", "typewriter", "camera", "printer",
)  # fmt: skip


def command(scene: Path, out: Path, seconds: float) -> list[str]:
    """Return the command that renders a scene."""
    start = [sys.executable, "-c", "from extender.cli import main; main()", "render", str(scene.with_name("photo.jpg"))]
    return [*start, "--scene", str(scene), "-o", str(out), "-d", f"{seconds:g}", "--json"]


def environment(folder: Path, server: FreesoundServer) -> dict[str, str]:
    """Return the environment of a person with one key and one cache."""
    clean = {n: v for n, v in os.environ.items() if not n.startswith(("EXTENDER_", "FREESOUND_"))}
    return clean | {
        "PYTHONPATH": str(ROOT),
        "EXTENDER_CACHE": str(folder / "cache"),
        "XDG_STATE_HOME": str(folder / "state"),
        "EXTENDER_OPENVERSE_URL": "http://127.0.0.1:9/v1",
        "FREESOUND_BASE_URL": server.base_url,
        "FREESOUND_API_KEY": server.key,
        "OMP_NUM_THREADS": "1",
    }


def write_scene(folder: Path, name: str, labels: tuple[str, ...]) -> Path:
    """Write a picture and a scene of these things."""
    from PIL import Image

    Image.new("RGB", (80, 60), (90, 120, 150)).save(folder / "photo.jpg")
    things = [{"label": label, "box": [i / 10, 0.4, i / 10 + 0.08, 0.7]} for i, label in enumerate(labels)]
    path = folder / f"{name}.json"
    path.write_text(json.dumps({"version": 1, "place": "street", "objects": things}), encoding="utf-8")
    return path


def sha(out: Path) -> str:
    """Return the digest of a mix."""
    return hashlib.sha256((out / "soundscape.wav").read_bytes()).hexdigest()


def one_picture(sounds: Path) -> None:
    """Measure (a)."""
    with tempfile.TemporaryDirectory() as name, FreesoundServer(sounds, latency_s=0.05) as server:
        folder = Path(name)
        env = environment(folder, server)
        scene = write_scene(folder, "scene", LABELS[:8])
        start = time.perf_counter()
        said = json.loads(
            subprocess.run(command(scene, folder / "a", 30), env=env, capture_output=True, check=True).stdout
        )
        first_s = time.perf_counter() - start
        figures = {"api_requests": len(server.log.api()), "downloads": len(server.log.previews())}
        received = server.log.sent_bytes
        server.stop()
        asked = len(server.log)
        start = time.perf_counter()
        subprocess.run(command(scene, folder / "b", 30), env=env, capture_output=True, check=True)
        again_s = time.perf_counter() - start
        emit(
            workload="render of 8 things, 50 ms latency",
            concepts=len(said["sounds"]),
            **figures,
            bytes=received,
            seconds=round(first_s, 2),
            again_seconds=round(again_s, 2),
            again_requests=len(server.log) - asked,
            same_mix=sha(folder / "a") == sha(folder / "b"),
        )


def many_at_once(sounds: Path, processes: int) -> None:
    """Measure (b)."""
    with tempfile.TemporaryDirectory() as name, FreesoundServer(sounds) as server:
        folder = Path(name)
        env = environment(folder, server)
        share = max(1, len(LABELS) // processes)
        start = time.perf_counter()
        running: list[subprocess.Popen[bytes]] = []
        for number in range(processes):
            scene = write_scene(folder, f"scene{number}", LABELS[number * share : (number + 1) * share])
            run = command(scene, folder / f"out{number}", 2)
            running.append(subprocess.Popen(run, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE))
        ended: list[Any] = [(*process.communicate(), process.returncode) for process in running]
        said = [json.loads(out) for out, _, code in ended if code == 0]
        api = server.log.api()
        emit(
            workload=f"{processes} renders at once, one key",
            seconds=round(time.perf_counter() - start, 1),
            finished=len(said),
            api_requests=len(api),
            most_in_60_s=server.log.max_in_window(60.0),
            refused=sum(entry.status == 429 for entry in api),
            lost=sum(s["requests"]["freesound"] for s in said) - len(api),
            errors=[err.decode()[-200:] for _, err, code in ended if code != 0],
        )


def main() -> None:
    """Run both."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sounds", type=Path, default=ROOT.parent / "shared" / "data" / "sounds")
    parser.add_argument("--processes", type=int, default=20)
    parser.add_argument("--only", choices=("picture", "processes"))
    chosen = parser.parse_args()
    if chosen.only != "processes":
        one_picture(chosen.sounds)
    if chosen.only != "picture":
        many_at_once(chosen.sounds, chosen.processes)


if __name__ == "__main__":
    main()
