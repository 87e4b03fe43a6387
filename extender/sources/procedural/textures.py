"""Textures from measured statistics, without an end: noise in bands whose envelopes move as those of recordings do.

The statistics are those of McDermott & Simoncelli (*Neuron* 71, 2011): levels of ERB bands, how the envelope of each is
distributed, how fast it moves, and how the bands move together; beside them the slow motion that these leave out, and
what beats regularly (rotors, pistons). A Gaussian process of the measured modulation spectra and correlations is mapped
through the measured quantiles (a Gaussian copula), multiplied with noise in each band, and laid on the spectrum.

All is done at rates as low as a band allows: a band W Hz wide needs W complex samples a second.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from functools import cache
from itertools import count as counted
from itertools import pairwise
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from extender.sources.procedural.toolkit import SAMPLE_RATE, Control, Rng, wander
from mixer.types import Samples

Singles = NDArray[np.float32]

BANDS = 36
EDGES_ERB = 0.7835 + 1.1133 * np.arange(BANDS + 2)
"""ERB rates of 20 Hz, of the centres of the 36 bands (52 Hz..18 kHz), and of 20.6 kHz."""
EDGES_HZ = (10.0 ** (EDGES_ERB / 21.4) - 1.0) / 0.00437  # Glasberg & Moore 1990
CENTRES_HZ = EDGES_HZ[1:-1]

PROBABILITIES = np.array([0.005, 0.02, 0.06, 0.15, 0.3, 0.5, 0.7, 0.85, 0.94, 0.98, 0.995, 0.999])
"""Where the distribution of an envelope is known."""
MODULATION_HZ = 0.5 * 2.0 ** (np.arange(18) / 2)
"""Centres of half-octave bands of modulation, 0.5..181 Hz."""
QUICK_HZ = 8.0
"""Above this modulation frequency bands have correlations of their own."""
PHASES = 16
"""Points on one cycle of what beats regularly."""
FINE = 384
FINE_HZ = np.geomspace(40.0, 18_000.0, FINE)
"""Where the fine structure of the spectrum is known: 44 points an octave."""
AT_ONCE = 20_000.0
"""Release in dB/s above which an envelope falls as it likes."""
EAR_DISTANCE_M = 0.2
SHARED_MOTION_HZ = 4.0
"""Both sides move together below this modulation frequency (seven tenths of the power) and apart above it."""
SHARED = 0.7

_HOP = 64
_RATE = SAMPLE_RATE / _HOP
_BLOCK = 32_768
_STEP = _BLOCK * 3 // 4
_FADE = _BLOCK - _STEP
_FRAME = 4_096
"""Envelope points in one frame of the Gaussian process: 5.5 s, its lowest frequency 0.18 Hz."""
_Z = np.linspace(-3.6, 3.6, 145)
_GRID = np.arange(1, int(200.0 / _RATE * _FRAME))


@dataclass(frozen=True, slots=True)
class Texture:
    """The statistics of one texture.

    Attributes
    ----------
    levels_db : (36,) float
        Power of the bands.
    quantiles_db : (36, 12) float
        Gain of a band's envelope at `PROBABILITIES`, rising.
    modulation : (36, 18) float
        Shares of the variance of a band's envelope in `MODULATION_HZ`; each row sums to 1.
    slow_correlation, quick_correlation : (36, 36) float
        Between the bands' envelopes, below and above 8 Hz of modulation.
    slow_db : (36,) float
        Deviation of the bands' levels in the motion below 0.5 Hz.
    fine_db : (384,) float
        What the spectrum has over its bands, at `FINE_HZ`.
    beat_hz : (1,) float
        How often something beats regularly; 0 = nothing does.
    beat_db : (36, 16) float
        Gain of the bands along one beat.
    release_db_s : (36,) float
        How fast an envelope may fall: what cracks or drips is there at once and dies away. `AT_ONCE` = as it rises.
    grain_rate : (1,) float
        Single cracks a second; 0 = there are none.
    grain_db : (36,) float
        Energy of a middling crack in each band, relative to that of one second between them.
    grain_slope : (36,) float
        By how many dB it is more in a crack that is louder by one dB.
    grain_quantiles_db : (12,) float
        How loud cracks are, at `PROBABILITIES`, against a middling one.
    grain_decay_s : (36,) float
        How long the energy of a crack takes to fall to 1/e.
    """

    levels_db: Control
    quantiles_db: Control
    modulation: Control
    slow_correlation: Control
    quick_correlation: Control
    slow_db: Control
    fine_db: Control
    beat_hz: Control
    beat_db: Control
    release_db_s: Control
    grain_rate: Control
    grain_db: Control
    grain_slope: Control
    grain_quantiles_db: Control
    grain_decay_s: Control


def blended(textures: Sequence[Texture], weights: Sequence[float]) -> Texture:
    """Return the statistics between several textures; of beats, the average of those that have one."""
    share = np.asarray(weights, dtype=float) / np.sum(weights)
    mean = {
        field.name: np.tensordot(share, np.stack([getattr(t, field.name) for t in textures]), 1)
        for field in fields(Texture)
    }
    mean["release_db_s"] = np.exp(np.tensordot(share, np.log(np.stack([t.release_db_s for t in textures])), 1))
    beating = np.array([float(t.beat_hz[0]) for t in textures])
    if (share * (beating > 0)).sum() > 0:
        mean["beat_hz"] = np.array([np.average(beating[beating > 0], weights=share[beating > 0])])
    return Texture(**mean)


# --- envelopes -----------------------------------------------------------------------------------------------------


def _normal(rng: Rng, shape: tuple[int, ...]) -> NDArray[np.complex64]:
    """Return complex Gaussian numbers of unit power."""
    pairs = rng.standard_normal((*shape[:-1], 2 * shape[-1]), dtype=np.float32)
    pairs *= np.float32(np.sqrt(0.5))
    return pairs.view(np.complex64)


def _rooted(correlation: Control) -> Singles:
    """Return R with R·Rᵀ = the correlation, made positive where measurement left it indefinite; rows of unit power."""
    value, vector = np.linalg.eigh(correlation)
    root = vector * np.sqrt(np.maximum(value, 1e-4))
    return np.asarray(root / np.linalg.norm(root, axis=1, keepdims=True), dtype=np.float32)


def _amplitudes(modulation: Control) -> Singles:
    """Return the amplitude of each frequency of a frame of the process, (36, frequencies); squares sum to 1."""
    f = _GRID * (_RATE / _FRAME)
    at = np.clip(np.log2(f / MODULATION_HZ[0]) * 2, 0, MODULATION_HZ.size - 1)
    low = np.minimum(at.astype(int), MODULATION_HZ.size - 2)
    density = modulation / MODULATION_HZ
    power = density[:, low] * (1 - (at - low)) + density[:, low + 1] * (at - low)
    power *= np.minimum(f / 0.4, 1.0) ** 2  # what is slower belongs to the slow motion
    return np.asarray(np.sqrt(power / np.maximum(power.sum(axis=1, keepdims=True), 1e-12)), dtype=np.float32)


def _process(texture: Texture, rng: Rng, channels: int) -> Iterator[Singles]:
    """Yield the Gaussian process, (channels, 36, 2048) at 750 Hz, mean 0 and deviation 1."""
    amplitude = _amplitudes(texture.modulation)
    f = _GRID * (_RATE / _FRAME)
    cut = int(np.searchsorted(f, QUICK_HZ))
    slow, quick = _rooted(texture.slow_correlation), _rooted(texture.quick_correlation)
    common = np.sqrt(SHARED / (1.0 + (f / SHARED_MOTION_HZ) ** 2)).astype(np.float32)
    apart = np.sqrt(1.0 - common**2)
    window = np.sin(np.pi * (np.arange(_FRAME) + 0.5) / _FRAME).astype(np.float32)
    half = _FRAME // 2
    tail: Singles | None = None
    while True:
        white = _normal(rng, (channels, BANDS, f.size))
        if channels > 1:
            white = common * _normal(rng, (1, BANDS, f.size)) + apart * white
        spectrum = np.zeros((channels, BANDS, half + 1), dtype=np.complex64)
        spectrum[..., _GRID[:cut]] = slow @ white[..., :cut]
        spectrum[..., _GRID[cut:]] = quick @ white[..., cut:]
        spectrum[..., _GRID] *= amplitude * np.float32(_FRAME / np.sqrt(2.0))
        # A complex number of unit power at one frequency is a wave of power 2/N²; the squared windows add up to one.
        frame = fft.irfft(spectrum, _FRAME, axis=-1) * window
        if tail is not None:
            yield frame[..., :half] + tail
        tail = frame[..., half:]


def _tables(texture: Texture) -> tuple[Singles, Singles]:
    """Return the amplitude of each band's envelope at the values `_Z` of the process, (36, 145), mean square 1."""
    at = np.array([NormalDist().inv_cdf(float(p)) for p in PROBABILITIES])
    table = np.stack([np.interp(_Z, at, row) for row in texture.quantiles_db])
    # Beyond the outermost quantiles it goes on as steeply as between the last two, but by no more than 9 dB.
    q = texture.quantiles_db
    for beyond, slope, end in (
        (np.minimum(_Z - at[0], 0.0), (q[:, 1] - q[:, 0]) / (at[1] - at[0]), -9.0),
        (np.maximum(_Z - at[-1], 0.0), (q[:, -1] - q[:, -2]) / (at[-1] - at[-2]), 9.0),
    ):
        more = beyond[None, :] * slope[:, None]
        table += np.maximum(more, end) if end < 0 else np.minimum(more, end)
    amplitude = 10.0 ** (table / 20.0)
    weight = np.exp(-0.5 * _Z**2)
    power = (amplitude**2 @ weight) / weight.sum()
    amplitude /= np.sqrt(power)[:, None]
    beat = 10.0 ** (texture.beat_db / 20.0)
    beat /= np.sqrt(np.mean(beat**2, axis=1, keepdims=True))
    return amplitude.astype(np.float32), beat.astype(np.float32)


