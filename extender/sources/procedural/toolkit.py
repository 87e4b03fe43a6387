"""What the models are built from: slow controls, shaped noise, textures, struck and scattered grains, a small room.

All signals are mono float32 arrays of shape (frames,) at 48 kHz; stereo is two of them. Everything is NumPy and
``scipy.fft``: filters are shapes in the frequency domain, resonators are sums of damped sines.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import fft

from mixer.types import Samples

SAMPLE_RATE = 48_000

Signal = NDArray[np.float32]
"""Mono, (frames,)."""
Control = NDArray[np.float64]
"""A slow curve, or a table of them."""
Rng = np.random.Generator

THIRDS_HZ: Control = 1000.0 * 2.0 ** (np.arange(-14, 13) / 3)
"""Centres of 27 third-octave bands, 39 Hz..16 kHz (IEC 61260-1, base 2); tables of levels are given in these."""

_T60 = 6.907755  # ln(1000): exp(-_T60) is −60 dB
_FLOOR_DB = -90.0


def frames(seconds: float) -> int:
    """Return a duration in frames."""
    return round(seconds * SAMPLE_RATE)


# --- slow controls -------------------------------------------------------------------------------------------------


def wander(rng: Rng, count: int, rate_hz: float, low_hz: float, high_hz: float, slope: float = 0.5) -> Control:
    """Return a Gaussian random curve of mean 0 and deviation 1 whose amplitude spectrum falls as 1/f^slope.

    Parameters
    ----------
    count : int
        Points.
    rate_hz : float
        Points per second.
    low_hz, high_hz : float
        The band it moves in.
    slope : float
        0 = even within the band, 0.5 = pink, 1 = like a random walk.
    """
    slowest = min(int(4 * rate_hz / low_hz), 1 << 18)  # long enough to hold the slowest motion
    size = fft.next_fast_len(max(count, slowest), real=True)
    f = fft.rfftfreq(size, 1.0 / rate_hz)
    inside = (f >= low_hz) & (f <= high_hz) & (f > 0)
    if not inside.any():
        return np.full(count, rng.standard_normal())
    spectrum = np.zeros(f.size, dtype=np.complex128)
    spectrum[inside] = _gauss(rng, int(inside.sum())) * f[inside] ** -slope
    # Parseval: the deviation of the curve follows from the expected spectrum, so short pieces are not forced to 1.
    expected = np.sqrt(2.0 * np.sum(2.0 * f[inside] ** (-2.0 * slope))) / size
    curve: Control = fft.irfft(spectrum, size)[:count] / expected
    return curve


def glide(points: Sequence[tuple[float, float]], count: int) -> Control:
    """Return ``count`` values running smoothly through (position 0..1, value) points (half-cosine between them)."""
    position, value = np.array(points, dtype=float).T
    x = np.linspace(0.0, 1.0, count)
    left = np.clip(np.searchsorted(position, x, side="right") - 1, 0, position.size - 2)
    u = np.clip((x - position[left]) / np.maximum(position[left + 1] - position[left], 1e-9), 0.0, 1.0)
    return np.asarray(value[left] + (value[left + 1] - value[left]) * (0.5 - 0.5 * np.cos(np.pi * u)))


def stretched(control: ArrayLike, count: int) -> Signal:
    """Return a control interpolated linearly to ``count`` frames."""
    curve = np.asarray(control, dtype=np.float64)
    at = np.linspace(0.0, curve.size - 1.0, count)
    return np.interp(at, np.arange(curve.size), curve).astype(np.float32)


def arrivals(rng: Rng, duration_s: float, per_s: float, regularity: float = 0.0) -> Control:
    """Return times of events, in seconds: 0 = a Poisson process, towards 1 = ever more regular (gamma gaps)."""
    shape = 1.0 / max(1.0 - regularity, 0.01) ** 2
    count = int(duration_s * per_s + 6.0 * np.sqrt(duration_s * per_s) + 8)
    gaps = rng.gamma(shape, 1.0 / (per_s * shape), count)
    times = np.cumsum(gaps) - rng.random() * gaps[0]
    return np.asarray(times[times < duration_s])


# --- shapes in the frequency domain --------------------------------------------------------------------------------


def _gauss(rng: Rng, count: int) -> NDArray[np.complex128]:
    return np.asarray(rng.standard_normal(count) + 1j * rng.standard_normal(count))


def band(f: Control, low_hz: float, high_hz: float, order: int = 2) -> Control:
    """Return the magnitude of a band-pass with Butterworth sides; ``low_hz`` 0 or ``high_hz`` inf leave a side open.

    The upper side falls twice as steeply as the lower: so do the sounds of the world, with all that swallows high notes.
    """
    with np.errstate(divide="ignore", over="ignore"):
        below = 1.0 + (low_hz / np.maximum(f, 1e-3)) ** (2 * order) if low_hz > 0 else np.ones_like(f)
        above = 1.0 + (f / high_hz) ** (4 * order)
    return np.asarray(1.0 / np.sqrt(below * above))


def peak(f: Control, centre_hz: float, q: float) -> Control:
    """Return the magnitude of a resonance, 1 at its centre."""
    x = np.maximum(f, 1e-3) / centre_hz
    return np.asarray(1.0 / np.sqrt(1.0 + q * q * (x - 1.0 / x) ** 2))


def thirds(f: Control, levels_db: Sequence[float], tilt_db: float = 0.0) -> Control:
    """Return the magnitude that gives white noise these third-octave levels (27 of them, in dB, THIRDS_HZ).

    A band's power is its density times its width, and the width grows with f: hence the 10·lg f that is taken off.
    ``tilt_db`` is added per octave above 1 kHz, taken off below.
    """
    octaves = np.log2(THIRDS_HZ / 1000.0)
    density_db = np.asarray(levels_db) - 10.0 * np.log10(THIRDS_HZ) + tilt_db * octaves
    level = np.interp(np.log2(np.maximum(f, 1.0) / 1000.0), octaves, density_db)
    beyond = np.maximum(np.log2(np.maximum(f, 1.0) / THIRDS_HZ[-1]), 0.0) + np.maximum(
        np.log2(THIRDS_HZ[0] / np.maximum(f, 1.0)), 0.0
    )
    return np.asarray(10.0 ** ((level - 24.0 * beyond) / 20.0))


Shape = Callable[[Control], Control]
"""Frequencies in Hz → magnitudes."""


def noise(rng: Rng, count: int, shape: Shape) -> Signal:
    """Return Gaussian noise of that magnitude, root mean square 1."""
    size = fft.next_fast_len(max(count, 64), real=True)
    gain = on_grid(shape, size)
    gain[0] = 0.0
    white = rng.standard_normal(2 * gain.size, dtype=np.float32).view(np.complex64)
    return unit(fft.irfft(white * gain, size)[:count])


def filtered(signal: Signal, shape: Shape, tail_s: float = 0.02) -> Signal:
    """Return the signal with its spectrum shaped (zero phase), same length; ``tail_s`` keeps the ends apart."""
    size = fft.next_fast_len(signal.size + frames(tail_s), real=True)
    spectrum = fft.rfft(signal.astype(np.float32, copy=False), size) * on_grid(shape, size)
    return np.asarray(fft.irfft(spectrum, size)[: signal.size], dtype=np.float32)


def convolved(signal: Signal, kernel: Signal, shape: Shape | None = None) -> Signal:
    """Return the full linear convolution, (signal + kernel − 1) frames, filtered by ``shape`` on the way."""
    count = signal.size + kernel.size - 1
    size = fft.next_fast_len(count, real=True)
    spectrum = fft.rfft(signal.astype(np.float32, copy=False), size) * fft.rfft(kernel.astype(np.float32, copy=False), size)
    if shape is not None:
        spectrum *= on_grid(shape, size)
    return np.asarray(fft.irfft(spectrum, size)[:count], dtype=np.float32)


def on_grid(shape: Shape, size: int) -> Signal:
    """Return a shape on the frequencies of a transform of that size.

    It is worked out on 1.5 Hz steps at the finest and interpolated: no shape here is narrower.
    """
    points = size // 2 + 1
    if points <= 1 << 14:
        return shape(fft.rfftfreq(size, 1.0 / SAMPLE_RATE)).astype(np.float32)
    coarse = np.linspace(0.0, SAMPLE_RATE / 2, (1 << 14) + 1)
    return np.interp(np.linspace(0.0, SAMPLE_RATE / 2, points), coarse, shape(coarse)).astype(np.float32)


def unit(signal: NDArray[np.floating]) -> Signal:
    """Return the signal at root mean square 1 (silence stays silent)."""
    rms = float(np.sqrt(np.mean(np.square(signal, dtype=np.float64))))
    return np.asarray(signal / rms if rms > 0 else signal, dtype=np.float32)


# --- textures ------------------------------------------------------------------------------------------------------

HOP = 512
"""Frames between two spectra of a texture: 10.7 ms."""


def spectra_count(count: int, hop: int = HOP) -> int:
    """Return how many spectra :func:`sculpted` overlaps for that many frames."""
    return count // hop + 2


def sculpted(rng: Rng, count: int, levels_db: Control, centres_hz: Control, hop: int = HOP) -> Signal:
    """Return noise whose spectral density follows a table of levels in time.

    Independent noise spectra under half-overlapping sine windows: their squares sum to one, so a constant table gives
    stationary noise (the random-phase short-time synthesis of Griffin & Lim's kind of overlap-add).

    Parameters
    ----------
    levels_db : (spectra, bands)
        Density in dB at each of ``spectra_count(count, hop)`` moments (fewer or more are interpolated).
    centres_hz : (bands,)
    """
    moments = spectra_count(count, hop)
    table = np.asarray(levels_db, dtype=np.float32)
    if table.shape[0] != moments:
        at = np.linspace(0, table.shape[0] - 1, moments)
        low = np.minimum(at.astype(int), table.shape[0] - 2) if table.shape[0] > 1 else np.zeros(moments, dtype=int)
        u = (at - low).astype(np.float32)[:, None]
        table = table[low] * (1 - u) + table[np.minimum(low + 1, table.shape[0] - 1)] * u
    f = fft.rfftfreq(2 * hop, 1.0 / SAMPLE_RATE)
    position = np.interp(np.log2(np.maximum(f, 10.0)), np.log2(centres_hz), np.arange(centres_hz.size))
    low = np.minimum(position.astype(int), centres_hz.size - 2)
    u = (position - low).astype(np.float32)
    gain = np.exp(np.float32(np.log(10.0) / 20.0) * (table[:, low] * (1 - u) + table[:, low + 1] * u))
    gain[:, 0] = 0.0
    white = rng.standard_normal((moments, 2 * f.size), dtype=np.float32).view(np.complex64)
    window = np.sin(np.pi * (np.arange(2 * hop) + 0.5) / (2 * hop)).astype(np.float32)
    pieces = fft.irfft(white * gain, 2 * hop, axis=1) * window * np.float32(np.sqrt(hop))
    out = np.zeros((moments + 1, hop), dtype=np.float32)
    out[:-1] += pieces[:, :hop]
    out[1:] += pieces[:, hop:]
    return out.ravel()[hop : hop + count]


def texture(
    rng: Rng,
    count: int,
    levels_db: Sequence[float],
    *,
    depth_db: float | Sequence[float] = 1.5,
    common: float = 0.6,
    low_hz: float = 0.3,
    high_hz: float = 30.0,
    slope: float = 0.4,
    motion_db: Control | None = None,
    tilt_db: float = 0.0,
) -> Signal:
    """Return a noise texture: measured third-octave levels, moving band by band and together.

    The log-envelope of each band is a Gaussian curve: a share ``common`` of its variance is the same in all bands (this
    is what makes a texture one thing instead of many hisses: McDermott & Simoncelli 2011), the rest is shared with
    neighbours only.

    Parameters
    ----------
    levels_db : 27 levels in THIRDS_HZ
    depth_db : float or 27 floats
        Deviation of the log-envelopes.
    low_hz, high_hz, slope
        The modulation spectrum, as for :func:`wander`.
    motion_db : (moments, 27) or (moments, 1), optional
        A slow motion on top of it (waves, gusts, passing cars).
    """
    moments = spectra_count(count)
    rate = SAMPLE_RATE / HOP
    bands = THIRDS_HZ.size
    depth = np.broadcast_to(np.asarray(depth_db, dtype=float), (bands,))
    together = wander(rng, moments, rate, low_hz, high_hz, slope)
    knots = np.stack([wander(rng, moments, rate, low_hz, high_hz, slope) for _ in range(10)], axis=1)
    at = np.linspace(0, 9, bands)
    low = np.minimum(at.astype(int), 8)
    u = at - low
    apart = (knots[:, low] * (1 - u) + knots[:, low + 1] * u) / np.sqrt((1 - u) ** 2 + u**2)
    density = np.asarray(levels_db) - 10.0 * np.log10(THIRDS_HZ) + tilt_db * np.log2(THIRDS_HZ / 1000.0)
    table = density + depth * (np.sqrt(common) * together[:, None] + np.sqrt(1.0 - common) * apart)
    if motion_db is not None:
        rows = np.linspace(0, motion_db.shape[0] - 1, moments)
        columns = [np.interp(rows, np.arange(motion_db.shape[0]), column) for column in motion_db.T]
        table = table + np.stack(columns, axis=1)
    return unit(sculpted(rng, count, np.maximum(table - table.max(), _FLOOR_DB), THIRDS_HZ))


# --- grains --------------------------------------------------------------------------------------------------------


def add(into: Signal, at_s: float, piece: NDArray[np.floating], gain: float = 1.0) -> None:
    """Add a piece at a time, in place; what sticks out at either end is dropped."""
    start = round(at_s * SAMPLE_RATE)
    skip = max(-start, 0)
    stop = min(into.size - start, piece.size)
    if stop > skip:
        into[start + skip : start + stop] += (piece[skip:stop] * gain).astype(np.float32)


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
            decay = np.exp(np.float32(-_T60) * t / t60[chunk, mode, None])
            swing = np.sin(np.float32(2 * np.pi) * f[chunk, mode, None] * bent + phase[chunk, mode, None])
            kernels += gain[chunk, mode, None] * decay * swing
        kernels *= np.minimum(t / np.float32(attack_s), 1.0) * (1.0 - np.linspace(0, 1, t.size, dtype=np.float32) ** 8)
        for kernel, time in zip(kernels, times[chunk], strict=True):
            add(out, float(time), kernel)
    return out


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
    for time, length, gain in zip(times, lengths, levels, strict=True):
        u = np.linspace(0.0, 1.0, max(frames(float(length)), 4), dtype=np.float32)
        rise = np.minimum(u / attack, 1.0)
        add(out, float(time), rise * np.exp(-curve * np.maximum(u - attack, 0.0)) * (1.0 - u) ** 0.5, float(gain))
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
    length = frames(t60_s)
    t = np.arange(length) / SAMPLE_RATE
    tail = rng.standard_normal(length) * np.exp(-_T60 * t / t60_s) * (t > first_ms * 1.5e-3)
    kernel = tail / max(float(np.sqrt(np.sum(tail**2))), 1e-9)
    for order in range(5):
        at = int(first_ms * 1e-3 * (1.0 + 1.7 * order * rng.uniform(0.7, 1.3)) * SAMPLE_RATE)
        if at < length:
            kernel[at] += rng.choice([-1.0, 1.0]) * 0.5 * 0.75**order
    # Walls and air take the high notes first.
    kernel = filtered(kernel.astype(np.float32), lambda f: band(f, 90.0, 5_000.0, 1))
    kernel *= np.float32(10.0 ** (wet_db / 20.0) / max(float(np.sqrt(np.sum(kernel**2))), 1e-9))
    kernel[0] += 1.0
    return convolved(signal, kernel, shape)


def stereo(make: Callable[[], Signal]) -> Samples:
    """Return two independent channels of the same making."""
    return np.stack([make(), make()])


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


def laid(count: int, pieces: Sequence[tuple[float, Signal]]) -> Signal:
    """Return pieces laid on a line of silence at their times in seconds."""
    out = np.zeros(count, dtype=np.float32)
    for at_s, piece in pieces:
        add(out, at_s, piece)
    return out


def mixed(*parts: tuple[float, Signal]) -> Signal:
    """Return the sum of parts, each brought to root mean square 1 and then to its level in dB. As long as the longest."""
    out = np.zeros(max(signal.size for _, signal in parts), dtype=np.float32)
    for level_db, signal in parts:
        out[: signal.size] += unit(signal) * np.float32(10.0 ** (level_db / 20.0))
    return out
