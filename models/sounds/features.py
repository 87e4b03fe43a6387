"""What a sound is described by when it is to be named: its active part, its statistics, its spectrum and its course.

The description is meant to judge the sound and not the file: silence at the ends is cut off, the level is taken out,
nothing above 10 kHz is looked at, and what lies 50 dB below the loudest is the same as nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from models.sounds import statistics as texture

Doubles = NDArray[np.float64]
Signal = NDArray[np.floating]

VERSION = 1
"""Raised when a description comes out otherwise, so that kept ones are made again."""
SAMPLE_RATE = texture.SAMPLE_RATE
LONGEST_S = 5.0
SHORTEST_S = 0.6
HOP, FRAME = 480, 1_920
"""10 ms between frames of 40 ms."""
LEVELS = 40
FLOOR_DB = 50.0
ACTIVE_DB = 40.0
LOUD_DB = 25.0
F0_HZ = (60.0, 2_000.0)


@dataclass(frozen=True, slots=True)
class Description:
    """One sound.

    Attributes
    ----------
    values : (n,) float64
        The features that name it.
    statistics : Statistics
        Its texture, for distances.
    """

    values: Doubles
    statistics: texture.Statistics


def active(signal: Signal) -> Signal:
    """Return the part between the first and the last 10 ms that are within 40 dB of the loudest.

    Raises
    ------
    ValueError
        The signal is silent.
    """
    count = max(signal.size // HOP, 1)
    power = np.square(signal[: count * HOP].reshape(count, -1), dtype=np.float64).mean(axis=1)
    if not power.max() > 0.0:
        raise ValueError("expected a sound, got silence (every sample is 0)")
    heard = np.flatnonzero(power > power.max() * 10.0 ** (-ACTIVE_DB / 10.0))
    return signal[heard[0] * HOP : (heard[-1] + 1) * HOP]


def described(signal: Signal) -> Description:
    """Describe one channel at 48 kHz; of more than 5 s of active sound the middle 5 s count.

    Raises
    ------
    ValueError
        The signal is silent.
    """
    sound = active(signal)
    spare = sound.size - round(LONGEST_S * SAMPLE_RATE)
    if spare > 0:
        sound = sound[spare // 2 : spare // 2 + round(LONGEST_S * SAMPLE_RATE)]
    missing = max(round(SHORTEST_S * SAMPLE_RATE) - sound.size, 0)
    found = texture.measured(np.pad(sound, (missing // 2, missing - missing // 2)))
    power = _power(sound)
    return Description(
        np.concatenate((_texture(found), _spectral(power), _course(power), _pitch(power))),
        found,
    )


def _texture(found: texture.Statistics) -> Doubles:
    """Return the statistics of the texture with neighbouring bands taken together."""
    corr = [np.diagonal(found.correlation, offset) for offset in (1, 2, 3, 5, 8, 12, 18)]
    parts = [
        _pooled(np.log(np.maximum(found.cv, 1e-3)), 10),
        _pooled(np.clip(found.skewness, -3.0, 6.0), 10),
        _pooled(np.log2(np.clip(found.kurtosis, 1.0, 64.0)), 10),
        _pooled(np.log10(np.maximum(found.modulation, 1e-3)).T, 6),
        np.concatenate([_pooled(row, 3) for row in corr]),
        found.c1.mean(axis=2).ravel(),
        _pooled(found.c2.real, 3).ravel(),
        _pooled(found.c2.imag, 3).ravel(),
    ]
    return np.concatenate([part.ravel() for part in parts])


def _pooled(rows: Doubles, groups: int) -> Doubles:
    """Return the mean of ``groups`` stretches of the last axis."""
    return np.stack([part.mean(axis=-1) for part in np.array_split(rows, groups, axis=-1)], axis=-1)


@cache
def _triangles() -> Doubles:
    """Return weights (40, bins) of bands evenly on the ERB-rate scale, 40 Hz … 10 kHz, each with sum 1."""
    rate = texture.erb_rate(np.linspace(0.0, SAMPLE_RATE / 2, FRAME + 1))
    edges = np.linspace(texture.erb_rate(40.0), texture.erb_rate(texture.HIGHEST_HZ), LEVELS + 2)
    step = edges[1] - edges[0]
    weights = np.maximum(1.0 - np.abs(rate - edges[1:-1, None]) / step, 0.0)
    nearest = np.abs(rate - edges[1:-1, None]).argmin(axis=1)
    weights[np.arange(LEVELS), nearest] = np.maximum(weights[np.arange(LEVELS), nearest], 0.1)
    return np.asarray(weights / weights.sum(axis=1, keepdims=True))


def _power(sound: Signal) -> Doubles:
    """Return the power spectra of 40-ms frames every 10 ms, (frames, 1921), padded for autocorrelation."""
    padded = np.pad(sound, (FRAME // 2, FRAME))
    frames = np.lib.stride_tricks.sliding_window_view(padded, FRAME)[::HOP]
    return np.asarray(np.abs(fft.rfft(frames * np.hanning(FRAME), 2 * FRAME, axis=1)) ** 2, np.float64)


def _levels_db(power: Doubles) -> Doubles:
    """Return the levels of the bands, (frames, 40), 0 dB for the loudest band of the loudest frame."""
    bands = power @ _triangles().T
    return np.asarray(np.maximum(10.0 * np.log10(bands / bands.max() + 1e-12), -FLOOR_DB))


def _loud(power: Doubles) -> NDArray[np.bool_]:
    total = power.sum(axis=1)
    return np.asarray(total > total.max() * 10.0 ** (-LOUD_DB / 10.0))


def _spectral(power: Doubles) -> Doubles:
    """Return what the bands' levels are like: mean, spread and movement, over frames that are loud."""
    levels = _levels_db(power)
    loud = _loud(power)
    heard = levels[loud]
    mean_power = 10.0 * np.log10(np.mean(10.0 ** (heard / 10.0), axis=0))
    shape = mean_power - mean_power.max()
    moved = np.abs(np.diff(levels, axis=0))[loud[1:] | loud[:-1]] if len(levels) > 1 else np.zeros((1, LEVELS))
    if not len(moved):
        moved = np.zeros((1, LEVELS))
    relative = heard - heard.max(axis=1, keepdims=True)
    cepstrum = fft.dct(relative, norm="ortho", axis=1)[:, 1:14]
    at = texture.erb_rate(np.linspace(0.0, SAMPLE_RATE / 2, power.shape[1]))
    inside = at < texture.erb_rate(texture.HIGHEST_HZ)
    weights = power[loud][:, inside]
    weights = weights / weights.sum(axis=1, keepdims=True)
    centroid = weights @ at[inside]
    width = np.sqrt(np.maximum(weights @ at[inside] ** 2 - centroid**2, 0.0))
    flatness = relative.mean(axis=1)
    return np.concatenate(
        (
            np.maximum(shape, -40.0),
            heard.std(axis=0),
            _pooled(moved.mean(axis=0), 20),
            cepstrum.mean(axis=0),
            cepstrum.std(axis=0),
            np.abs(np.diff(cepstrum, axis=0)).mean(axis=0) if len(cepstrum) > 1 else np.zeros(13),
            [value for row in (centroid, width, flatness) for value in (row.mean(), row.std())],
        )
    )


