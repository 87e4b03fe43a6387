"""What would be heard if a setting were another: a model of a mix on chosen frames, for planning.

Each track, as placed, is one table of band powers over frames and ears, taken in one pass. A gain, a filter or a place
multiplies it; the ear and the law of partial loudness are then applied as in the exact analysis, but for the
smearing over time. Powers of different tracks add.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mixer.bands_kernels import audible, specific
from mixer.convolve import BLOCK
from mixer.curve import Curve, Setting
from mixer.ear import EarModel, ear_weighting_db
from mixer.loudness import k_weighting
from mixer.masking_engine import two_ears
from mixer.plan import TrackSettings
from mixer.processors import Filter
from mixer.session import MixSession
from mixer.threads import thread_count
from mixer.types import Samples, Track

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]

FRAMES, FEWEST, MOST = 4_800, 160, 600
"""Frames times tracks that are looked at, and the least and most frames of a mix."""
AT_LEAST = 40
"""Frames of a track that sounds seldom, if it has as many."""
HARD_LIMIT = 4_000
RELIEF, HOPELESS = 0.25, 0.02
"""How far others are lowered to see what would be gained; twice as many dB where less is heard of a track."""
LOW_HZ = 50.0
"""Where filters are looked at for what lies under the ear's lowest band."""
GATE = 0.1
"""Frames 10 dB under a track's mean power do not count for its level, as in BS.1770."""


@dataclass(frozen=True, slots=True, eq=False)
class Frames:
    """Which frames of a mix are looked at.

    Parameters
    ----------
    numbers : (n,) int
        Frame t is centred on sample t · hop.
    weights : (n,) float32
        How many frames each stands for.
    """

    numbers: NDArray[np.intp]
    weights: F32


