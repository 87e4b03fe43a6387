"""Simple measurements that stand for the service's descriptors: the same names and units, plainer methods."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_FRAME_S = 0.02
_FLOOR_DB = -120.0


@dataclass(frozen=True, slots=True)
class Measures:
    """What is measured; all else is null in the answers.

    ``loudness`` in LUFS, ``*_time*`` and ``duration_effective`` in seconds, ``spectral_centroid``, ``_spread`` and
    ``_rolloff`` in Hz, ``dynamic_range`` in dB; ``silence_rate`` and ``temporal_centroid_ratio`` are shares 0..1.
    """

    amplitude_peak_ratio: float
    duration_effective: float
    dynamic_range: float
    has_audio_problems: bool
    loopable: bool
    loudness: float
    onset_count: int
    onset_times: list[float]
    reverbness: bool
    silence_rate: float
    single_event: bool
    spectral_centroid: float
    spectral_flatness: float
    spectral_rolloff: float
    spectral_spread: float
    start_time: float
    temporal_centroid: float
    temporal_centroid_ratio: float
    zero_crossing_rate: float


def measure(samples: NDArray[np.float32], rate: int) -> Measures:
    """Measure mono ``samples`` of shape (n,), full scale ±1, at ``rate`` Hz; an empty sound counts as silence."""
    size = max(int(_FRAME_S * rate), 1)
    if len(samples) < size:
        samples = np.pad(samples, (0, size - len(samples)))
    frames = samples[: len(samples) // size * size].reshape(-1, size).astype(np.float64)
    level_db = 10 * np.log10(np.mean(frames**2, axis=1) + 1e-12)
    peak_db = float(level_db.max())
    audible = level_db > max(peak_db - 40.0, -60.0)
    spectrum, frequency = _mean_spectrum(samples, rate)
    power = spectrum / max(float(spectrum.sum()), 1e-20)
    centroid = float(power @ frequency)
    onsets = _onsets(level_db)
    duration_s = len(samples) / rate
    energy = 10 ** (level_db / 10)
    centre_s = float(energy @ (np.arange(len(energy)) + 0.5) / energy.sum() * _FRAME_S)
    effective_s = float(audible.sum() * _FRAME_S)
    peak = float(np.max(np.abs(samples)))
    clipped = int(np.sum(np.abs(samples) >= 0.9995))
    steady = float(np.std(level_db[audible])) if audible.any() else 99.0
    ends_alike = abs(float(np.mean(level_db[:10]) - np.mean(level_db[-10:]))) < 6.0
    loopable = duration_s > 3.0 and steady < 8.0 and ends_alike and effective_s > 0.9 * duration_s - 0.1
    single = len(onsets) <= 1 and effective_s < 4.0 and not loopable
    return Measures(
        amplitude_peak_ratio=_rounded(peak),
        duration_effective=_rounded(effective_s),
        dynamic_range=_rounded(float(np.percentile(level_db, 95) - np.percentile(level_db, 10))),
        has_audio_problems=bool(clipped > 0.001 * len(samples) or peak < 1e-4),
        loopable=bool(loopable),
        loudness=_rounded(_loudness_lufs(samples, rate)),
        onset_count=len(onsets),
        onset_times=[_rounded(place * _FRAME_S) for place in onsets],
        reverbness=bool(single and _decay_s(level_db) > 0.6),
        silence_rate=_rounded(float(np.mean(level_db < -60.0))),
        single_event=bool(single),
        spectral_centroid=_rounded(centroid),
        spectral_flatness=_rounded(float(np.exp(np.mean(np.log(spectrum + 1e-20))) / (np.mean(spectrum) + 1e-20))),
        spectral_rolloff=_rounded(float(frequency[min(int(np.searchsorted(np.cumsum(power), 0.85)), len(power) - 1)])),
        spectral_spread=_rounded(float(np.sqrt(power @ (frequency - centroid) ** 2))),
        start_time=_rounded(float(np.argmax(audible)) * _FRAME_S if audible.any() else 0.0),
        temporal_centroid=_rounded(centre_s),
        temporal_centroid_ratio=_rounded(centre_s / duration_s),
        zero_crossing_rate=_rounded(float(np.mean(np.diff(np.signbit(samples)))) if len(samples) > 1 else 0.0),
    )


def _rounded(value: float) -> float:
    return round(value, 4)


def _mean_spectrum(samples: NDArray[np.float32], rate: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the mean power spectrum of at most 200 windows of 2048 samples, and its frequencies in Hz."""
    size = 2048
    padded = np.pad(samples, (0, max(size - len(samples), 0)))
    starts = np.linspace(0, len(padded) - size, num=min(200, len(padded) // size), dtype=int)
    windows = padded[starts[:, None] + np.arange(size)] * np.hanning(size)
    power = np.mean(np.abs(np.fft.rfft(windows, axis=1)) ** 2, axis=0)
    return power.astype(np.float64), np.fft.rfftfreq(size, 1 / rate).astype(np.float64)


def _onsets(level_db: NDArray[np.float64]) -> list[int]:
    """Return the frames where the level rises by 12 dB within 60 ms to within 30 dB of the peak, 150 ms apart."""
    peak_db = float(level_db.max())
    if peak_db < -60.0:
        return []
    before = np.concatenate([np.full(3, _FLOOR_DB), level_db])[: len(level_db)]
    places: list[int] = []
    for place in np.flatnonzero((level_db - before > 12.0) & (level_db > peak_db - 30.0)):
        if not places or place - places[-1] > 7:
            places.append(int(place))
    return places


def _decay_s(level_db: NDArray[np.float64]) -> float:
    """Return the time from 5 to 25 dB below the peak after it, 0 where it is not reached."""
    after = level_db[int(np.argmax(level_db)) :] - level_db.max()
    early, late = np.flatnonzero(after < -5.0), np.flatnonzero(after < -25.0)
    return float(late[0] - early[0]) * _FRAME_S if len(early) and len(late) else 0.0


def _loudness_lufs(samples: NDArray[np.float32], rate: int) -> float:
    """Return the gated loudness after ITU-R BS.1770-4, the K weighting applied to the power spectrum of each block."""
    size = max(int(0.4 * rate), 1)
    blocks = np.pad(samples, (0, max(size - len(samples), 0)))
    starts = range(0, len(blocks) - size + 1, max(size // 2, 1))
    stacked = np.stack([blocks[start : start + size] for start in starts]).astype(np.float32)
    power = np.abs(np.fft.rfft(stacked, axis=1)) ** 2
    energy = power @ _k_weighting(np.fft.rfftfreq(size, 1 / rate).astype(np.float64)) * 2 / size**2
    level = -0.691 + 10 * np.log10(energy + 1e-12)
    kept = energy[level > -70.0]
    if not len(kept):
        return -70.0
    relative = -0.691 + 10 * np.log10(kept.mean()) - 10.0
    kept = energy[level > max(relative, -70.0)]
    return float(-0.691 + 10 * np.log10(kept.mean()))


def _k_weighting(frequency: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return |H(f)|² of the two filters of BS.1770-4, from their coefficients at 48 kHz (tables 1 and 2)."""
    z = np.exp(-2j * np.pi * np.minimum(frequency, 23999.0) / 48000.0)
    shelf = (1.53512485958697 - 2.69169618940638 * z + 1.19839281085285 * z**2) / (
        1 - 1.69065929318241 * z + 0.73248077421585 * z**2
    )
    high_pass = (1 - 2 * z + z**2) / (1 - 1.99004745483398 * z + 0.99007225036621 * z**2)
    return np.asarray(np.abs(shelf * high_pass) ** 2)