def _course(power: Doubles) -> Doubles:
    """Return how the level moves: shares of time near the top, attacks against decays, repetition."""
    levels = _levels_db(power)
    total = 10.0 * np.log10(power.sum(axis=1) / power.sum(axis=1).max() + 1e-9)
    total = np.maximum(total, -FLOOR_DB)
    shares = [float(np.mean(total > -within)) for within in (3.0, 6.0, 10.0, 15.0, 20.0, 30.0)]
    slope = np.diff(total, prepend=total[:1])
    rise, fall = np.maximum(slope, 0.0), np.maximum(-slope, 0.0)
    onset = np.maximum(np.diff(levels, axis=0, prepend=levels[:1]), 0.0).mean(axis=1)
    sharp = np.sort(onset)[::-1]
    runs = np.diff(np.flatnonzero(np.diff(np.concatenate(([0], total > -15.0, [0])).astype(int))))[::2]
    return np.array(
        [
            *shares,
            np.log(rise.max() + 1.0),
            np.log(fall.max() + 1.0),
            np.log((rise**2).sum() + 1.0) - np.log((fall**2).sum() + 1.0),
            sharp[0],
            sharp[: max(len(sharp) // 20, 1)].mean(),
            onset.mean(),
            onset.std() / (onset.mean() + 0.1),
            np.log(runs.max() * 0.01) if runs.size else 0.0,
            np.log(runs.mean() * 0.01) if runs.size else 0.0,
            np.log(runs.size / (len(total) * 0.01) + 0.1),
            *_repetition(onset),
            *_repetition(total),
        ]
    )


def _repetition(course: Doubles) -> list[float]:
    """Return the highest autocorrelation in five ranges of lag, 30 ms … 1.9 s."""
    lags = (3, 7, 16, 36, 83, 190)
    centred = course - course.mean()
    size = fft.next_fast_len(2 * len(course) + 2 * lags[-1])
    power = np.abs(fft.rfft(centred, size)) ** 2
    correlation = fft.irfft(power, size)[: lags[-1] + 1] / max(float((centred**2).sum()), 1e-9)
    return [float(correlation[a:b].max() - correlation[2 : a + 1].min()) for a, b in pairwise(lags)]


def _pitch(power: Doubles) -> Doubles:
    """Return how harmonic every second loud frame is and how the pitch moves, from the frames' autocorrelation."""
    spectrum = power[_loud(power)][::2]
    f = np.linspace(0.0, SAMPLE_RATE / 2, spectrum.shape[1])
    correlation = fft.irfft(spectrum * (f < texture.HIGHEST_HZ) * (f > 0.7 * F0_HZ[0]), axis=1)
    shortest, longest = round(SAMPLE_RATE / F0_HZ[1]), round(SAMPLE_RATE / F0_HZ[0])
    lag = np.arange(longest + 1)
    # The window's own autocorrelation, divided out, lets a steady tone reach 1 at any lag.
    own = fft.irfft(np.abs(fft.rfft(np.hanning(FRAME), 2 * FRAME)) ** 2)[: longest + 1]
    height = correlation[:, lag] / np.maximum(correlation[:, :1], 1e-30) * (own[0] / own)
    # A peak counts only behind the first valley, else every low rumble has the highest pitch there is.
    first = np.argmax(height < 0.3, axis=1)
    first[~(height < 0.3).any(axis=1)] = longest
    peak = (height >= np.roll(height, 1, axis=1)) & (height >= np.roll(height, -1, axis=1))
    allowed = np.where(peak & (lag >= np.maximum(first, shortest)[:, None]), height, -1.0)
    strength = allowed.max(axis=1)
    # Multiples of the period are as high as the period itself; the shortest of them is meant.
    best = np.argmax(allowed >= 0.9 * strength[:, None], axis=1)
    strength = np.clip(strength, 0.0, 1.0)
    octave = np.log2(SAMPLE_RATE / np.maximum(best, 1.0))
    voiced = strength > 0.6
    quantiles = np.quantile(strength, (0.1, 0.5, 0.9))
    if voiced.sum() < 3:
        return np.array([*quantiles, voiced.mean(), 8.0, 0.0, 0.0, 0.0])
    tune = octave[voiced]
    steps = np.abs(np.diff(tune))
    spread = np.subtract(*np.quantile(tune, (0.9, 0.1)))
    return np.array([*quantiles, voiced.mean(), np.median(tune), spread, np.median(steps), np.mean(steps < 0.05)])