def _looked_up(table: Singles, z: Singles) -> Singles:
    """Return a table's rows (bands, points) at the values z (channels, bands, n)."""
    at = np.clip((z - np.float32(_Z[0])) * np.float32(1.0 / (_Z[1] - _Z[0])), 0.0, _Z.size - 1.001)
    low = at.astype(np.int32)
    u = at - low
    low += (np.arange(table.shape[0], dtype=np.int32) * _Z.size)[:, None]
    flat = table.ravel()
    return np.asarray(flat[low] * (1 - u) + flat[low + 1] * u)


def _beating(texture: Texture, beat: Singles, rng: Rng, points: int, phase: float) -> tuple[Singles, float]:
    """Return the gain of the bands along the beats, (36, points), and the phase after them, in cycles."""
    rate = float(texture.beat_hz[0]) * (1.0 + 0.004 * wander(rng, points, _RATE, 0.5, 6.0))
    cycles = phase + np.cumsum(rate) / _RATE
    at = (cycles % 1.0) * PHASES
    low = at.astype(int) % PHASES
    u = (at - at.astype(int)).astype(np.float32)
    return np.asarray(beat[:, low] * (1 - u) + beat[:, (low + 1) % PHASES] * u), float(cycles[-1] % 1.0)


def _envelopes(texture: Texture, rng: Rng, channels: int, motion: Iterator[Control]) -> Iterator[Singles]:
    """Yield the bands' gains, (channels, 36, 2048) at 750 Hz, mean square 1 but for the slow motion."""
    table, beat = _tables(texture)
    level = 10.0 ** (texture.levels_db / 20.0)
    level = (level / np.sqrt(np.sum(level**2))).astype(np.float32)[:, None]
    slow_db = (texture.slow_db * np.log(10.0) / 20.0).astype(np.float32)
    phase = float(rng.random())
    held = np.flatnonzero(texture.release_db_s < AT_ONCE)
    fall = (texture.release_db_s[held] / _RATE * np.log(10.0) / 20.0).astype(np.float32)[:, None]
    last = np.full((channels, held.size, 1), -30.0, dtype=np.float32)
    for z in _process(texture, rng, channels):
        gain = _looked_up(table, z)
        if held.size:
            ramp = fall * np.arange(1, z.shape[-1] + 1, dtype=np.float32)
            dying = np.concatenate([last, np.log(gain[:, held] + np.float32(1e-9)) + ramp], axis=-1)
            dying = np.maximum.accumulate(dying, axis=-1)[..., 1:] - ramp
            gain[:, held], last = np.exp(dying), dying[..., -1:]
        gain *= level
        if texture.beat_hz[0] > 0:
            beats, phase = _beating(texture, beat, rng, z.shape[-1], phase)
            gain *= beats
        moved = np.atleast_2d(next(motion)).astype(np.float32)
        knots = np.exp(slow_db[:, None] * moved)
        steps = z.shape[-1] // (moved.shape[1] - 1)
        u = np.arange(steps, dtype=np.float32) / steps
        line = knots[:, :-1, None] * (1 - u) + knots[:, 1:, None] * u
        gain *= line.reshape(BANDS, -1)
        yield gain


