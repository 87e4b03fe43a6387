"""Short-time spectra of what comes in blocks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from mixer.types import Samples, check

Spectra = NDArray[np.complex64]
"""(…, frames, bins), bins = window/2 + 1."""

BATCH = 256
"""Frames that are transformed at a time: more would not stay in the cache."""


def hann(window: int) -> NDArray[np.float64]:
    """Return w(n) = 0.5 − 0.5 cos(2πn/(N − 1)), the symmetric Hann window of ITU-R BS.1387, (window,)."""
    return np.asarray(0.5 - 0.5 * np.cos(2.0 * np.pi * np.arange(window) / (window - 1)))


def hop_of(window: int, overlap: int) -> int:
    """Return H = W/F. Raises MixerError unless W is 64..65,536 and even, and F a whole part of it, 1..64."""
    check(64 <= window <= 65_536 and window % 2 == 0, "stft", "window", "even, 64..65,536 samples", window)
    check(1 <= overlap <= 64 and window % overlap == 0, "stft", "overlap", f"1..64 and divide {window}", overlap)
    return window // overlap


class Resampler:
    """Resamples a stream that comes in blocks; the results depend on the blocks' lengths only, not on what is silent.

    Parameters
    ----------
    channels : int
    rate, to : int
        Hz.
    """

    def __init__(self, channels: int, rate: int, to: int) -> None:
        import soxr

        self._channels = channels
        self._stream = soxr.ResampleStream(rate, to, channels, dtype="float32", quality="HQ")

    def add(self, block: Samples | None, length: int, *, last: bool = False) -> Samples:
        """Take the next ``length`` samples, (channels, length), None for silence; return what is ready of them."""
        samples = np.zeros((length, self._channels), np.float32) if block is None else np.ascontiguousarray(block.T)
        ready = self._stream.resample_chunk(samples, last=last)
        return np.ascontiguousarray(np.asarray(ready, np.float32).reshape(-1, self._channels).T)


class Framer:
    """Cuts a stream into overlapping frames; how it is cut into blocks changes nothing.

    Frame t is centred on sample t·hop: there are half a window of zeros before the first sample and after the last,
    and ⌈samples/hop⌉ frames.

    Parameters
    ----------
    channels, window, hop : int
    """

    def __init__(self, channels: int, window: int, hop: int) -> None:
        self._window, self._hop = window, hop
        self._tail: Samples = np.zeros((channels, window // 2), np.float32)
        self._taken = self._made = 0
        self.silent = True
        """Whether all samples that later frames will look back on are zero."""

    def add(self, block: Samples | None, length: int) -> tuple[int, Samples | None]:
        """Take the next ``length`` samples, (channels, length), None for silence.

        Returns
        -------
        frames : int
            How many frames are complete now.
        samples : (channels, ≥ (frames − 1)·hop + window) float32 or None
            In which frame f begins at f·hop; None where all are silent.
        """
        self._taken += length
        have = self._tail.shape[1] + length
        count = max(0, (have - self._window) // self._hop + 1)
        self._made += count
        if block is None and self.silent:
            self._tail = np.zeros((self._tail.shape[0], have - count * self._hop), np.float32)
            return count, None
        if block is None:
            block = np.zeros((self._tail.shape[0], length), np.float32)
        samples = np.concatenate((self._tail, block), axis=1)
        self._tail = samples[:, count * self._hop :].copy()
        self.silent = not self._tail.any()
        return count, samples if count else None

    def finish(self) -> tuple[int, Samples | None]:
        """Return the last frames, as :meth:`add` does."""
        count = -(-self._taken // self._hop) - self._made
        if not count:
            return 0, None
        missing = (count - 1) * self._hop + self._window - self._tail.shape[1]
        samples = np.pad(self._tail, ((0, 0), (0, max(0, missing))))
        self._made += count
        return count, None if self.silent else samples


def spectra_of(samples: NDArray[np.float32], first: int, count: int, window: Samples, hop: int) -> Spectra:
    """Return the spectra of ``count`` frames of one channel, the first beginning at ``first``, (count, bins)."""
    from scipy.fft import rfft

    span = samples[first : first + (count - 1) * hop + window.size]
    frames = np.lib.stride_tricks.sliding_window_view(span, window.size)[::hop]
    spectra: Spectra = rfft(frames * window, axis=-1, overwrite_x=True)
    return spectra


def stft(blocks: Iterable[Samples], *, window: int = 2048, overlap: int = 2) -> Iterator[Spectra]:
    """Yield the short-time spectra of a stream, not normalised.

    S(t, f) = Σ_n w(n) x(tH + n − W/2) e^(−2πifn/W), H = W/F.

    Parameters
    ----------
    blocks : iterable of (channels, frames) float32
        Of any lengths.
    window : int
        W, samples, even.
    overlap : int
        F.

    Yields
    ------
    (channels, frames, W/2 + 1) complex64
        At most ``BATCH`` frames at a time; ⌈samples/H⌉ in all.

    Examples
    --------
    >>> x = np.ones((1, 48_000), np.float32)
    >>> sum(s.shape[1] for s in stft([x[:, :100], x[:, 100:]], window=2048, overlap=4))
    94
    """
    hop = hop_of(window, overlap)
    taper = hann(window).astype(np.float32)
    framer: Framer | None = None
    for block in blocks:
        framer = framer or Framer(block.shape[0], window, hop)
        yield from _batches(*framer.add(block, block.shape[1]), taper, hop, block.shape[0])
    if framer is not None:
        yield from _batches(*framer.finish(), taper, hop, block.shape[0])


def _batches(count: int, samples: Samples | None, taper: Samples, hop: int, channels: int) -> Iterator[Spectra]:
    for first in range(0, count, BATCH):
        size = min(BATCH, count - first)
        if samples is None:
            yield np.zeros((channels, size, taper.size // 2 + 1), np.complex64)
        else:
            yield np.stack([spectra_of(channel, first * hop, size, taper, hop) for channel in samples])
