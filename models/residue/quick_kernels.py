"""The loudness that tracks lose to each other, compiled; frames are the last axis, so that they run side by side."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mixer.ear_kernels import exp2, log2
from mixer.kernels import compiled

F32 = NDArray[np.float32]

CALIBRATION = np.float32(1.07664)
"""Of the loudness in BS.1387, step 10."""
POWER = np.float32(0.23)


def _lost_numpy(signal: F32, gain: F32, moves: F32, shares: F32, tables: F32, maps: F32) -> None:
    floor, quiet, s, mask, weight = (t[np.newaxis, np.newaxis, :, np.newaxis] for t in tables)
    scale = CALIBRATION * (quiet / (s * np.float32(1e4))) ** POWER

    def loudness(excited: F32) -> F32:
        return np.asarray(np.maximum(scale * ((1.0 - s + s / quiet * excited) ** POWER - 1.0), 0.0))

    starts = np.arange(0, signal.shape[2], 2)[: maps.shape[2]]
    for c in range(len(maps)):
        turned = np.where(np.isnan(shares[c, :, :, np.newaxis, np.newaxis]), signal,
                          signal.sum(axis=1, keepdims=True) * shares[c, :, :, np.newaxis, np.newaxis])  # fmt: skip
        own = turned * gain[c, :, np.newaxis, :, np.newaxis] * moves[c, :, np.newaxis, np.newaxis]
        rest = np.maximum(own.sum(axis=0) - own, 0.0) + floor
        own = own + floor
        least = rest * mask + quiet
        alone = loudness(own)
        left = loudness(own + rest) - loudness(rest + least) * (least / own) ** np.float32(0.3)
        heard = np.where(own > least, np.clip(left, 0.0, alone), 0.0)
        lost = (weight[0] * (alone.max(axis=1) - heard.max(axis=1))).sum(axis=0)
        maps[c] = np.add.reduceat(lost, starts, axis=0).T


@compiled(fallback=_lost_numpy, contract=True)
def lost_loudness(signal: F32, gain: F32, moves: F32, shares: F32, tables: F32, maps: F32) -> None:
    """Write the weighted loss of all tracks, the better ear of each: Σ_i w (max_e l(E_i) − max_e N'_p,i).

    Parameters
    ----------
    signal : (tracks, 2, halves, frames) float32
        Excitation above that of the internal noise, at two ears.
    gain : (candidates, tracks, halves) float32
        By which it is multiplied, and
    moves : (candidates, tracks, frames) float32
        by which it is as well.
    shares : (candidates, tracks, 2) float32
        How the sum of both ears is divided instead; NaN = as it is.
    tables : (5, halves) float32
        Excitation by the internal noise, threshold E_t, s, 1/m, weight.
    maps : (candidates, frames, 27) float32
        Gets the sums over the halves of each Bark.
    """
    tracks, _, halves, frames = signal.shape
    groups = maps.shape[2]
    one, none = np.float32(1.0), np.float32(0.0)
    own = np.empty((tracks, 2, frames), np.float32)
    total = np.empty((2, frames), np.float32)
    lost, alone, heard = np.empty(frames, np.float32), np.empty(frames, np.float32), np.empty(frames, np.float32)
    for c in range(maps.shape[0]):
        maps[c] = none
        for h in range(halves):
            floor, quiet, s, mask, weight = tables[0, h], tables[1, h], tables[2, h], tables[3, h], tables[4, h]
            scale = CALIBRATION * exp2(POWER * log2(quiet / (s * np.float32(1e4))))
            offset, slope = one - s, s / quiet
            total[:] = none
            for i in range(tracks):
                g = gain[c, i, h]
                for e in range(2):
                    share = shares[c, i, e]
                    if share == share:
                        for t in range(frames):
                            own[i, e, t] = (signal[i, 0, h, t] + signal[i, 1, h, t]) * (share * g) * moves[c, i, t]
                    else:
                        for t in range(frames):
                            own[i, e, t] = signal[i, e, h, t] * g * moves[c, i, t]
                    for t in range(frames):
                        total[e, t] += own[i, e, t]
            lost[:] = none
            for i in range(tracks):
                alone[:] = none
                heard[:] = none
                for e in range(2):
                    for t in range(frames):
                        x = own[i, e, t]
                        n = max(total[e, t] - x, none) + floor
                        x += floor
                        least = n * mask + quiet
                        loud = max(scale * (exp2(POWER * log2(offset + slope * x)) - one), none)
                        both = max(scale * (exp2(POWER * log2(offset + slope * (x + n))) - one), none)
                        masked = max(scale * (exp2(POWER * log2(offset + slope * (n + least))) - one), none)
                        left = both - masked * exp2(np.float32(0.3) * log2(least / x))
                        left = min(max(left, none), loud)
                        alone[t] = max(alone[t], loud)
                        heard[t] = max(heard[t], left if x > least else none)
                for t in range(frames):
                    lost[t] += alone[t] - heard[t]
            group = min(h // 2, groups - 1)
            for t in range(frames):
                maps[c, t, group] += weight * lost[t]
