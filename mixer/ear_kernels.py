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
F64 = NDArray[np.float64]
C64 = NDArray[np.complex64]

NEVER = np.float32(1e9)
"""dB: stands for what can never mask, or can never be masked."""
LARGEST_D_DB = 20.0
"""T_max of the masker-to-signal ratio."""
HEARD = 10.0**0.6
"""What stands 6 dB above the internal noise is heard."""
FLATTEST = -0.02
"""log2 per band: the upward slope stays this steep at the levels (about 118 dB) where the model's own would vanish."""

_CHUNK = 64


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
    index: F32  # type: ignore[assignment]  # not the tuple's method
    """s of the loudness."""


class Groups(NamedTuple):
    """Which bins belong to which band."""

    first: I32
    """(bands,)"""
    count: I32  # type: ignore[assignment]  # not the tuple's method
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
    return np.float32(np.float32(exponent) + s * p)


@compiled()
def exp2(x: np.float32) -> np.float32:
    """2**x within 3 ulp for x < 127, without branches; below −125 as there."""
    x = max(np.float32(x), np.float32(-125.0))
    n = np.floor(x + np.float32(0.5))
    f = x - n
    p = np.float32(0.00961812911) + f * (np.float32(0.00133335581) + f * np.float32(0.000154035304))
    p = np.float32(0.693147181) + f * (np.float32(0.240226507) + f * (np.float32(0.0555041087) + f * p))
    return np.float32(
        (np.float32(1.0) + f * p) * np.int32((np.int32(n) + np.int32(127)) << np.int32(23)).view(np.float32)
    )


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
    bins = 0
    for b in range(bands):
        bins = max(bins, groups.first[b] + groups.count[b])
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
    part, up = np.empty((bands, _CHUNK), np.float32), np.empty((bands, _CHUNK), np.float32)
    total, r = np.ones((bands + 8, _CHUNK), np.float32), np.empty(_CHUNK, np.float32)
    per_log, per_down, one = np.float32(spread), np.float32(lower), np.float32(1.0)
    for start in range(0, frames, _CHUNK):
        size = min(_CHUNK, frames - start)
        for b in range(bands):
            for t in range(size):
                total[b, t] = power[b, start + t] + tables.noise[b]
            for t in range(_CHUNK):  # what is beyond the last frame is worked out and dropped
                level = log2(total[b, t])
                slope = min(tables.slope[b] + per_log * level, np.float32(FLATTEST))
                A = tables.lower[b] + (one - exp2(np.float32(bands - b) * slope)) / (one - exp2(slope))
                part[b, t] = exp2(np.float32(0.4) * (level - log2(A)))
                up[b, t] = exp2(np.float32(0.4) * slope)
        for t in range(_CHUNK):
            r[t] = np.float32(0.0)
        for b in range(bands - 1, -1, -1):
            for t in range(_CHUNK):
                total[b, t] = r[t]
                r[t] = (r[t] + part[b, t]) * per_down
        for b in range(bands):
            for t in range(_CHUNK):
                r[t] = part[b, t]
            for to in range(b, bands, 8):
                for t in range(_CHUNK):
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
            for t in range(_CHUNK):
                x = total[b, t]
                total[b, t] = x * x * np.sqrt(x) * tables.norm[b]
            a, last = tables.smear[b], state[b]
            for t in range(size):
                now = total[b, t]
                last = a * last + (one - a) * now
                r[t] = last
            state[b] = last
            for t in range(size):
                out[b, start + t] = max(r[t], total[b, t])


