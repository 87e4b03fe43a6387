"""What the models are built from: slow controls, shaped noise, textures (and, in grains.py, what is struck).

All signals are mono float32 arrays of shape (frames,) at 48 kHz; stereo is two of them. Everything is NumPy and
``scipy.fft``: filters are shapes in the frequency domain, resonators are sums of damped sines.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import fft

SAMPLE_RATE = 48_000

Signal = NDArray[np.float32]
"""Mono, (frames,)."""
Control = NDArray[np.float64]
"""A slow curve, or a table of them."""
Rng = np.random.Generator

THIRDS_HZ: Control = 1000.0 * 2.0 ** (np.arange(-14, 13) / 3)
"""Centres of 27 third-octave bands, 39 Hz..16 kHz (IEC 61260-1, base 2); tables of levels are given in these."""

T60 = 6.907755
"""ln(1000): exp(−T60·t/t60) is 60 dB down at t60."""
_FLOOR_DB = -90.0


class Dice(np.random.Generator):
    """Randomness of one take; ``individual`` is the same for all takes of one dog, one bell, one pair of shoes."""

    def __init__(self, individual: Sequence[int], take: Sequence[int]) -> None:
        super().__init__(np.random.PCG64(list(take)))
        self.individual = np.random.default_rng(list(individual))


def own(rng: Rng) -> Rng:
    """Return the randomness for what belongs to the individual: its size, its pitch, its song."""
    return rng.individual if isinstance(rng, Dice) else rng


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


_STEP = 32
"""Frames between the knots of stretched controls: 0.7 ms."""


def stretched(control: ArrayLike, count: int) -> Signal:
    """Return a control interpolated linearly to ``count`` frames.

    Controls that move slowly are first brought onto knots 32 frames apart: what lies between is one outer product.
    """
    curve = np.asarray(control, dtype=np.float64)
    pace = (curve.size - 1.0) / max(count - 1, 1)
    if pace * _STEP > 0.5 or count < 4 * _STEP:
        at = np.arange(count) * pace
        return np.asarray(np.interp(at, np.arange(curve.size), curve), dtype=np.float32)
    spans = -(-count // _STEP)
    knots = np.interp(np.arange(spans + 1) * (_STEP * pace), np.arange(curve.size), curve).astype(np.float32)
    ramp = np.arange(_STEP, dtype=np.float32) / np.float32(_STEP)
    out = np.diff(knots)[:, None] * ramp
    out += knots[:-1, None]
    return np.asarray(out.ravel()[:count])


def circling(phase: NDArray[np.floating]) -> NDArray[np.complex64]:
    """Return exp(i·phase) for phases in radians: its powers are the harmonics."""
    turns = phase * (1.0 / (2.0 * np.pi))
    turns -= np.floor(turns)
    angle = (turns * (2.0 * np.pi)).astype(np.float32)
    out = np.empty(angle.shape, dtype=np.complex64)
    np.cos(angle, out=out.real)
    np.sin(angle, out=out.imag)
    return out


def arrivals(rng: Rng, duration_s: float, per_s: float, regularity: float = 0.0) -> Control:
    """Return times of events, in seconds: 0 = a Poisson process, towards 1 = ever more regular (gamma gaps)."""
    shape = 1.0 / max(1.0 - regularity, 0.01) ** 2
    count = int(duration_s * per_s + 6.0 * np.sqrt(duration_s * per_s) + 8)
    gaps = rng.gamma(shape, 1.0 / (per_s * shape), count)
    times = np.cumsum(gaps) - rng.random() * gaps[0]
    return np.asarray(times[times < duration_s])


# --- shapes in the frequency domain --------------------------------------------------------------------------------


def _random_spectrum(rng: Rng, shape: tuple[int, ...]) -> NDArray[np.complex64]:
    """Return white noise's spectrum, deviation 1 in each part.

    The parts are drawn evenly, not from a normal distribution: four times faster, and the signal, a sum of very many of
    them, is Gaussian all the same (central limit theorem).
    """
    even = rng.random((*shape[:-1], 2 * shape[-1]), dtype=np.float32)
    even -= np.float32(0.5)
    even *= np.float32(np.sqrt(12.0))
    return even.view(np.complex64)


def _gauss(rng: Rng, count: int) -> NDArray[np.complex128]:
    return np.asarray(rng.standard_normal(count) + 1j * rng.standard_normal(count))


def band(f: Control, low_hz: float, high_hz: float, order: int = 2) -> Control:
    """Return the magnitude of a band-pass with Butterworth sides; ``low_hz`` 0 or ``high_hz`` inf leave a side open.

    The upper side falls twice as steeply as the lower, as with most sounds of the world: much swallows high notes.
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


def between(low_hz: float, high_hz: float) -> Shape:
    """Return a gentle band-pass."""
    return lambda f: band(f, low_hz, high_hz, 1)


def around(centre_hz: float, q: float, power: float = 1.0) -> Shape:
    """Return a resonance; a ``power`` above 1 makes its skirts steeper."""
    return lambda f: peak(f, centre_hz, q) ** power


def noise(rng: Rng, count: int, shape: Shape) -> Signal:
    """Return Gaussian noise of that magnitude, root mean square 1."""
    size = fft.next_fast_len(max(count, 64), real=True)
    gain = on_grid(shape, size)
    gain[0] = 0.0
    return unit(fft.irfft(_random_spectrum(rng, (gain.size,)) * gain, size)[:count])


