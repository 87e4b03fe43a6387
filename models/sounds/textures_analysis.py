"""The statistics of a recorded texture, in the terms of the generator (``extender.sources.procedural.textures``)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from extender.sources.procedural.textures import (
    BANDS,
    CENTRES_HZ,
    EDGES_ERB,
    EDGES_HZ,
    FINE_HZ,
    MODULATION_HZ,
    PHASES,
    PROBABILITIES,
    QUICK_HZ,
)
from extender.sources.procedural.toolkit import SAMPLE_RATE

Doubles = NDArray[np.float64]

RATE = 750
_STEP = SAMPLE_RATE // RATE
_FINE_STEP = 8
"""Envelopes are taken at 6 kHz, wider than the widest band, and their power averaged over 1.3 ms."""
COMPRESSION = 0.3
TREND_S = 0.5
"""Deviation of the Gaussian that tells slow motion from modulation: half of it is left at 0.37 Hz."""
BEATS_HZ = (4.0, 45.0)
HARMONICS = 6
BEATING = 0.05
"""Share of the envelopes' variance that must be on the harmonics of one beat for it to be one."""
_WELCH = 32_768
_FLOOR = 1e-9
GRAINS_HZ = 1_500.0
"""Cracks are looked for above this."""
SUDDEN = 0.4
"""Mean suddenness above `GRAINS_HZ` from which a sound is looked through for single cracks."""
STANDS_DB = 9.0
LEAST_GRAINS = 8
CRACK_POINTS = 22
"""Points that belong to a crack: 29 ms."""


@dataclass(frozen=True, slots=True)
class Grains:
    """Single cracks; the names are those of ``Texture``, energies relative to that of one second between them."""

    rate: float
    db: Doubles
    slope: Doubles
    quantiles_db: Doubles
    decay_s: Doubles


NO_GRAINS = Grains(0.0, np.full(BANDS, -60.0), np.zeros(BANDS), np.zeros(12), np.full(BANDS, 0.01))


@dataclass(frozen=True, slots=True)
class Measured:
    """Statistics of one sound; the names are those of ``Texture``, and what is measured is the sound, not its making.

    Attributes
    ----------
    seconds : float
    levels_db : (36,) float64
        Levels of the bands by their compressed envelopes, which single loud moments hardly move; relative to the
        power of the whole.
    quantiles_db : (36, 12) float64
        Of the envelopes' power, slow motion and beats taken out, relative to its mean.
    modulation : (36, 18) float64
        Shares of the variance of the compressed envelopes; rows sum to 1.
    slow_correlation, quick_correlation : (36, 36) float64
    slow_db : (36,) float64
        Deviation of the slow motion that all bands have in common.
    spectrum_db : (384,) float64
        Density at ``FINE_HZ``, relative to the whole; ``spectrum_error_db`` is its standard error.
    beat_hz : float
        0 where nothing beats.
    beat_db : (36, 16) float64
    suddenness : (36,) float64
        Skewness of the steps of the compressed envelopes: above 0 where they rise faster than they fall.
    grains : Grains
    """

    seconds: float
    levels_db: Doubles
    quantiles_db: Doubles
    modulation: Doubles
    slow_correlation: Doubles
    quick_correlation: Doubles
    slow_db: Doubles
    spectrum_db: Doubles
    spectrum_error_db: Doubles
    beat_hz: float
    beat_db: Doubles
    suddenness: Doubles
    grains: Grains


