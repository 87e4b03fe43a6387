"""Compiled loops of the ear model; each with the same in NumPy, which is the reference.

Frames are the last axis, so that all loops but the smearing run over them side by side.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mixer.kernels import compiled

F32 = NDArray[np.float32]
I32 = NDArray[np.int32]
C64 = NDArray[np.complex64]

NEVER = np.float32(1e9)
"""dB: stands for what can never mask, or can never be masked."""
LARGEST_D_DB = 20.0
"""T_max of the masker-to-signal ratio."""
FLATTEST = -0.02
"""log2 per band: the upward slope stays this steep at the levels (about 118 dB) where the model's own would vanish."""


class EarTables(NamedTuple):
    """What the ear model knows of each band; all float32, (bands,)."""

    noise: F32
    """E_IN, internal noise."""
    slope: F32
    """log2 of the upward spreading per band at E = 1: (−2.4 − 23/f) dz log2(10)."""
    lower: F32
    """What the downward spreading adds to A: Σ a_L^−n for n = 1..l."""
    norm: F32
    """1/B."""
    smear: F32
    """a of the smearing."""
    mask_db: F32
    """m."""
    threshold: F32
    """E_t."""
    index: F32
    """s of the loudness."""


class Groups(NamedTuple):
    """Which bins belong to which band."""

    first: I32
    """(bands,)"""
    count: I32
    """(bands,)"""
    weights: F32
    """(bands, most): share of the bin times its weighting times the level factor."""


@compiled()
def log2(x: np.float32) -> np.float32:
    """log2 of a normal positive number within 2 ulp, without branches: log2 m = 2 atanh((m − 1)/(m + 1)) / ln 2."""
    bits = np.float32(x).view(np.int32)
    exponent = np.int32(np.int32(bits - np.int32(0x3F3504F3)) >> np.int32(23))  # leaves m in √½..√2
    m = np.int32(bits - np.int32(exponent << np.int32(23))).view(np.float32)
    s = (m - np.float32(1.0)) / (m + np.float32(1.0))
    z = s * s
    p = np.float32(0.41219858) + z * np.float32(0.3205989)
    p = np.float32(2.88539008) + z * (np.float32(0.961796694) + z * (np.float32(0.57707802) + z * p))
    return np.float32(exponent) + s * p


@compiled()
def exp2(x: np.float32) -> np.float32:
    """2**x within 3 ulp for x < 127, without branches; below −125 as there."""
    x = max(np.float32(x), np.float32(-125.0))
    n = np.floor(x + np.float32(0.5))
    f = x - n
    p = np.float32(0.00961812911) + f * (np.float32(0.00133335581) + f * np.float32(0.000154035304))
    p = np.float32(0.693147181) + f * (np.float32(0.240226507) + f * (np.float32(0.0555041087) + f * p))
    return (np.float32(1.0) + f * p) * np.int32((np.int32(n) + np.int32(127)) << np.int32(23)).view(np.float32)


def _group_numpy(own: C64, gain: np.float32, mix: C64, groups: Groups, own_power: F32, rest_power: F32) -> None:
    own = own * gain
    for spectra, out in ((own, own_power), (mix - own, rest_power)):
        power = spectra.real**2 + spectra.imag**2
        for band, (first, count) in enumerate(zip(groups.first, groups.count, strict=True)):
            out[band] = power[:, first : first + count] @ groups.weights[band, :count]


@compiled(fallback=_group_numpy, contract=True)
def group(own: C64, gain: np.float32, mix: C64, groups: Groups, own_power: F32, rest_power: F32) -> None:
    """Band powers of a track and of all others, |gain·own|² and |mix − gain·own|², (frames, bins) → (bands, frames).

    Steps 2, 3 and 5; the rest is taken as complex spectra, so that what cancels in the mix cancels here.
    """
    frames, bands = own.shape[0], groups.first.size
    bins = groups.first[-1] + groups.count[-1]
    p, q = np.empty(bins, np.float32), np.empty(bins, np.float32)
    for t in range(frames):
        for k in range(bins):
            x, y = gain * own[t, k].real, gain * own[t, k].imag
            u, v = mix[t, k].real - x, mix[t, k].imag - y
            p[k] = x * x + y * y
            q[k] = u * u + v * v
        for b in range(bands):
            first = groups.first[b]
            x, y = np.float32(0.0), np.float32(0.0)
            for n in range(groups.count[b]):
                x += groups.weights[b, n] * p[first + n]
                y += groups.weights[b, n] * q[first + n]
            own_power[b, t] = x
            rest_power[b, t] = y


