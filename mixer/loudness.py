"""Loudness: ITU-R BS.1770-5 with the gates, EBU Tech 3341 (momentary, short-term) and Tech 3342 (range)."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.fft import irfft, next_fast_len, rfft

from mixer.errors import MixerError
from mixer.types import AudioBuffer, Samples

OFFSET_LU = -0.691
"""BS.1770-5, equation 2: 0 LUFS for a full-scale 997 Hz sine in one front channel is offset to −3.01."""
ABSOLUTE_GATE_LUFS, RELATIVE_GATE_LU = -70.0, -10.0
RANGE_GATE_LU = -20.0
INAUDIBLE_LUFS = -120.0
"""What never gets louder than this is silence."""
CHANNEL_WEIGHTS = {
    1: (1.0,),
    2: (1.0, 1.0),
    3: (1.0, 1.0, 1.0),
    4: (1.0, 1.0, 1.41, 1.41),
    5: (1.0, 1.0, 1.0, 1.41, 1.41),
    6: (1.0, 1.0, 1.0, 0.0, 1.41, 1.41),
}
"""L R | L R C | L R Ls Rs | L R C Ls Rs | L R C LFE Ls Rs (BS.1770-5, Table 3)."""

_HOP, _CHUNK = 10, 50
"""In hundredths of a second: between gating blocks, and what is filtered at once."""
_BLOCK_HOPS, _SHORT_HOPS = 4, 30
"""400 ms and 3 s."""


def k_weighting(sample_rate: int) -> tuple[tuple[NDArray[np.float64], NDArray[np.float64]], ...]:
    """Return the two biquads of the K-weighting as (b, a) pairs, for any rate.

    Bilinear transform of the analogue prototypes behind the tables of BS.1770-5 Annex 1: a high shelf (f0 = 1681.97 Hz,
    G = 3.99984 dB, Q = 0.70718) and a second-order high-pass (f0 = 38.135 Hz, Q = 0.50033). At 48 kHz they are
    the tables' coefficients.
    """
    k = math.tan(math.pi * 1681.974450955533 / sample_rate)
    q = 0.7071752369554196
    high = 10.0 ** (3.999843853973347 / 20.0)
    band = high**0.4996667741545416
    norm = 1.0 + k / q + k * k
    shelf_b = np.array([high + band * k / q + k * k, 2.0 * (k * k - high), high - band * k / q + k * k]) / norm
    shelf_a = np.array([1.0, 2.0 * (k * k - 1.0) / norm, (1.0 - k / q + k * k) / norm])
    k = math.tan(math.pi * 38.13547087602444 / sample_rate)
    q = 0.5003270373238773
    norm = 1.0 + k / q + k * k
    pass_a = np.array([1.0, 2.0 * (k * k - 1.0) / norm, (1.0 - k / q + k * k) / norm])
    return (shelf_b, shelf_a), (np.array([1.0, -2.0, 1.0]), pass_a)


def _boundary(hundredth: int, sample_rate: int) -> int:
    return round(hundredth * sample_rate / 100)


class _KFilter:
    """The K-weighting as overlap-save blocks of half a second.

    Its impulse response falls by 160 dB within 100 ms (two poles at 38 Hz), so that the product of spectra is the
    recursive filter to the precision of the arithmetic. Unlike recursion it needs no SciPy signal package, runs
    vectorised, and has no denormal numbers after a sound has ended.
    """

    def __init__(self, sample_rate: int, frames: int) -> None:
        self.tail = math.ceil(0.1 * sample_rate)
        self.size = next_fast_len(frames + self.tail, real=True)
        z = np.exp(-2j * np.pi * np.arange(self.size // 2 + 1) / self.size)
        self._response = np.ones(len(z), np.complex128)
        for b, a in k_weighting(sample_rate):
            self._response *= np.polyval(b[::-1], z) / np.polyval(a[::-1], z)

    def power(self, window: NDArray[np.float64], weights: NDArray[np.float64]) -> NDArray[np.float64]:
        """Filter (channels, tail + n); return the n weighted sums of squares over the channels."""
        filtered = irfft(rfft(window, self.size) * self._response, self.size)[:, self.tail : window.shape[1]]
        return np.asarray(np.einsum("c,cn,cn->n", weights, filtered, filtered), np.float64)


class LoudnessMeter:
    """Measures the loudness of a stream of any length; memory grows by 80 bytes a second.

    Parameters
    ----------
    channels : int
        1..6, in the order of ``CHANNEL_WEIGHTS``.
    sample_rate : int
        Hz, 8,000 or more.

    Notes
    -----
    A signal that is shorter than 400 ms as a whole is measured as one block of 400 ms, the rest of it silence.
    Momentary and short-term loudness are looked at every 10 ms, the gating blocks every 100 ms.

    Raises
    ------
    MixerError
        A channel count or sample rate out of range.
    """

    def __init__(self, channels: int, sample_rate: int) -> None:
        if channels not in CHANNEL_WEIGHTS:
            raise MixerError(f"loudness is defined here for 1..6 channels, got {channels}")
        if sample_rate < 8_000:
            raise MixerError(f"loudness needs a sample rate of 8,000 Hz or more, got {sample_rate}")
        self._rate = sample_rate
        self._weights = np.array(CHANNEL_WEIGHTS[channels])
        self._filter = _KFilter(sample_rate, _boundary(_CHUNK, sample_rate) + 1)
        self._chunks = 0
        self._frames = 0
        self._window = np.zeros((channels, self._filter.tail))
        self._hops: list[NDArray[np.float64]] = []
        self._recent = np.zeros(3 * 100)
        self._steps = 0
        self._max_energy = {40: 0.0, 300: 0.0}

    def add(self, block: Samples) -> None:
        """Take the next block, (channels, frames) of any length."""
        self._frames += block.shape[1]
        parts: list[NDArray[Any]] = [self._window]
        held = self._window.shape[1] - self._filter.tail
        start = 0
        while True:
            wanted = self._chunk_frames() - held
            if block.shape[1] - start < wanted:
                break
            parts.append(block[:, start : start + wanted])
            window: NDArray[np.float64] = np.concatenate(parts, axis=1, dtype=np.float64)
            self._keep(self._energies(window))
            self._chunks += 1
            parts, held, start = [window[:, -self._filter.tail :]], 0, start + wanted
        parts.append(block[:, start:])
        self._window = np.concatenate(parts, axis=1, dtype=np.float64)

    def _chunk_frames(self) -> int:
        first = _boundary(self._chunks * _CHUNK, self._rate)
        return _boundary((self._chunks + 1) * _CHUNK, self._rate) - first

    def _energies(self, window: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the K-weighted energies of the current chunk's hundredths of a second, (50,)."""
        if not window.any():
            return np.zeros(_CHUNK)
        first = _boundary(self._chunks * _CHUNK, self._rate)
        edges = [_boundary(self._chunks * _CHUNK + n, self._rate) - first for n in range(_CHUNK)]
        return np.add.reduceat(self._filter.power(window, self._weights), edges)

    def _keep(self, energies: NDArray[np.float64]) -> None:
        self._hops.append(energies.reshape(-1, _HOP).sum(axis=1))
        self._recent, self._max_energy = self._follow(energies)
        self._steps += len(energies)

    def _follow(self, energies: NDArray[np.float64]) -> tuple[NDArray[np.float64], dict[int, float]]:
        """Return the last three seconds after these energies, and the largest window sums so far."""
        joined = np.concatenate([self._recent, energies])
        total = np.concatenate([[0.0], np.cumsum(joined)])
        largest = {}
        for length, so_far in self._max_energy.items():
            ends = np.arange(len(self._recent) + 1, len(joined) + 1)
            ends = ends[ends - len(self._recent) + self._steps >= length]
            sums = total[ends] - total[ends - length]
            largest[length] = max(so_far, float(sums.max(initial=0.0)))
        return joined[-300:], largest

    def _rest(self) -> NDArray[np.float64]:
        """Return the energies of the complete hundredths that are not yet kept, silence following."""
        held = self._window.shape[1] - self._filter.tail
        padded = np.pad(self._window, ((0, 0), (0, self._chunk_frames() - held)))
        energies = self._energies(padded)
        if self._frames < _boundary(40, self._rate):
            return energies[:40]
        complete = self._frames * 100 // self._rate - self._chunks * _CHUNK
        return energies[:complete]

    def _hop_energies(self) -> NDArray[np.float64]:
        rest = self._rest()
        whole = rest[: len(rest) // _HOP * _HOP].reshape(-1, _HOP).sum(axis=1)
        return np.concatenate([*self._hops, whole])

    def _blocks(self, hops: int) -> NDArray[np.float64]:
        """Return the mean squares of all windows of so many hops, a hop apart."""
        energies = self._hop_energies()
        if len(energies) < hops:
            return np.zeros(0)
        windows = np.lib.stride_tricks.sliding_window_view(energies, hops)
        mean: NDArray[np.float64] = windows.sum(axis=1) / (hops * self._rate / 10)
        return mean

    def integrated(self, gain_db: float = 0.0) -> float | None:
        """Return the gated loudness in LUFS, as it would be after a gain; None if all is below the absolute gate."""
        return _gated(self._blocks(_BLOCK_HOPS) * 10.0 ** (gain_db / 10.0))

    def gain_to(self, target_lufs: float) -> float | None:
        """Return the gain in dB that brings the integrated loudness to a target; None for silence.

        The absolute gate makes loudness after a gain differ from loudness plus gain: what a quiet recording hides
        under the gate comes out when it is raised. A few steps settle it.
        """
        blocks = self._blocks(_BLOCK_HOPS)
        loudest = _lufs(float(blocks.max(initial=0.0)))
        if loudest is None or loudest < INAUDIBLE_LUFS:
            return None
        best, error = 0.0, math.inf
        gain = target_lufs - loudest
        for _ in range(12):
            loudness = _gated(blocks * 10.0 ** (gain / 10.0))
            if loudness is None:
                return gain if math.isinf(error) else best
            if abs(target_lufs - loudness) < error:
                best, error = gain, abs(target_lufs - loudness)
            if error < 1e-9:
                break
            gain += target_lufs - loudness
        return best

    def loudness_range(self, gain_db: float = 0.0) -> float | None:
        """Return the loudness range in LU (EBU Tech 3342), as after a gain; None under 3 s or where all is silent."""
        energies = self._blocks(_SHORT_HOPS) * 10.0 ** (gain_db / 10.0)
        energies = energies[energies > _energy(ABSOLUTE_GATE_LUFS)]
        if not len(energies):
            return None
        energies = np.sort(energies[energies >= energies.mean() * 10.0 ** (RANGE_GATE_LU / 10.0)])
        low, high = (energies[round((len(energies) - 1) * p)] for p in (0.10, 0.95))
        return float(10.0 * np.log10(high / low))

    @property
    def max_momentary(self) -> float | None:
        """The highest loudness of any 400 ms so far, in LUFS."""
        return self._highest(40)

    @property
    def max_short_term(self) -> float | None:
        """The highest loudness of any 3 s so far, in LUFS; None before 3 s have passed."""
        return self._highest(300)

    def _highest(self, steps: int) -> float | None:
        _, largest = self._follow(self._rest())
        return _lufs(largest[steps] / (steps * self._rate / 100))


def _energy(lufs: float) -> float:
    return float(10.0 ** ((lufs - OFFSET_LU) / 10.0))


def _lufs(mean_square: float) -> float | None:
    return OFFSET_LU + 10.0 * math.log10(mean_square) if mean_square > 0.0 else None


def _gated(blocks: NDArray[np.float64]) -> float | None:
    """Gate the mean squares of 400 ms blocks (BS.1770-5, equations 3 to 7) and return the loudness."""
    blocks = blocks[blocks > _energy(ABSOLUTE_GATE_LUFS)]
    if not len(blocks):
        return None
    blocks = blocks[blocks > blocks.mean() * 10.0 ** (RELATIVE_GATE_LU / 10.0)]
    return _lufs(float(blocks.mean()))


def integrated_loudness(buffer: AudioBuffer) -> float | None:
    """Return the integrated loudness in LUFS (ITU-R BS.1770-5), or None for what is silent by its gate.

    Parameters
    ----------
    buffer : AudioBuffer
        1..6 channels, 8 kHz or more. Under 400 ms: see LoudnessMeter.

    Examples
    --------
    >>> import numpy as np
    >>> tone = 10 ** (-23 / 20) * np.sin(2 * np.pi * 1_000 * np.arange(96_000) / 48_000)
    >>> round(integrated_loudness(AudioBuffer([tone, tone], 48_000)), 1)
    -23.0
    """
    meter = LoudnessMeter(buffer.channels, buffer.sample_rate)
    meter.add(buffer.samples)
    return meter.integrated()
