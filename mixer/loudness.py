"""Loudness: ITU-R BS.1770-5 with the gates, EBU Tech 3341 (momentary, short-term) and Tech 3342 (range)."""

from __future__ import annotations

import copy
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mixer.errors import MixerError
from mixer.inputs import Sound, as_take
from mixer.meter_kernels import weighted_energies
from mixer.recordings import open_recording
from mixer.types import AudioFile, Samples, Take

OFFSET_LU = -0.691
"""BS.1770-5, equation 2: 0 LUFS for a full-scale 997 Hz sine in one front channel is offset to −3.01."""
ABSOLUTE_GATE_LUFS, RELATIVE_GATE_LU = -70.0, -10.0
RANGE_GATE_LU = -20.0
INAUDIBLE_LUFS = -120.0
"""What never gets louder than this is silence."""
LOWEST_RATE, RAISED_RATE = 8_000, 48_000
"""Hz. Below the one, the bilinear transform has no room for the shelf: such sounds are resampled to the other first."""

_L, _R, _C, _LS, _RS, _LB, _RB = (30, 0), (-30, 0), (0, 0), (90, 0), (-90, 0), (135, 0), (-135, 0)
_TOPS = ((45, 45), (-45, 45), (135, 45), (-135, 45))
_LFE = None
LAYOUTS: dict[int, tuple[tuple[int, int] | None, ...]] = {
    1: (_C,),
    2: (_L, _R),
    3: (_L, _R, _C),
    4: (_L, _R, _LS, _RS),
    5: (_L, _R, _C, _LS, _RS),
    6: (_L, _R, _C, _LFE, _LS, _RS),
    7: (_L, _R, _C, _LS, _RS, _LB, _RB),
    8: (_L, _R, _C, _LFE, _LS, _RS, _LB, _RB),
    9: (_L, _R, _C, _LS, _RS, *_TOPS),
    10: (_L, _R, _C, _LFE, _LS, _RS, *_TOPS),
    11: (_L, _R, _C, _LS, _RS, _LB, _RB, *_TOPS),
    12: (_L, _R, _C, _LFE, _LS, _RS, _LB, _RB, *_TOPS),
}
"""Mono, stereo, 3.0, 4.0, 5.0, 5.1, 7.0, 7.1, 5.0.4, 5.1.4, 7.0.4, 7.1.4 in the order of BS.2051: azimuth and elevation
in degrees of each channel, None for low-frequency effects. 5.0.2, 5.1.2, 7.0.2 and 7.1.2 have the weights of 7.0, 7.1,
5.0.4 and 5.1.4, which have as many channels."""


def channel_weight(position: tuple[float, float] | None) -> float:
    """Return the weight of a channel at (azimuth, elevation) in degrees; None is low-frequency effects.

    BS.1770-5, Annex 3: +1.5 dB for what stands at 60..120° beside the listener below 30° of elevation.
    """
    if position is None:
        return 0.0
    azimuth, elevation = position
    return 1.41 if 60.0 <= abs(azimuth) <= 120.0 and abs(elevation) < 30.0 else 1.0


CHANNEL_WEIGHTS = {count: tuple(map(channel_weight, layout)) for count, layout in LAYOUTS.items()}
"""G of BS.1770-5, equation 2, by the number of channels."""

_STEP, _MOMENTARY, _SHORT_TERM = 10, 40, 300
"""In hundredths of a second: between gating blocks; 400 ms; 3 s."""
BLOCK = 65_536
"""Frames that are looked at once."""
_FOLD = 6_000
"""Energies that are collected before they are looked at."""


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


def _coefficients(sample_rate: int) -> NDArray[np.float64]:
    (b, a), (_, d) = k_weighting(sample_rate)
    return np.array([*b, *a[1:], *d[1:]])


def _boundary(hundredths: int, sample_rate: int) -> int:
    """Return the frame at which so many hundredths of a second end."""
    return (hundredths * sample_rate + 50) // 100


