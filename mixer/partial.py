"""What is left of a track's loudness beside the others: partial loudness, and two measures made of it and of masking.

Functions of excitations (:class:`mixer.ear.EarModel`), in plain NumPy: the reference of what the masking analysis does
compiled and streamed. Arrays are (tracks, ears, bands, frames); leading axes are free.

References
----------
.. [1] B. C. J. Moore, B. R. Glasberg, T. Baer, "A model for the prediction of thresholds, loudness, and partial
   loudness", J. Audio Eng. Soc. 45(4), 1997.
.. [2] ITU-R BS.1387-1, "Method for objective measurements of perceived audio quality", 2001.
.. [3] D. Ronan, Z. Ma, P. Mc Namara, H. Gunes, J. D. Reiss, "Automatic minimisation of masking in multitrack audio
   using subgroups", arXiv 1803.09960v2, 2018.
.. [4] P. Aichinger, A. Sontacchi, B. Schneider-Stickler, "Describing the transparency of mixdowns: the
   masked-to-unmasked-ratio", 130th AES Convention, 2011.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mixer.ear import EarModel, Powers
from mixer.types import check

LARGEST_MSR_DB = 20.0
"""T_max: a masker that is further above its signal than this masks no more than all of it [3]."""
HEARD = 10.0**0.6
"""A band is heard where it stands 6 dB above the internal noise."""


@dataclass(frozen=True, slots=True, eq=False)
class Clarity:
    """How much of each track is heard among the others; all (tracks,) float64, NaN for a track that is not heard.

    Parameters
    ----------
    loudness_sone : array
        Alone, mean over all frames; 0 for silence. PEAQ's scale: 1 kHz at 40 dB SPL is 0.584.
    partial_sone : array
        Beside the others.
    mur : array
        Masked to unmasked ratio [4]: partial loudness over loudness, 0..1, 1 = nothing is masked.
    msr : array
        Masker to signal ratio, 0..1, 0 = nothing is masked: :func:`masked_share`.
    """

    loudness_sone: NDArray[np.float64]
    partial_sone: NDArray[np.float64]
    mur: NDArray[np.float64]
    msr: NDArray[np.float64]


def partial_loudness(ear: EarModel, own: ArrayLike, rest: ArrayLike) -> NDArray[np.float64]:
    """Return what is left of a sound's specific loudness beside another.

    Parameters
    ----------
    ear : EarModel
    own, rest : (…, bands, frames) floats
        Excitations E_i and E_rest of the sound and of the sum of all others, at one ear.

    Returns
    -------
    (…, bands, frames) float64
        N'_p, between 0 and ``ear.specific_loudness(own)``, in the same unit.

    Notes
    -----
    The law of [1], equation 17 ff., with the excitation, threshold and loudness function l of [2]. The noise's share of
    the loudness of both is l(E_rest + thr), what is heard when the sound is just audible; it becomes less by the power
    of 0.3 as the sound rises above its threshold.
    """
    E, N = _pair(ear, own, rest)
    E_t, m = ear.threshold[:, np.newaxis], 10.0 ** (ear.mask_db[:, np.newaxis] / 10.0)
    thr = N / m + E_t  # K E_N + E_q of [1]; K is 1/m at 1..2 kHz
    beside = _loudness(ear, E + N) - _loudness(ear, N + thr) * (thr / E) ** 0.3
    return np.clip(np.where(thr < E, beside, 0.0), 0.0, _loudness(ear, E))


def masker_to_signal_db(ear: EarModel, own: ArrayLike, rest: ArrayLike) -> NDArray[np.float64]:
    """Return 10 log10(E_rest/(m E_i)), how far the others' masking threshold is above a sound, dB; ≤ 0 = not masked.

    Parameters and result as :func:`partial_loudness`.
    """
    E, N = _pair(ear, own, rest)
    return 10.0 * np.log10(N / E) - ear.mask_db[:, np.newaxis]


def masked_share(ear: EarModel, own: ArrayLike, rest: ArrayLike) -> NDArray[np.float64]:
    """Return the masker-to-signal ratio as a number of 0..1: the mean of clip(MSR, 0, 20 dB)/20 dB.

    The sum of [3], M_n = Σ_b MSR_n(b)/T_max over the bands that are masked, divided by the number of bands and averaged
    over the frames in which the track is heard. In each band the better ear counts; a band in which the track is not
    heard anyway has nothing to lose and counts 0.

    Parameters
    ----------
    ear : EarModel
    own, rest : (…, ears, bands, frames) floats

    Returns
    -------
    (…) float64
        0 = never masked, 1 = all bands by 20 dB or more; NaN where the track is never heard.
    """
    E, _ = _pair(ear, own, rest)
    heard = HEARD * ear.noise[:, np.newaxis] < E
    d = np.where(heard, masker_to_signal_db(ear, own, rest), np.inf).min(axis=-3)
    d = np.where(heard.any(axis=-3), np.clip(d, 0.0, LARGEST_MSR_DB), 0.0)
    frames = heard.any(axis=(-3, -2))
    total = np.sum(d.mean(axis=-2) / LARGEST_MSR_DB, axis=-1, where=frames)
    return _ratio(total, frames.sum(axis=-1))


def clarity(ear: EarModel, own: ArrayLike, rest: ArrayLike) -> Clarity:
    """Measure how much of each track is heard among the others.

    Parameters
    ----------
    ear : EarModel
    own, rest : (tracks, ears, bands, frames) floats
        The excitation of each track, and of the sum of all the others without it.

    Notes
    -----
    At two ears, the louder of the two loudnesses counts in each band and frame, alone and beside the others.

    MUR and MSR need not agree: MSR counts bands, however little they add to the loudness. Report both.
    """
    E, N = _pair(ear, own, rest)
    alone = _loudness(ear, E).max(axis=-3)
    beside = partial_loudness(ear, E, N).max(axis=-3)
    to_sone = 24.0 / ear.bands  # [2], step 10: N = (24/Z) Σ N'
    loudness, partial = (to_sone * N_.sum(axis=-2).mean(axis=-1) for N_ in (alone, beside))
    return Clarity(loudness, partial, _ratio(partial, loudness), masked_share(ear, E, N))


def unfairness(msr: ArrayLike) -> tuple[float, float]:
    """Return f1 and f2, what automatic mixing by masking minimises: how much is masked, and how unequally.

    f1 = mean M_n², f2 = max M_n − min M_n: M_T and M_d of [3] with M_n of :func:`masked_share`, so that both are 0..1
    for any number of tracks. Tracks that are not heard (NaN) are left out.
    """
    M = np.asarray(msr, np.float64)
    M = M[np.isfinite(M)]
    return (float(np.mean(M**2)), float(M.max() - M.min())) if len(M) else (0.0, 0.0)


def _loudness(ear: EarModel, excitation: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return l(E), step 10 of [2]."""
    return ear.specific_loudness(cast(Powers, excitation))


def _pair(ear: EarModel, own: ArrayLike, rest: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    E, N = np.asarray(own, np.float64), np.asarray(rest, np.float64)
    ok = E.shape == N.shape and E.ndim >= 2 and E.shape[-2] == ear.bands
    check(ok, "partial", "excitations", f"two of (…, {ear.bands} bands, frames)", (E.shape, N.shape))
    return E, N


def _ratio(part: ArrayLike, whole: ArrayLike) -> NDArray[np.float64]:
    part, whole = np.asarray(part, np.float64), np.asarray(whole, np.float64)
    result = np.full(part.shape, np.nan)
    np.divide(part, whole, out=result, where=whole > 0.0)
    return result
