"""Engines and things that pass by."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from extender.sources.procedural.grains import impulses, mixed, struck
from extender.sources.procedural.toolkit import (
    SAMPLE_RATE,
    Control,
    Rng,
    Shape,
    Signal,
    band,
    convolved,
    filtered,
    frames,
    glide,
    noise,
    stretched,
    unit,
    wander,
)

SOUND_M_S = 343.0


def engine(
    rng: Rng,
    rpm: Control,
    count: int,
    *,
    cylinders: int,
    exhaust_m: float,
    uneven: float = 0.15,
    firing: Sequence[float] | None = None,
    grit_db: float = -10.0,
    bright_hz: float = 1_500.0,
    body_hz: float = 90.0,
) -> Signal:
    """Return a four-stroke engine: one pulse per cylinder every two turns, through its exhaust pipe.

    Parameters
    ----------
    rpm : (points,)
        Speed over the whole length.
    exhaust_m : float
        A pipe closed at the engine sounds at the odd multiples of c/4L.
    uneven : float
        Random deviation from one firing to the next; half of it belongs to the cylinder and repeats.
    firing : sequence of float, optional
        When each cylinder fires within its cycle of two turns (0..1); even by default.
    grit_db : float
        Noise of intake and valves, gated by the pulses, relative to them.
    """
    speed = np.interp(np.linspace(0, 1, max(count // 480, 8)), np.linspace(0, 1, rpm.size), rpm)
    speed = speed * (1.0 + 0.01 * wander(rng, speed.size, 100.0, 0.3, 9.0))
    turns = np.cumsum(stretched(speed, count).astype(np.float64))
    cycle = turns / (120.0 * SAMPLE_RATE)
    offsets = np.asarray(firing if firing is not None else np.arange(cylinders) / cylinders)
    own = 1.0 + 0.5 * uneven * rng.standard_normal(offsets.size)
    cycles = np.arange(int(cycle[-1]) + 1)
    when = (
        cycles[:, None] + offsets[None, :] + 0.12 / cylinders * uneven * rng.standard_normal((cycles.size, 1))
    ).ravel()
    gains = np.maximum(np.tile(own, cycles.size) * (1.0 + uneven * rng.standard_normal(when.size)), 0.1)
    at = np.interp(when, cycle, np.arange(count), left=-1, right=-1)
    hits = impulses(count, at, gains)
    odd = np.arange(1, 12, 2)
    pipe_hz = odd * SOUND_M_S / (4.0 * exhaust_m)
    level = 1.0 / (1.0 + (pipe_hz / bright_hz) ** 2)
    pipe = struck(rng, frames(0.12), [0.0], pipe_hz[None, :], 0.09 / np.sqrt(odd)[None, :], level[None, :], 0.0006)
    block = struck(
        rng, frames(0.12), [0.0], [[body_hz, 2.7 * body_hz, 6.1 * body_hz]], [[0.1, 0.06, 0.03]], [[1, 0.5, 0.3]]
    )
    pulses = convolved(hits, unit(pipe) + 0.8 * unit(block))[:count]
    opening = convolved(hits, np.exp(-np.arange(frames(0.012)) / frames(0.003)).astype(np.float32))[:count]
    air = noise(rng, count, lambda f: band(f, 350.0, 2.2 * bright_hz, 1)) * (
        0.25 + opening / max(float(opening.max()), 1e-9)
    )
    return mixed((0.0, pulses), (grit_db, air))


def passing(
    signal: Signal, speed_m_s: float, nearest_m: float, at_s: float, *, ground: float = 0.4, far_hz: float = 2_500.0
) -> Signal:
    """Return the signal as heard while its source goes by in a straight line.

    Delay d/c (and so Doppler), level 1/d, loss of high notes with distance, and the echo of the ground with its moving
    comb. The result is as long as the signal.

    Parameters
    ----------
    at_s : float
        When it is nearest.
    ground : float
        Strength of the ground's echo, 0..1.
    far_hz : float
        Where the far sound is cut.
    """
    count = signal.size
    # What depends on the way is worked out every 1.5 ms: a straight line between is a hundredth of a frame off.
    t = np.linspace(0.0, count - 1.0, max(count // 72, 8)) / SAMPLE_RATE
    distance = np.sqrt(nearest_m**2 + (speed_m_s * (t - at_s)) ** 2)
    dull = filtered(signal, lambda f: band(f, 0.0, far_hz, 1))
    near = np.clip(nearest_m / distance, 0.0, 1.0) ** 0.7
    out = np.zeros(count, dtype=np.float32)
    frame = np.arange(count, dtype=np.int32)
    for height, gain in ((0.0, 1.0), (1.2, ground)):
        path = np.sqrt(distance**2 + height * 2.5)
        late = stretched((path - nearest_m) / SOUND_M_S * SAMPLE_RATE, count)
        whole = np.ceil(late)
        u = whole - late
        low = np.clip(frame - whole.astype(np.int32), 0, count - 2)
        level = gain * nearest_m / path
        for heard, loud in ((signal, near * level), (dull, (1.0 - near) * level)):
            out += stretched(loud, count) * (heard[low] * (1 - u) + heard[low + 1] * u)
    return out


def come_and_gone(signal: Signal, fade_s: float) -> Signal:
    """Return the signal rising out of nothing and falling back into it."""
    n = min(frames(fade_s), signal.size // 2)
    ramp = (0.5 - 0.5 * np.cos(np.pi * np.arange(n) / n)).astype(np.float32) ** 2
    out = signal.copy()
    out[:n] *= ramp
    out[signal.size - n :] *= ramp[::-1]
    return out


def tyres(rng: Rng, count: int, shape: Shape | None = None) -> Signal:
    """Return tyres on a road: broad noise round 0.5–1.6 kHz, uneven as the surface is."""
    road = noise(rng, count, shape or (lambda f: band(f, 500.0, 1_600.0, 1) + 0.5 * band(f, 60.0, 250.0, 2)))
    points = max(int(count / SAMPLE_RATE * 100), 8)
    return road * stretched(np.exp(0.18 * wander(rng, points, 100.0, 0.5, 40.0, 0.3)), count)


def rising(points: Sequence[tuple[float, float]], rng: Rng, count: int = 200, waver: float = 0.01) -> Control:
    """Return an engine speed running through points, wavering a little."""
    return glide(points, count) * (1.0 + waver * wander(rng, count, 20.0, 0.2, 4.0))