# --- motion --------------------------------------------------------------------------------------------------------

MOTION_RATE = _RATE / (_FRAME // 2) * 32
"""Points a second of the slow motion: 11.7."""


def wandering(rng: Rng, low_hz: float = 0.05, high_hz: float = 0.5, slope: float = 0.7) -> Iterator[Control]:
    """Yield a slow Gaussian motion of mean 0 and deviation 1 in pieces of 33 points at `MOTION_RATE`, ends shared."""
    size = int(8 * MOTION_RATE / low_hz) // 64 * 64
    window = np.sin(np.pi * (np.arange(size) + 0.5) / size)
    tail: Control | None = None
    last = np.empty(0)
    while True:
        frame = wander(rng, size, MOTION_RATE, low_hz, high_hz, slope) * window
        if tail is not None:
            curve = np.concatenate([last, frame[: size // 2] + tail])
            pieces = (curve.size - 1) // 32
            for k in range(pieces):
                yield curve[32 * k : 32 * k + 33]
            last = curve[32 * pieces :]
        tail = frame[size // 2 :]


# --- noise in bands ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Group:
    """Bands with the same number of samples in a block."""

    bands: NDArray[np.int64]
    size: int
    starts: NDArray[np.int64]
    shapes: NDArray[np.complex64]
    """(4, bands, size): the bands' shapes, scaled so that noise of unit power gives unit power, with the phase of a
    band's first bin in four blocks that follow on each other."""
    alike: Singles
    """(bands, 1): how alike two ears hear them, sin(kd)/kd (Cook et al. 1955)."""
    apart: Singles
    low: NDArray[np.int64]
    """(size,): on which of 513 points of an envelope, or beyond it, each sample lies; and how far beyond, ``share``."""
    share: Singles


@cache
def _groups() -> tuple[_Group, ...]:
    bin_hz = SAMPLE_RATE / _BLOCK
    sizes = np.array([64, 96, 128, 192, 256, 384, 512, 768, 1024, 1536, 2048, 3072, 4096])
    starts = np.ceil(EDGES_HZ[:-2] / bin_hz).astype(int)
    widths = np.floor(EDGES_HZ[2:] / bin_hz).astype(int) - starts + 1
    size_of = sizes[np.searchsorted(sizes, widths)]
    found = []
    for size in np.unique(size_of):
        bands = np.flatnonzero(size_of == size)
        hz = (starts[bands, None] + np.arange(size)) * bin_hz
        erb = 21.4 * np.log10(1.0 + 0.00437 * hz)
        away = np.abs(erb - EDGES_ERB[1 + bands, None]) / (EDGES_ERB[1] - EDGES_ERB[0])
        shape = np.cos(0.5 * np.pi * np.minimum(away, 1.0))
        gains = shape * (_BLOCK / np.sqrt(2.0 * size * np.sum(shape**2, axis=1, keepdims=True)))
        turns = np.exp(2j * np.pi * 0.75 * starts[bands, None] * np.arange(4)).astype(np.complex64)
        shapes = gains.astype(np.float32) * turns.T[:, :, None]
        alike = np.sinc(2.0 * CENTRES_HZ[bands, None] * EAR_DISTANCE_M / 343.0).astype(np.float32)
        at = np.arange(size) * (_BLOCK // _HOP) / size  # the last point belongs to the next block
        share = (at - at.astype(int)).astype(np.float32)
        found.append(
            _Group(bands, int(size), starts[bands], shapes, alike, np.sqrt(1.0 - alike**2), at.astype(int), share)
        )
    return tuple(found)


def _carriers(group: _Group, rng: Rng, channels: int, size: int) -> NDArray[np.complex64]:
    noise = _normal(rng, (channels, group.bands.size, size))
    if channels == 2:
        noise[1] = group.alike * noise[0] + group.apart * noise[1]
    return noise


def endless(
    texture: Texture, rng: Rng, channels: int = 2, motion: Iterator[Control] | None = None
) -> Iterator[Samples]:
    """Yield a texture for ever, in blocks of (channels, 24576) float32 of power about 1; steady, without a seam.

    Parameters
    ----------
    channels : 1 or 2
        Two sides are as coherent as two ears in a diffuse field: sin(kd)/kd with d = 0.2 m.
    motion : iterator of (33,) or (36, 33) float64, optional
        The slow motion, of all bands or of each, in deviations, at `MOTION_RATE`; each piece begins with the last
        point of the one before. By default :func:`wandering`.
    """
    envelopes = _envelopes(texture, rng, channels, wandering(rng) if motion is None else motion)
    fine = _fine_gain(texture)
    rise = (0.5 - 0.5 * np.cos(np.pi * (np.arange(_FADE) + 0.5) / _FADE)).astype(np.float32)
    groups = _groups()
    kept = [_carriers(group, rng, channels, group.size // 4) for group in groups]
    ready = next(envelopes)
    at = 0
    need = _BLOCK // _HOP + 1
    tail: Samples | None = None
    cracks = _cracking(texture, rng, channels) if texture.grain_rate[0] > 0 else None
    for number in counted():
        while ready.shape[-1] - at < need:
            ready, at = np.concatenate([ready[..., at:], next(envelopes)], axis=-1), 0
        gains = ready[..., at : at + need]
        at += _STEP // _HOP
        spectrum = np.zeros((channels, _BLOCK // 2 + 1), dtype=np.complex64)
        for k, group in enumerate(groups):
            fresh = _carriers(group, rng, channels, group.size * 3 // 4)
            noise = np.concatenate([kept[k], fresh], axis=-1)
            kept[k] = noise[..., -(group.size // 4) :].copy()
            points = gains[:, group.bands]
            noise = noise * (points[..., group.low] * (1 - group.share) + points[..., group.low + 1] * group.share)
            bins = fft.fft(noise, axis=-1, overwrite_x=True)
            bins *= group.shapes[number % 4]
            for band, start in enumerate(group.starts):
                stop = min(start + group.size, spectrum.shape[1])
                spectrum[:, start:stop] += bins[:, band, : stop - start]
        block = fft.irfft(spectrum * fine, _BLOCK, axis=-1)
        if tail is not None:
            block[:, :_FADE] = block[:, :_FADE] * rise + tail * rise[::-1]
            yield block[:, :_STEP] + next(cracks) if cracks else np.ascontiguousarray(block[:, :_STEP])
        tail = block[:, _STEP:].copy()


# --- single cracks -------------------------------------------------------------------------------------------------

KERNELS = 24
_KERNEL = 14_400
_CLICK = 0.5
"""Share of a crack's energy that comes at once, in phase in all bands; the rest is what it rouses around."""


def _kernels(texture: Texture, rng: Rng) -> Singles:
    """Return cracks from soft to loud, (24, 14400): a click, and noise that dies away band by band."""
    size = fft.next_fast_len(2 * _KERNEL, real=True)
    f = fft.rfftfreq(size, 1.0 / SAMPLE_RATE)
    at = np.interp(np.log(np.maximum(f, 20.0)), np.log(CENTRES_HZ), np.arange(BANDS))
    width = 0.5 * (EDGES_HZ[2:] - EDGES_HZ[:-2])
    t = np.arange(_KERNEL) / SAMPLE_RATE
    out = np.zeros((KERNELS, _KERNEL), dtype=np.float32)
    edges = np.linspace(0, BANDS, 7)
    for number, kernel in enumerate(out):
        louder_db = np.interp((number + 0.5) / KERNELS, PROBABILITIES, texture.grain_quantiles_db)
        energy_db = texture.grain_db + louder_db * texture.grain_slope
        density_db = np.interp(at, np.arange(BANDS), energy_db - 10.0 * np.log10(width))
        # One second of noise of unit density per hertz has a bin's power 1/rate: energy, too, is per second.
        gain = 10.0 ** (density_db / 20.0) * np.sqrt(SAMPLE_RATE / 2.0)
        gain[(f < 60.0) | (f > 19_500.0)] = 0.0
        click = fft.irfft(gain * np.exp(-2j * np.pi * f * 24 / SAMPLE_RATE), size)[:_KERNEL] * np.sqrt(SAMPLE_RATE)
        tail = np.zeros(_KERNEL)
        for low, high in pairwise(edges):
            inside = np.clip(np.minimum(at - low + 0.5, high - at + 0.5), 0.0, 1.0)
            decay = float(np.mean(texture.grain_decay_s[int(low) : int(high)]))
            envelope = np.exp(-0.5 * t / decay) * np.minimum(t / 0.0005, 1.0) / np.sqrt(decay)
            tail += fft.irfft(fft.rfft(rng.standard_normal(_KERNEL), size) * gain * inside, size)[:_KERNEL] * envelope
        energy = float(np.sum(10.0 ** (energy_db / 10.0))) * SAMPLE_RATE
        for part, share in ((click, _CLICK), (tail, 1.0 - _CLICK)):
            kernel += part * np.sqrt(share * energy / max(float(np.sum(part**2)), 1e-12))
    return out


def _cracking(texture: Texture, rng: Rng, channels: int) -> Iterator[Samples]:
    """Yield the cracks of one block after the other, (channels, 24576): a Poisson process, each from its own side."""
    kernels = _kernels(texture, rng)
    after = np.zeros((channels, _STEP + _KERNEL), dtype=np.float32)
    while True:
        for _ in range(int(rng.poisson(float(texture.grain_rate[0]) * _STEP / SAMPLE_RATE))):
            at, which = int(rng.integers(_STEP)), int(rng.integers(KERNELS))
            gain_db = float(np.clip(2.0 * rng.standard_normal(), -5.0, 5.0))
            angle = rng.uniform(0.15, 0.85) * np.pi / 2
            sides = (np.sqrt(2.0) * np.cos(angle), np.sqrt(2.0) * np.sin(angle)) if channels == 2 else (1.0,)
            for side, gain in zip(after, sides, strict=True):
                side[at : at + _KERNEL] += kernels[which] * np.float32(gain * 10.0 ** (gain_db / 20.0))
        yield after[:, :_STEP].copy()
        after[:, :_KERNEL], after[:, _KERNEL:] = after[:, _STEP:].copy(), 0.0


def _fine_gain(texture: Texture) -> Singles:
    f = fft.rfftfreq(_BLOCK, 1.0 / SAMPLE_RATE)
    db = np.interp(np.log(np.maximum(f, 20.0)), np.log(FINE_HZ), texture.fine_db)
    low = f**4 / (f**4 + 25.0**4)
    return np.asarray(low * 10.0 ** (db / 20.0), dtype=np.float32)


def first(blocks: Iterator[Samples], count: int) -> Samples:
    """Return the beginning of an endless sound, (channels, count)."""
    pieces, have = [], 0
    while have < count:
        pieces.append(next(blocks))
        have += pieces[-1].shape[1]
    return np.concatenate(pieces, axis=1)[:, :count]
