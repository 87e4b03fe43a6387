"""The compiled loops of the equaliser."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from mixer.kernels import compiled

CHUNK = 65_536
"""The most frames that are filtered at once."""
LANES = 56
"""Stretches of a chunk that are filtered side by side: a multiple of what processors add at once, but no power of two,
for then the same frame of all stretches would be kept in the same few lines of the cache."""
STEPS = 16
"""Frames of each lane that are handled at once, a line of the cache; a stretch is a multiple of it."""
UNROLLED = 4
"""Frames of each lane that are filtered before the next lanes are."""
FLOOR = 1e-12
"""Samples below this (−240 dB) are written as 0, so that silence is silent."""

Doubles = NDArray[np.float64]
Signal = NDArray[np.float32]
Pairs = NDArray[np.int64]
"""Two float32 each, side by side in memory."""


@cache
def guard() -> Doubles:
    """Return noise at −400 dB that is added to what is filtered, (CHUNK,).

    Without it a filter that rings out in silence comes to denormal numbers, which take processors up to a hundred times
    as long. Noise, for a constant would not pass a low cut.
    """
    return np.random.default_rng(0).choice([-1e-20, 1e-20], CHUNK)


def _cascade_scipy(
    sound: Signal,
    out: Signal,
    table: Doubles,
    gain: float,
    state: Doubles,
    steps: int,
    ringing: Doubles,
    reach: NDArray[np.int64],
    after: Doubles,
    noise: Doubles,
) -> None:
    from scipy.signal import sosfilt

    count = len(table)
    ones = np.ones((count, 1))
    sections = np.concatenate([ones, table[:, :2], ones, table[:, 2:]], axis=1)
    filtered, last = sosfilt(sections, sound + noise[: len(sound)], zi=state.reshape(count, 2))
    state[:] = last.reshape(-1)
    filtered *= gain
    out[:] = np.where(np.abs(filtered) > FLOOR, filtered, 0.0)


@compiled(contract=True)
def _gather(sound: Signal, pairs: Pairs, tile: Doubles, steps: int, first: int, noise: Doubles) -> None:
    """Lay STEPS frames of each lane side by side: tile[step * LANES + lane]. Two frames are moved at once."""
    words = sound.view(np.int64)
    for lane in range(LANES):
        at = (lane * steps + first) // 2
        for n in range(STEPS // 2):
            pairs[n * LANES + lane] = words[at + n]
    values = pairs.view(np.float32)
    for n in range(STEPS // 2):
        even, odd = noise[first + 2 * n], noise[first + 2 * n + 1]
        for lane in range(LANES):
            tile[2 * n * LANES + lane] = values[2 * (n * LANES + lane)] + even
            tile[(2 * n + 1) * LANES + lane] = values[2 * (n * LANES + lane) + 1] + odd


@compiled(contract=True)
def _two_sections(tile: Doubles, states: Doubles, table: Doubles, number: int) -> None:
    """Filter UNROLLED frames of each lane by two sections. Constant strides and trip counts let it become SIMD code."""
    b1, b2, a1, a2 = table[number, 0], table[number, 1], table[number, 2], table[number, 3]
    d1, d2, c1, c2 = table[number + 1, 0], table[number + 1, 1], table[number + 1, 2], table[number + 1, 3]
    for lane in range(LANES):
        p, q = states[lane], states[LANES + lane]
        r, s = states[2 * LANES + lane], states[3 * LANES + lane]
        for n in range(UNROLLED):
            v = tile[n * LANES + lane]
            y = v + p
            p = q + b1 * v - a1 * y
            q = b2 * v - a2 * y
            w = y + r
            r = s + d1 * y - c1 * w
            s = d2 * y - c2 * w
            tile[n * LANES + lane] = w
        states[lane], states[LANES + lane] = p, q
        states[2 * LANES + lane], states[3 * LANES + lane] = r, s


@compiled(contract=True)
def _hand_over(lanes: Doubles, state: Doubles, after: Doubles) -> None:
    """Turn the states in which the lanes ended, begun in silence, into those in which they should have begun."""
    count = len(state)
    begin = state.copy()
    for lane in range(LANES):
        for row in range(count):
            end = lanes[row * LANES + lane]
            for column in range(count):
                end += after[row, column] * begin[column]
            state[row] = end
        for row in range(count):
            lanes[row * LANES + lane] = begin[row]
            begin[row] = state[row]


@compiled(contract=True)
def _ring(tile: Doubles, states: Doubles, ringing: Doubles, first: int) -> None:
    """Add what the states of two sections at the lanes' beginnings still sound, to UNROLLED frames of each lane."""
    for lane in range(LANES):
        p, q = states[lane], states[LANES + lane]
        r, s = states[2 * LANES + lane], states[3 * LANES + lane]
        for n in range(UNROLLED):
            at = first + n
            rings = ringing[at, 0] * p + ringing[at, 1] * q + ringing[at, 2] * r + ringing[at, 3] * s
            tile[n * LANES + lane] += rings


