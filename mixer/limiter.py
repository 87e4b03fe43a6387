"""A look-ahead limiter for true peaks, for the bus."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from mixer.truepeak import BOUND, HALF, interval_peaks
from mixer.types import Samples

LOOK_AHEAD_S = 0.005
RELEASE_DB_PER_S = 40.0
MARGIN_DB = 0.1
"""Peaks are held so far under the ceiling, for what a fourfold grid does not see and what the gain's changes add."""
_QUANTUM = 16_384


class Limiter:
    """Holds a stream under a true-peak ceiling; what is under it passes unchanged, bit for bit.

    The gain that each moment needs is spread over the look-ahead before it (sliding maximum), released at a constant
    rate in dB, and smoothed by a Hann window as long as the look-ahead, so that it arrives in time and has no
    corners. All channels share it: the image stays where it is. The output has the input's timing.

    Parameters
    ----------
    channels : int
    sample_rate : int
        Hz.
    ceiling_dbtp : float

    Notes
    -----
    D. Giannoulis, M. Massberg, J. D. Reiss, "Digital dynamic range compressor design", JAES 60(6), 2012, for gain in
    the log domain; P. Hämäläinen, "Smoothing of the control signal without clipped output in digital peak limiters",
    DAFx 2002, for maximum and window. The result does not depend on how the stream is cut.
    """

    def __init__(self, channels: int, sample_rate: int, ceiling_dbtp: float) -> None:
        self.reduction_db = 0.0
        self._ceiling = 10.0 ** ((ceiling_dbtp - MARGIN_DB) / 20.0)
        self._ahead = max(1, round(LOOK_AHEAD_S * sample_rate))
        self._slope = RELEASE_DB_PER_S / sample_rate
        window = np.hanning(self._ahead + 3)[1:-1]
        self._window = window / window.sum()
        # The stream begins one look-ahead early, with silence, so that a peak at its very start is met in time too.
        self._early = self._ahead
        # Everything below counts from the next frame to come out, which has HALF frames of context before it.
        self._input: Samples = np.zeros((channels, HALF + self._early), np.float32)
        self._needed = np.zeros(1)  # dB, for the interval before it and what has been looked at after it
        self._released = np.zeros(self._ahead)  # dB, the past that the window reaches back to

    def process(self, block: Samples) -> Samples:
        """Take the next (channels, frames); return what is ready, which may be nothing."""
        self._input = np.concatenate([self._input, block], axis=1)
        ready = []
        while self._input.shape[1] >= _QUANTUM + self._ahead + 2 * HALF + 1:
            ready.append(self._quantum())
        done = np.concatenate([self._input[:, :0], *ready], axis=1)
        early = min(self._early, done.shape[1])
        self._early -= early
        return done[:, early:]

    def flush(self) -> Samples:
        """Return what is left."""
        left = self._input.shape[1] - HALF - self._early
        silence = np.zeros((self._input.shape[0], _QUANTUM + self._ahead + 2 * HALF + 1), np.float32)
        return self.process(silence)[:, :left]

    def _quantum(self) -> Samples:
        self._look(_QUANTUM + self._ahead)
        sound = self._input[:, HALF : HALF + _QUANTUM]
        self._input = self._input[:, _QUANTUM:]
        if not self._needed.any() and not self._released.any():
            self._needed = self._needed[_QUANTUM:]
            return sound
        # A sample is held down for the intervals before and after it.
        needed = np.maximum(self._needed[:-1], self._needed[1:])
        held = _sliding_maximum(needed, self._ahead + 1)
        self._needed = self._needed[_QUANTUM:]
        ramp = self._slope * np.arange(1, _QUANTUM + 1)
        released = np.maximum(np.maximum.accumulate(held + ramp), self._released[-1]) - ramp
        joined = np.concatenate([self._released, np.maximum(released, 0.0)])
        self._released = joined[-self._ahead :]
        reduction = np.convolve(joined, self._window, mode="valid")
        self.reduction_db = max(self.reduction_db, float(reduction.max()))
        gain = np.power(10.0, -reduction / 20.0).astype(np.float32)
        return sound * gain

    def _look(self, frames: int) -> None:
        """Find the reduction in dB that each interval from the next frame on needs, up to ``frames`` + 1 of them."""
        known = len(self._needed) - 1
        window = self._input[:, known + 1 : frames + 2 * HALF]
        count = frames - known
        needed = np.zeros(count)
        if max(window.max(), -window.min()) * BOUND > self._ceiling:
            peaks = interval_peaks(window)
            over = peaks > self._ceiling
            needed[over] = 20.0 * np.log10(peaks[over] / self._ceiling)
        self._needed = np.concatenate([self._needed, needed])


def _sliding_maximum(values: NDArray[np.float64], width: int) -> NDArray[np.float64]:
    """Return max(values[n : n + width]) for each n where it fits (van Herk, 1992): three passes for any width."""
    count = len(values) - width + 1
    padded = np.pad(values, (0, -len(values) % width), constant_values=-math.inf).reshape(-1, width)
    before = np.maximum.accumulate(padded, axis=1).ravel()
    after = np.maximum.accumulate(padded[:, ::-1], axis=1)[:, ::-1].ravel()
    return np.maximum(after[:count], before[width - 1 :][:count])
