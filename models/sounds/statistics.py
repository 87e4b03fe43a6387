"""What hearing keeps of a sound texture: statistics of cochlear envelopes and of their modulation.

After McDermott & Simoncelli, "Sound texture perception via statistics of the auditory periphery", *Neuron* 71 (2011)
926–940. Listeners take two sounds that agree in these for the same texture.

Layout: 30 cochlear bands whose centres lie evenly on the ERB-rate scale (Glasberg & Moore 1990) between 20 Hz and
10 kHz, both ends left out: 52 Hz … 8.8 kHz. The gain of a band is half a period of a cosine on that scale, from the
centre of its lower neighbour to that of its upper one, so that the squares of all gains add up to 1. The envelope of
a band is the magnitude of its analytic signal, to the power 0.3, sampled at 400 Hz. 20 modulation bands, centres
0.5 … 200 Hz evenly on a logarithmic scale, have gains of half a cosine and a bandwidth of half their centre (Q = 2);
seven more are an octave apart, 1.5625 … 100 Hz, with half cosines on the octave scale.

Differences from the paper: every sound is brought to the same power first; averages are taken under a window that is
flat but for cosine ramps of at most 0.25 s; the third moment is the plain skewness; all pairs of bands are correlated,
not chosen ones.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cache
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray
from scipy import fft

Doubles = NDArray[np.float64]
Complexes = NDArray[np.complex128]

SAMPLE_RATE = 48_000
BANDS = 30
LOWEST_HZ, HIGHEST_HZ = 20.0, 10_000.0
COMPRESSION = 0.3
ENVELOPE_RATE = 400
_FINE_RATE = 4_800
"""Rate at which envelopes are compressed: twice the width of the widest band, so that their magnitude does not fold."""
_STEP, _FINE = SAMPLE_RATE // ENVELOPE_RATE, _FINE_RATE // ENVELOPE_RATE

MODULATION_HZ: Doubles = np.asarray(0.5 * 400.0 ** (np.arange(20) / 19), np.float64)
OCTAVE_HZ: Doubles = np.asarray(1.5625 * 2.0 ** np.arange(7), np.float64)
C1_HZ: Doubles = OCTAVE_HZ[1:]
"""Modulation bands in which neighbouring cochlear bands are correlated: 3.125 … 100 Hz."""
LEAST_S = 0.5
RAMP_S = 0.25
LEVEL = 0.1
"""Root mean square of every sound when it is measured."""


def erb_rate(hz: Doubles | float) -> Doubles:
    """Return the number of equivalent rectangular bandwidths below a frequency (Glasberg & Moore 1990, eq. 4)."""
    return np.asarray(21.4 * np.log10(1.0 + 0.00437 * np.asarray(hz)))


def from_erb_rate(rate: Doubles | float) -> Doubles:
    """Return the frequency in Hz of an ERB rate."""
    return np.asarray((10.0 ** (np.asarray(rate) / 21.4) - 1.0) / 0.00437)


EDGES_HZ: Doubles = from_erb_rate(
    erb_rate(LOWEST_HZ) + (erb_rate(HIGHEST_HZ) - erb_rate(LOWEST_HZ)) * np.arange(BANDS + 2) / (BANDS + 1)
)
CENTRES_HZ: Doubles = EDGES_HZ[1:-1]


@dataclass(frozen=True, slots=True)
class Statistics:
    """The statistics of one sound, or the average of several.

    Attributes
    ----------
    mean : (30,) float64
        Of the compressed envelopes. The sound has power 0.01, so a band has about (its amplitude)^0.3.
    cv : (30,) float64
        Coefficient of variation: standard deviation / mean.
    skewness, kurtosis : (30,) float64
        Third and fourth standardised moments; a normal distribution has 0 and 3.
    modulation : (30, 20) float64
        Share of an envelope's variance in every modulation band, 0..1. The bands overlap: white noise's shares add up
        to 1.6.
    correlation : (30, 30) float64
        Of the envelopes, −1..1.
    c1 : (6, 2, 29) float64
        Correlation, in each modulation band of `C1_HZ`, of the envelopes of bands k and k + 1 (first row) and of k and
        k + 2 (second row; its last value is 0).
    c2 : (6, 30) complex128
        How the phases of modulation an octave apart go together: mean of d·conj(b) over their standard deviations,
        where b is the analytic modulation in a band of `C1_HZ`, a that an octave lower, and d = a²/|a|.
    """

    mean: Doubles
    cv: Doubles
    skewness: Doubles
    kurtosis: Doubles
    modulation: Doubles
    correlation: Doubles
    c1: Doubles
    c2: Complexes

    def comparable(self) -> dict[str, Doubles]:
        """Return one vector per group, on scales where equal steps are about equally large.

        Kurtosis is a logarithm to base 2, modulation is in units of 10 dB (at least −30 dB), every pair of bands is
        there once, and the complex c2 as its real and imaginary parts.
        """
        return {
            "mean": self.mean,
            "cv": self.cv,
            "skewness": self.skewness,
            "kurtosis": np.log2(np.maximum(self.kurtosis, 1.0)),
            "modulation": np.log10(np.maximum(self.modulation, 1e-3)).ravel(),
            "correlation": self.correlation[np.triu_indices(BANDS, 1)],
            "c1": np.concatenate((self.c1[:, 0].ravel(), self.c1[:, 1, :-1].ravel())),
            "c2": np.concatenate((self.c2.real.ravel(), self.c2.imag.ravel())),
        }


GROUPS: tuple[str, ...] = tuple(field.name for field in fields(Statistics))


@cache
def _cochlear(size: int) -> tuple[Doubles, NDArray[np.int64]]:
    """Return gains (30, width) and the first bin (30,) of every band in the spectrum of ``size`` samples."""
    hz_per_bin = SAMPLE_RATE / size
    first = np.ceil(EDGES_HZ[:-2] / hz_per_bin).astype(np.int64)
    width = int(np.max(np.floor(EDGES_HZ[2:] / hz_per_bin).astype(np.int64) - first)) + 1
    rate = erb_rate(np.asarray((first[:, None] + np.arange(width)) * hz_per_bin, np.float64))
    step = erb_rate(CENTRES_HZ[1]) - erb_rate(CENTRES_HZ[0])
    away = np.clip(np.abs(rate - erb_rate(CENTRES_HZ)[:, None]) / step, 0.0, 1.0)
    return np.cos(0.5 * np.pi * away), first


def envelopes(signal: NDArray[np.floating]) -> Doubles:
    """Return the compressed envelopes of the cochlear bands, (30, frames) at 400 Hz.

    Parameters
    ----------
    signal : (samples,) float
        One channel at 48 kHz.

    Raises
    ------
    ValueError
        The signal has other than one dimension, or is shorter than 0.5 s.
    """
    if signal.ndim != 1 or signal.size < LEAST_S * SAMPLE_RATE:
        raise ValueError(f"expected one channel of at least {LEAST_S} s at 48 kHz, got shape {signal.shape}")
    frames = -(-signal.size // _STEP)
    coarse = fft.next_fast_len(frames + ENVELOPE_RATE // 10)
    spectrum = fft.rfft(signal.astype(np.float64), coarse * _STEP)
    gains, first = _cochlear(coarse * _STEP)
    # A shift in frequency leaves the magnitude alone: every band comes down to 0 Hz, where a low rate is enough.
    bands = 2.0 * gains * spectrum[first[:, None] + np.arange(gains.shape[1])]
    fine = np.abs(fft.ifft(bands, coarse * _FINE, axis=1)) * (_FINE / _STEP)
    slow = fft.rfft(fine**COMPRESSION, axis=1)[:, : coarse // 2 + 1]
    found: Doubles = fft.irfft(slow, coarse, axis=1)[:, :frames] / _FINE
    return np.maximum(found, 0.0)


def window(frames: int) -> Doubles:
    """Return the weights of the averages, (frames,), their sum 1."""
    ramp = max(1, min(round(RAMP_S * ENVELOPE_RATE), frames // 8))
    rise = 0.5 - 0.5 * np.cos(np.pi * (np.arange(ramp) + 0.5) / ramp)
    weights = np.ones(frames)
    weights[:ramp] *= rise
    weights[frames - ramp :] *= rise[::-1]
    return np.asarray(weights / weights.sum())


def measured(signal: NDArray[np.floating]) -> Statistics:
    """Measure one channel at 48 kHz, of any level and of at least 0.5 s; modulation of f Hz needs about 2/f s.

    Raises
    ------
    ValueError
        As `envelopes`, or the signal is silent.
    """
    power = float(np.mean(np.square(signal, dtype=np.float64)))
    if not power > 0.0:
        raise ValueError("expected a sound, got silence (every sample is 0)")
    return statistics_of(envelopes(signal * (LEVEL / np.sqrt(power))))


def statistics_of(found: Doubles) -> Statistics:
    """Measure compressed envelopes, (30, frames) at 400 Hz."""
    weights = window(found.shape[1])
    mean = found @ weights
    centred = found - mean[:, None]
    # A band that does not move at all has a spread of 0; what is computed of it is meaningless but finite.
    spread = np.sqrt(np.maximum((centred**2) @ weights, 1e-18))
    unit = centred / spread[:, None]
    c1, c2 = _octaves(unit, weights)
    return Statistics(
        mean=mean,
        cv=spread / np.maximum(mean, 1e-9),
        skewness=(unit**3) @ weights,
        kurtosis=(unit**4) @ weights,
        modulation=_modulation(unit, weights),
        correlation=(unit * weights) @ unit.T,
        c1=c1,
        c2=c2,
    )


def _modulation(unit: Doubles, weights: Doubles) -> Doubles:
    """Return the share of variance in the bands of constant Q, (30, 20), from the power spectrum (Parseval)."""
    size = fft.next_fast_len(max(unit.shape[1], 20 * ENVELOPE_RATE), real=True)
    power = np.abs(fft.rfft(unit * np.sqrt(weights), size, axis=1)) ** 2
    return np.asarray(power @ _constant_q(size).T / np.maximum(power.sum(axis=1, keepdims=True), 1e-30))


@cache
def _constant_q(size: int) -> Doubles:
    """Return squared gains (20, bins) of the modulation bands in a spectrum of ``size`` frames."""
    f = fft.rfftfreq(size, 1.0 / ENVELOPE_RATE)
    away = np.clip(np.abs(f - MODULATION_HZ[:, None]) / (0.5 * MODULATION_HZ[:, None]), 0.0, 1.0)
    return np.asarray(np.cos(0.5 * np.pi * away) ** 2)


@cache
def _octave_gains(size: int) -> Doubles:
    """Return gains (7, bins of positive frequency) of the octave-spaced modulation bands."""
    f = np.arange(size // 2 + 1) * (ENVELOPE_RATE / size)
    octaves = np.log2(np.maximum(f, 1e-6) / OCTAVE_HZ[:, None])
    return np.asarray(np.cos(0.5 * np.pi * np.clip(np.abs(octaves), 0.0, 1.0)))


def _octaves(unit: Doubles, weights: Doubles) -> tuple[Doubles, Complexes]:
    """Return c1 and c2."""
    frames = unit.shape[1]
    size = fft.next_fast_len(frames + ENVELOPE_RATE // 2)
    spectrum = fft.rfft(unit, size, axis=1)[:, : size // 2 + 1]
    c1, c2 = np.zeros((6, 2, BANDS - 1)), np.zeros((6, BANDS), np.complex128)
    lower: Complexes | None = None
    for number, gain in enumerate(_octave_gains(size)):
        analytic: Complexes = fft.ifft(2.0 * gain * spectrum, size, axis=1)[:, :frames]
        norm = np.sqrt(np.maximum((np.abs(analytic) ** 2) @ weights, 1e-24))
        analytic /= norm[:, None]
        if lower is not None:
            doubled = lower**2 / np.maximum(np.abs(lower), 1e-12)
            c2[number - 1] = (doubled * analytic.conj()) @ weights
            real = analytic.real / np.sqrt(np.maximum((analytic.real**2) @ weights, 1e-24))[:, None]
            for row, offset in enumerate((1, 2)):
                c1[number - 1, row, : BANDS - offset] = (real[:-offset] * real[offset:]) @ weights
        lower = analytic
    return c1, c2


def averaged(many: Sequence[Statistics]) -> Statistics:
    """Return the mean of several sounds' statistics, each by itself.

    Raises
    ------
    ValueError
        There are none.
    """
    if not many:
        raise ValueError("expected at least one sound to average, got none")
    return Statistics(**{name: np.mean([getattr(each, name) for each in many], axis=0) for name in GROUPS})


SPREAD: Mapping[str, float] = MappingProxyType(
    {
        "mean": 0.084, "cv": 0.205, "skewness": 1.0, "kurtosis": 0.81, "modulation": 0.47, "correlation": 0.30,
        "c1": 0.27, "c2": 0.22,
    }
)  # fmt: skip
"""Root mean square, over the statistics of a group, of their standard deviation over 288 recordings of all kinds, none
of them held out for judging."""


def distance(one: Statistics, other: Statistics) -> dict[str, float]:
    """Return how far two sounds are apart in every group, root mean square in units of `SPREAD`.

    Two recordings of unlike things are about √2 apart.
    """
    mine, others = one.comparable(), other.comparable()
    return {name: float(np.sqrt(np.mean((mine[name] - others[name]) ** 2))) / SPREAD[name] for name in GROUPS}


def overall(by_group: Mapping[str, float]) -> float:
    """Return one figure for the distances in all groups: their mean."""
    return float(np.mean([by_group[name] for name in GROUPS]))