@compiled(contract=True)
def _scatter(tile: Doubles, pairs: Pairs, out: Signal, steps: int, first: int, gain: float) -> None:
    """Put the lanes' frames back where they belong."""
    values = pairs.view(np.float32)
    for n in range(STEPS // 2):
        for lane in range(LANES):
            even, odd = tile[2 * n * LANES + lane] * gain, tile[(2 * n + 1) * LANES + lane] * gain
            values[2 * (n * LANES + lane)] = even if abs(even) > FLOOR else 0.0
            values[2 * (n * LANES + lane) + 1] = odd if abs(odd) > FLOOR else 0.0
    words = out.view(np.int64)
    for lane in range(LANES):
        at = (lane * steps + first) // 2
        for n in range(STEPS // 2):
            words[at + n] = pairs[n * LANES + lane]


@compiled(contract=True)
def _rest(sound: Signal, out: Signal, begin: int, table: Doubles, gain: float, state: Doubles, noise: Doubles) -> None:
    """Filter from a frame on, one after the other."""
    for n in range(begin, len(sound)):
        v = sound[n] + noise[n]
        for number in range(len(table)):
            y = v + state[2 * number]
            state[2 * number] = state[2 * number + 1] + table[number, 0] * v - table[number, 2] * y
            state[2 * number + 1] = table[number, 1] * v - table[number, 3] * y
            v = y
        v *= gain
        out[n] = v if abs(v) > FLOOR else 0.0


@compiled(fallback=_cascade_scipy, contract=True)
def cascade(
    sound: Signal,
    out: Signal,
    table: Doubles,
    gain: float,
    state: Doubles,
    steps: int,
    ringing: Doubles,
    reach: NDArray[np.int64],
    after: Doubles,
    noise: Doubles,
) -> None:
    """Filter up to CHUNK frames by an even number of sections in cascade.

    Parameters
    ----------
    sound, out : (frames,) float32
    table : (sections, 4)
        b1/b0, b2/b0, a1, a2.
    gain : float
        The product of all b0.
    state : (2 · sections,)
        p and q of each section; changed.
    steps : int
        Frames of a lane, a multiple of STEPS; what LANES of them leave over is filtered frame by frame.
    ringing : (sections / 2, steps or more, 4)
        What each state of two sections sounds, n frames later.
    reach : (sections / 2,)
        For how many frames that matters.
    after : (2 · sections, 2 · sections)
        What the states become within ``steps`` frames.
    noise : (CHUNK,)

    Notes
    -----
    The room to work in is allocated here, for what has just been used elsewhere is still in the cache.
    """
    scratch, pairs = np.empty(LANES * steps), np.empty(STEPS // 2 * LANES, np.int64)
    lanes = np.zeros(2 * len(table) * LANES)
    for first in range(0, steps, STEPS):
        tile = scratch[first * LANES : (first + STEPS) * LANES]
        _gather(sound[: LANES * steps], pairs, tile, steps, first, noise)
        for number in range(0, len(table), 2):
            states = lanes[2 * LANES * number : 2 * LANES * (number + 2)]
            for n in range(0, STEPS, UNROLLED):
                _two_sections(tile[n * LANES :], states, table, number)
    if steps:
        _hand_over(lanes, state, after)
    for first in range(0, steps, STEPS):
        tile = scratch[first * LANES : (first + STEPS) * LANES]
        for pair in range(len(reach)):
            if first < reach[pair]:
                states = lanes[4 * LANES * pair : 4 * LANES * (pair + 1)]
                for n in range(0, STEPS, UNROLLED):
                    _ring(tile[n * LANES :], states, ringing[pair], first + n)
        _scatter(tile, pairs, out[: LANES * steps], steps, first, gain)
    _rest(sound, out, LANES * steps, table, gain, state, noise)


def _variable_python(sound: Signal, out: Signal, coefficients: Doubles, state: Doubles, noise: Doubles) -> None:
    one, two = state.tolist()
    result = []
    for x, n, a1, a2, a3, m0, m1, m2 in zip(
        sound.tolist(), noise.tolist(), *coefficients.tolist(), strict=False
    ):  # fmt: skip
        v0 = x + n
        v3 = v0 - two
        v1 = a1 * one + a2 * v3
        v2 = two + a2 * one + a3 * v3
        one = 2.0 * v1 - one
        two = 2.0 * v2 - two
        result.append(m0 * v0 + m1 * v1 + m2 * v2)
    state[:] = one, two
    filtered = np.array(result)
    out[:] = np.where(np.abs(filtered) > FLOOR, filtered, 0.0)


@compiled(fallback=_variable_python, contract=True)
def variable(sound: Signal, out: Signal, coefficients: Doubles, state: Doubles, noise: Doubles) -> None:
    """Filter by a state-variable filter whose coefficients change from frame to frame.

    Parameters
    ----------
    sound, out : (frames,) float32
    coefficients : (6, frames)
        a1, a2, a3, m0, m1, m2 of Simper's equations.
    state : (2,)
        Of the integrators; changed.
    noise : (frames or more,)
    """
    one, two = state[0], state[1]
    for n in range(len(sound)):
        v0 = sound[n] + noise[n]
        v3 = v0 - two
        v1 = coefficients[0, n] * one + coefficients[1, n] * v3
        v2 = two + coefficients[1, n] * one + coefficients[2, n] * v3
        one = 2.0 * v1 - one
        two = 2.0 * v2 - two
        y = coefficients[3, n] * v0 + coefficients[4, n] * v1 + coefficients[5, n] * v2
        out[n] = y if abs(y) > FLOOR else 0.0
    state[0], state[1] = one, two
