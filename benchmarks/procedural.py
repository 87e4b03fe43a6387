"""How quick the procedural models are, and how near they come to recordings of what they stand for.

    python -m benchmarks.procedural [--data FOLDER] [--takes 3] [MODEL …]

One JSON line for each model: seconds of work per second of sound; and, where FOLDER (a folder with a
``manifest.csv`` of file and label) holds recordings of the same thing, the distance to them and the rank of that
class among all classes compared: 1 = nearest. A distance has two halves: the long-term third-octave spectrum, and
how strongly seven octave bands are modulated at 0.5..64 Hz. Both are root mean square differences in dB, over what
the recordings of one class differ among themselves (10 dB and 6 dB: round numbers near what was found).
"""

from __future__ import annotations

import argparse
import csv
import time
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.common import emit
from extender.audio import read_audio
from extender.errors import InputError
from extender.sources.procedural.model import rendered
from extender.sources.procedural.registry import MODELS
from extender.sources.procedural.toolkit import SAMPLE_RATE, THIRDS_HZ, Signal

Table = NDArray[np.float64]

CLASSES: dict[str, tuple[str, ...]] = {
    "rain": ("rain", "rain light", "rain medium"), "downpour": ("rain heavy",), "waves": ("sea waves", "waves"),
    "wind": ("wind",), "leaves": ("leaves",), "thunder": ("thunder",), "fire": ("fire crackling", "fire crackle"),
    "helicopter": ("helicopter",), "train": ("train",), "traffic": ("city", "city traffic"),
    "restaurant": ("coffee-shop",), "birdsong": ("birds",), "crickets": ("summer-night", "cricket"),
    "cicadas": ("cicada",), "bees": ("bees", "bumble bee"), "lake": ("boat", "sea water"),
    "church-bell": ("church bells",), "clock": ("clock tick", "watch tick"), "dog": ("dog bark",),
    "rooster": ("rooster",), "cow": ("cow moo",), "sheep": ("sheep baa", "lamb"), "goat": ("goat bleat",),
    "duck": ("duck quack",), "gull": ("seagull", "seagulls"), "crow": ("crow caw",), "cat": ("cat meow",),
    "elephant": ("elephant trumpet",), "bear": ("bear",), "big-cat": ("leopard roar", "lion bellow", "tiger roar"),
    "pigeon": ("pigeon",), "owl": ("owl hoot",), "frog": ("frog",), "footsteps": ("footsteps",),
    "horse": ("gallop", "horse neigh"), "aeroplane": ("jet flyby",), "propeller": ("airplane prop",),
    "motorcycle-idle": ("motorbike idle",),
    "car-engine": ("vehicle motor idle", "car motor"), "horn": ("vehicle horn",),
    "bicycle": ("bikes", "bicycle spokes"), "bicycle-bell": ("bicycle bell",), "door": ("door close",),
    "creak": ("door creak",), "zebra": ("zebra",), "squeak-toy": ("toy squeak",), "doorbell": ("doorbell",),
    "chainsaw": ("chainsaw",), "coins": ("coin",), "pig": ("pig snort",), "cough": ("person sneeze",),
}  # fmt: skip
"""Model → labels of recordings of the same thing."""

OCTAVES_HZ = 125.0 * 2.0 ** np.arange(7)
MODULATION_HZ = 0.5 * 2.0 ** np.arange(8)
STEP = 240


@dataclass(frozen=True)
class Features:
    """Third-octave spectrum (27,) and modulation depth (7, 8), both in dB."""

    spectrum: Table
    modulation: Table

    def distance(self, other: Features) -> float:
        """Return the mean of both halves, each in units of what is usual within a class."""
        spectral = np.sqrt(np.mean((self.spectrum - other.spectrum) ** 2)) / 10.0
        modulated = np.sqrt(np.mean((self.modulation - other.modulation) ** 2)) / 6.0
        return float(0.5 * spectral + 0.5 * modulated)


