"""Calls fitted to recordings: harmonics and noise in bands that move as they were measured to, every take a new one.

A take is a vector: how long it lasts, how its time is divided, its pitch, the level of its harmonics and the density of
its noise in bands, at a fixed number of moments. What is kept of the recordings of one kind is the mean of these
vectors, the few directions in which they differ most (principal components), and where on them the takes of each
recorded individual lie. Another individual lies between two recorded ones; each of its takes lies between two of
theirs. Sines plus noise: Serra & Smith, *CMJ* 14 (1990).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from extender.sources.procedural.toolkit import (
    SAMPLE_RATE,
    Control,
    Rng,
    Signal,
    frames,
    own,
    stretched,
    wander,
)

Floats = NDArray[np.float32]


def _bands() -> Control:
    """Return band centres evenly on the ERB-rate scale (Glasberg & Moore 1990), 60 Hz to 16 kHz."""
    ends = 21.4 * np.log10(1.0 + 0.00437 * np.array([60.0, 16_000.0]))
    return np.asarray((10.0 ** (np.linspace(ends[0], ends[1], 26) / 21.4) - 1.0) / 0.00437)


BANDS_HZ: Control = _bands()
FLOOR_DB = -140.0
TEMPO = 8
"""Stretches into which the time of a take is divided."""
HIGHEST_HZ = 18_000.0
_HOP = 256


@dataclass(frozen=True, slots=True)
class CallFit:
    """One kind of call, as measured.

    Parameters
    ----------
    points : int
        Moments of a take.
    mean : (d,) float32
        See :meth:`call`: d = 1 + TEMPO + points · (1 + 2 · bands).
    basis : (k, d) float32
        Principal components, in the units of the mean.
    places : (n, k) float32
        Where the recorded takes lie on them.
    who : (n,) int16
        Which individual each is of, 0, 1, …
    jitter, shimmer_db : float
        Fast random deviation of the pitch (share) and of the level.
    voiced : bool
        False: noise only.
    gap_s : (2,) float32
        From onset to onset within a bout: logarithm's mean and deviation.
    many : (2,) float32
        Takes in a bout: logarithm's mean and deviation.
    """

    points: int
    mean: Floats
    basis: Floats
    places: Floats
    who: NDArray[np.int16]
    jitter: float
    shimmer_db: float
    voiced: bool
    gap_s: Floats
    many: Floats

    def call(self, scores: NDArray[np.floating]) -> Call:
        """Return the take at a place on the components, (k,)."""
        return unpacked(self.mean + scores @ self.basis, self.points)


@dataclass(frozen=True, slots=True)
class Call:
    """One take in numbers.

    Parameters
    ----------
    duration_s : float
    at : (points,) float64
        Moments as shares of the duration, 0..1.
    pitch_hz : (points,) float64
    harmonic_db : (points, bands) float64
        Amplitude (peak) that a harmonic has in each of BANDS_HZ.
    noise_db : (points, bands) float64
        Power per Hz.
    """

    duration_s: float
    at: Control
    pitch_hz: Control
    harmonic_db: Control
    noise_db: Control


def packed(call: Call) -> Control:
    """Return a take as one vector: ln duration, TEMPO stretches (ln of their share · TEMPO), ln pitch, both tables."""
    knots = np.interp(np.linspace(0, 1, TEMPO + 1), np.linspace(0, 1, call.at.size), call.at)
    tempo = np.log(np.maximum(np.diff(knots) * TEMPO, 1e-3))
    return np.concatenate(
        [
            [np.log(call.duration_s)],
            tempo,
            np.log(call.pitch_hz),
            call.harmonic_db.ravel(),
            call.noise_db.ravel(),
        ]
    )


def unpacked(vector: NDArray[np.floating], points: int) -> Call:
    """Return the take of a vector; the inverse of :func:`packed` but for the evenness of time within a stretch."""
    values = np.asarray(vector, dtype=np.float64)
    shares = np.exp(values[1 : 1 + TEMPO])
    knots = np.concatenate([[0.0], np.cumsum(shares / shares.sum())])
    at = np.interp(np.linspace(0, 1, points), np.linspace(0, 1, TEMPO + 1), knots)
    rest = values[1 + TEMPO :]
    tables = rest[points:].reshape(2, points, BANDS_HZ.size)
    return Call(float(np.exp(values[0])), at, np.exp(rest[:points]), tables[0], tables[1])


def counted(points: int) -> Control:
    """Return by what the parts of a vector are multiplied to count alike: an octave of pitch as much as 12 dB."""
    bands = BANDS_HZ.size
    return np.concatenate(
        [
            [4.0],
            np.full(TEMPO, 3.0 / np.sqrt(TEMPO)),
            np.full(points, 17.0 / np.sqrt(points)),
            np.full(2 * points * bands, 1.0 / np.sqrt(points * bands)),
        ]
    )


@dataclass(frozen=True, slots=True)
class Caller:
    """One individual of a kind.

    Parameters
    ----------
    fit : CallFit
    who : int
        The recorded one that it is like.
    also : (k,) float64
        A recorded place that it is a little like in all its takes.
    near : float
        0..1, how much it is like the first.
    size : float
        1 = as recorded; larger animals have lower voices and longer throats.
    hue_db : (2, bands) float64
        What is its own in the colour of its voice, where too few were recorded to tell.
    """

    fit: CallFit
    who: int
    also: Control
    near: float
    size: float
    hue_db: Control

    def call(self, rng: Rng, effort: float = 0.5) -> Call:
        """Return a new take of it; ``effort`` 0..1 from quiet to agitated."""
        fit = self.fit
        takes = np.flatnonzero(fit.who == self.who)
        first, second = fit.places[rng.choice(takes)], fit.places[rng.choice(takes)]
        share = rng.uniform(0.7, 1.0)
        call = fit.call(self.near * (share * first + (1.0 - share) * second) + (1.0 - self.near) * self.also)
        urge = 2.0 * effort - 1.0
        duration = call.duration_s * np.exp(0.06 * rng.standard_normal() - 0.12 * urge) * self.size**0.3
        u = np.linspace(0.0, 1.0, fit.points)
        bend = 0.008 * wander(rng, fit.points, fit.points / max(duration, 0.05), 0.7, 5.0)
        pitch = call.pitch_hz * np.exp(bend + 0.015 * rng.standard_normal() + 0.10 * urge) / self.size
        tilt = 1.5 * urge * np.log2(BANDS_HZ / 1_000.0)
        alive = _field(rng, fit.points, 1.6)
        slow = np.cumsum(np.exp(0.12 * wander(rng, fit.points, fit.points / max(duration, 0.05), 0.7, 10.0)))
        at = np.interp(u, np.concatenate([[0.0], slow / slow[-1]])[:-1] / (slow[-2] / slow[-1]), call.at)
        return Call(
            float(duration),
            at,
            pitch,
            call.harmonic_db + self.hue_db[0] + tilt + alive,
            call.noise_db + self.hue_db[1] + tilt + 0.7 * alive,
        )

    def utter(self, rng: Rng, effort: float = 0.5) -> Signal:
        """Return the sound of a new take."""
        fit = self.fit
        return sounded(rng, self.call(rng, effort), fit.jitter, fit.shimmer_db, fit.voiced, self.size)


def caller(rng: Rng, fit: CallFit, size: float = 1.0) -> Caller:
    """Return the individual of a generator (see toolkit.own): between two recorded ones, nearer to one of them."""
    one = own(rng)
    many = int(fit.who.max()) + 1
    also = fit.places[one.integers(fit.places.shape[0])]
    own_size = np.exp((0.035 if many > 2 else 0.06) * one.standard_normal())
    hue = _smooth(one, 1.2 if many > 2 else 2.0)
    return Caller(
        fit,
        int(one.integers(many)),
        np.asarray(also, dtype=np.float64),
        float(one.uniform(0.85 if many > 5 else 0.95, 1.0)),
        size * float(own_size),
        np.stack([hue, 0.7 * hue]),
    )


def _smooth(rng: Rng, depth_db: float) -> Control:
    """Return a smooth random colour over the bands."""
    knots = rng.standard_normal(8) * depth_db
    return np.asarray(np.interp(np.linspace(0, 7, BANDS_HZ.size), np.arange(8), knots))


def _field(rng: Rng, points: int, depth_db: float) -> Control:
    """Return a smooth random table over moments and bands: no two takes are coloured alike throughout."""
    rows, columns = max(points // 6, 2), 8
    knots = rng.standard_normal((rows, columns)) * depth_db
    along = np.stack([np.interp(np.linspace(0, rows - 1, points), np.arange(rows), c) for c in knots.T], axis=1)
    at = np.linspace(0, columns - 1, BANDS_HZ.size)
    low = np.minimum(at.astype(int), columns - 2)
    u = at - low
    return np.asarray(along[:, low] * (1 - u) + along[:, low + 1] * u)


# --- sound ---------------------------------------------------------------------------------------------------------


def sounded(
    rng: Rng, call: Call, jitter: float = 0.0, shimmer_db: float = 0.0, voiced: bool = True, size: float = 1.0
) -> Signal:
    """Return the sound of a take, at the level that its tables say; 5 ms of fading are added at both ends.

    Parameters
    ----------
    size : float
        By which the bands are lowered (the pitch is taken as it is).
    """
    edge = frames(0.005)
    count = frames(call.duration_s) + 2 * edge
    moments = count // _HOP + 2
    where = (np.arange(moments) * _HOP - edge) / max(count - 2 * edge, 1)
    row = np.interp(where, call.at, np.arange(call.at.size))
    low = np.minimum(row.astype(int), call.at.size - 2)
    u = (row - low)[:, None]
    f = fft.rfftfreq(2 * _HOP, 1.0 / SAMPLE_RATE)
    column = np.interp(np.log(np.maximum(f, 20.0) * size), np.log(BANDS_HZ), np.arange(BANDS_HZ.size))
    beyond = 24.0 * np.maximum(np.log2(np.maximum(f * size, 1.0) / BANDS_HZ[-1]), 0.0) + 12.0 * np.maximum(
        np.log2(BANDS_HZ[0] / np.maximum(f * size, 20.0)), 0.0
    )

    def gains(table: Control) -> Floats:
        rows = table[low] * (1 - u) + table[low + 1] * u
        left = np.minimum(column.astype(int), BANDS_HZ.size - 2)
        v = column - left
        dense = (rows[:, left] * (1 - v) + rows[:, left + 1] * v - beyond).astype(np.float32)
        gain = np.exp(np.float32(np.log(10.0) / 20.0) * dense)
        gain[:, 0] = gain[:, 1]  # a deep harmonic lies partly in it
        return np.asarray(gain)

    white = rng.standard_normal((moments, 2 * f.size), dtype=np.float32).view(np.complex64)
    noise_gain = gains(call.noise_db) * np.float32(np.sqrt(SAMPLE_RATE / 2.0 * _HOP))
    noise_gain[:, 0] = 0.0
    out = _overlapped(white * noise_gain, count)
    if voiced:
        curve = np.interp(np.linspace(0, 1, count), call.at, np.log(call.pitch_hz))
        phase = _phase(rng, np.exp(curve), jitter)
        if call.pitch_hz.mean() < 350.0:
            out *= (1.0 + 0.45 * np.cos(phase)).astype(np.float32)  # breath swells with every opening of the glottis
        pulses = harmonics(phase, np.exp(curve))
        window = np.sin(np.pi * (np.arange(2 * _HOP) + 0.5) / (2 * _HOP)).astype(np.float32)
        padded = np.zeros((moments + 1) * _HOP, dtype=np.float32)
        padded[_HOP : _HOP + count] = pulses
        pieces = np.lib.stride_tricks.sliding_window_view(padded, 2 * _HOP)[::_HOP] * window
        out += _overlapped(fft.rfft(pieces, axis=1) * (gains(call.harmonic_db) * _dispersion(rng, f)), count)
    if shimmer_db > 0:
        points = max(count // 96, 8)
        flutter = wander(rng, points, SAMPLE_RATE / 96, 18.0, 220.0, 0.3)
        out *= np.exp(np.log(10.0) / 20.0 * shimmer_db * stretched(flutter, count))
    ramp = 0.5 - 0.5 * np.cos(np.pi * np.arange(edge) / edge)
    out[:edge] *= ramp.astype(np.float32)
    out[-edge:] *= ramp[::-1].astype(np.float32)
    return out


def _overlapped(spectra: NDArray[np.complexfloating], count: int) -> Signal:
    """Add up half-overlapping pieces under sine windows; the first begins a hop before the sound."""
    window = np.sin(np.pi * (np.arange(2 * _HOP) + 0.5) / (2 * _HOP)).astype(np.float32)
    pieces = fft.irfft(spectra, 2 * _HOP, axis=1).astype(np.float32, copy=False) * window
    out = np.zeros((spectra.shape[0] + 1, _HOP), dtype=np.float32)
    out[:-1] += pieces[:, :_HOP]
    out[1:] += pieces[:, _HOP:]
    return out.ravel()[_HOP : _HOP + count]


def _phase(rng: Rng, pitch_hz: Control, jitter: float) -> Control:
    """Return the phase of a voice, −π..π, with the unsteadiness of its pitch."""
    hz = pitch_hz
    if jitter > 0:
        points = max(pitch_hz.size // 48, 8)
        hz = hz * (1.0 + jitter * stretched(wander(rng, points, SAMPLE_RATE / 48, 12.0, 400.0, 0.3), hz.size))
    turns = np.cumsum(hz) / SAMPLE_RATE + rng.random()
    return np.asarray(2.0 * np.pi * (turns - np.round(turns)))


def harmonics(phase: Control, pitch_hz: Control) -> Signal:
    """Return the sum of cosines of all harmonics below HIGHEST_HZ, each of amplitude 1.

    In closed form, Σcos(hφ) = sin((n + ½)φ) / (2 sin(φ/2)) − ½ (Dirichlet's kernel); the next harmonic comes in with
    the fraction by which n is not whole, so that a glide has no steps.
    """
    p = phase.astype(np.float32)
    n = (HIGHEST_HZ / pitch_hz).astype(np.float32)
    whole = np.floor(n)
    below = np.sin(0.5 * p)
    near = np.abs(below) < 1e-4
    kernel = np.sin((whole + 0.5) * p) / np.where(near, 1.0, 2.0 * below) - 0.5
    return np.asarray(np.where(near, whole, kernel) + (n - whole) * np.cos((whole + 1.0) * p), dtype=np.float32)


def _dispersion(rng: Rng, f: Control) -> NDArray[np.complex64]:
    """Return a smooth random phase over frequency: a throat delays each band a little differently, by up to 0.8 ms."""
    delay_s = np.interp(np.log2(np.maximum(f, 60.0) / 60.0), np.linspace(0, 8.7, 12), rng.uniform(0.0, 8e-4, 12))
    theta = 2.0 * np.pi * (f[1] - f[0]) * np.cumsum(delay_s)
    return np.asarray(np.exp(-1j * (theta - theta[0])), dtype=np.complex64)
