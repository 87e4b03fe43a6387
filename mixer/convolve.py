"""Streaming convolution of a few inputs to a few outputs, on one fixed grid of blocks so that results never vary."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.fft import irfft, rfft

BLOCK = 65_536
"""Frames of a block. All streams of the package run in step on this grid."""

Signal = NDArray[np.float32]
"""One channel, (frames,)."""
Spectrum = NDArray[np.complex64]


class Convolver:
    """Sums of FIR-filtered inputs by uniformly partitioned overlap-save.

    Parameters
    ----------
    routes : mapping of (input, output) to (taps,) floats
        A single tap is a mere gain and costs no transform. What is missing is not connected.
    inputs, outputs : int
        How many there are.

    Notes
    -----
    Silence is passed as None and costs nothing; filters of any length add no latency.
    W. G. Gardner, "Efficient convolution without input-output delay", JAES 43(3), 1995; here with equal partitions.
    """

    def __init__(self, routes: Mapping[tuple[int, int], NDArray[np.floating]], inputs: int, outputs: int) -> None:
        self._outputs = outputs
        self._gains = {route: np.float32(taps[0]) for route, taps in routes.items() if len(taps) == 1}
        self._filters = {route: _partitions(taps) for route, taps in routes.items() if len(taps) > 1}
        lengths = [max((len(f) for (i, _), f in self._filters.items() if i == n), default=0) for n in range(inputs)]
        self._history: list[deque[Spectrum | None]] = [deque(maxlen=length) for length in lengths]
        self._last: list[Signal | None] = [None] * inputs

    def process(self, inputs: Sequence[Signal | None]) -> list[Signal | None]:
        """Take the next block of each input, each (BLOCK,) or None for silence; return that of each output."""
        for number, block in enumerate(inputs):
            if self._history[number].maxlen:
                self._history[number].appendleft(_spectrum(self._last[number], block))
                self._last[number] = block
        return [self._output(number, inputs) for number in range(self._outputs)]

    def _output(self, output: int, inputs: Sequence[Signal | None]) -> Signal | None:
        total: Spectrum | None = None
        for (source, target), partitions in self._filters.items():
            if target != output:
                continue
            for spectrum, partition in zip(self._history[source], partitions, strict=False):
                if spectrum is not None:
                    product = spectrum * partition
                    total = product if total is None else np.add(total, product, out=total)
        result: Signal | None = None if total is None else irfft(total, 2 * BLOCK, overwrite_x=True)[BLOCK:]
        for (source, target), gain in self._gains.items():
            block = inputs[source]
            if target == output and block is not None:
                scaled = block * gain
                result = scaled if result is None else np.add(result, scaled, out=result)
        return result


def _partitions(taps: NDArray[np.floating]) -> list[Spectrum]:
    starts = range(0, len(taps), BLOCK)
    return [rfft(taps[start : start + BLOCK].astype(np.float32), 2 * BLOCK) for start in starts]


def _spectrum(last: Signal | None, block: Signal | None) -> Spectrum | None:
    if last is None and block is None:
        return None
    window = np.zeros(2 * BLOCK, np.float32)
    if last is not None:
        window[:BLOCK] = last
    if block is not None:
        window[BLOCK:] = block
    spectrum: Spectrum = rfft(window)
    return spectrum


def convolve(a: NDArray[np.floating], b: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return the full linear convolution of two FIRs, (n,) * (m,) → (n + m − 1,)."""
    from scipy.fft import next_fast_len

    length = len(a) + len(b) - 1
    if min(len(a), len(b)) == 1:
        return np.asarray(np.multiply(a, b), np.float64)
    size = next_fast_len(length, real=True)
    product = rfft(np.asarray(a, np.float64), size) * rfft(np.asarray(b, np.float64), size)
    result: NDArray[np.float64] = irfft(product, size)[:length]
    return result


def silent(block: NDArray[np.float32]) -> bool:
    """Tell whether a block is digital silence."""
    # what is not silent mostly shows at a few samples already
    return not block[..., :: block.shape[-1] // 64 + 1].any() and not block.any()
