"""Single things in time: struck, scattered, bubbling; and how they are put together and into a place."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from extender.sources.procedural.toolkit import (
    SAMPLE_RATE,
    T60,
    Rng,
    Shape,
    Signal,
    arrivals,
    between,
    convolved,
    filtered,
    frames,
    rms,
)
from mixer.types import Samples


def add(into: Signal, at_s: float, piece: NDArray[np.floating], gain: float = 1.0) -> None:
    """Add a piece at a time, in place; what sticks out at either end is dropped."""
    start = round(at_s * SAMPLE_RATE)
    skip = max(-start, 0)
    stop = min(into.size - start, piece.size)
    if stop > skip:
        part = piece[skip:stop]
        into[start + skip : start + stop] += part if gain == 1.0 else part * np.float32(gain)


def struck(
    rng: Rng,
    count: int,
    times_s: ArrayLike,
    modes_hz: ArrayLike,
    t60_s: ArrayLike,
    gains: ArrayLike,
    attack_s: float = 0.0003,
    rise: ArrayLike = 0.0,
) -> Signal:
    """Return things that are struck: at each time a sum of damped sines with their own pitches, decays and gains.

    Parameters
    ----------
    times_s : (grains,)
    modes_hz, t60_s, gains : broadcast to (grains, modes)
        t60 is the time to −60 dB.
    rise : broadcast to (grains,)
        Growth of the pitch per second, as a share of it: bubbles (van den Doel 2005).
    """
    times = np.atleast_1d(np.asarray(times_s, dtype=float))
    shape = np.broadcast_shapes(np.shape(modes_hz), np.shape(t60_s), np.shape(gains), (times.size, 1))
    f, t60, gain = (np.broadcast_to(np.asarray(a, dtype=np.float32), shape) for a in (modes_hz, t60_s, gains))
    gain = np.where(f < 20_000.0, gain, 0.0)
    out = np.zeros(count, dtype=np.float32)
    if times.size == 0:
        return out
    growth = np.broadcast_to(np.asarray(rise, dtype=np.float32), times.shape)
    phase = rng.uniform(-0.4, 0.4, shape).astype(np.float32)
    longest = t60.max(axis=1)
    order = np.argsort(longest)
    for chunk in np.array_split(order, max(1, int(longest.sum() * SAMPLE_RATE * shape[1] / 4e6))):
        if chunk.size == 0:
            continue
        t = np.arange(max(frames(float(longest[chunk].max()) * 0.85), 8), dtype=np.float32) / np.float32(SAMPLE_RATE)
        bent = t + 0.5 * growth[chunk, None] * t * t if growth.any() else t[None, :]
        kernels = np.zeros((chunk.size, t.size), dtype=np.float32)
        for mode in range(shape[1]):
            decay = np.exp(np.float32(-T60) * t / t60[chunk, mode, None])
            swing = np.sin(np.float32(2 * np.pi) * f[chunk, mode, None] * bent + phase[chunk, mode, None])
            kernels += gain[chunk, mode, None] * decay * swing
        kernels *= np.minimum(t / np.float32(attack_s), 1.0) * (1.0 - np.linspace(0, 1, t.size, dtype=np.float32) ** 8)
        for kernel, time in zip(kernels, times[chunk], strict=True):
            add(out, float(time), kernel)
    return out


_MANY = 48


def bursts(
    count: int, times_s: ArrayLike, lengths_s: ArrayLike, gains: ArrayLike, attack: float = 0.04, curve: float = 4.0
) -> Signal:
    """Return the envelope of many short bursts, to be multiplied with a noise.

    Parameters
    ----------
    attack : float
        Share of each length in which it rises.
    curve : float
        How fast it falls: exp(−curve·t) over what is left, ending at zero.
    """
    times = np.atleast_1d(np.asarray(times_s, dtype=float))
    lengths = np.broadcast_to(np.asarray(lengths_s, dtype=float), times.shape)
    levels = np.broadcast_to(np.asarray(gains, dtype=float), times.shape)
    out = np.zeros(count, dtype=np.float32)
    sizes = np.maximum(np.round(lengths * SAMPLE_RATE), 4).astype(int)
    if times.size > _MANY:  # lengths within 4 % of each other share a curve
        sizes = np.maximum(2.0 ** (np.round(18.0 * np.log2(sizes)) / 18.0), 4).astype(int)
    curves: dict[int, Signal] = {}
    for time, size, gain in zip(times.tolist(), sizes.tolist(), levels.tolist(), strict=True):
        if size not in curves:
            u = np.linspace(0.0, 1.0, size, dtype=np.float32)
            rise = np.minimum(u / attack, 1.0)
            curves[size] = rise * np.exp(-curve * np.maximum(u - attack, 0.0)) * (1.0 - u) ** 0.5
        add(out, time, curves[size], gain)
    return out


def impulses(count: int, at_frames: ArrayLike, gains: ArrayLike) -> Signal:
    """Return impulses at fractional frames, each shared between its two neighbours."""
    at = np.asarray(at_frames, dtype=float)
    gain = np.broadcast_to(np.asarray(gains, dtype=float), at.shape)
    keep = (at >= 0) & (at < count - 1)
    low = at[keep].astype(int)
    u = at[keep] - low
    track = np.bincount(low, gain[keep] * (1 - u), count) + np.bincount(low + 1, gain[keep] * u, count)
    return track.astype(np.float32)


def bubbles(
    rng: Rng, count: int, duration_s: float, per_s: float, low_m: float, high_m: float, rising: float = 0.3
) -> Signal:
    """Return bubbles of air in water, radius in metres (van den Doel 2005, equations for f0, damping, rise)."""
    times = arrivals(rng, duration_s, per_s)
    radius = low_m * (high_m / low_m) ** (rng.random(times.size) ** 1.4)
    pitch = 3.0 / radius
    damping = 0.13 / radius + 0.0072 * radius**-1.5
    depth = rng.random(times.size) ** 3
    rise = np.where(rng.random(times.size) < rising, 0.1 * damping, 0.0)
    gain = (radius / high_m) ** 0.9 * (0.04 + depth)
    return struck(rng, count, times, pitch[:, None], (6.9 / damping)[:, None], gain[:, None], 0.0008, rise)


# --- place ---------------------------------------------------------------------------------------------------------


def in_place(
    rng: Rng,
    signal: Signal,
    t60_s: float = 0.25,
    wet_db: float = -12.0,
    first_ms: float = 6.0,
    shape: Shape | None = None,
) -> Signal:
    """Return the signal with a few early reflections and a short tail: slight, for the mixer adds the room.

    ``wet_db`` is the level of all reflections together, relative to the direct sound; ``shape`` filters the whole. The
    result is longer by t60.
    """
    kernel = room(rng, t60_s, first_ms) * np.float32(10.0 ** (wet_db / 20.0))
    kernel[0] += 1.0
    return convolved(signal, kernel, shape)


def room(rng: Rng, t60_s: float, first_ms: float) -> Signal:
    """Return what a place answers to one impulse, without the impulse itself: t60 long, its squares adding up to 1."""
    length = frames(t60_s)
    t = np.arange(length) / SAMPLE_RATE
    tail = rng.standard_normal(length) * np.exp(-T60 * t / t60_s) * (t > first_ms * 1.5e-3)
    kernel = tail / max(float(np.sqrt(np.sum(tail**2))), 1e-9)
    for order in range(5):
        at = int(first_ms * 1e-3 * (1.0 + 1.7 * order * rng.uniform(0.7, 1.3)) * SAMPLE_RATE)
        if at < length:
            kernel[at] += rng.choice([-1.0, 1.0]) * 0.5 * 0.75**order
    # Walls and air take the high notes first.
    answer = filtered(kernel.astype(np.float32), between(90.0, 5_000.0))
    return answer * np.float32(1.0 / max(float(np.sqrt(np.sum(answer**2))), 1e-9))


def stereo(make: Callable[[], Signal]) -> Samples:
    """Return two independent channels of the same making."""
    return np.stack([make(), make()])


def mirrored(signal: Signal) -> Samples:
    """Return a steady noise, forwards and backwards: two sides at the cost of one, for what is quiet beside others."""
    return np.stack([signal, signal[::-1]])


def widened(rng: Rng, sources: Sequence[tuple[Signal, float]], count: int) -> Samples:
    """Return sources placed by constant power at −1 (left) .. 1 (right), (2, count)."""
    out = np.zeros((2, count), dtype=np.float32)
    for signal, side in sources:
        angle = (np.clip(side, -1.0, 1.0) + 1.0) * np.pi / 4
        length = min(count, signal.size)
        late = int(rng.integers(8, 28) * abs(side))  # the far ear hears it a little later
        for channel, gain in enumerate((np.cos(angle), np.sin(angle))):
            shift = late if (side > 0) == (channel == 0) else 0
            out[channel, shift:length] += np.float32(gain) * signal[: length - shift]
    return out


def sequence(pieces: Sequence[tuple[float, Signal]], tail_s: float = 0.1) -> Signal:
    """Return pieces laid at their times, as long as is needed."""
    count = max(frames(at) + piece.size for at, piece in pieces) + frames(tail_s)
    out = np.zeros(count, dtype=np.float32)
    for at, piece in pieces:
        add(out, at, piece)
    return out


def mixed(*parts: tuple[float, Signal]) -> Signal:
    """Return the sum of parts, each at root mean square 1 times its level in dB; as long as the longest."""
    out = np.zeros(max(signal.size for _, signal in parts), dtype=np.float32)
    for level_db, signal in parts:
        level = rms(signal)
        if level > 0:
            out[: signal.size] += signal * np.float32(10.0 ** (level_db / 20.0) / level)
    return out
