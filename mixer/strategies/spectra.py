"""What the classic rules of automatic mixing look at: plain spectra of the tracks, as placed and at their gains."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.fft import rfft

from mixer.convolve import BLOCK
from mixer.plan import TrackSettings
from mixer.strategies.base import MixRequest

Powers = NDArray[np.float32]
"""(frames, size // 2 + 1): power of each bin, a full-scale sine having 1 in its peak."""


def power_spectra(request: MixRequest, settings: Sequence[TrackSettings], size: int) -> Iterator[list[Powers | None]]:
    """Yield the power spectra of each track in each block of the mix, all channels together; None for silence.

    Parameters
    ----------
    request : MixRequest
    settings : sequence of TrackSettings
        One for each track; their gains are applied.
    size : int
        Of the Hann-windowed frames, which follow each other without overlap; a power of two up to 65,536.
    """
    window = np.hanning(size + 1)[:-1].astype(np.float32)
    window *= 2.0 / window.sum()
    gains = [10.0 ** (s.gain_db / 10.0) for s in settings]
    for blocks in request.session.in_step(settings):
        yield [
            None if block is None else _powers(block, window) * np.float32(gain)
            for block, gain in zip(blocks, gains, strict=True)
        ]


def frame_counts(request: MixRequest, size: int) -> Iterator[int]:
    """Yield how many frames of a size there are in each block of the mix."""
    frames = max(1, round(request.duration_s * request.sample_rate))
    for start in range(0, frames, BLOCK):
        yield -(-min(BLOCK, frames - start) // size)


def _powers(block: NDArray[np.float32], window: NDArray[np.float32]) -> Powers:
    channels, frames = block.shape
    size = len(window)
    count = -(-frames // size)
    if count * size != frames:
        block = np.pad(block, ((0, 0), (0, count * size - frames)))
    spectra = rfft(block.reshape(channels, count, size) * window)
    return np.asarray(np.square(spectra.real).sum(0) + np.square(spectra.imag).sum(0), np.float32)


def bin_frequencies(size: int, sample_rate: int) -> NDArray[np.float64]:
    """Return the frequency of each bin in Hz, (size // 2 + 1,)."""
    return np.asarray(np.arange(size // 2 + 1) * (sample_rate / size), np.float64)
