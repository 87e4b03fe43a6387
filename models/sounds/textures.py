"""Fit the textures that ship to recordings that may be fitted; see ``models/cards/sounds.md``."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from extender.audio import read_audio
from extender.sources.procedural.fitted import FILE, packed
from extender.sources.procedural.textures import Texture, blended
from extender.sources.procedural.toolkit import SAMPLE_RATE
from models.sounds.split import Recording, recordings
from models.sounds.textures_fitting import fitted

CLASSES: Mapping[str, tuple[str, ...]] = {
    "rain": ("rain", "rain light", "rain medium", "rain heavy"),
    "waves": ("sea waves",),
    "wind": ("wind",),
    "leaves": ("leaves",),
    "fire": ("fire crackling", "fire crackle"),
    "helicopter": ("helicopter",),
}
"""Class → labels of the recordings that it is fitted to."""

CRACKING = ("rain", "fire")
"""Classes whose recordings are searched for single cracks; a rotor's slaps are none."""
LEAST_S = 1.5
MOST_S = 60.0


def fit(data: Path, output: Path | None = None, say: Callable[[str], None] | None = None) -> Path:
    """Fit all classes and write them to ``output/textures.npz`` (by default where the package reads it).

    Recordings of one source are averaged, so that a source counts once.

    Raises
    ------
    OSError, ValueError
        There is no manifest, a recording cannot be read, or a class has no recording that may be fitted.
    """
    say = say or (lambda text: None)
    rows = [row for row in recordings(data) if row.may_be_fitted and row.seconds >= LEAST_S]
    library: dict[str, dict[str, Texture]] = {}
    for name, labels in CLASSES.items():
        by_source: defaultdict[str, list[tuple[Recording, Texture]]] = defaultdict(list)
        for row in rows:
            if row.label.lower() in labels:
                signal = heard(row.path)
                if signal.size >= LEAST_S * SAMPLE_RATE:
                    say(f"{name}: {row.file}")
                    by_source[row.source].append((row, fitted(signal, say=say, cracks=name in CRACKING)))
        if not by_source:
            raise ValueError(
                f"{data}: expected a CC0 recording of {' or '.join(labels)} that may be fitted, found none"
            )
        library[name] = {
            ", ".join(row.file for row, _ in many): blended([t for _, t in many], [row.seconds for row, _ in many])
            for many in by_source.values()
        }
    return _written(library, FILE if output is None else output / FILE.name)


def heard(path: Path) -> NDArray[np.float32]:
    """Return the first channel of a recording without the silence that pads it, at most a minute."""
    samples: NDArray[np.float32] = np.asarray(read_audio(path, max_s=MOST_S).samples[0], dtype=np.float32)
    loud = np.abs(samples) > 1e-4 * np.abs(samples).max()
    # Silence within: a clip that was filled up to a fixed length with zeros.
    blocks = loud[: loud.size // 480 * 480].reshape(-1, 480).any(axis=1)
    inside = np.flatnonzero(blocks)
    return samples[inside[0] * 480 : (inside[-1] + 1) * 480] if inside.size else samples[:0]


def _written(library: Mapping[str, Mapping[str, Texture]], path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with temporary.open("wb") as file:
            np.savez_compressed(file, allow_pickle=False, **packed(library))
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    return path
