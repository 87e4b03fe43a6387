"""Everything that is measured of one recording: loudness, peaks, steadiness, tonal balance, faults."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from mixer.inputs import Sound, as_take
from mixer.loudness import LoudnessMeter, LoudnessSeries, blocks_of, raised
from mixer.stft import Framer, hann
from mixer.truepeak import TruePeakMeter, decibels
from mixer.types import Samples

MUD_HZ = (200.0, 500.0)
HARSH_HZ = (1_000.0, 4_000.0)
AUDIBLE_HZ = (20.0, 20_000.0)
CLIP_LEVEL = 32_767 / 32_768
"""The largest 16-bit sample: what stays there for two samples or more has been cut off."""

_SPECTRUM_S = 0.08
"""Seconds: the spectra of the shares tell 25 Hz apart."""

_AVM_GATES = (-70.0, -20.0)
_AVM_DELTA, _AVM_REFERENCE, _AVM_ALPHA, _AVM_TRIM, _AVM_BLOCKS = 1.0, 9.0, 0.5, 0.025, 8


@dataclass(frozen=True, slots=True, eq=False)
class Metering:
    """What the meters show of a recording. Levels are None for silence, and what is undefined is None.

    Parameters
    ----------
    duration_s : float
    sample_rate, channels : int
    loudness_lufs : float or None
        Integrated, ITU-R BS.1770-5.
    max_momentary_lufs, max_short_term_lufs : float or None
        The highest of any 400 ms and 3 s, looked at every 10 ms.
    range_lu : float or None
        Loudness range, EBU Tech 3342.
    true_peak_dbtp, sample_peak_dbfs : float or None
    plr_lu : float or None
        Peak to loudness ratio: true peak − integrated loudness (AES streaming recommendations).
    crest_db : float or None
        Sample peak over root mean square, of the channel where it is largest.
    steadiness : float or None
        AVM, see :func:`steadiness`; 0..1, higher = more even.
    muddiness, harshness : float or None
        Share of the energy of 20..20,000 Hz that lies in 200..500 Hz and in 1..4 kHz, 0..1. A property of the sound,
        not a fault: speech has its consonants in 1..4 kHz.
    clipped_samples : int
        In runs of two or more at full scale (32,767/32,768 or above), over all channels.
    dc : tuple of float
        Mean of each channel, full scale = 1.
    correlation : (channels, channels) float64
        Σ xy/√(Σx² Σy²) of each pair of channels, −1..1; 0 with what is silent. [0, 1] is a stereo correlation meter.
    series : LoudnessSeries or None
        Momentary and short-term loudness over time, where asked for.
    """

    duration_s: float
    sample_rate: int
    channels: int
    loudness_lufs: float | None
    max_momentary_lufs: float | None
    max_short_term_lufs: float | None
    range_lu: float | None
    true_peak_dbtp: float | None
    sample_peak_dbfs: float | None
    plr_lu: float | None
    crest_db: float | None
    steadiness: float | None
    muddiness: float | None
    harshness: float | None
    clipped_samples: int
    dc: tuple[float, ...]
    correlation: NDArray[np.float64] = field(repr=False)
    series: LoudnessSeries | None = field(default=None, repr=False)

    def rows(self) -> list[tuple[str, str]]:
        """Return name and value of each meter, as one would print them."""
        shown = [
            ("duration", f"{self.duration_s:.2f} s, {self.channels} ch, {self.sample_rate:,} Hz"),
            ("integrated", _told(self.loudness_lufs, "{:.1f} LUFS")),
            ("momentary, max", _told(self.max_momentary_lufs, "{:.1f} LUFS")),
            ("short-term, max", _told(self.max_short_term_lufs, "{:.1f} LUFS")),
            ("range", _told(self.range_lu, "{:.1f} LU")),
            ("true peak", _told(self.true_peak_dbtp, "{:.1f} dBTP")),
            ("sample peak", _told(self.sample_peak_dbfs, "{:.1f} dBFS")),
            ("peak to loudness", _told(self.plr_lu, "{:.1f} LU")),
            ("crest", _told(self.crest_db, "{:.1f} dB")),
            ("steadiness (AVM)", _told(self.steadiness, "{:.2f}")),
            ("200–500 Hz", _told(self.muddiness, "{:.0%}")),
            ("1–4 kHz", _told(self.harshness, "{:.0%}")),
            ("clipped", f"{self.clipped_samples:,} samples"),
            ("DC", ", ".join(f"{offset:+.4f}" for offset in self.dc)),
        ]
        if self.channels == 2:
            shown.append(("correlation", f"{self.correlation[0, 1]:+.2f}"))
        return shown

    def __str__(self) -> str:
        return "\n".join(f"{name:<17} {value}" for name, value in self.rows())

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><th style='text-align:left'>{name}</th><td>{value}</td></tr>" for name, value in self.rows()
        )
        return f"<table>{rows}</table>"


def meter(audio: Sound, sample_rate: int = 48_000, *, series: bool = False) -> Metering:
    """Measure a recording.

    Parameters
    ----------
    audio : AudioBuffer, AudioFile, path or array
        1..12 channels in the order of ``mixer.loudness.LAYOUTS``, any rate and length; files are read block by block.
    sample_rate : int
        Hz, of a bare array.
    series : bool
        Also give loudness over time.

    Returns
    -------
    Metering

    Raises
    ------
    MixerError
        What cannot be read or has more than 12 channels; NaN or infinite samples.

    Examples
    --------
    >>> tone = 0.5 * np.sin(2 * np.pi * 1_000 * np.arange(96_000) / 48_000)
    >>> measured = meter(np.stack([tone, tone]))
    >>> round(measured.loudness_lufs, 1), round(measured.crest_db, 1), measured.correlation[0, 1].round(2).item()
    (-6.0, 3.0, 1.0)
    """
    take = as_take(audio, sample_rate)
    statistics, peak = _Statistics(take.channels), TruePeakMeter(take.channels)
    balance = _Balance(take.channels, take.sample_rate)

    def heard() -> Iterator[Samples]:
        for block in blocks_of(take):
            for each in (statistics, peak, balance):
                each.add(block)
            yield block

    rate, blocks = raised(take.sample_rate, heard())
    loudness = LoudnessMeter(take.channels, rate, series=series)
    for block in blocks:
        loudness.add(block)
    integrated, true_peak_dbtp = loudness.integrated(), peak.dbtp
    muddiness, harshness = balance.shares()
    return Metering(
        duration_s=take.duration_s,
        sample_rate=take.sample_rate,
        channels=take.channels,
        loudness_lufs=integrated,
        max_momentary_lufs=loudness.max_momentary,
        max_short_term_lufs=loudness.max_short_term,
        range_lu=loudness.loudness_range(),
        true_peak_dbtp=true_peak_dbtp,
        sample_peak_dbfs=decibels(float(statistics.peaks.max())),
        plr_lu=None if integrated is None or true_peak_dbtp is None else true_peak_dbtp - integrated,
        crest_db=statistics.crest_db(),
        steadiness=steadiness(loudness.gating_blocks()),
        muddiness=muddiness,
        harshness=harshness,
        clipped_samples=statistics.clipped,
        dc=statistics.dc(),
        correlation=statistics.correlation(),
        series=loudness.series() if series else None,
    )


def steadiness(momentary_lufs: NDArray[np.float64], *, trim: float = _AVM_TRIM) -> float | None:
    """Return the alpha variance metric (AVM): how alike and how small loudness varies in loud and in quiet regions.

    Momentary loudness l_k above −70 LUFS and −20 LU is split at its median into a high and a low region with the
    variances v_H, v_L (LU²) and the pooled v_W::

        S = (min(v_H, v_L) + 1) / (max(v_H, v_L) + 1)       likeness of the regions
        B = 1 / (1 + v_W / 9)                               steadiness within them
        AVM = S/2 + B/2                                     (0, 1], 1 = steady

    The distance between the regions is not in it, and any ratio of variances is best for what does not change at all:
    read it beside loudness range and peak-to-loudness ratio, and never optimise it alone. This definition is ours: the
    text that names the metric gives no formula, so values are not comparable with those printed there.

    Parameters
    ----------
    momentary_lufs : (n,) floats
        Of blocks of 400 ms, 100 ms apart; −inf for silence (:meth:`LoudnessMeter.gating_blocks`).
    trim : float
        Share of each region that is left out at each of its ends, 0..0.5, so that a fade or a pause does not decide.

    Returns
    -------
    float or None
        None where fewer than 8 blocks pass the gates.

    Examples
    --------
    >>> steadiness(np.full(100, -23.0))
    1.0
    """
    absolute, relative = _AVM_GATES
    heard = np.asarray(momentary_lufs, np.float64)
    heard = heard[heard > absolute]
    if len(heard):
        heard = heard[heard >= 10.0 * math.log10(np.mean(10.0 ** (heard / 10.0))) + relative]
    if len(heard) < _AVM_BLOCKS:
        return None
    heard = np.sort(heard)
    half = len(heard) // 2
    low, high = _trimmed(heard[:half], trim), _trimmed(heard[half:], trim)
    v_L, v_H = float(low.var()), float(high.var())
    v_W = (len(low) * v_L + len(high) * v_H) / (len(low) + len(high))
    S = (min(v_H, v_L) + _AVM_DELTA) / (max(v_H, v_L) + _AVM_DELTA)
    B = 1.0 / (1.0 + v_W / _AVM_REFERENCE)
    return _AVM_ALPHA * S + (1.0 - _AVM_ALPHA) * B


def _trimmed(ordered: NDArray[np.float64], share: float) -> NDArray[np.float64]:
    cut = int(share * len(ordered))
    return ordered[cut : len(ordered) - cut]


class _Statistics:
    """Peaks, means, products of channels and clipped samples of a stream."""

    def __init__(self, channels: int) -> None:
        self.peaks = np.zeros(channels)
        self.clipped = 0
        self._frames = 0
        self._sums = np.zeros(channels)
        self._products = np.zeros((channels, channels))
        self._last_full = np.zeros((channels, 1), bool)
        self._counted = np.zeros((channels, 1), bool)

    def add(self, block: Samples) -> None:
        """Take the next block, (channels, frames)."""
        if not block.shape[1]:
            return
        self._frames += block.shape[1]
        self._sums += block.sum(axis=1, dtype=np.float64)
        wide = block.astype(np.float64)
        for i, left in enumerate(wide):  # far quicker than the matrix product of so flat a matrix
            for j, right in enumerate(wide[: i + 1]):
                self._products[i, j] += np.dot(left, right)
        peaks = np.maximum(block.max(axis=1), -block.min(axis=1)).astype(np.float64)
        self.peaks = np.maximum(self.peaks, peaks)
        self._count_clipped(block, float(peaks.max()))

    def _count_clipped(self, block: Samples, peak: float) -> None:
        if peak < CLIP_LEVEL:
            self._last_full[:] = self._counted[:] = False
            return
        full = np.concatenate([self._last_full, np.abs(block) >= np.float32(CLIP_LEVEL)], axis=1)
        run = np.zeros_like(full)
        run[:, 1:] = full[:, 1:] & full[:, :-1]
        run[:, :-1] |= run[:, 1:]
        # the first column belongs to the last block: it counts now if only this block shows that it is in a run
        self.clipped += int(run[:, 1:].sum()) + int((run[:, :1] & ~self._counted).sum())
        self._last_full, self._counted = full[:, -1:], run[:, -1:]

    def dc(self) -> tuple[float, ...]:
        """Return the mean of each channel."""
        return tuple((self._sums / max(self._frames, 1)).tolist())

    def crest_db(self) -> float | None:
        """Return the largest ratio of peak and root mean square of a channel."""
        energy = np.diag(self._products)
        heard = energy > 0.0
        if not heard.any():
            return None
        return float(20.0 * np.log10(self.peaks[heard] / np.sqrt(energy[heard] / self._frames)).max())

    def correlation(self) -> NDArray[np.float64]:
        """Return the correlation of each pair of channels."""
        size = np.sqrt(np.diag(self._products))
        norm = np.outer(size, size)
        result = np.zeros_like(norm)
        np.divide(self._products + np.tril(self._products, -1).T, norm, out=result, where=norm > 0.0)
        return np.clip(result, -1.0, 1.0)


class _Balance:
    """The mean spectrum of a stream, for shares of its energy."""

    def __init__(self, channels: int, sample_rate: int) -> None:
        self._size = 2 * math.ceil(_SPECTRUM_S * sample_rate / 2)
        self._rate = sample_rate
        self._window = hann(self._size).astype(np.float32)
        self._framer = Framer(channels, self._size, self._size // 2)
        self._power = np.zeros(self._size // 2 + 1)

    def add(self, block: Samples) -> None:
        """Take the next block, (channels, frames)."""
        self._take(*self._framer.add(block, block.shape[1]))

    def _take(self, count: int, samples: Samples | None) -> None:
        from scipy.fft import rfft

        if samples is None:
            return
        frames = np.lib.stride_tricks.sliding_window_view(samples, self._size, axis=1)[:, :: self._size // 2][:, :count]
        spectra = rfft(frames * self._window, axis=2)
        self._power += (np.square(spectra.real) + np.square(spectra.imag)).sum(axis=(0, 1), dtype=np.float64)

    def shares(self) -> tuple[float | None, float | None]:
        """Return the shares of MUD_HZ and HARSH_HZ in the energy of AUDIBLE_HZ."""
        self._take(*self._framer.finish())
        whole = self._between(*AUDIBLE_HZ)
        if whole <= 0.0:
            return None, None
        return self._between(*MUD_HZ) / whole, self._between(*HARSH_HZ) / whole

    def _between(self, low_hz: float, high_hz: float) -> float:
        """Return the energy in a band; a bin on its edge belongs to it in part."""
        width = self._rate / self._size
        centre = np.arange(len(self._power)) * width
        inside = np.minimum(centre + width / 2, high_hz) - np.maximum(centre - width / 2, low_hz)
        return float(np.clip(inside / width, 0.0, 1.0) @ self._power)


def _told(value: float | None, form: str) -> str:
    return "–" if value is None else form.format(value)
