"""The residue of a mix, measured on what is rendered: what a model of it is to predict."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mixer.bands_kernels import audible, specific
from mixer.ear import EarModel
from mixer.masking_engine import two_ears
from mixer.plan import TrackSettings
from mixer.residue import SMOOTHED, band_weights, grouped
from mixer.session import MixSession
from mixer.stft import stft

F32 = NDArray[np.float32]

STEP = 4
"""Every so many frames of the ear are looked at: 85 ms."""


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """The residue of one mix, at every STEP-th frame of the ear.

    Parameters
    ----------
    masked, interfering : (frames, 27) float32
        Loudness lost to masking, and to sounds that cancel each other, sone in each Bark, weighted by
        :func:`mixer.residue.band_weights`.
    alone, heard : (tracks, frames) float32
        Loudness of each track alone and among the others, sone, not weighted.
    """

    masked: F32
    interfering: F32
    alone: F32
    heard: F32


def measure(session: MixSession, settings: Sequence[TrackSettings]) -> Measured:
    """Render the tracks and measure what is lost.

    R_mask = Σ_i (N'_i − N'_p,i), of the better ear in each band; R_int = max(0, l(exc(P_S)) − l(exc(P_m))), of
    the better ear too, P_S = Σ P_i and P_m of the mix, both averaged over SMOOTHED frames.
    """
    ear = EarModel(session.sample_rate)
    blocks = list(session.in_step(settings))
    lengths = [next((b.shape[1] for b in block if b is not None), 65_536) for block in blocks]
    gains = [np.float32(10.0 ** (s.gain_db / 20.0)) for s in settings]
    spectra = []
    for number, gain in enumerate(gains):
        heard = []
        for block, length in zip(blocks, lengths, strict=True):
            own = block[number]
            both = np.zeros((2, length), np.float32) if own is None else two_ears(own * gain, session.layout)
            heard.append(np.broadcast_to(both, (2, length)))
        whole = np.concatenate(heard, axis=1)[:, : session.frames]
        spectra.append(np.concatenate(list(stft([np.ascontiguousarray(whole)])), axis=1))
    mix = np.sum(spectra, axis=0)
    frames = mix.shape[1]
    kept = range(0, frames, STEP)
    w = band_weights(ear.centres_hz).astype(np.float32)[:, np.newaxis] * np.float32(24.0 / ear.bands)
    masked = np.zeros((ear.bands, len(kept)), np.float32)
    alone, heard_sone = (np.zeros((len(settings), len(kept)), np.float32) for _ in range(2))
    powers = np.zeros((2, ear.bands, frames), np.float32)
    for number, own in enumerate(spectra):
        E, N = (np.empty((ear.bands, 2, len(kept)), np.float32) for _ in range(2))
        for e in range(2):
            own_power, rest_power = ear.powers_beside(own[e], 1.0, mix[e])
            powers[e] += own_power
            E[:, e], N[:, e] = (ear.excitation(power)[:, ::STEP] for power in (own_power, rest_power))
        loud, left = np.empty_like(E), np.empty((ear.bands, len(kept)), np.float32)
        specific(E, ear.tables, loud)
        audible(loud, E, N, ear.tables, left)
        best = loud.max(axis=1)
        masked += best - left
        alone[number], heard_sone[number] = (24.0 / ear.bands * part.sum(axis=0) for part in (best, left))
    return Measured(
        _grouped(ear, w * masked), _grouped(ear, w * _interference(ear, powers, mix)), alone, heard_sone
    )  # fmt: skip


def _grouped(ear: EarModel, values: F32) -> F32:
    return np.ascontiguousarray(grouped(ear, values), np.float32)


def _interference(ear: EarModel, powers: F32, mix: NDArray[np.complex64]) -> F32:
    """Return what the sum lacks because waves cancel, better ear, (bands, kept frames)."""
    loud = []
    for each in (powers, np.stack([ear.band_powers(spectra) for spectra in mix])):
        excited = np.stack([ear.excitation(_smoothed(power))[:, ::STEP] for power in each], axis=1)
        out = np.empty_like(excited)
        specific(excited, ear.tables, out)
        loud.append(out.max(axis=1))
    return np.asarray(np.maximum(loud[0] - loud[1], 0.0), np.float32)


def _smoothed(powers: F32) -> F32:
    """Return the mean of each frame and those before it, SMOOTHED in all; those before the first are silent."""
    sums = np.cumsum(powers, axis=-1, dtype=np.float64)
    sums[..., SMOOTHED:] -= sums[..., :-SMOOTHED].copy()
    return np.asarray(np.maximum(sums, 0.0) / SMOOTHED, np.float32)
