"""What predicts the residue that settings would leave: the seam between the search and a trained network.

A predictor is told what was heard of the tracks before anything was tried on them, and the settings of many candidates
as arrays; it returns the residue that each would leave. The band model (:mod:`mixer.optimise.model`) is built in.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from mixer.bands import Frames, Listened, listen, planning_ear
from mixer.plan import TrackSettings
from mixer.session import MixSession

F32 = NDArray[np.float32]

EVENLY, MOST_FRAMES = 4, 400
"""Every so many frames are listened to evenly, and how many at most."""


@dataclass(frozen=True, slots=True, eq=False)
class Candidates:
    """Settings of all tracks, for a number of candidates; all arrays are (candidates, tracks, …) float32.

    Parameters
    ----------
    eq_db : (candidates, tracks, 109)
        Gain of the filters in each band of the ear.
    low_db : (candidates, tracks)
        And under the lowest band.
    fader_db : (candidates, tracks)
        Offset to the level lock.
    threshold_db, ratio : (candidates, tracks)
        Of the compressor, dB re full scale of the track as recorded; ratio 1 = none.
    shares : (candidates, tracks, 2)
        How the power of a track that was turned is divided between the ears; NaN = as it was.
    """

    eq_db: F32
    low_db: F32
    fader_db: F32
    threshold_db: F32
    ratio: F32
    shares: F32

    def __len__(self) -> int:
        return len(self.fader_db)

    def part(self, which: slice | NDArray[np.intp]) -> Candidates:
        """Return some of the candidates."""
        return Candidates(
            self.eq_db[which], self.low_db[which], self.fader_db[which],
            self.threshold_db[which], self.ratio[which], self.shares[which],
        )  # fmt: skip


@runtime_checkable
class ResiduePredictor(Protocol):
    """Predicts the residue of many candidates at once.

    Attributes
    ----------
    name : str
        For the reasons that people read.
    """

    name: str

    def listen(self, session: MixSession, settings: Sequence[TrackSettings]) -> Listened:
        """Play all tracks once, placed and levelled; what it returns is given to :meth:`predict` with each batch."""
        ...

    def predict(self, listened: Listened, candidates: Candidates) -> F32:
        """Return the residue that each candidate would leave.

        Parameters
        ----------
        listened : Listened
            Band powers of the tracks as placed and at their levels, from :meth:`listen`.
        candidates : Candidates

        Returns
        -------
        (candidates, frames, 27) float32
            R(t, g), sone (:attr:`mixer.residue.Residue.map`), at the frames of ``listened``; or (candidates,), its
            mean over time of the sum over groups.
        """
        ...


def sone(prediction: F32) -> NDArray[np.float64]:
    """Return the mean residue of each candidate, (candidates,), of either kind of prediction."""
    values = np.asarray(prediction, np.float64)
    return values if values.ndim == 1 else np.asarray(values.sum(axis=2).mean(axis=1))


def listen_evenly(session: MixSession, settings: Sequence[TrackSettings]) -> Listened:
    """Listen to every fourth frame of the ear (85 ms), more seldom where a mix is long."""
    ear = planning_ear(session.sample_rate)
    total = -(-session.frames // ear.hop)
    step = max(EVENLY, -(-total // MOST_FRAMES))
    numbers = np.arange(0, total, step)
    return listen(session, settings, ear, Frames(numbers, np.full(len(numbers), step, np.float32)))