@dataclass(frozen=True, slots=True, eq=False)
class LoudnessSeries:
    """Loudness over time, a value every 10 ms.

    Parameters
    ----------
    time_s : (n,) float64
        The end of each window.
    momentary_lufs, short_term_lufs : (n,) float64
        Over the 400 ms and the 3 s that end there; −inf = silence, NaN where so much has not yet passed.
    """

    time_s: NDArray[np.float64]
    momentary_lufs: NDArray[np.float64]
    short_term_lufs: NDArray[np.float64]


class LoudnessMeter:
    """Measures the loudness of a stream of any length.

    Parameters
    ----------
    channels : int
        1..12, in the order of ``LAYOUTS``.
    sample_rate : int
        Hz, 8,000 or more.
    series : bool, optional
        Also keep what :meth:`series` returns: 800 bytes a second, where otherwise memory grows by 80.

    Notes
    -----
    A signal that is shorter than 400 ms as a whole is measured as one block of 400 ms, the rest of it silence: a click
    of 40 ms is 10 LU below the same sound going on.
    Momentary and short-term loudness are looked at every 10 ms, the gating blocks every 100 ms. One meter is for one
    thread at a time, reading included; meters run side by side.

    Raises
    ------
    MixerError
        A channel count or sample rate out of range.
    """

    def __init__(self, channels: int, sample_rate: int, *, series: bool = False) -> None:
        if channels not in CHANNEL_WEIGHTS:
            raise MixerError(f"loudness is defined here for 1..{max(CHANNEL_WEIGHTS)} channels, got {channels}")
        if sample_rate < LOWEST_RATE:
            raise MixerError(f"loudness needs a sample rate of {LOWEST_RATE:,} Hz or more, got {sample_rate}")
        self._rate = sample_rate
        self._channels = channels
        self._weights = CHANNEL_WEIGHTS[channels]
        self._coefficients = _coefficients(sample_rate)
        self._state = np.zeros((channels, 6))
        self._pending = np.zeros(channels)
        self._frames = 0
        self._new: list[NDArray[np.float64]] = []
        self._new_count = 0
        self._tenths: list[NDArray[np.float64]] = []
        self._recent = np.zeros(0)
        self._max_energy = {_MOMENTARY: 0.0, _SHORT_TERM: 0.0}
        self._kept: list[NDArray[np.float64]] | None = [] if series else None

    def add(self, block: Samples) -> None:
        """Take the next block, (channels, frames) of any length.

        Raises
        ------
        MixerError
            Another number of channels; NaN or infinity.
        """
        if block.shape[0] != self._channels:
            raise MixerError(f"the meter listens to {self._channels} channels, got a block of shape {block.shape}")
        if not block.shape[1]:
            return
        frames = self._frames + block.shape[1]
        hops = np.arange(self._hops(self._frames), self._hops(frames)) + 1
        sums = np.empty((len(hops), self._channels))
        edges = _boundaries(hops, self._rate) - self._frames
        samples = np.ascontiguousarray(block, np.float32)
        weighted_energies(samples, self._coefficients, self._state, self._pending, edges, sums)
        self._frames = frames
        if not (np.isfinite(sums).all() and np.isfinite(self._pending).all()):
            raise MixerError("samples must be finite, got NaN or infinity")
        energies = np.zeros(len(hops))
        for weight, energy in zip(self._weights, sums.T, strict=True):  # sum over i of G_i z_i (BS.1770-5, equation 2)
            energies += weight * energy
        self._new.append(energies)
        self._new_count += len(energies)
        if self._new_count >= _FOLD:
            self._fold()

    def _hops(self, frames: int) -> int:
        """Return how many whole hundredths of a second there are in so many frames."""
        return (100 * frames + 49) // self._rate

    def _fold(self) -> None:
        """Work what is new into the sums of 100 ms and the highest windows."""
        if not self._new:
            return
        new = np.concatenate([np.zeros(0), *self._new])
        if self._kept is not None:
            self._kept.append(new)
        joined = np.concatenate([self._recent, new])
        for length, so_far in self._max_energy.items():
            # windows that end in what is new; older ones have been looked at
            sums = _window_sums(joined[max(0, len(self._recent) - length + 1) :], length)
            self._max_energy[length] = max(so_far, float(sums.max(initial=0.0)))
        begun = sum(map(len, self._tenths)) * _STEP
        total = self._hops(self._frames)
        open_hops = joined[len(joined) - (total - begun) :]
        whole = len(open_hops) // _STEP
        self._tenths.append(open_hops[: whole * _STEP].reshape(-1, _STEP).sum(axis=1))
        self._recent = joined[-_SHORT_TERM:]
        self._new, self._new_count = [], 0

    def _whole(self) -> LoudnessMeter:
        """Return this meter with all it heard worked in; one that hears silence up to 400 ms where that is not over."""
        missing = _boundary(_MOMENTARY, self._rate) - self._frames
        if self._frames == 0 or missing <= 0:
            self._fold()
            return self
        padded = copy.deepcopy(self)
        padded.add(np.zeros((self._channels, missing), np.float32))
        padded._fold()
        return padded

    def _blocks(self, length: int) -> NDArray[np.float64]:
        """Return the mean squares of all windows of so many hundredths, 100 ms apart."""
        tenths = np.concatenate([np.zeros(0), *self._whole()._tenths])
        if len(tenths) * _STEP < length:
            return np.zeros(0)
        windows = np.lib.stride_tricks.sliding_window_view(tenths, length // _STEP)
        mean: NDArray[np.float64] = windows.sum(axis=1) / (length * self._rate / 100)
        return mean

    def gating_blocks(self) -> NDArray[np.float64]:
        """Return the loudness of each block of 400 ms, 100 ms apart, ungated, in LUFS; −inf for silence."""
        return _to_lufs(self._blocks(_MOMENTARY))

    def series(self) -> LoudnessSeries:
        """Return momentary and short-term loudness every 10 ms.

        Raises
        ------
        MixerError
            The meter was not told to keep them.
        """
        whole = self._whole()
        if whole._kept is None:
            raise MixerError("this meter keeps no series: make it with series=True")
        energies = np.concatenate([np.zeros(0), *whole._kept])
        momentary, short_term = (
            np.concatenate([
                np.full(min(length - 1, len(energies)), np.nan),
                _to_lufs(_window_sums(energies, length) / (length * self._rate / 100)),
            ])
            for length in (_MOMENTARY, _SHORT_TERM)
        )  # fmt: skip
        return LoudnessSeries((np.arange(len(energies)) + 1) / 100.0, momentary, short_term)

    def integrated(self, gain_db: float = 0.0) -> float | None:
        """Return the gated loudness in LUFS, as it would be after a gain; None if all is below the absolute gate."""
        return _gated(self._blocks(_MOMENTARY) * 10.0 ** (gain_db / 10.0))

    def gain_to(self, target_lufs: float) -> float | None:
        """Return the gain in dB that brings the integrated loudness to a target; None for silence.

        The absolute gate makes loudness after a gain differ from loudness plus gain: what a quiet recording hides
        under the gate comes out when it is raised. A few steps settle it.
        """
        blocks = self._blocks(_MOMENTARY)
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
        energies = self._blocks(_SHORT_TERM) * 10.0 ** (gain_db / 10.0)
        energies = energies[energies > _energy(ABSOLUTE_GATE_LUFS)]
        if not len(energies):
            return None
        energies = np.sort(energies[energies >= energies.mean() * 10.0 ** (RANGE_GATE_LU / 10.0)])
        low, high = (energies[round((len(energies) - 1) * p)] for p in (0.10, 0.95))
        return float(10.0 * np.log10(high / low))

    @property
    def max_momentary(self) -> float | None:
        """The highest loudness of any 400 ms so far, in LUFS."""
        return self._highest(_MOMENTARY)

    @property
    def max_short_term(self) -> float | None:
        """The highest loudness of any 3 s so far, in LUFS; None before 3 s have passed."""
        return self._highest(_SHORT_TERM)

    def _highest(self, length: int) -> float | None:
        return _lufs(self._whole()._max_energy[length] / (length * self._rate / 100))


def _boundaries(hundredths: NDArray[np.int64], sample_rate: int) -> NDArray[np.int64]:
    edges: NDArray[np.int64] = (hundredths * sample_rate + 50) // 100
    return edges


def _window_sums(energies: NDArray[np.float64], length: int) -> NDArray[np.float64]:
    """Return the sums of all windows of ``length`` (a multiple of 10), without differences of large totals."""
    if len(energies) < length:
        return np.zeros(0)
    tens = np.lib.stride_tricks.sliding_window_view(energies, _STEP).sum(axis=1)
    count = len(energies) - length + 1
    sums = np.zeros(count)
    for start in range(0, length, _STEP):
        sums += tens[start : start + count]
    return sums


def _energy(lufs: float) -> float:
    return float(10.0 ** ((lufs - OFFSET_LU) / 10.0))


def _lufs(mean_square: float) -> float | None:
    return OFFSET_LU + 10.0 * math.log10(mean_square) if mean_square > 0.0 else None


def _to_lufs(mean_square: NDArray[np.float64]) -> NDArray[np.float64]:
    result = np.full(len(mean_square), -np.inf)
    np.log10(mean_square, out=result, where=mean_square > 0.0)
    result *= 10.0
    result += OFFSET_LU
    return result


def _gated(blocks: NDArray[np.float64]) -> float | None:
    """Gate the mean squares of 400 ms blocks (BS.1770-5, equations 3 to 7) and return the loudness."""
    blocks = blocks[blocks > _energy(ABSOLUTE_GATE_LUFS)]
    if not len(blocks):
        return None
    blocks = blocks[blocks > blocks.mean() * 10.0 ** (RELATIVE_GATE_LU / 10.0)]
    return _lufs(float(blocks.mean()))


def integrated_loudness(audio: Sound, sample_rate: int = 48_000) -> float | None:
    """Return the integrated loudness in LUFS (ITU-R BS.1770-5), or None for what is silent by its gate.

    Parameters
    ----------
    audio : AudioBuffer, AudioFile, path or array
        1..12 channels in the order of ``LAYOUTS``, of any rate; files are read block by block. Under 400 ms: see
        LoudnessMeter.
    sample_rate : int
        Hz, of a bare array.

    Raises
    ------
    MixerError
        More than 12 channels, or samples that are not finite.

    Examples
    --------
    >>> import numpy as np
    >>> tone = 10 ** (-23 / 20) * np.sin(2 * np.pi * 1_000 * np.arange(96_000) / 48_000)
    >>> round(integrated_loudness(np.stack([tone, tone])), 1)
    -23.0
    """
    take = as_take(audio, sample_rate)
    rate, blocks = raised(take.sample_rate, blocks_of(take))
    meter = LoudnessMeter(take.channels, rate)
    for block in blocks:
        meter.add(block)
    return meter.integrated()


def blocks_of(take: Take) -> Iterator[Samples]:
    """Yield a recording in blocks of (channels, up to 65,536) float32."""
    if isinstance(take, AudioFile):
        recording = open_recording(take)
        for start in range(0, take.frames, BLOCK):
            yield recording.read(start, min(BLOCK, take.frames - start))
    else:
        for start in range(0, take.frames, BLOCK):
            yield take.samples[:, start : start + BLOCK]


def raised(sample_rate: int, blocks: Iterable[Samples]) -> tuple[int, Iterable[Samples]]:
    """Return a stream and its rate, resampled to RAISED_RATE where that is below LOWEST_RATE."""
    if sample_rate >= LOWEST_RATE:
        return sample_rate, blocks
    return RAISED_RATE, _resampled(sample_rate, RAISED_RATE, blocks)


def _resampled(sample_rate: int, wanted: int, blocks: Iterable[Samples]) -> Iterator[Samples]:
    import soxr

    stream = None
    for block in blocks:
        stream = stream or soxr.ResampleStream(sample_rate, wanted, len(block), dtype="float32")
        yield np.ascontiguousarray(stream.resample_chunk(np.ascontiguousarray(block.T)).T)
    if stream is not None:
        nothing = np.zeros((0, len(block)), np.float32)
        yield np.ascontiguousarray(stream.resample_chunk(nothing, last=True).T)