def band_powers(signal: NDArray[np.floating]) -> Doubles:
    """Return the power of the 36 bands of one channel at 48 kHz, (36, points) at 750 Hz."""
    size = fft.next_fast_len(-(-signal.size // _STEP) + RATE // 10, real=True) * _STEP
    spectrum = fft.rfft(signal.astype(np.float64), size)
    hz = SAMPLE_RATE / size
    out = np.empty((BANDS, signal.size // _STEP))
    for band in range(BANDS):
        start, stop = int(np.ceil(EDGES_HZ[band] / hz)), int(EDGES_HZ[band + 2] / hz) + 1
        erb = 21.4 * np.log10(1.0 + 0.00437 * hz * np.arange(start, stop))
        shape = np.cos(0.5 * np.pi * np.minimum(np.abs(erb - EDGES_ERB[band + 1]) / (EDGES_ERB[1] - EDGES_ERB[0]), 1))
        bins = np.zeros(size // _FINE_STEP, dtype=np.complex128)
        bins[: stop - start] = spectrum[start:stop] * shape
        power = 2.0 * np.abs(fft.ifft(bins) / _FINE_STEP) ** 2
        out[band] = power.reshape(-1, _STEP // _FINE_STEP).mean(axis=1)[: out.shape[1]]
    return out


def measured(signal: NDArray[np.floating], beat_hz: float | None = None, *, cracks: bool = True) -> Measured:
    """Measure one channel at 48 kHz.

    Parameters
    ----------
    beat_hz : float, optional
        What beats, where it is known; by default it is looked for.
    cracks : bool
        Look for single cracks; where there are, all else is measured in what lies between them.

    Raises
    ------
    ValueError
        It is shorter than 1 s, or silent.
    """
    if signal.ndim != 1 or signal.size < SAMPLE_RATE:
        raise ValueError(f"expected one channel of at least 1 s at 48 kHz, got shape {signal.shape}")
    power = band_powers(signal)
    mean = power.mean(axis=1)
    if not mean.sum() > 0:
        raise ValueError("expected a sound, got silence")
    floor = _FLOOR * mean.sum()
    power = power + floor
    grains, between = _cracks(power) if cracks else (NO_GRAINS, None)
    if between is not None:
        power = power[:, between]
        mean = power.mean(axis=1)
    levels_db = 20.0 / COMPRESSION * np.log10(np.mean(power ** (COMPRESSION / 2), axis=1))
    trend_db, slow_db = _slow(power)
    power = power / 10.0 ** (trend_db / 10.0)
    found = beat_of(power) if beat_hz is None else beat_hz
    beat_db = np.zeros((BANDS, PHASES))
    if found > 0:
        beat_db, along = _beat(power, found)
        power = power / 10.0 ** (along / 10.0)
    quantiles = 10.0 * np.log10(np.quantile(power, PROBABILITIES, axis=1).T / power.mean(axis=1)[:, None])
    modulation, slow, quick = _modulation(power)
    spectrum_db, error_db = _spectrum(signal)
    return Measured(
        signal.size / SAMPLE_RATE,
        levels_db - 10.0 * np.log10(mean.sum()),
        quantiles,
        modulation,
        slow,
        quick,
        slow_db,
        spectrum_db,
        error_db,
        found,
        beat_db,
        _suddenness(power),
        grains,
    )


def _slow(power: Doubles) -> tuple[Doubles, Doubles]:
    """Return the slow motion of every band in dB, (36, points), and what of it is common to all, (36,)."""
    from scipy.ndimage import gaussian_filter1d

    smooth = gaussian_filter1d(power ** (COMPRESSION / 2), TREND_S * RATE, axis=1, mode="reflect")
    trend = 20.0 / COMPRESSION * np.log10(smooth)
    trend -= trend.mean(axis=1, keepdims=True)
    weight = power.mean(axis=1) ** COMPRESSION
    common = (weight[:, None] * trend).sum(axis=0) / weight.sum()
    common /= max(float(common.std()), 1e-9)
    return trend, (trend * common).mean(axis=1)


def _unit_spectra(power: Doubles) -> tuple[NDArray[np.complex128], Doubles]:
    """Return the spectra of the compressed envelopes at deviation 1, and their frequencies."""
    envelope = power ** (COMPRESSION / 2)
    envelope = envelope - envelope.mean(axis=1, keepdims=True)
    ramp = min(RATE // 8, envelope.shape[1] // 8)
    rise = 0.5 - 0.5 * np.cos(np.pi * (np.arange(ramp) + 0.5) / ramp)
    envelope[:, :ramp] *= rise
    envelope[:, -ramp:] *= rise[::-1]
    envelope /= np.maximum(np.sqrt(np.mean(envelope**2, axis=1, keepdims=True)), 1e-12)
    size = fft.next_fast_len(max(envelope.shape[1], 8 * RATE), real=True)
    return fft.rfft(envelope, size, axis=1), fft.rfftfreq(size, 1.0 / RATE)


def _modulation(power: Doubles) -> tuple[Doubles, Doubles, Doubles]:
    """Return the shares of the modulation bands, and the bands' correlations in slow and in quick modulation."""
    spectra, f = _unit_spectra(power)
    density = np.abs(spectra) ** 2
    which = np.round(2.0 * np.log2(np.maximum(f, 1e-3) / MODULATION_HZ[0])).astype(int)
    shares = np.stack([density[:, which == m].sum(axis=1) for m in range(MODULATION_HZ.size)], axis=1)
    shares /= shares.sum(axis=1, keepdims=True)
    tables = []
    for inside in ((f >= 0.35) & (f < QUICK_HZ), (f >= QUICK_HZ) & (f < 190.0)):
        cross = (spectra[:, inside] @ spectra[:, inside].conj().T).real
        norm = np.sqrt(np.maximum(np.diag(cross), 1e-12))
        tables.append(cross / norm[:, None] / norm[None, :])
    return shares, tables[0], tables[1]


def _suddenness(power: Doubles) -> Doubles:
    steps = np.diff(power ** (COMPRESSION / 2), axis=1)
    steps -= steps.mean(axis=1, keepdims=True)
    return np.asarray(np.mean(steps**3, axis=1) / np.maximum(np.mean(steps**2, axis=1), 1e-30) ** 1.5)


def cracks_of(signal: NDArray[np.floating]) -> Grains:
    """Return the single cracks of one channel at 48 kHz."""
    power = band_powers(signal)
    return _cracks(power + _FLOOR * power.mean(axis=1).sum())[0]


def _cracks(power: Doubles) -> tuple[Grains, NDArray[np.bool_] | None]:
    """Return the single cracks in the powers of the bands, (36, points) at 750 Hz, and which points lie between them.

    A crack stands `STANDS_DB` above the median around it, is the highest within 12 ms, and rose as far within 7 ms.
    """
    from scipy.ndimage import maximum_filter1d, median_filter

    above = CENTRES_HZ > GRAINS_HZ
    if _suddenness(power)[above].mean() < SUDDEN:
        return NO_GRAINS, None
    db = 10.0 * np.log10(power[above].sum(axis=0))
    usual = median_filter(db, RATE // 3, mode="nearest")
    before = np.minimum.reduce([np.roll(db, k) for k in range(1, 6)])
    found = (db > usual + STANDS_DB) & (db >= maximum_filter1d(db, 19)) & (db > before + STANDS_DB - 2.0)
    at = np.flatnonzero(found)
    at = at[(at > RATE // 50) & (at < db.size - RATE // 12)]
    if at.size < LEAST_GRAINS:
        return NO_GRAINS, None
    between = np.ones(db.size, dtype=bool)
    for k in at:
        between[k - 2 : k + CRACK_POINTS] = False
    steady = power[:, between].mean(axis=1)
    after = np.stack([power[:, k - 1 : k + 60] for k in at]) - steady[:, None]  # (grains, bands, 81 ms)
    for k, gap in enumerate(np.diff(at)):
        after[k, :, max(int(gap) - 1, 3) :] = 0.0  # until the next crack: nothing is counted twice
    early, late = after[..., :7].sum(axis=2), after[..., 7:].sum(axis=2)
    energy = np.maximum(early + late, 0.02 * steady[None, :]) / RATE / steady.sum()
    each_db = 10.0 * np.log10(energy[:, above].sum(axis=1))
    louder_db = each_db - np.median(each_db)
    slope, middle = np.polyfit(louder_db, 10.0 * np.log10(energy), 1)
    share = np.clip(late.mean(axis=0) / np.maximum(early.mean(axis=0), 1e-12), 0.02, 3.0)
    # Energy dies as exp(−t/τ): of it lie 1 − q before 7/750 s and q after, q = exp(−0.0093/τ).
    decay = 7.0 / RATE / np.log(1.0 + 1.0 / share)
    grains = Grains(
        at.size / (power.shape[1] / RATE),
        middle,
        np.clip(slope, 0.0, 2.0),
        np.quantile(louder_db, PROBABILITIES),
        np.clip(decay, 0.002, 0.08),
    )
    return grains, between


def beat_of(power: Doubles) -> float:
    """Return how often all bands beat together, in Hz; 0 if nothing does so regularly."""
    spectra, f = _unit_spectra(power)
    weight = power.mean(axis=1) ** COMPRESSION
    density = (weight[:, None] * np.abs(spectra) ** 2).sum(axis=0) / weight.sum()
    total = density[f >= 2.0].sum()
    width = max(int(power.shape[1] / RATE / 8), 0)  # a beat that wavers is as wide as that
    near = np.convolve(density, np.ones(2 * width + 1), "same")
    level = np.convolve(density, np.ones(301) / 301 * (2 * width + 1), "same")
    above = np.maximum(near - 2.0 * level, 0.0) / total
    candidates = np.arange(BEATS_HZ[0], BEATS_HZ[1], 0.25 * f[1])
    bins = np.round(candidates[:, None] * np.arange(1, HARMONICS + 1) / f[1]).astype(int)
    share = above[np.minimum(bins, f.size - 1)].sum(axis=1)
    best = int(np.argmax(share))
    return float(candidates[best]) if share[best] > BEATING else 0.0


def _beat(power: Doubles, beat_hz: float) -> tuple[Doubles, Doubles]:
    """Return the gain along one beat, (36, 16) in dB, and along the whole sound, (36, points).

    The beat is followed: in pieces of half a second its phase is the one in which all bands agree best.
    """
    db = 10.0 * np.log10(power)
    db -= db.mean(axis=1, keepdims=True)
    weight = power.mean(axis=1) ** COMPRESSION
    t = np.arange(power.shape[1]) / RATE
    carrier = np.exp(-2j * np.pi * beat_hz * t)
    from scipy.ndimage import gaussian_filter1d

    turning = (weight[:, None] * db).sum(axis=0) / weight.sum() * carrier
    spread = max(0.4, 3.0 / beat_hz) * RATE
    followed = gaussian_filter1d(turning.real, spread) + 1j * gaussian_filter1d(turning.imag, spread)
    cycles = beat_hz * t + np.unwrap(np.angle(followed)) / (2 * np.pi)
    at = (cycles % 1.0) * PHASES
    low = at.astype(int) % PHASES
    table = np.stack([np.bincount(low, row, PHASES) for row in db]) / np.maximum(np.bincount(low, minlength=PHASES), 1)
    # Each of the phases holds the mean over its width; smoothing keeps from following single blows.
    table = 0.5 * table + 0.25 * (np.roll(table, 1, axis=1) + np.roll(table, -1, axis=1))
    return table - table.mean(axis=1, keepdims=True), (table - table.mean(axis=1, keepdims=True))[:, low]


def _spectrum(signal: NDArray[np.floating]) -> tuple[Doubles, Doubles]:
    """Return the density at ``FINE_HZ`` in dB relative to the whole, and its standard error."""
    size = min(_WELCH, signal.size // 2 * 2)
    pieces = np.lib.stride_tricks.sliding_window_view(signal, size)[:: size // 2]
    power = np.mean(np.abs(fft.rfft(pieces * np.hanning(size), axis=1)) ** 2, axis=0)
    f = fft.rfftfreq(size, 1.0 / SAMPLE_RATE)
    power /= power[(f > 25.0) & (f < 20_000.0)].sum() * f[1]
    edges = np.sqrt(FINE_HZ[1:] * FINE_HZ[:-1])
    edges = np.concatenate([[FINE_HZ[0] ** 2 / edges[0]], edges, [FINE_HZ[-1] ** 2 / edges[-1]]])
    total = np.concatenate([[0.0], np.cumsum(power)]) * f[1]
    held = np.interp(edges, np.concatenate([f - f[1] / 2, [f[-1] + f[1] / 2]]), total)
    density = np.maximum(np.diff(held) / np.diff(edges), 1e-14)
    independent = np.maximum(np.diff(edges) / f[1] / 1.5, 1.0) * (1 + 0.8 * (len(pieces) - 1))
    return 10.0 * np.log10(density), 4.34 / np.sqrt(independent)
