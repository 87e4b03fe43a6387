"""The compiled loops of the equaliser."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from mixer.kernels import compiled

CHUNK = 65_536
"""The most frames that are filtered at once."""
LANES = 64
"""Stretches of a chunk that are filtered side by side."""
STEPS = 8
"""Frames of each lane that are handled at once; a stretch is a multiple of it."""
FLOOR = 1e-12
"""Samples below this (−240 dB) are written as 0, so that silence is silent."""

Doubles = NDArray[np.float64]
Signal = NDArray[np.float32]


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
    scratch: Doubles,
    lanes: Doubles,
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
def _gather(sound: Signal, tile: Doubles, stretch: int, noise: Doubles) -> None:
    """Lay STEPS frames of each lane side by side: tile[step * LANES + lane]."""
    for lane in range(LANES):
        row = sound[lane * stretch : lane * stretch + STEPS]
        for step in range(STEPS):
            tile[step * LANES + lane] = row[step] + noise[step]


@compiled(contract=True)
def _two_sections(tile: Doubles, lanes: Doubles, table: Doubles) -> None:
    """Filter four frames of each lane by two sections. Constant strides and trip counts let it become SIMD code."""
    first_p, first_q = lanes[0:LANES], lanes[LANES : 2 * LANES]
    second_p, second_q = lanes[2 * LANES : 3 * LANES], lanes[3 * LANES : 4 * LANES]
    b1, b2, a1, a2 = table[0, 0], table[0, 1], table[0, 2], table[0, 3]
    d1, d2, c1, c2 = table[1, 0], table[1, 1], table[1, 2], table[1, 3]
    for lane in range(LANES):
        p, q, r, s = first_p[lane], first_q[lane], second_p[lane], second_q[lane]
        for step in range(4):
            v = tile[step * LANES + lane]
            y = v + p
            p = q + b1 * v - a1 * y
            q = b2 * v - a2 * y
            w = y + r
            r = s + d1 * y - c1 * w
            s = d2 * y - c2 * w
            tile[step * LANES + lane] = w
        first_p[lane], first_q[lane], second_p[lane], second_q[lane] = p, q, r, s


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
def _ring(tile: Doubles, lanes: Doubles, ringing: Doubles, first: int) -> None:
    """Add what the states of two sections at the lanes' beginnings still sound."""
    p, q = lanes[0:LANES], lanes[LANES : 2 * LANES]
    r, s = lanes[2 * LANES : 3 * LANES], lanes[3 * LANES : 4 * LANES]
    for step in range(STEPS):
        at_p, at_q = ringing[0, first + step], ringing[1, first + step]
        at_r, at_s = ringing[2, first + step], ringing[3, first + step]
        row = tile[step * LANES : (step + 1) * LANES]
        for lane in range(LANES):
            row[lane] += at_p * p[lane] + at_q * q[lane] + at_r * r[lane] + at_s * s[lane]


@compiled(contract=True)
def _scatter(tile: Doubles, out: Signal, stretch: int, gain: float) -> None:
    """Put the lanes' frames back where they belong."""
    for lane in range(LANES):
        row = out[lane * stretch : lane * stretch + STEPS]
        for step in range(STEPS):
            y = tile[step * LANES + lane] * gain
            row[step] = y if abs(y) > FLOOR else 0.0


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
    scratch: Doubles,
    lanes: Doubles,
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
    ringing : (2 · sections, steps or more)
        What each state sounds, n frames later.
    reach : (sections / 2,)
        For how many frames that matters.
    after : (2 · sections, 2 · sections)
        What the states become within ``steps`` frames.
    noise : (CHUNK,)
    scratch : (CHUNK,), lanes : (2 · sections · LANES,)
        Room to work in.
    """
    lanes[:] = 0.0
    for first in range(0, steps, STEPS):
        tile = scratch[first * LANES : (first + STEPS) * LANES]
        _gather(sound[first:], tile, steps, noise[first:])
        for pair in range(len(reach)):
            states = lanes[4 * LANES * pair : 4 * LANES * (pair + 1)]
            _two_sections(tile[: 4 * LANES], states, table[2 * pair : 2 * pair + 2])
            _two_sections(tile[4 * LANES :], states, table[2 * pair : 2 * pair + 2])
    if steps:
        _hand_over(lanes, state, after)
    for first in range(0, steps, STEPS):
        tile = scratch[first * LANES : (first + STEPS) * LANES]
        for pair in range(len(reach)):
            if first < reach[pair]:
                states = lanes[4 * LANES * pair : 4 * LANES * (pair + 1)]
                _ring(tile, states, ringing[4 * pair : 4 * pair + 4], first)
        _scatter(tile, out[first:], steps, gain)
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
