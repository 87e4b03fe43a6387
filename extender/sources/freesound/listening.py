"""A look at a sound before it is used: what is silent, clipped, humming or music is told apart by its samples.

Useful to every source. What is doubtful passes: the wrong rejection of a bell costs more than a rare jingle.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mixer.types import AudioBuffer

Table = NDArray[np.float64]

SILENT_PEAK = 1e-3
"""A sound that nowhere exceeds this (−60 dBFS) is not to be heard."""

CLIPPED_SHARE = 0.05
"""So many of the samples may lie in flat tops."""

HUM_SHARE = 0.8
"""So much of the energy may lie on the mains and its harmonics."""

IN_TUNE = 0.75
"""Mean resultant length of the partials around the tempered scale; 1 = exactly in tune, 0 = anywhere."""

MUSIC_PULSE = 0.45
"""Least autocorrelation of the onsets at a beat of 60 to 180 a minute for something to be music."""

_MAX_S = 20.0
_FFT = 8192
_HOP = 2048
_FLOOR = 1e-12


def objection(audio: AudioBuffer, *, music_welcome: bool = False, hum_welcome: bool = False) -> str | None:
    """Return why a sound should not be used, in a few words, or None if nothing speaks against it.

    Parameters
    ----------
    audio : AudioBuffer
        (channels, frames), float32; its first 20 s are looked at.
    music_welcome, hum_welcome : bool
        Music, or a steady hum, is what is wanted.
    """
    samples = np.asarray(audio.samples[:, : int(_MAX_S * audio.sample_rate)], dtype=np.float64)
    peak = float(np.abs(samples).max(initial=0.0))
    if peak < SILENT_PEAK:
        return "it is silent"
    clipped = clipped_share(samples)
    if clipped > CLIPPED_SHARE:
        return f"it is clipped ({100 * clipped:.0f} % of the samples)"
    mono = samples.mean(axis=0)
    if not np.abs(mono).max() > SILENT_PEAK:
        mono = samples[0]  # the channels cancel each other out
    power = _power(mono)
    if power.shape[0] < 4:
        return None
    if not hum_welcome and (hum := hum_share(power, audio.sample_rate)) > HUM_SHARE:
        return f"it is mains hum ({100 * hum:.0f} % of the energy)"
    if not music_welcome and is_musical(power, audio.sample_rate):
        return "it sounds like music (in tune, with several notes and a beat)"
    return None


def clipped_share(samples: Table) -> float:
    """Return the share of samples in flat tops: three or more in a row within 0.1 % of the peak, above −6 dBFS.

    Lossy coding rounds tops off, so that clipping is found in full where it is hard only.
    """
    peak = float(np.abs(samples).max(initial=0.0))
    if peak < 0.5 or samples.shape[1] < 3:
        return 0.0
    flat = np.abs(samples) >= 0.999 * peak
    rows = flat[:, :-2] & flat[:, 1:-1] & flat[:, 2:]
    return float(3 * rows.mean()) if rows.any() else 0.0


def hum_share(power: Table, sample_rate: int) -> float:
    """Return how much of the energy lies within 3 Hz of 50 Hz, 60 Hz or their first ten harmonics: the larger of both.

    Parameters
    ----------
    power : array
        (frames, bins), power spectra of frames of 8192 samples.
    """
    mean = power.mean(axis=0)
    hz = np.arange(mean.size) * sample_rate / _FFT
    total = float(mean.sum()) + _FLOOR
    width = max(3.0, 1.5 * sample_rate / _FFT)
    steady = mean * (np.median(power, axis=0) > 0.3 * mean)  # what comes and goes is no hum
    shares = []
    for mains in (50.0, 60.0):
        lines = np.any([np.abs(hz - mains * n) <= width for n in range(1, 11)], axis=0)
        # every line counts with what it stands out from its surroundings: rumble is no hum
        beside = np.any([np.abs(hz - mains * (n + 0.5)) <= width for n in range(10)], axis=0)
        shares.append(float(steady[lines].sum() - mean[beside].sum() * lines.sum() / max(1, beside.sum())) / total)
    return max(0.0, *shares)


def is_musical(power: Table, sample_rate: int) -> bool:
    """Tell whether a sound has partials in tune with each other, four notes or more, and a beat."""
    return (
        in_tune(power, sample_rate) > IN_TUNE
        and notes(power, sample_rate) >= 4
        and (pulse(power, sample_rate) > MUSIC_PULSE)
    )


def in_tune(power: Table, sample_rate: int) -> float:
    """Return how closely the strong partials keep to one tempered scale of any tuning, 0..1."""
    semitones, weights = _partials(power, sample_rate)
    if semitones.size < 20:
        return 0.0
    return float(np.abs(np.sum(weights * np.exp(2j * np.pi * semitones)) / weights.sum()))


def notes(power: Table, sample_rate: int) -> int:
    """Return how many of the twelve notes have at least 5 % of the strength of all partials."""
    semitones, weights = _partials(power, sample_rate)
    if not semitones.size:
        return 0
    shares = np.bincount(np.round(semitones).astype(int) % 12, weights, minlength=12) / weights.sum()
    return int(np.sum(shares >= 0.05))


def pulse(power: Table, sample_rate: int) -> float:
    """Return the strongest autocorrelation of the onsets at 60 to 180 beats a minute, 0..1."""
    level = np.log10(power + _FLOOR * power.max())
    flux = np.maximum(np.diff(level, axis=0), 0.0).mean(axis=1)
    flux -= flux.mean()
    energy = float(np.dot(flux, flux))
    rate = sample_rate / _HOP
    lags = [n for n in range(round(rate * 60 / 180), round(rate * 60 / 60) + 1) if 0 < n < flux.size // 2]
    if energy <= _FLOOR or not lags:
        return 0.0
    return float(max(np.dot(flux[n:], flux[:-n]) / energy * flux.size / (flux.size - n) for n in lags))


def _power(mono: Table) -> Table:
    """Return the power spectra of overlapping Hann windows, (frames, bins)."""
    if mono.size < _FFT:
        return np.zeros((0, _FFT // 2 + 1))
    frames = np.lib.stride_tricks.sliding_window_view(mono, _FFT)[::_HOP]
    return np.abs(np.fft.rfft(frames * np.hanning(_FFT), axis=1)) ** 2


def _partials(power: Table, sample_rate: int) -> tuple[Table, Table]:
    """Return pitch (semitones from A4) and amplitude of the eight strongest partials of each frame, 200 Hz to 4 kHz.

    The place of a peak is the vertex of a parabola through the logarithms of three bins (Smith & Serra 1987).
    """
    low, high = round(200 * _FFT / sample_rate), round(4000 * _FFT / sample_rate)
    band = power[:, low - 1 : high + 1]
    inner = band[:, 1:-1]
    threshold = np.maximum(inner.max(axis=1, keepdims=True) * 1e-3, power.max() * 1e-6)
    # a partial stands out from the noise around it, not only from its neighbours
    around = np.stack([np.roll(inner, n, axis=1) for n in (-8, -6, 6, 8)]).mean(axis=0)
    peaks = (inner > band[:, :-2]) & (inner >= band[:, 2:]) & (inner > threshold) & (inner > 10 * around)
    strength = np.where(peaks, inner, 0.0)
    keep = strength >= np.maximum(np.sort(strength, axis=1)[:, -8][:, None], _FLOOR)
    rows, columns = np.nonzero(keep & peaks)
    a, b, c = (np.log(band[rows, columns + n] + _FLOOR) for n in range(3))
    shift = 0.5 * (a - c) / np.where(np.abs(a - 2 * b + c) < _FLOOR, -1.0, a - 2 * b + c)
    hz = (columns + low + shift) * sample_rate / _FFT
    return 12 * np.log2(hz / 440.0), np.sqrt(inner[rows, columns])