def choose_frames(tracks: Sequence[Track], duration_s: float, hop_s: float) -> Frames:
    """Choose frames evenly, more densely where a track sounds that is seldom heard.

    Parameters
    ----------
    tracks : sequence of Track
    duration_s, hop_s : float
        Of the mix, and between frames.
    """
    total = max(1, math.ceil(duration_s / hop_s))
    wanted = min(max(FRAMES // max(len(tracks), 1), FEWEST), MOST)
    density = np.full(total, min(1.0, wanted / total))
    for track in tracks:
        sounds = np.zeros(total, np.bool_)
        for clip in track.clips:
            sounds[math.floor(clip.onset_s / hop_s) : math.ceil((clip.onset_s + clip.duration_s) / hop_s)] = True
        count = int(sounds.sum())
        if count:
            density[sounds] = np.maximum(density[sounds], min(1.0, AT_LEAST / count))
    density *= min(1.0, HARD_LIMIT / density.sum())
    numbers = np.flatnonzero(np.diff(np.floor(np.cumsum(density) + 0.5), prepend=0.0))
    if not len(numbers):
        numbers = np.zeros(1, np.intp)
    return Frames(numbers, (1.0 / density[numbers]).astype(np.float32))


@dataclass(frozen=True, slots=True, eq=False)
class Listened:
    """Placed tracks on chosen frames, at their gains.

    Parameters
    ----------
    ear : EarModel
    frames : Frames
    powers : (tracks, bands, ears, frames) float32
        1 = 0 dB SPL, weighted by the outer ear.
    low : (tracks, ears, frames) float32
        K-weighted power under the lowest band: it belongs to a track's level only.
    peaks : (tracks, hops) float32
        Highest level in each hop of the mix, linear, before the gain: what the detectors of dynamics look at.
    """

    ear: EarModel
    frames: Frames
    powers: F32
    low: F32
    peaks: F32

    def one_ear(self) -> Listened:
        """Return the same with one ear, if both hear the same; else this."""
        if self.powers.shape[2] == 1 or not np.array_equal(self.powers[:, :, 0], self.powers[:, :, 1]):
            return self
        return replace(self, powers=np.ascontiguousarray(self.powers[:, :, :1]), low=2.0 * self.low[:, :1])


def planning_ear(sample_rate: int) -> EarModel:
    """Return an ear for any rate, with frames as long as the standard's at 48 kHz, without memory between them."""
    ear = EarModel(sample_rate, 2 * round(1024 * sample_rate / 48_000))
    ear.tables = ear.tables._replace(smear=np.zeros(ear.bands, np.float32))
    return ear


def listen(session: MixSession, settings: Sequence[TrackSettings], ear: EarModel, frames: Frames) -> Listened:
    """Play all tracks once and keep their band powers on the frames, gains applied."""
    hops = -(-session.frames // ear.hop)
    takers = [_Taker(ear, frames.numbers, hops, 10.0 ** (s.gain_db / 20.0), session.layout) for s in settings]
    for blocks in session.in_step(settings):
        length = next((block.shape[1] for block in blocks if block is not None), BLOCK)
        for taker, block in zip(takers, blocks, strict=True):
            taker.add(block, length)
    for taker in takers:
        taker.add(None, BLOCK)  # the last frames reach beyond the end
    powers, low, peaks = (np.stack([getattr(t, name) for t in takers]) for name in ("powers", "low", "peaks"))
    return Listened(ear, frames, powers, low, peaks)


class _Taker:
    """Takes the band powers of one track as its blocks come by."""

    def __init__(self, ear: EarModel, numbers: NDArray[np.intp], hops: int, gain: float, layout: str) -> None:
        self._ear, self._gain, self._layout = ear, gain, layout
        self._starts = numbers * ear.hop - ear.window // 2
        self._tail: Samples = np.zeros((2, ear.window), np.float32)
        self._silent = True
        self._position = self._next = 0
        self.powers = np.zeros((ear.bands, 2, len(numbers)), np.float32)
        self.low = np.zeros((2, len(numbers)), np.float32)
        self.peaks = np.zeros(hops, np.float32)
        hertz = np.arange(ear.window // 2 + 1) * (ear.sample_rate / ear.window)
        below = hertz < ear.edges_hz[0]
        self._low_weights = k_weights(hertz[below], ear.sample_rate) * _level_factor(ear)

    def add(self, block: Samples | None, length: int) -> None:
        start, self._position = self._position - self._ear.window, self._position + length
        first = self._next
        self._next = int(np.searchsorted(self._starts, self._position - self._ear.window, side="right"))
        if block is None and self._silent:
            return
        if block is None:
            block = np.zeros((2, length), np.float32)
        else:
            heard = two_ears(block, self._layout)
            self._peak(heard, self._position - length)
            block = np.broadcast_to(heard, (2, length))
        samples = np.concatenate((self._tail, block), axis=1)
        if self._next > first:
            self._measure(samples, first, self._starts[first : self._next] - start)
        self._tail = samples[:, -self._ear.window :]
        self._silent = not self._tail.any()

    def _peak(self, heard: Samples, position: int) -> None:
        """Note the highest level of each hop; a point that is panned has the same wherever it stands."""
        hop = self._ear.hop
        first = position // hop
        edges = np.arange((first + 1) * hop - position, heard.shape[1], hop)
        highest = np.maximum.reduceat(np.einsum("ct,ct->t", heard, heard), np.concatenate(([0], edges)))
        span = slice(first, first + len(highest))
        self.peaks[span] = np.maximum(self.peaks[span], np.sqrt(highest)[: len(self.peaks) - first])

    def _measure(self, samples: Samples, first: int, starts: NDArray[np.intp]) -> None:
        from scipy.fft import rfft

        windows = np.lib.stride_tricks.sliding_window_view(samples, self._ear.window, axis=1)
        spectra = rfft(windows[:, starts] * self._ear.taper, axis=-1)
        for ear in range(2):
            span = slice(first, first + len(starts))
            self.powers[:, ear, span] = self._ear.band_powers(spectra[ear], self._gain)
            part = spectra[ear][:, : len(self._low_weights)]
            self.low[ear, span] = (part.real**2 + part.imag**2) @ self._low_weights * self._gain**2


def k_weights(frequencies_hz: F64, sample_rate: int) -> F64:
    """Return the power gain of BS.1770's K-weighting at these frequencies."""
    z = np.exp(-2j * np.pi * frequencies_hz / sample_rate)
    response = np.ones(len(z), np.complex128)
    for b, a in k_weighting(sample_rate):
        response *= np.polyval(b[::-1], z) / np.polyval(a[::-1], z)
    return np.asarray(np.abs(response) ** 2)


def _level_factor(ear: EarModel) -> float:
    """Return what makes |FFT|² the power of step 2: what the ear does to a bin that lies in one band alone."""
    band = ear.bands - 8
    n = int(ear.groups.count[band]) // 2
    hertz = (ear.groups.first[band] + n) * (ear.sample_rate / ear.window)
    return float(ear.groups.weights[band, n] / 10.0 ** (ear_weighting_db(hertz) / 10.0))


@dataclass(frozen=True, slots=True, eq=False)
class Tried:
    """What would be heard after a change.

    Parameters
    ----------
    mur : (tracks,) float64
        How much of a track's loudness alone is left among the others, 0..1; 1 for what is silent.
    """

    mur: F64
    _parts: Mapping[int, _Part]
    _sum: F64


@dataclass(frozen=True, slots=True, eq=False)
class _Part:
    """One track as it now is: (bands, ears, frames) each."""

    powers: F32
    excited: F32
    loud: F32
    total: float


class BandModel:
    """A mix that can be changed track by track. Use it in a ``with`` statement.

    Parameters
    ----------
    listened : Listened
    locked : sequence of bool
        Whether a track is brought back to its level after each change.
    """

    def __init__(self, listened: Listened, locked: Sequence[bool]) -> None:
        self.ear, self.frames = listened.ear, listened.frames
        self.listened = listened
        self._locked = locked
        self._pool = ThreadPoolExecutor(max_workers=thread_count())
        self._level_weights = level_weights(self.ear)
        self._levels = np.stack([self._level(p, low) for p, low in zip(listened.powers, listened.low, strict=True)])
        counted = self._levels * self.frames.weights
        mean = counted.sum(1) / np.maximum((self.frames.weights * (self._levels > 0.0)).sum(1), 1.0)
        self._gate = (self._levels >= GATE * mean[:, np.newaxis]) * self.frames.weights
        self._parts = list(self._pool.map(self._part, listened.powers))
        self._active = [np.flatnonzero(part.loud.any(axis=(0, 1))) for part in self._parts]
        self._placed = [part.excited for part in self._parts]
        self._sum = listened.powers.sum(0, dtype=np.float64)
        self.mur = self._murs({}, self._sum)

    def __enter__(self) -> BandModel:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown()

    @property
    def heard(self) -> NDArray[np.bool_]:
        """Tell which tracks are heard at all when alone."""
        return np.array([part.total > 0.0 for part in self._parts])

    def placed_excitation(self, number: int) -> F32:
        """Return the excitation by a track as listened to, (bands, ears, frames)."""
        return self._placed[number]

    @property
    def times_s(self) -> F64:
        """Seconds of the frames, (frames,)."""
        return np.asarray(self.frames.numbers * (self.ear.hop / self.ear.sample_rate), np.float64)

    def loudness(self, number: int) -> F64:
        """Return how loud a track now is alone in each band, of the better ear, (bands,)."""
        return np.asarray(self._parts[number].loud.max(axis=1) @ self.frames.weights, np.float64)

    def applied(self, number: int, gain: F64, low_gain: F64 | float = 1.0, shares: F64 | None = None) -> F32:
        """Return the powers of a track as listened to, times a power gain, brought back to its level.

        Parameters
        ----------
        number : int
        gain : broadcastable to (bands, ears, frames)
        low_gain : broadcastable to (ears, frames)
        shares : (ears,), optional
            How all of its power is divided between the ears; as it was where not given.
        """
        powers, low = self.listened.powers[number], self.listened.low[number]
        if shares is not None:
            powers = powers.sum(1, keepdims=True) * shares[:, np.newaxis].astype(np.float32)
            low = low.sum(0, keepdims=True) * shares[:, np.newaxis].astype(np.float32)
        powers = powers * np.asarray(gain, np.float32)
        if self._locked[number]:
            level = self._level(powers, low * np.asarray(low_gain, np.float32))
            before = float(self._levels[number] @ self._gate[number])
            after = float(level @ self._gate[number])
            if before > 0.0 and after > 0.0:
                powers *= np.float32(before / after)
        return np.asarray(powers, np.float32)

    def trial(self, changes: Mapping[int, F32]) -> Tried:
        """Return what would be heard with other powers of some tracks."""
        parts = {number: self._part(powers) for number, powers in changes.items()}
        total = self._sum.copy()
        for number, part in parts.items():
            total += part.powers
            total -= self._parts[number].powers
        return Tried(self._murs(parts, total), parts, total)

    def keep(self, tried: Tried) -> None:
        """Make a trial the present state."""
        for number, part in tried._parts.items():
            self._parts[number] = part
        self._sum, self.mur = tried._sum, tried.mur

    def room_to_gain(self) -> tuple[F64, F64]:
        """Return who stands in whose way now, and where each track is heard.

        Returns
        -------
        gainable : (tracks, tracks, bands)
            What j would have more, as a share of its loudness alone, if all others were 6 dB lower in a band (12 dB
            where next to nothing of it is heard), divided among them by their excitation: [i, j, b] is the part that
            i could give.
        left : (tracks, bands)
            The share of its loudness alone that is heard.
        """
        count = len(self._parts)
        mean = np.stack([part.excited.mean(axis=1) for part in self._parts])
        everything = mean.sum(0)
        gainable, left = np.zeros((count, count, self.ear.bands)), np.zeros((count, self.ear.bands))

        def run(j: int) -> None:
            part = self._parts[j]
            if part.total <= 0.0:
                return
            rest = self._rest(self._sum, part.powers)
            heard = self._heard(part, rest)
            relief = RELIEF if self.mur[j] > HOPELESS else RELIEF**2
            more = self._heard(part, rest * np.float32(relief)) - heard
            left[j] = heard @ self.frames.weights / part.total
            share = more * (self.frames.weights / np.float32(part.total)) / np.maximum(everything - mean[j], 1e-6)
            gainable[:, j] = np.einsum("bt,ibt->ib", share, mean)
            gainable[j, j] = 0.0

        list(self._pool.map(run, range(count)))
        return gainable, left

    def _level(self, powers: F32, low: F32) -> F32:
        """Return the K-weighted power of each frame, both ears together."""
        return np.asarray(np.einsum("b,bet->t", self._level_weights, powers) + low.sum(0), np.float32)

    def _excited(self, powers: F32) -> F32:
        return self.ear.excitation(powers.reshape(self.ear.bands, -1)).reshape(powers.shape)

    def _part(self, powers: F32) -> _Part:
        powers = np.ascontiguousarray(powers)
        excited = self._excited(powers)
        loud = np.empty_like(excited)
        specific(excited, self.ear.tables, loud)
        loud[:, :, ~powers.any(axis=(0, 1))] = 0.0
        total = float(loud.max(axis=1).sum(0, dtype=np.float64) @ self.frames.weights)
        return _Part(powers, excited, loud, total)

    def _rest(self, total: F64, own: F32) -> F32:
        return self._excited(np.maximum(total - own, 0.0).astype(np.float32))

    def _heard(self, part: _Part, rest: F32) -> F32:
        heard = np.empty((rest.shape[0], rest.shape[2]), np.float32)
        audible(part.loud, part.excited, rest, self.ear.tables, heard)
        return heard

    def _murs(self, parts: Mapping[int, _Part], total: F64) -> F64:
        def run(number: int) -> float:
            part = parts.get(number, self._parts[number])
            if part.total <= 0.0:
                return 1.0
            active, weights, everything = self._active[number], self.frames.weights, total
            if len(active) < 0.8 * len(weights):  # most of the time it is silent
                powers, excited, loud = (
                    np.ascontiguousarray(a[:, :, active]) for a in (part.powers, part.excited, part.loud)
                )
                part = _Part(powers, excited, loud, part.total)
                everything, weights = total[:, :, active], weights[active]
            heard = self._heard(part, self._rest(everything, part.powers))
            return float(heard.sum(0, dtype=np.float64) @ weights) / part.total

        return np.array(list(self._pool.map(run, range(len(self._parts)))))


def level_weights(ear: EarModel) -> F32:
    """Return what makes a band's power K-weighted instead of weighted by the ear, (bands,)."""
    weights = np.zeros(ear.bands)
    for band, (first, count) in enumerate(zip(ear.groups.first, ear.groups.count, strict=True)):
        shares = ear.groups.weights[band, :count].astype(np.float64)
        hertz = (first + np.arange(count)) * (ear.sample_rate / ear.window)
        if shares.sum() > 0.0:
            ratio = k_weights(hertz, ear.sample_rate) / 10.0 ** (ear_weighting_db(hertz) / 10.0)
            weights[band] = float(shares @ ratio) / float(shares.sum())
    return weights.astype(np.float32)


def filter_power(section: Filter, hertz: F64, sample_rate: int, times_s: F64) -> F64:
    """Return |H|² of a filter at frequencies, over time where it moves: (n, 1) or (n, times).

    The bilinear transform of R. Bristow-Johnson's prototypes, with Ω = tan(πf/fs) / tan(πf0/fs).
    """

    def over(setting: Setting) -> F64:
        return setting.at(times_s) if isinstance(setting, Curve) else np.array([setting], np.float64)

    centre, gain_db, q = (over(s) for s in (section.frequency_hz, section.gain_db, section.q))
    limit = 0.49 * sample_rate
    w = np.tan(np.pi * np.minimum(hertz, limit) / sample_rate)[:, np.newaxis]
    w = w / np.tan(np.pi * np.minimum(centre, limit) / sample_rate)
    a = 10.0 ** (gain_db / 40.0)
    if section.kind == "peak":
        top, bottom = ((1.0 - w**2) ** 2 + (w * g / q) ** 2 for g in (a, 1.0 / a))
        return np.asarray(top / bottom)
    if section.kind == "low_shelf":
        top, bottom = (a - w**2) ** 2 + a * (w / q) ** 2, (1.0 - a * w**2) ** 2 + a * (w / q) ** 2
        return np.asarray(a**2 * top / bottom)
    if section.kind == "high_shelf":
        top, bottom = (1.0 - a * w**2) ** 2 + a * (w / q) ** 2, (a - w**2) ** 2 + a * (w / q) ** 2
        return np.asarray(a**2 * top / bottom)
    bottom = (1.0 - w**2) ** 2 + (w / q) ** 2
    return np.asarray((w**4 if section.kind == "low_cut" else np.ones_like(w)) / bottom)
