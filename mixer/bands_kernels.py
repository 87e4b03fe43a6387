"""What is left of a track's loudness among others, compiled; frames are the last axis, to run side by side."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mixer.ear_kernels import EarTables, exp2, log2
from mixer.kernels import compiled

F32 = NDArray[np.float32]

CALIBRATION = np.float32(1.07664)
"""Of the loudness in BS.1387, step 10."""
POWER = np.float32(0.23)


def _specific_numpy(excited: F32, tables: EarTables, loud: F32) -> None:
    quiet, s = (np.asarray(t, np.float64)[:, np.newaxis, np.newaxis] for t in (tables.threshold, tables.index))
    loud[:] = np.maximum(_law(excited.astype(np.float64), quiet, s), 0.0)


def _law(e: NDArray[np.float64], quiet: NDArray[np.float64], s: NDArray[np.float64]) -> NDArray[np.float64]:
    scale = 1.07664 * (quiet / (s * 1e4)) ** 0.23
    return np.asarray(scale * ((1.0 - s + s * e / quiet) ** 0.23 - 1.0))


@compiled(fallback=_specific_numpy, contract=True)
def specific(excited: F32, tables: EarTables, loud: F32) -> None:
    """Write the specific loudness l(E) of excitations, (bands, ears, frames)."""
    bands, ears, frames = excited.shape
    one, none = np.float32(1.0), np.float32(0.0)
    for b in range(bands):
        quiet, s = tables.threshold[b], tables.index[b]
        scale = CALIBRATION * exp2(POWER * log2(quiet / (s * np.float32(1e4))))
        offset, slope = one - s, s / quiet
        for ear in range(ears):
            for t in range(frames):
                value = exp2(POWER * log2(offset + slope * excited[b, ear, t])) - one
                loud[b, ear, t] = max(scale * value, none)


def _audible_numpy(loud: F32, own: F32, rest: F32, tables: EarTables, heard: F32) -> None:
    e, n = own.astype(np.float64), rest.astype(np.float64)
    quiet, s, mask_db = (
        np.asarray(t, np.float64)[:, np.newaxis, np.newaxis] for t in (tables.threshold, tables.index, tables.mask_db)
    )
    least = n * 10.0 ** (-mask_db / 10.0) + quiet
    both, masked = (np.maximum(_law(x, quiet, s), 0.0) for x in (e + n, n + least))
    left = np.clip(both - masked * (least / e) ** 0.3, 0.0, loud)
    heard[:] = np.where(e > least, left, 0.0).max(axis=1)


@compiled(fallback=_audible_numpy, contract=True)
def audible(loud: F32, own: F32, rest: F32, tables: EarTables, heard: F32) -> None:
    """Write the partial loudness N'_p of a track among the others, of the better ear in each band.

    With thr = E_rest/m + E_t: N'_p = l(E + E_rest) − l(E_rest + thr) (thr/E)^0.3 where E > thr, else 0, in [0, l(E)].

    Parameters
    ----------
    loud, own, rest : (bands, ears, frames) float32
        The track's specific loudness alone, its excitation, that of all others together.
    tables : EarTables
    heard : (bands, frames) float32
        Gets N'_p.
    """
    bands, ears, frames = own.shape
    one, none = np.float32(1.0), np.float32(0.0)
    for b in range(bands):
        quiet, s = tables.threshold[b], tables.index[b]
        mask = exp2(tables.mask_db[b] * np.float32(-0.33219280949))
        scale = CALIBRATION * exp2(POWER * log2(quiet / (s * np.float32(1e4))))
        offset, slope = one - s, s / quiet
        for t in range(frames):
            heard[b, t] = none
        for ear in range(ears):
            for t in range(frames):
                e, n = own[b, ear, t], rest[b, ear, t]
                least = n * mask + quiet
                both = max(scale * (exp2(POWER * log2(offset + slope * (e + n))) - one), none)
                masked = max(scale * (exp2(POWER * log2(offset + slope * (n + least))) - one), none)
                left = both - masked * exp2(np.float32(0.3) * log2(least / e))
                left = min(max(left, none), loud[b, ear, t])
                heard[b, t] = max(heard[b, t], left if e > least else none)
