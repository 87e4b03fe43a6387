"""How busy a place is over time: swells and lulls, waves of traffic, and how much sounds at once.

All of it is periodic in the timeline, so that a soundscape may be played as a loop.
"""

from __future__ import annotations

import math
from bisect import insort
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy import fft

F64 = NDArray[np.float64]

STEP_S = 0.5
"""Grid of a flow."""
SLOWEST_S, FASTEST_S = 120.0, 20.0
"""Periods of swells."""
DEEP = 0.45
"""Deviation of the swells' natural logarithm: most of the time between two thirds and half as much again."""
WAVE_S, WAVE_FLOOR = 65.0, 0.3
"""How far apart waves of traffic are, about one cycle of a traffic light, and how much passes between them."""
LEVEL_DB = 1.5
"""How much louder it is where it is twice as busy."""
_BUCKET_S = 10.0


@dataclass(frozen=True, slots=True, eq=False)
class Flow:
    """How busy it is over a timeline.

    Parameters
    ----------
    duration_s : float
        Of the timeline, which is also the period.
    busy : (steps,) float64
        Over equal steps from the start, mean 1, above 0.
    """

    duration_s: float
    busy: F64
    _grid: F64 = field(init=False, repr=False)
    _total: F64 = field(init=False, repr=False)

    def __post_init__(self) -> None:
        step_s = self.duration_s / self.busy.size
        total = np.concatenate([[0.0], np.cumsum(self.busy) * step_s])
        object.__setattr__(self, "_grid", np.arange(self.busy.size + 1) * step_s)
        object.__setattr__(self, "_total", total * (self.duration_s / total[-1]))

    def __mul__(self, other: Flow) -> Flow:
        """Return both together; they must have the same timeline."""
        product = self.busy * other.busy
        return Flow(self.duration_s, product / product.mean())

    def later(self, onset_s: float, gap_s: float) -> float:
        """Return when a gap is over that would last ``gap_s`` if it were always as busy as in the mean.

        The integral of what is busy from ``onset_s`` on reaches ``gap_s`` there: what follows gaps drawn from any
        renewal process thereby comes as a process of that intensity (time rescaling).
        """
        turns, within = divmod(onset_s, self.duration_s)
        wanted = float(np.interp(within, self._grid, self._total)) + gap_s
        more, rest = divmod(wanted, self.duration_s)
        return (turns + more) * self.duration_s + float(np.interp(rest, self._total, self._grid))

    def level_db(self, time_s: float) -> float:
        """Return how much louder than usual it is, within 2 · LEVEL_DB."""
        index = int((time_s % self.duration_s) / self.duration_s * self.busy.size) % self.busy.size
        return float(np.clip(LEVEL_DB * math.log2(self.busy[index]), -2.0 * LEVEL_DB, 2.0 * LEVEL_DB))


def even(duration_s: float) -> Flow:
    """Return the flow of what is always alike."""
    return Flow(duration_s, np.ones(1))


def swells(duration_s: float, rng: np.random.Generator, *, calm: float = 0.0) -> Flow:
    """Return slow swells and lulls: exp of Gaussian noise with periods of 20..120 s.

    Parameters
    ----------
    duration_s : float
        Shorter than FASTEST_S nothing swells.
    rng : numpy.random.Generator
    calm : float
        0..1: shallower and slower.
    """
    steps = max(1, round(duration_s / STEP_S))
    slow = 1.0 + calm
    first = max(1, math.ceil(duration_s / (SLOWEST_S * slow)))
    last = math.floor(duration_s / (FASTEST_S * slow))
    if last < first:
        return even(duration_s)
    spectrum = np.zeros(steps // 2 + 1, np.complex128)
    drawn = rng.standard_normal((2, last - first + 1))
    # An amplitude of 1/√period: as much power in each octave.
    spectrum[first : last + 1] = (drawn[0] + 1j * drawn[1]) / np.sqrt(np.arange(first, last + 1))
    curve = fft.irfft(spectrum, steps)
    busy = np.exp(DEEP * (1.0 - 0.5 * calm) * curve / max(float(curve.std()), 1e-12))
    return Flow(duration_s, busy / busy.mean())


def waves(duration_s: float, rng: np.random.Generator) -> Flow:
    """Return traffic in waves: what a light has held back comes together, at times that are not quite regular."""
    steps = max(1, round(duration_s / STEP_S))
    count = round(duration_s / WAVE_S)
    if count < 1:
        return even(duration_s)
    period = duration_s / count
    centres = (np.arange(count) + rng.uniform(0.0, 1.0) + rng.uniform(-0.1, 0.1, count)) * period
    times = (np.arange(steps) + 0.5) * (duration_s / steps)
    near = np.zeros(steps)
    for centre in centres:
        away = np.abs((times - centre + duration_s / 2) % duration_s - duration_s / 2) / period
        near = np.maximum(near, np.where(away < 0.35, np.cos(away / 0.35 * (np.pi / 2)) ** 2, 0.0))
    busy = WAVE_FLOOR + near
    return Flow(duration_s, busy / busy.mean())


@dataclass(slots=True)
class Crowd:
    """What sounds when, so that never too much does at once.

    Parameters
    ----------
    most : int
        How many may sound at the same time, ≥ 1.
    period_s : float or None
        Of a timeline that is played as a loop: what goes beyond its end goes on at its beginning.
    """

    most: int
    period_s: float | None = None
    _sounding: dict[int, list[tuple[float, float]]] = field(default_factory=dict)

    def add(self, onset_s: float, length_s: float) -> None:
        """Take note of an event."""
        for begin in self._turns(onset_s, length_s):
            for bucket in range(int(begin // _BUCKET_S), int((begin + length_s) // _BUCKET_S) + 1):
                insort(self._sounding.setdefault(bucket, []), (begin, begin + length_s))

    def free(self, onset_s: float, length_s: float, latest_s: float) -> float | None:
        """Return when an event may begin, from ``onset_s`` to ``latest_s``; None if it may not."""
        at = onset_s
        while at <= latest_s:
            over = self._over(at, length_s)
            if over is None:
                return at
            at = over
        return None

    def _turns(self, onset_s: float, length_s: float) -> list[float]:
        if self.period_s is None or onset_s + length_s <= self.period_s:
            return [onset_s]
        return [onset_s, onset_s - self.period_s]

    def _over(self, onset_s: float, length_s: float) -> float | None:
        """Return when the first of what stands in the way ends; None if nothing does."""
        end_s = onset_s + length_s
        buckets = range(int(onset_s // _BUCKET_S), int(end_s // _BUCKET_S) + 1)
        near = {span for bucket in buckets for span in self._sounding.get(bucket, ())}
        if self.period_s is not None and end_s > self.period_s:
            back = range(0, int((end_s - self.period_s) // _BUCKET_S) + 1)
            near |= {
                (a + self.period_s, b + self.period_s) for bucket in back for a, b in self._sounding.get(bucket, ())
            }
        spans = [(max(a, onset_s), min(b, end_s)) for a, b in near if a < end_s and b > onset_s]
        if len(spans) < self.most:
            return None
        edges = sorted({edge for span in spans for edge in span})
        for low, high in pairwise(edges):
            if sum(a <= low and b >= high for a, b in spans) >= self.most:
                return min(b for a, b in near if a < end_s and b > onset_s)
        return None
