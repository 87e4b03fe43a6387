"""From the data set to what a network is trained on and compared with."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.residue.dataset import as_listened, examples
from models.residue.inputs import Inputs, in_log, inputs_of
from models.residue.quick import QuickModel
from models.residue.sounds import Split

F32 = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Lesson:
    """One scene: what the network is given, and what is right.

    Parameters
    ----------
    inputs : Inputs
    target : (mixes, frames, 27) float32
        log(1 + 18 R), measured.
    """

    inputs: Inputs
    target: F32


def lessons(folder: Path, split: Split) -> Iterator[Lesson]:
    """Prepare all scenes of a split, in order."""
    for example in examples(folder, split):
        inputs = inputs_of(QuickModel(as_listened(example)), example.candidates)
        yield Lesson(inputs, in_log(example.masked + example.interfering))


Mix = tuple[Lesson, int]
"""A scene and the number of one of its mixes."""


def batches(mixes: Sequence[Mix], size: int, rng: np.random.Generator | None = None) -> list[list[Mix]]:
    """Put mixes of nearly as many tracks together; shuffle where there is a generator."""
    order = np.arange(len(mixes)) if rng is None else rng.permutation(len(mixes))
    cut: list[list[Mix]] = []
    for first in range(0, len(order), 16 * size):
        some = sorted(order[first : first + 16 * size].tolist(), key=lambda k: mixes[k][0].inputs.levels.shape[0])
        cut += [[mixes[k] for k in some[n : n + size]] for n in range(0, len(some), size)]
    return cut if rng is None else [cut[k] for k in rng.permutation(len(cut))]


def padded(batch: Sequence[Mix]) -> tuple[tuple[F32, F32, F32], F32]:
    """Return (tracks, present, analytic) and target of a batch, as :mod:`models.residue.network` takes them."""
    most = max(lesson.inputs.levels.shape[0] for lesson, _ in batch)
    rows = [track_rows(lesson.inputs, mix) for lesson, mix in batch]
    tracks = np.zeros((len(batch), most, *rows[0].shape[1:]), np.float32)
    present = np.zeros((len(batch), most), np.float32)
    for n, row in enumerate(rows):
        tracks[n, : len(row)] = row
        present[n, : len(row)] = 1.0
    analytic = np.stack([lesson.inputs.analytic[mix] for lesson, mix in batch])
    return (tracks, present, analytic), np.stack([lesson.target[mix] for lesson, mix in batch])


def track_rows(inputs: Inputs, mix: int) -> F32:
    """Return levels, settings and what moves side by side, (tracks, frames, 61)."""
    levels = inputs.levels
    settings = np.broadcast_to(
        inputs.settings[mix][:, np.newaxis], (*levels.shape[:2], inputs.settings.shape[-1])
    )  # fmt: skip
    return np.concatenate([levels, settings, inputs.moving[mix]], axis=2)
