"""What a voice does during one take: its pitch, its harmonics, and the noise between them, by bands and moments.

Pitch: normalised autocorrelation with the window's own taken out (Boersma 1993), the best path by dynamic programming.
Harmonics and noise: the take is resampled to constant pitch, so that no glide blurs it; five periods under a Hann
window then have the h-th harmonic in bin 5·h and nothing of it in 5·h + 2 and 5·h + 3, the zeros of the window.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from extender.sources.procedural.calls import BANDS_HZ, FLOOR_DB
from extender.sources.procedural.toolkit import SAMPLE_RATE

Doubles = NDArray[np.float64]

PITCH_STEP = 240
"""Frames between two pitches: 5 ms."""
PERIODS = 5
_OCTAVE_COST, _JUMP_COST, _VOICE_COST = 0.06, 0.5, 0.12
_LEAST_STRENGTH = 0.45
_CANDIDATES = 6


@dataclass(frozen=True, slots=True)
class Trajectory:
    """One take in numbers.

    Parameters
    ----------
    times_s : (n,) float64
        From its onset.
    pitch_hz : (n,) float64
        Carried through where there is none.
    strength : (n,) float64
        0..1, how periodic it is.
    harmonic_db : (n, bands) float64
        Amplitude (peak) of a harmonic lying in each of BANDS_HZ.
    noise_db : (n, bands) float64
        Density of the noise, power per Hz.
    """

    times_s: Doubles
    pitch_hz: Doubles
    strength: Doubles
    harmonic_db: Doubles
    noise_db: Doubles


def pitch(sound: Doubles, lowest_hz: float, highest_hz: float) -> tuple[Doubles, Doubles]:
    """Return the pitch in Hz (NaN where there is none) and its strength 0..1 at every PITCH_STEP.

    Parameters
    ----------
    sound : (frames,) float64
    lowest_hz, highest_hz : float
        Where pitches are looked for.
    """
    length = int(3.0 * SAMPLE_RATE / lowest_hz) // 2 * 2 + 1
    size = 1 << (2 * length - 1).bit_length()
    window = np.hanning(length + 2)[1:-1]
    own = np.fft.irfft(np.abs(np.fft.rfft(window, size)) ** 2)
    shortest, longest = int(SAMPLE_RATE / highest_hz), int(np.ceil(SAMPLE_RATE / lowest_hz)) + 1
    padded = np.pad(sound, length // 2)
    pieces = np.lib.stride_tricks.sliding_window_view(padded, length)[::PITCH_STEP]
    pieces = (pieces - pieces.mean(axis=1, keepdims=True)) * window
    f = np.fft.rfftfreq(size, 1 / SAMPLE_RATE)
    focus = 1.0 / (1.0 + (f / (5.0 * highest_hz)) ** 4)  # what is far above tells little of the pitch
    likeness = np.fft.irfft(np.abs(np.fft.rfft(pieces, size, axis=1) * focus) ** 2, axis=1)
    likeness = likeness[:, : longest + 2] / np.maximum(likeness[:, :1], 1e-12) / (own[: longest + 2] / own[0])
    lags, strengths = _candidates(likeness, shortest, longest)
    return _best_path(lags, strengths, lowest_hz)


def _candidates(likeness: Doubles, shortest: int, longest: int) -> tuple[Doubles, Doubles]:
    """Return the highest peaks of each row, (n, _CANDIDATES) lags (parabolic) and heights; missing ones are 0."""
    middle, left, right = likeness[:, 1:-1], likeness[:, :-2], likeness[:, 2:]
    top = (middle >= left) & (middle > right)
    top[:, : max(shortest - 1, 0)] = False
    top[:, longest:] = False
    heights = np.where(top, middle, 0.0)
    best = np.argsort(-heights, axis=1)[:, :_CANDIDATES]
    rows = np.arange(likeness.shape[0])[:, None]
    a, b, c = left[rows, best], middle[rows, best], right[rows, best]
    bend = np.where(np.abs(a - 2 * b + c) > 1e-12, a - 2 * b + c, 1.0)
    shift = np.clip(0.5 * (a - c) / bend, -0.5, 0.5)
    there = heights[rows, best] > 0
    return np.where(there, best + 1 + shift, 0.0), np.where(there, np.minimum(b, 1.0), 0.0)


def _best_path(lags: Doubles, strengths: Doubles, lowest_hz: float) -> tuple[Doubles, Doubles]:
    """Choose one candidate, or none, at each moment: strong, high rather than low, and near its neighbours."""
    hz = np.where(lags > 0, SAMPLE_RATE / np.maximum(lags, 1.0), lowest_hz)
    octave = np.log2(hz / lowest_hz)
    gain = np.where(lags > 0, strengths + _OCTAVE_COST * octave, -9.0)
    gain = np.concatenate([gain, np.full((lags.shape[0], 1), _LEAST_STRENGTH)], axis=1)  # the last: no pitch
    octave = np.concatenate([octave, np.zeros((lags.shape[0], 1))], axis=1)
    none = gain.shape[1] - 1
    total, back = gain[0].copy(), np.zeros(gain.shape, dtype=np.int64)
    for n in range(1, gain.shape[0]):
        step = _JUMP_COST * np.abs(octave[n][:, None] - octave[n - 1][None, :])
        step[none, :] = step[:, none] = _VOICE_COST
        step[none, none] = 0.0
        score = total[None, :] - step
        back[n] = score.argmax(axis=1)
        total = score.max(axis=1) + gain[n]
    path = np.zeros(gain.shape[0], dtype=np.int64)
    path[-1] = total.argmax()
    for n in range(gain.shape[0] - 1, 0, -1):
        path[n - 1] = back[n, path[n]]
    voiced = path < none
    chosen = np.minimum(path, none - 1)
    rows = np.arange(path.size)
    return np.where(voiced, hz[rows, chosen], np.nan), np.where(voiced, strengths[rows, chosen], 0.0)


def refined(sound: Doubles, hz: Doubles) -> Doubles:
    """Return a pitch corrected by a second look, at the sound with its glides taken out: windows can be shorter then.

    Parameters
    ----------
    sound : (frames,) float64
    hz : (n,) float64
        At every PITCH_STEP, without gaps.
    """
    grid = np.minimum(np.arange(hz.size) * PITCH_STEP, sound.size - 1)
    steady, where, per_cycle = _unglided(sound, hz)
    nominal = SAMPLE_RATE / per_cycle
    found, strength = pitch(steady, 0.8 * nominal, 1.25 * nominal)
    ratio = carried(np.where(strength > 0.6, found / nominal, np.nan), 1.0)
    at = where[np.minimum(np.arange(ratio.size) * PITCH_STEP, where.size - 1)]
    return np.asarray(hz * np.interp(grid, at, ratio))


def _unglided(sound: Doubles, hz: Doubles) -> tuple[Doubles, Doubles, int]:
    """Return a sound resampled to constant pitch, the frames it was taken from, and its frames per period."""
    grid = np.minimum(np.arange(hz.size) * PITCH_STEP, sound.size - 1)
    dense = np.exp(np.interp(np.arange(sound.size), grid, np.log(hz)))
    cycles = np.cumsum(dense) / SAMPLE_RATE
    per_cycle = int(np.ceil(SAMPLE_RATE / dense.min()))
    count = int((cycles[-1] - cycles[0]) * per_cycle)
    where = np.interp(cycles[0] + np.arange(count) / per_cycle, cycles, np.arange(sound.size))
    return _sampled(sound, where), where, per_cycle


def carried(hz: Doubles, otherwise_hz: float) -> Doubles:
    """Return a pitch without gaps, in logarithms, its ends held; ``otherwise_hz`` where there is none at all."""
    known = np.isfinite(hz)
    if not known.any():
        return np.full(hz.size, otherwise_hz)
    return np.asarray(np.exp(np.interp(np.arange(hz.size), np.flatnonzero(known), np.log(hz[known]))))


def trajectory(
    sound: Doubles, margin: int, points: int, pitch_hz: Doubles, strength: Doubles, ground: Doubles, voiced: bool
) -> Trajectory:
    """Measure a take at evenly spaced moments from its onset to its end.

    Parameters
    ----------
    sound : (frames,) float64
        With ``margin`` frames before and after.
    points : int
    pitch_hz, strength : (n,) float64
        As :func:`pitch` and :func:`carried` give them for all of ``sound``.
    ground : (frames,) float64
        What is heard without the take; its power is taken off the noise.
    voiced : bool
        False for sounds without pitch: ``pitch_hz`` then only says how long the windows are (five of its periods).
    """
    inside = np.linspace(margin, sound.size - 1 - margin, points)
    grid = np.minimum(np.arange(pitch_hz.size) * PITCH_STEP, sound.size - 1)
    steady, where, per_cycle = _unglided(sound, pitch_hz)
    length = PERIODS * per_cycle
    window = np.hanning(length + 1)[:-1]
    padded = np.pad(steady, length)
    starts = np.round(np.interp(inside, where, np.arange(where.size))).astype(int) + length - length // 2
    frames = np.stack([padded[start : start + length] for start in starts]) * window
    power = np.abs(np.fft.rfft(frames, axis=1)) ** 2
    local = np.exp(np.interp(inside, grid, np.log(pitch_hz)))
    sure = np.interp(inside, grid, strength)
    beneath = _ground_density(ground)
    harmonic_db = np.full((points, BANDS_HZ.size), FLOOR_DB)
    noise_db = np.full((points, BANDS_HZ.size), FLOOR_DB)
    for n in range(points):
        density = power[n] * 2.0 / (per_cycle * local[n] * np.sum(window**2))
        harmonic_db[n], noise_db[n] = _told_apart(power[n], density, local[n], window.sum(), beneath, voiced)
    return Trajectory((inside - margin) / SAMPLE_RATE, local, sure, harmonic_db, noise_db)


def _sampled(sound: Doubles, where: Doubles) -> Doubles:
    """Return a sound at fractional frames (cubic Hermite, Catmull & Rom)."""
    padded = np.pad(sound, 2)
    whole = np.clip(where.astype(int), 0, sound.size - 1)
    u = where - whole
    a, b, c, d = (padded[whole + k] for k in (1, 2, 3, 4))
    return np.asarray(b + 0.5 * u * (c - a + u * (2 * a - 5 * b + 4 * c - d + u * (3 * (b - c) + d - a))))


def _ground_density(ground: Doubles) -> tuple[Doubles, Doubles] | None:
    """Return the power density of what lies beneath, by frequency."""
    size = 2_048
    if ground.size < 2 * size:
        return None
    pieces = np.lib.stride_tricks.sliding_window_view(ground, size)[:: size // 2] * np.hanning(size)
    density = np.mean(np.abs(np.fft.rfft(pieces, axis=1)) ** 2, axis=0)
    scale = 2.0 / (SAMPLE_RATE * float(np.sum(np.hanning(size) ** 2)))
    return np.asarray(np.fft.rfftfreq(size, 1 / SAMPLE_RATE)), np.asarray(density * scale)


def _told_apart(
    power: Doubles, density: Doubles, hz: float, gain: float, beneath: tuple[Doubles, Doubles] | None, voiced: bool
) -> tuple[Doubles, Doubles]:
    """Return amplitude of harmonics and density of noise in bands, dB, of one spectrum of five periods."""
    f = np.arange(power.size) * hz / PERIODS
    last = int(min(f[-1], 20_000.0) / hz)
    if voiced:
        numbers = np.arange(1, max(last, 2))
        between = np.stack([density[PERIODS * numbers + 2], density[PERIODS * numbers + 3]])
        noise, at = between.mean(axis=0), (numbers + 0.5) * hz
        low = density[2:4].mean()
        noise, at = np.concatenate([[low], noise]), np.concatenate([[0.5 * hz], at])
        around = np.interp(numbers * hz, at, noise)
        peaks = power[PERIODS * numbers] * (2.0 / gain) ** 2
        # a noise of that density shows as this much in the same bin
        floor = around * 2.0 * hz / PERIODS * 1.5
        # What drowns in the noise is taken to be a little below it, not nothing: takes are averaged later.
        harmonic = np.maximum(peaks - floor, 0.15 * floor)
        harmonic_db = _banded(10.0 * np.log10(harmonic + 1e-14), numbers * hz)
    else:
        noise, at = density[1:], f[1:]
        harmonic_db = np.full(BANDS_HZ.size, FLOOR_DB)
    if beneath is not None:
        noise = np.maximum(noise - 1.3 * np.interp(at, *beneath), 0.02 * noise)
    # The logarithm of one or two bins is low on average by 1.3 dB and more (mean of the logarithm of a gamma variate).
    noise_db = _banded(10.0 * np.log10(noise + 1e-16), at) + (1.2 if voiced else 0.0)
    return harmonic_db, noise_db


def _banded(levels_db: NDArray[np.floating], at_hz: NDArray[np.floating]) -> Doubles:
    """Return levels at the bands: the mean power of what lies in each, or between neighbours where nothing does."""
    edges = np.sqrt(BANDS_HZ[1:] * BANDS_HZ[:-1])
    which = np.searchsorted(edges, at_hz)
    many = np.bincount(which, minlength=BANDS_HZ.size)
    total = np.bincount(which, 10.0 ** (levels_db / 10.0), minlength=BANDS_HZ.size)
    line = np.interp(np.log(BANDS_HZ), np.log(at_hz), levels_db)
    below = np.log2(at_hz[0] / BANDS_HZ)
    line = np.where(below > 0.3, levels_db[0] - 24.0 * below, line)
    return np.where(many > 0, 10.0 * np.log10(total / np.maximum(many, 1) + 1e-16), line)