def filtered(signal: Signal, shape: Shape, tail_s: float = 0.02) -> Signal:
    """Return the signal with its spectrum shaped (zero phase), same length; ``tail_s`` keeps the ends apart."""
    size = fft.next_fast_len(signal.size + frames(tail_s), real=True)
    spectrum = fft.rfft(signal.astype(np.float32, copy=False), size) * on_grid(shape, size)
    return np.asarray(fft.irfft(spectrum, size)[: signal.size], dtype=np.float32)


_REACH = 2_048
"""Frames after which the response of a gentle shape has died away: 43 ms."""


def convolved(signal: Signal, kernel: Signal, shape: Shape | None = None) -> Signal:
    """Return the full linear convolution, (signal + kernel − 1) frames, filtered by ``shape`` on the way."""
    signal, kernel = signal.astype(np.float32, copy=False), kernel.astype(np.float32, copy=False)
    count = signal.size + kernel.size - 1
    if signal.size > 3 * kernel.size and shape is None:
        return _in_blocks(signal, kernel)
    if signal.size > 3 * kernel.size and shape is not None:
        # The shape has no phase: it reaches as far back as forward, so the kernel gets room on both sides.
        size = fft.next_fast_len(kernel.size + 2 * _REACH, real=True)
        around_it = np.pad(kernel, (_REACH, size - kernel.size - _REACH))
        shaped = fft.irfft(fft.rfft(around_it) * on_grid(shape, size), size)
        return _in_blocks(signal, shaped)[_REACH : _REACH + count]
    size = fft.next_fast_len(count, real=True)
    spectrum = fft.rfft(signal, size) * fft.rfft(kernel, size)
    if shape is not None:
        spectrum *= on_grid(shape, size)
    return np.asarray(fft.irfft(spectrum, size)[:count], dtype=np.float32)


def _in_blocks(signal: Signal, kernel: Signal) -> Signal:
    """Convolve block by block (overlap-add), what is transformed at a time small enough for the processor's cache."""
    size = max(1 << (2 * kernel.size - 1).bit_length(), 1 << 14)
    step = size - kernel.size + 1
    if size > 1 << 15:
        response = fft.rfft(kernel, size)
        whole = np.zeros(signal.size + size, dtype=np.float32)
        for at in range(0, signal.size, step):
            spectrum = fft.rfft(signal[at : at + step], size)
            spectrum *= response
            whole[at : at + size] += fft.irfft(spectrum, size, overwrite_x=True)[: whole.size - at]
        return whole[: signal.size + kernel.size - 1]
    blocks = -(-signal.size // step)
    padded = np.zeros(blocks * step, dtype=np.float32)
    padded[: signal.size] = signal
    pieces = fft.irfft(fft.rfft(padded.reshape(blocks, step), size, axis=1) * fft.rfft(kernel, size), size, axis=1)
    out = np.zeros(blocks * step + kernel.size - 1, dtype=np.float32)
    for number, piece in enumerate(pieces):
        out[number * step : number * step + size] += piece
    return out[: signal.size + kernel.size - 1]


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
    level = rms(signal)
    return np.asarray(signal * np.float32(1.0 / level) if level > 0 else signal, dtype=np.float32)


def rms(signal: NDArray[np.floating]) -> float:
    """Return the root mean square of a signal of any shape, 0 for an empty one."""
    flat = np.ascontiguousarray(signal).ravel()
    if flat.size == 0:
        return 0.0
    whole = flat.size - flat.size % 4_096
    parts = flat[:whole].reshape(-1, 4_096)  # short sums in single precision, their sum in double
    power = float(np.einsum("ij,ij->i", parts, parts).sum(dtype=np.float64))
    rest = flat[whole:].astype(np.float64)
    return float(np.sqrt((power + float(rest @ rest)) / flat.size))


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
    u = position - low
    spread = np.zeros((centres_hz.size, f.size))  # linear interpolation between the bands, as a matrix
    spread[low, np.arange(f.size)] = 1.0 - u
    spread[low + 1, np.arange(f.size)] = u
    gain = table @ (spread * (np.log(10.0) / 20.0)).astype(np.float32)
    np.exp(gain, out=gain)
    gain[:, 0] = 0.0
    spectra = _random_spectrum(rng, gain.shape)
    spectra *= gain
    window = np.sqrt(hop) * np.sin(np.pi * (np.arange(2 * hop) + 0.5) / (2 * hop))
    pieces = fft.irfft(spectra, 2 * hop, axis=1, overwrite_x=True)
    pieces *= window.astype(np.float32)
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


def whistling(rng: Rng, count: int, centre_hz: Control, level_db: Control, width_octaves: float = 0.05) -> Signal:
    """Return noise in a narrow band that moves: wind round an edge, air in a narrowing pipe."""
    centres = np.geomspace(float(centre_hz.min()) / 1.6, float(centre_hz.max()) * 1.6, 90)
    away = np.log2(centres[None, :] / centre_hz[:, None]) / width_octaves
    table = np.maximum(level_db[:, None] - 5.0 * away**2, -90.0)
    table[:, [0, -1]] = -90.0  # the outermost level goes on to both ends of the spectrum
    return sculpted(rng, count, table, centres)
