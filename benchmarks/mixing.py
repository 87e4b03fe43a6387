"""How long a mix takes, against reading the same files and summing them. Prints one JSON line for each workload.

Run from the root of the repository: ``python -m benchmarks.mixing [--tracks 8 32] [--seconds 60]``. Each measurement is
a fresh process, so that imports and peak memory count; the reference runs right before it on the same files.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

import numpy as np
import soundfile

from benchmarks.common import ROOT, Run, emit, measure

RATE = 48_000


def make_files(folder: Path, tracks: int, seconds: float) -> None:
    """Write 24-bit files: steady noise, and bursts with silence between, in turn."""
    n = np.arange(round(seconds * RATE))
    for number in range(tracks):
        sound = np.random.default_rng(number).normal(0.0, 0.05, len(n))
        if number % 2:
            sound *= np.exp(-6.0 * (n / RATE % 2.3)) * (n / RATE % 2.3 < 0.8)
        soundfile.write(folder / f"{number:03}.wav", sound, RATE, subtype="PCM_24")


def reference(folder: Path) -> None:
    """Read, sum to stereo, write."""
    total = np.zeros(0, np.float32)
    for path in sorted(folder.glob("[0-9]*.wav")):
        sound, _ = soundfile.read(path, dtype="float32")
        total = total + sound if len(total) else sound
    soundfile.write(folder / "sum.wav", np.stack([total, total], axis=1), RATE, subtype="PCM_24")


def balanced(folder: Path) -> None:
    """Read, plan and render with room, write."""
    import mixer

    tracks = []
    for number, path in enumerate(sorted(folder.glob("[0-9]*.wav"))):
        sound, rate = soundfile.read(path, dtype="float32")
        position = mixer.Position(-40.0 + 80.0 * (number * 0.618 % 1.0), 0.0, 2.0 + number)
        tracks.append(mixer.Track(path.stem, (mixer.AudioBuffer(sound, rate),), (), position, -24.0 - number % 6))
    duration_s = max(track.takes[0].duration_s for track in tracks)
    with soundfile.SoundFile(folder / "mix.wav", "w", RATE, 2, "PCM_24") as file:
        mixer.mix_to(
            tracks, duration_s=duration_s, room=mixer.Room(8.0, 0.3), write=lambda block: file.write(block.T)
        )  # fmt: skip


def timed(work: str, folder: Path) -> Run:
    """Run one piece of work in a fresh process, imports included."""
    run = measure([sys.executable, "-m", "benchmarks.mixing", "--work", work, "--folder", str(folder)], cwd=ROOT)
    if run.code:
        raise SystemExit(run.err)
    return run


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tracks", type=int, nargs="+", default=[8, 32])
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--work", choices=("reference", "balanced"), help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.work:
        {"reference": reference, "balanced": balanced}[options.work](options.folder)
        return
    for tracks in options.tracks:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            make_files(folder, tracks, options.seconds)
            base = timed("reference", folder)
            run = timed("balanced", folder)
        emit(
            benchmark="mixing", workload=f"{tracks} tracks × {options.seconds:g} s, balanced, one room",
            seconds=round(run.seconds, 3), peak_mb=round(run.peak_mb), reference_seconds=round(base.seconds, 3),
            ratio=round(run.seconds / base.seconds, 2),
        )  # fmt: skip


if __name__ == "__main__":
    main()