def _compare_numpy(
    own: F32, rest: F32, tables: EarTables, masker: F32, maskee: F32, active: F32, depth: F32, loud: F32, heard: F32
) -> None:
    noise, mask_db, E_t, s = (
        np.asarray(table, np.float64)[:, np.newaxis]
        for table in (tables.noise, tables.mask_db, tables.threshold, tables.index)
    )
    scale, gain = 1.07664 * (E_t / (s * 1e4)) ** 0.23, 10.0 ** (-0.1 * mask_db)

    def law(excitation: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.maximum(scale * ((1.0 - s + s * excitation / E_t) ** 0.23 - 1.0), 0.0)

    E, N = own.astype(np.float64), rest.astype(np.float64)
    here = HEARD * noise < E
    anywhere = here.any(axis=0)
    level = 10.0 * np.log10(E)
    masker[:] = np.where(anywhere, level - mask_db, -NEVER)
    maskee[:] = np.where(here, level, np.where(anywhere, -NEVER, NEVER))
    active[:] = anywhere
    d = np.where(here, 10.0 * np.log10(N) - mask_db - level, NEVER).min(axis=0)
    depth[:] = np.where(anywhere, np.maximum(d, 0.0), 0.0)
    threshold = N * gain + E_t
    alone = law(E)
    part = np.where(threshold < E, law(E + N) - law(N + threshold) * (threshold / E) ** 0.3, 0.0)
    loud[:] = alone.max(axis=0)
    heard[:] = np.clip(part, 0.0, alone).max(axis=0)


@compiled(fallback=_compare_numpy, contract=True)
def compare(
    own: F32, rest: F32, tables: EarTables, masker: F32, maskee: F32, active: F32, depth: F32, loud: F32, heard: F32
) -> None:
    """Weigh a track's excitation against that of all others, (ears, bands, frames) each.

    Written are, for the pairs, the levels in dB as masker (threshold) and as maskee, (ears, bands, frames), with NEVER
    where the track is not heard; and by the better ear, (bands, frames): whether it is heard, how far it is masked in
    dB (0 = not), its specific loudness alone and what is left of it beside the others.
    """
    ears, bands, frames = own.shape
    one, zero = np.float32(1.0), np.float32(0.0)
    power, per_log = np.float32(0.23), np.float32(10.0 * 0.30102999566)
    for b in range(bands):
        s, E_t, m = tables.index[b], tables.threshold[b], tables.mask_db[b]
        audible, gain = np.float32(HEARD) * tables.noise[b], exp2(m * np.float32(-0.332192809))
        scale = np.float32(1.07664) * exp2(power * log2(E_t / (s * np.float32(1e4))))
        ratio, rest_of_one = s / E_t, one - s
        for t in range(frames):
            active[b, t] = zero
            depth[b, t] = NEVER
            loud[b, t] = zero
            heard[b, t] = zero
        for e in range(ears):
            for t in range(frames):
                E, N = own[e, b, t], rest[e, b, t]
                level = per_log * log2(E)
                here = audible < E
                masker[e, b, t] = level - m
                maskee[e, b, t] = level if here else -NEVER
                active[b, t] = one if here else active[b, t]
                d = per_log * log2(N) - m - level
                depth[b, t] = min(depth[b, t], d if here else NEVER)
                threshold = N * gain + E_t
                alone = max(scale * (exp2(power * log2(rest_of_one + ratio * E)) - one), zero)
                both = max(scale * (exp2(power * log2(rest_of_one + ratio * (E + N))) - one), zero)
                least = max(scale * (exp2(power * log2(rest_of_one + ratio * (N + threshold))) - one), zero)
                part = both - least * exp2(np.float32(0.3) * log2(threshold / E))
                part = min(max(part, zero), alone)
                loud[b, t] = max(loud[b, t], alone)
                heard[b, t] = max(heard[b, t], part if threshold < E else zero)
        for t in range(frames):
            depth[b, t] = max(depth[b, t], zero) if active[b, t] > zero else zero
        for e in range(ears):
            for t in range(frames):
                masker[e, b, t] = masker[e, b, t] if active[b, t] > zero else -NEVER
                maskee[e, b, t] = maskee[e, b, t] if active[b, t] > zero else NEVER


def _pairs_numpy(
    masker: F32, maskee: F32, active: F32, first: int, last: int, clipped: F64, depth: F64, masked: F32, together: F32
) -> None:
    bands = slice(first, last)
    for i in range(masker.shape[0]):
        d = (masker[i, :, bands] - maskee[:, :, bands]).min(axis=1)  # (maskees, bands, frames)
        d = np.maximum(d, 0.0)
        clipped[bands, i] += np.minimum(d, LARGEST_D_DB).sum(axis=-1, dtype=np.float64).T
        depth[bands, i] += d.sum(axis=-1, dtype=np.float64).T
        masked[bands, i] += (d > 0.0).sum(axis=-1).T
        together[bands, i] += (active[i, bands] * active[:, bands]).sum(axis=-1).T


@compiled(fallback=_pairs_numpy)
def pairs(
    masker: F32, maskee: F32, active: F32, first: int, last: int, clipped: F64, depth: F64, masked: F32, together: F32
) -> None:
    """Add up who masks whom in the bands ``first`` to ``last`` − 1.

    d_ij is the smaller of the ears' masker_i − maskee_j. Added, for each band, masker and maskee, (bands, tracks,
    tracks), are the sums over frames of min(d, 20) and of d where it is positive, of how often that is so, and of how
    often both are heard. Maskees lie side by side, four frames are taken at a time.
    """
    tracks, ears, _, frames = masker.shape
    other, padded = ears - 1, frames + 3
    near, far = np.empty((padded, tracks), np.float32), np.empty((padded, tracks), np.float32)
    on = np.zeros((padded, tracks), np.float32)
    x, y, g = np.empty(padded, np.float32), np.empty(padded, np.float32), np.zeros(padded, np.float32)
    sums = np.empty((4, tracks), np.float32)
    zero, one, most = np.float32(0.0), np.float32(1.0), np.float32(LARGEST_D_DB)
    near[frames:] = NEVER
    far[frames:] = NEVER
    x[frames:] = -NEVER
    y[frames:] = -NEVER
    for b in range(first, last):
        for j in range(tracks):
            for t in range(frames):
                near[t, j] = maskee[j, 0, b, t]
                far[t, j] = maskee[j, other, b, t]
                on[t, j] = active[j, b, t]
        for i in range(tracks):
            for t in range(frames):
                x[t] = masker[i, 0, b, t]
                y[t] = masker[i, other, b, t]
                g[t] = active[i, b, t]
            sums[:] = zero
            for t in range(0, frames, 4):
                if g[t] + g[t + 1] + g[t + 2] + g[t + 3] == zero:
                    continue
                x0, x1, x2, x3 = x[t], x[t + 1], x[t + 2], x[t + 3]
                y0, y1, y2, y3 = y[t], y[t + 1], y[t + 2], y[t + 3]
                g0, g1, g2, g3 = g[t], g[t + 1], g[t + 2], g[t + 3]
                for j in range(tracks):
                    d0 = max(min(x0 - near[t, j], y0 - far[t, j]), zero)
                    d1 = max(min(x1 - near[t + 1, j], y1 - far[t + 1, j]), zero)
                    d2 = max(min(x2 - near[t + 2, j], y2 - far[t + 2, j]), zero)
                    d3 = max(min(x3 - near[t + 3, j], y3 - far[t + 3, j]), zero)
                    sums[0, j] += (min(d0, most) + min(d1, most)) + (min(d2, most) + min(d3, most))
                    sums[1, j] += (d0 + d1) + (d2 + d3)
                    n0, n1 = one if d0 > zero else zero, one if d1 > zero else zero
                    n2, n3 = one if d2 > zero else zero, one if d3 > zero else zero
                    sums[2, j] += (n0 + n1) + (n2 + n3)
                    sums[3, j] += (g0 * on[t, j] + g1 * on[t + 1, j]) + (g2 * on[t + 2, j] + g3 * on[t + 3, j])
            for j in range(tracks):
                clipped[b, i, j] += sums[0, j]
                depth[b, i, j] += sums[1, j]
                masked[b, i, j] += sums[2, j]
                together[b, i, j] += sums[3, j]


def _unlike_numpy(base: F32, other: F32, factor: np.float32, most: np.float32) -> int:
    return int(np.count_nonzero(np.abs(other - factor * base) > most))


@compiled(fallback=_unlike_numpy)
def unlike(base: F32, other: F32, factor: np.float32, most: np.float32) -> int:
    """Count where ``other`` is further than ``most`` from ``factor·base``, at most the first 4096 such places or so."""
    places = 0
    for start in range(0, base.size, 4096):
        for t in range(start, min(start + 4096, base.size)):
            places += 1 if abs(other[t] - factor * base[t]) > most else 0
        if places:
            break
    return places
