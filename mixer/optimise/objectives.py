"""What a mix is judged by: residue, loudness, clarity, intervention; from the model or from exact measures alike."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mixer.types import STRICT, check

F64 = NDArray[np.float64]

NAMES = ("residue", "loudness", "clarity", "intervention")
INTERVENTION = 0.02
"""Weight of what is changed: of two mixes alike, the one that changes less."""
LOUDNESS_DB = 3.0
"""An offset that counts as 1."""
ALLOWED, MODEL_ALLOWED = 0.02, 0.015
"""What any track may lose of its MUR against the reference; and in the model, which is not exact."""
WORST = 0.5
"""What the track that is heard least counts in clarity, beside the mean of all."""
PENALTY = 10.0
"""How much is added to all objectives for each unit that is lost beyond it."""


@dataclass(frozen=True, slots=True)
class Weights:
    """α, β and γ: which point of the front is chosen. Only their ratios count.

    Parameters
    ----------
    residue, loudness, clarity : float
        ≥ 0, not all 0.
    worst : float
        ≥ 0: what the track that is heard least counts in clarity, beside the mean of all.
    intervention : float
        ≥ 0: what is changed counts so much beside the mean of the three.
    """

    __pydantic_config__: ClassVar[dict[str, object]] = STRICT

    residue: float = 1.0
    loudness: float = 0.1
    clarity: float = 1.0
    worst: float = WORST
    intervention: float = INTERVENTION

    def __post_init__(self) -> None:
        for name in ("residue", "loudness", "clarity", "worst", "intervention"):
            value = getattr(self, name)
            check(0.0 <= value < float("inf"), "Weights", name, "0 or more", value)
        check(self.total > 0.0, "Weights", "residue, loudness, clarity", "not all 0", "0, 0, 0")

    @property
    def total(self) -> float:
        """The sum of α, β and γ."""
        return self.residue + self.loudness + self.clarity


@dataclass(frozen=True, slots=True, eq=False)
class Reference:
    """What mixes are compared with: all tracks at their places and levels.

    Parameters
    ----------
    mur : (tracks,) float64
        Of the tracks that sound.
    residue_sone : float
    worst : float
        What the track that is heard least counts (:attr:`Weights.worst`).
    counts : (tracks,) float64 or float
        How much each track counts in clarity; 1 for a priority in the middle.
    """

    mur: F64
    residue_sone: float
    worst: float = WORST
    counts: F64 | float = 1.0


def unclear(mur: ArrayLike, worst: float = WORST, counts: ArrayLike = 1.0) -> F64:
    """Return mean c (1 − MUR)² + worst · max c (1 − MUR) over the last axis: the worst track counts most.

    ``counts``, c, is how much each track counts.

    Examples
    --------
    >>> float(unclear([1.0, 0.5]))
    0.375
    """
    lost = 1.0 - np.asarray(mur, np.float64)
    if lost.shape[-1] == 0:
        return np.zeros(lost.shape[:-1])
    by = np.asarray(counts, np.float64)
    return np.asarray((by * np.square(lost)).mean(axis=-1) + worst * (by * lost).max(axis=-1))


def vector(
    mur: ArrayLike,
    residue_sone: ArrayLike,
    offsets_db: ArrayLike,
    intervention: ArrayLike,
    reference: Reference,
    allowed: float = ALLOWED,
) -> F64:
    """Return the objectives, all to be minimised, (…, 4): see NAMES.

    Residue and clarity are relative to the reference: 1 = as there. Whoever takes more than ``allowed`` from a track is
    worse in all of them, so that no mix pays for its residue with one track.

    Parameters
    ----------
    mur : (…, tracks)
    residue_sone, intervention : (…)
    offsets_db : (…, tracks)
        From the level lock, or from what a track should measure.
    reference : Reference
    allowed : float
    """
    heard, offsets = np.asarray(mur, np.float64), np.asarray(offsets_db, np.float64)
    gone = np.maximum(reference.mur - allowed - heard, 0.0).sum(axis=-1)
    values = np.stack(
        np.broadcast_arrays(
            np.asarray(residue_sone, np.float64) / max(reference.residue_sone, 1e-9),
            np.abs(offsets).sum(axis=-1) / (max(offsets.shape[-1], 1) * LOUDNESS_DB),
            unclear(heard, reference.worst, reference.counts)
            / max(float(unclear(reference.mur, reference.worst, reference.counts)), 1e-9),
            np.asarray(intervention, np.float64),
        ),
        axis=-1,
    )
    return np.asarray(values + PENALTY * gone[..., np.newaxis])


def score(vectors: F64, weights: Weights) -> F64:
    """Return one number for each, lower is better: (αR + βD + γC)/(α + β + γ), and a little for what is changed."""
    by = np.array([weights.residue, weights.loudness, weights.clarity]) / weights.total
    return np.asarray(vectors[..., :3] @ by + weights.intervention * vectors[..., 3])


def fairness(msr: ArrayLike) -> F64:
    """Return Liu's objective as normalised: mean M² + (max M − min M) over the last axis, M of 0..1.

    X. Liu et al., "An automatic mixing speech enhancement system for multi-track audio", arXiv 2404.17821, 2024, with M
    of :func:`mixer.partial.masked_share`, so that both terms are 0..1 for any number of tracks.
    """
    masked = np.asarray(msr, np.float64)
    if masked.shape[-1] == 0:
        return np.zeros(masked.shape[:-1])
    return np.asarray(np.square(masked).mean(axis=-1) + masked.max(axis=-1) - masked.min(axis=-1))