def features(signal: Signal) -> Features:
    """Measure one sound; silence at its ends is left out."""
    loud = np.flatnonzero(np.abs(signal) > 1e-3 * np.abs(signal).max())
    signal = signal[loud[0] : loud[-1] + 1]
    signal = np.pad(signal, (0, max(8_192 - signal.size, 0)))
    size = 8_192
    pieces = np.lib.stride_tricks.sliding_window_view(signal, size)[:: size // 2] * np.hanning(size)
    power = np.mean(np.abs(np.fft.rfft(pieces)) ** 2, axis=0)
    f = np.fft.rfftfreq(size, 1 / SAMPLE_RATE)
    bands = np.array([power[(f >= c * 2 ** (-1 / 6)) & (f < c * 2 ** (1 / 6))].sum() for c in THIRDS_HZ])
    spectrum = np.maximum(10 * np.log10(bands / bands.sum() + 1e-12), -45.0)

    size = 1_024
    pieces = np.lib.stride_tricks.sliding_window_view(signal, size)[::STEP] * np.hanning(size)
    grid = np.abs(np.fft.rfft(pieces)) ** 2
    f = np.fft.rfftfreq(size, 1 / SAMPLE_RATE)
    points = max(grid.shape[0], 2_048)
    m = np.fft.rfftfreq(points, STEP / SAMPLE_RATE)
    table = np.zeros((OCTAVES_HZ.size, MODULATION_HZ.size))
    for row, centre in enumerate(OCTAVES_HZ):
        envelope = np.sqrt(grid[:, (f >= centre / 1.414) & (f < centre * 1.414)].sum(axis=1) + 1e-14)
        envelope = envelope / envelope.mean() - 1.0
        strength = np.abs(np.fft.rfft(envelope, points)) ** 2 * 2.0 / (grid.shape[0] * points)
        for column, rate in enumerate(MODULATION_HZ):
            table[row, column] = strength[(m >= rate / 1.414) & (m < rate * 1.414)].sum()
    return Features(spectrum, np.clip(10 * np.log10(table + 1e-9), -40.0, 6.0))


def mean(many: Iterable[Features]) -> Features:
    """Return the average of several."""
    every = list(many)
    return Features(np.mean([e.spectrum for e in every], axis=0), np.mean([e.modulation for e in every], axis=0))


def recorded(folder: Path, at_most: int) -> dict[str, Features]:
    """Measure the recordings of every class."""
    files = defaultdict(list)
    with (folder / "manifest.csv").open(newline="", encoding="utf-8") as manifest:
        for row in csv.DictReader(manifest):
            files[row["label"].lower()].append(folder / row["file"])
    found = {}
    for name, labels in CLASSES.items():
        measured = []
        for path in [p for label in labels for p in files[label][:at_most]]:
            try:
                sound = read_audio(path, max_s=20.0).samples.mean(axis=0)
            except InputError:
                continue
            if sound.size > SAMPLE_RATE // 5:
                measured.append(features(sound))
        if measured:
            found[name] = mean(measured)
    return found


def main() -> None:
    """Print one line per model."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=None, help="folder with manifest.csv and recordings")
    parser.add_argument("--takes", type=int, default=3)
    parser.add_argument("models", nargs="*")
    options = parser.parse_args()
    classes = recorded(options.data, 16) if options.data else {}
    rendered(MODELS[0], 0)  # imports are not what is measured
    for model in MODELS:
        if options.models and model.name not in options.models:
            continue
        start = time.perf_counter()
        takes = [rendered(model, seed) for seed in range(options.takes)]
        seconds = time.perf_counter() - start
        length = sum(take.shape[1] for take in takes) / SAMPLE_RATE
        line: dict[str, object] = {
            "model": model.name, "kind": model.kind, "seconds_per_second": round(seconds / length, 4),
        }  # fmt: skip
        if model.name in classes:
            mine = mean(features(take[0]) for take in takes)
            ranked = sorted(classes, key=lambda name: mine.distance(classes[name]))
            line |= {
                "distance": round(mine.distance(classes[model.name]), 2), "rank": ranked.index(model.name) + 1,
                "classes": len(classes), "nearest": ranked[:3],
            }  # fmt: skip
        emit(**line)


if __name__ == "__main__":
    main()