def _excite_numpy(power: F32, tables: EarTables, lower: float, spread: float, state: F32, out: F32) -> None:
    noise, slope, below, norm, smear, *_ = (np.asarray(table, np.float64)[:, np.newaxis] for table in tables)
    bands = noise.size
    E = power + noise  # step 6
    up = np.minimum(slope + spread * np.log2(E), FLATTEST)
    above = np.exp2(np.arange(bands, 0, -1)[:, np.newaxis] * up)
    part = (E / (below + (1.0 - above) / (1.0 - np.exp2(up)))) ** 0.4  # step 7: E/A
    total = np.zeros_like(E)
    carried = np.zeros_like(E[0])
    for band in range(bands - 1, -1, -1):  # downwards
        total[band] = carried
        carried = (carried + part[band]) * lower
    for band in range(bands):  # upwards
        total[band:] += part[band] * np.exp2(0.4 * np.arange(bands - band)[:, np.newaxis] * up[band])
    E = total**2.5 * norm
    last = state.astype(np.float64)[:, np.newaxis]
    for t in range(E.shape[1]):  # step 8
        now = E[:, t : t + 1]
        last = smear * last + (1.0 - smear) * now
        out[:, t] = np.maximum(last, now)[:, 0]
    state[:] = last[:, 0]


@compiled(fallback=_excite_numpy, contract=True)
def excite(power: F32, tables: EarTables, lower: float, spread: float, state: F32, out: F32) -> None:
    """Steps 6 to 8: internal noise, level-dependent spreading, smearing; (bands, frames) → (bands, frames).

    ``lower`` is (a_L^−1)^0.4 per band, ``spread`` 0.2 dz. Smearing goes on from ``state``, (bands,), which is renewed.
    Upwards each band has a slope of its own: its part is multiplied on from band to band, eight at a time.
    """
    bands, frames = power.shape
    chunk = 32
    part, up, total = (
        np.empty((bands, chunk), np.float32),
        np.empty((bands, chunk), np.float32),
        np.empty((bands + 8, chunk), np.float32),
    )
    r = np.empty(chunk, np.float32)
    per_log, per_down, one = np.float32(spread), np.float32(lower), np.float32(1.0)
    for start in range(0, frames, chunk):
        size = min(chunk, frames - start)
        for b in range(bands):
            for t in range(chunk):
                E = power[b, start + min(t, size - 1)] + tables.noise[b]
                level = log2(E)
                slope = min(tables.slope[b] + per_log * level, np.float32(FLATTEST))
                A = tables.lower[b] + (one - exp2(np.float32(bands - b) * slope)) / (one - exp2(slope))
                part[b, t] = exp2(np.float32(0.4) * (level - log2(A)))
                up[b, t] = exp2(np.float32(0.4) * slope)
        for t in range(chunk):
            r[t] = np.float32(0.0)
        for b in range(bands - 1, -1, -1):
            for t in range(chunk):
                total[b, t] = r[t]
                r[t] = (r[t] + part[b, t]) * per_down
        for b in range(bands):
            for t in range(chunk):
                r[t] = part[b, t]
            for to in range(b, bands, 8):
                for t in range(chunk):
                    a, x = up[b, t], r[t]
                    total[to, t] += x
                    x *= a
                    total[to + 1, t] += x
                    x *= a
                    total[to + 2, t] += x
                    x *= a
                    total[to + 3, t] += x
                    x *= a
                    total[to + 4, t] += x
                    x *= a
                    total[to + 5, t] += x
                    x *= a
                    total[to + 6, t] += x
                    x *= a
                    total[to + 7, t] += x
                    r[t] = x * a
        for b in range(bands):
            for t in range(chunk):
                x = total[b, t]
                total[b, t] = x * x * np.sqrt(x) * tables.norm[b]
        for b in range(bands):
            a, last = tables.smear[b], state[b]
            for t in range(size):
                now = total[b, t]
                last = a * last + (one - a) * now
                out[b, start + t] = max(last, now)
            state[b] = last
