"""Filters: second-order sections in cascade, standing still, changing over time, or with linear phase."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mixer.curve import Curve, extremes
from mixer.equaliser_kernels import CHUNK, LANES, STEPS, cascade, guard, variable
from mixer.processors import Filter, FilterKind
from mixer.types import Samples

HIGHEST = 0.49
"""Of the sample rate: filters above it are brought down to it."""
SILENT = 1e-10
"""What rings on below this (−200 dB) is over."""
LONGEST_HALF_S = 0.5
"""Of a linear-phase filter; more than BLOCK frames it never is."""

Section = tuple[float, float, float, float, float]
"""b0, b1, b2, a1, a2 of H(z) = (b0 + b1/z + b2/z²) / (1 + a1/z + a2/z²)."""


def is_flat(settings: Filter) -> bool:
    """Tell whether a filter changes nothing: a peak or shelf of 0 dB."""
    return settings.kind not in ("low_cut", "high_cut") and extremes(settings.gain_db) == (0.0, 0.0)


def is_static(settings: Filter) -> bool:
    """Tell whether a filter is the same all the time."""
    return all(low == high for low, high in map(extremes, (settings.frequency_hz, settings.gain_db, settings.q)))


def section(kind: FilterKind, frequency_hz: float, gain_db: float, q: float, sample_rate: int) -> Section:
    """Design a section.

    R. Bristow-Johnson, "Cookbook formulae for audio EQ biquad filter coefficients": bilinear transforms of analogue
    prototypes whose frequency is kept.
    """
    w = 2.0 * math.pi * min(frequency_hz / sample_rate, HIGHEST)
    cos, alpha = math.cos(w), math.sin(w) / (2.0 * q)
    A = 10.0 ** (gain_db / 40.0)
    if kind == "peak":
        b = (1.0 + alpha * A, -2.0 * cos, 1.0 - alpha * A)
        a = (1.0 + alpha / A, -2.0 * cos, 1.0 - alpha / A)
    elif kind == "low_cut":
        b = ((1.0 + cos) / 2.0, -1.0 - cos, (1.0 + cos) / 2.0)
        a = (1.0 + alpha, -2.0 * cos, 1.0 - alpha)
    elif kind == "high_cut":
        b = ((1.0 - cos) / 2.0, 1.0 - cos, (1.0 - cos) / 2.0)
        a = (1.0 + alpha, -2.0 * cos, 1.0 - alpha)
    else:
        sign = 1.0 if kind == "low_shelf" else -1.0  # the one is the other with z for −z
        c, root = sign * cos, 2.0 * math.sqrt(A) * alpha
        b = (A * (A + 1 - (A - 1) * c + root), sign * 2 * A * (A - 1 - (A + 1) * c), A * (A + 1 - (A - 1) * c - root))
        a = (A + 1 + (A - 1) * c + root, sign * -2 * (A - 1 + (A + 1) * c), A + 1 + (A - 1) * c - root)
    return b[0] / a[0], b[1] / a[0], b[2] / a[0], a[1] / a[0], a[2] / a[0]


def band_section(frequency_hz: float, q: float, sample_rate: int) -> Section:
    """Design a band-pass of 0 dB at its centre (the cookbook's "constant 0 dB peak gain")."""
    w = 2.0 * math.pi * min(frequency_hz / sample_rate, HIGHEST)
    alpha = math.sin(w) / (2.0 * q)
    norm = 1.0 + alpha
    return alpha / norm, 0.0, -alpha / norm, -2.0 * math.cos(w) / norm, (1.0 - alpha) / norm


def sections_of(filters: Sequence[Filter], sample_rate: int, time_s: float = 0.0) -> list[Section]:
    """Return the sections of filters as they stand at a time of the mix; flat ones are left out."""

    def at(setting: float | Curve) -> float:
        return float(setting.at(time_s)) if isinstance(setting, Curve) else setting

    return [section(f.kind, at(f.frequency_hz), at(f.gain_db), at(f.q), sample_rate) for f in filters if not is_flat(f)]


def response(sections: Sequence[Section], frequencies_hz: ArrayLike, sample_rate: int) -> NDArray[np.complex128]:
    """Return the frequency response of sections in cascade, in the shape of the frequencies."""
    z = np.exp(-2j * np.pi * np.asarray(frequencies_hz, np.float64) / sample_rate)
    total = np.ones(z.shape, np.complex128)
    for b0, b1, b2, a1, a2 in sections:
        total *= (b0 + z * (b1 + z * b2)) / (1.0 + z * (a1 + z * a2))
    return total


class _Design:
    """What the kernel needs of a cascade: normalised sections, and how their states ring on.

    With b0 drawn out as a gain, a section is y = v + p, p ← b1 v − a1 y + q, q ← b2 v − a2 y (transposed direct form
    II). The states s of all sections follow s ← A s + …, and without input the cascade's output is C s.
    """

    def __init__(self, sections: tuple[Section, ...]) -> None:
        # Slow ones first: the states of those after them soon fall silent.
        ordered = sorted(sections, key=_radius, reverse=True)
        self.gain = math.prod(b0 for b0, *_ in ordered)
        table = [(b1 / b0, b2 / b0, a1, a2) for b0, b1, b2, a1, a2 in ordered]
        table += [(0.0, 0.0, 0.0, 0.0)] * (len(table) % 2)  # the kernel takes two at a time
        self.table = np.array(table)
        self.states = 2 * len(table)
        # Powers of A grow what they round: longdouble is better than float64 on most machines.
        self._step = np.zeros((self.states, self.states), np.longdouble)
        through = np.zeros(self.states, np.longdouble)  # what a section hears: the p of all before it
        for number, (b1, b2, a1, a2) in enumerate(table):
            p, q = 2 * number, 2 * number + 1
            self._step[p] = (b1 - a1) * through
            self._step[q] = (b2 - a2) * through
            self._step[p, p] -= a1
            self._step[p, q] += 1.0
            self._step[q, p] -= a2
            through[p] = 1.0
        ringing = self._ringing(through)
        self.ringing = np.ascontiguousarray(ringing.reshape(-1, 4, ringing.shape[1]).transpose(0, 2, 1))
        self.loudest = np.abs(ringing).max(axis=1) * abs(self.gain)
        audible = np.abs(ringing) * abs(self.gain) > 1e-11 * self.loudest[:, np.newaxis]
        last = audible.shape[1] - np.argmax(audible[:, ::-1], axis=1)
        self.reach = last.reshape(-1, 4).max(axis=1)
        self._powers: dict[int, NDArray[np.float64]] = {}

    def _ringing(self, output: NDArray[np.longdouble]) -> NDArray[np.float64]:
        """Return the output n frames after each state was 1, (states, frames of a lane): C Aⁿ, by doubling."""
        frames = CHUNK // (LANES * STEPS) * STEPS
        rows, power = output[np.newaxis], self._step
        while len(rows) < frames:
            rows = np.concatenate([rows, rows @ power])
            power = _quietened(power @ power)
        return np.asarray(_quietened(rows[:frames]).T, np.float64)

    def after(self, frames: int) -> NDArray[np.float64]:
        """Return A to the power of frames: what the states become in silence."""
        if frames not in self._powers:
            power, square = np.eye(self.states, dtype=np.longdouble), self._step
            for bit in reversed(f"{frames:b}"):
                power = _quietened(power @ square) if bit == "1" else power
                square = _quietened(square @ square)
            self._powers[frames] = power.astype(np.float64)
        return self._powers[frames]


def _quietened(values: NDArray[np.longdouble]) -> NDArray[np.longdouble]:
    """Take away what would become denormal."""
    return np.where(np.abs(values) > 1e-60, values, 0.0)


def _radius(sections: Section) -> float:
    """Return the radius of the outer pole."""
    *_, a1, a2 = sections
    root = a1 * a1 / 4.0 - a2
    return math.sqrt(a2) if root <= 0.0 else abs(a1) / 2.0 + math.sqrt(root)


_design = lru_cache(maxsize=256)(_Design)


class Cascade:
    """Sections in cascade over a stream of blocks of any length; no latency, minimum phase.

    Parameters
    ----------
    sections : sequence of Section
        One or more.
    channels : int

    Notes
    -----
    A block is cut into LANES stretches that are filtered side by side from silence, so that processors work on
    several at once; then the states are handed from stretch to stretch, and what they ring on is added, which for a
    linear filter is exact. States are float64.
    """

    def __init__(self, sections: Sequence[Section], channels: int) -> None:
        self._design = _design(tuple(sections))
        self._states = np.zeros((channels, self._design.states))

    looks_ahead = False

    def process(
        self, block: Samples | None, frames: int, first: int = 0, following: Samples | None = None
    ) -> Samples | None:
        """Filter the next (channels, frames); None is silence. Neither time nor what follows matters."""
        design = self._design
        if block is None:
            if np.max(np.abs(self._states) @ design.loudest) < SILENT:
                self._states[:] = 0.0
                return None
            block = np.zeros((len(self._states), frames), np.float32)
        out = np.empty((len(self._states), frames), np.float32)
        for channel, state in enumerate(self._states):
            for start in range(0, frames, CHUNK):
                sound = block[channel, start : start + CHUNK]
                steps = len(sound) // (LANES * STEPS) * STEPS
                cascade(
                    sound, out[channel, start : start + CHUNK], design.table, design.gain, state, steps,
                    design.ringing, design.reach, design.after(steps), guard(),
                )  # fmt: skip
        return out


class Automated:
    """One filter whose settings follow curves, frame by frame.

    Parameters
    ----------
    settings : Filter
    sample_rate : int
        Hz.
    channels : int

    Notes
    -----
    A. Simper, "Linear trapezoidal integrated state variable filter", Cytomic, 2013: its states are the integrators',
    so that it stays calm however its settings move. Standing still it has the response of :func:`section`.
    """

    STRETCH = 4_096

    def __init__(self, settings: Filter, sample_rate: int, channels: int) -> None:
        self._settings = settings
        self._rate = sample_rate
        self._states = np.zeros((channels, 2))

    looks_ahead = False

    def process(
        self, block: Samples | None, frames: int, first: int, following: Samples | None = None
    ) -> Samples | None:
        """Filter the next (channels, frames), which begin at this frame of the mix; None is silence."""
        if block is None:
            if np.abs(self._states).max() < SILENT:
                self._states[:] = 0.0
                return None
            block = np.zeros((len(self._states), frames), np.float32)
        out = np.empty((len(self._states), frames), np.float32)
        for start in range(0, frames, self.STRETCH):
            stop = min(start + self.STRETCH, frames)
            coefficients = self._coefficients(first + start, stop - start)
            for sound, result, state in zip(block, out, self._states, strict=True):
                variable(sound[start:stop], result[start:stop], coefficients, state, guard())
        return out

    def _coefficients(self, first: int, count: int) -> NDArray[np.float64]:
        """Return a1, a2, a3 and the mix m0, m1, m2 of each frame, (6, count)."""
        frame = np.arange(first, first + count) / self._rate
        hertz, gain_db, q = (
            _values(s, frame) for s in (self._settings.frequency_hz, self._settings.gain_db, self._settings.q)
        )
        g = np.tan(np.pi * np.minimum(hertz / self._rate, HIGHEST))
        A = np.exp(gain_db * (math.log(10.0) / 40.0))
        k = 1.0 / q
        kind = self._settings.kind
        mix: tuple[ArrayLike, ArrayLike, ArrayLike]
        if kind == "peak":
            k = k / A
            mix = 1.0, k * (A * A - 1.0), 0.0
        elif kind == "low_shelf":
            g = g / np.sqrt(A)
            mix = 1.0, k * (A - 1.0), A * A - 1.0
        elif kind == "high_shelf":
            g = g * np.sqrt(A)
            mix = A * A, k * (1.0 - A) * A, 1.0 - A * A
        else:
            mix = (1.0, -k, -1.0) if kind == "low_cut" else (0.0, 0.0, 1.0)
        a1 = 1.0 / (1.0 + g * (g + k))
        table = np.empty((6, count))
        for row, values in zip(table, (a1, g * a1, g * g * a1, *mix), strict=True):
            row[:] = values
        return table


def _values(setting: float | Curve, times_s: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return a setting at each time, or one value where it stands still meanwhile."""
    if not isinstance(setting, Curve):
        return np.array([setting])
    if times_s[0] >= setting.times_s[-1] or times_s[-1] <= setting.times_s[0]:
        return setting.at(times_s[:1])
    return setting.at(times_s)


class LinearPhase:
    """The magnitude of a cascade without its phase: a symmetric FIR, its delay made up for by looking ahead.

    Parameters
    ----------
    sections : sequence of Section
    sample_rate : int
        Hz.
    channels : int

    Notes
    -----
    Frequency sampling (L. R. Rabiner, B. Gold, C. A. McGonegal, "An approach to the approximation problem for
    nonrecursive digital filters", IEEE Trans. AU 18, 1970), as long as the slowest section rings above −140 dB, but at
    most LONGEST_HALF_S to each side; the outer quarter is faded. Applied in the spectrum, by overlap-save.
    """

    def __init__(self, sections: Sequence[Section], sample_rate: int, channels: int) -> None:
        self.half, self._taps = _symmetric(tuple(sections), sample_rate)
        self._past = np.zeros((channels, self.half), np.float32)
        self._rings = False
        self._spectra: dict[int, NDArray[np.complex128]] = {}

    looks_ahead = True

    def process(
        self, block: Samples | None, frames: int, first: int = 0, following: Samples | None = None
    ) -> Samples | None:
        """Filter the next (channels, frames), of which the block that follows is known too; None is silence."""
        from scipy.fft import irfft, next_fast_len, rfft

        half = self.half
        if block is None and following is None and not self._rings:
            return None
        window = np.zeros((len(self._past), half + frames + half))
        window[:, :half] = self._past
        if block is not None:
            window[:, half : half + frames] = block
        if following is not None:
            ahead = following[:, :half]
            window[:, half + frames : half + frames + ahead.shape[1]] = ahead
        self._past = window[:, frames : frames + half].astype(np.float32)
        self._rings = bool(self._past.any())
        size = next_fast_len(window.shape[1], real=True)
        if size not in self._spectra:
            self._spectra = {size: rfft(self._taps, size)}
        sound = irfft(rfft(window, size) * self._spectra[size], size)[:, 2 * half : 2 * half + frames]
        return np.asarray(np.where(np.abs(sound) > SILENT * 1e-2, sound, 0.0), np.float32)


@lru_cache(maxsize=64)
def _symmetric(sections: tuple[Section, ...], sample_rate: int) -> tuple[int, NDArray[np.float64]]:
    """Return the half length and the taps, (2 half + 1,)."""
    radius = max(_radius(s) for s in sections)
    longest = min(round(LONGEST_HALF_S * sample_rate), CHUNK - 1)
    half = min(longest, max(64, math.ceil(math.log(1e-7) / math.log(min(radius, 1.0 - 1e-6)))))
    size = 1 << (4 * half).bit_length()
    magnitude = np.abs(response(sections, np.arange(size // 2 + 1) / size, 1))
    impulse = np.fft.irfft(magnitude, size)
    taps = np.concatenate([impulse[-half:], impulse[: half + 1]])
    fade = np.clip((half - np.abs(np.arange(-half, half + 1))) / (half / 4), 0.0, 1.0)
    return half, taps * np.sin(np.pi / 2 * fade) ** 2
