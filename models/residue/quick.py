"""A quick band model of the residue, for batches: excitations in half Barks, scaled and added; the network corrects it.

What :mod:`mixer.bands` does in full for one mix is here worked out once, on the mix as it was heard: the ear's
spreading and memory. A candidate then only multiplies each track's excitation in each half Bark by what filters,
compressor, level lock, fader and place make of it, and the law of partial loudness is applied to the sums. What that
is off by for the mix as it was heard, moment by moment, is taken out of all candidates.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from mixer.bands import GATE, Listened, level_weights, planning_ear
from mixer.bands_kernels import audible, specific
from mixer.dynamics import compression_db
from mixer.ear import EarModel
from mixer.optimise.model import ATTACK_S, DETECTED_DB, KNEE_DB, LOOK_BACK, RELEASE_S
from mixer.optimise.predictor import Candidates
from mixer.residue import GROUPS, band_weights, grouped
from mixer.threads import thread_count
from models.residue.quick_kernels import lost_loudness

F32 = NDArray[np.float32]

QUIETEST_DB = -120.0
_LITTLE = np.float32(1e-4)
MOST_OFF = 2.0
"""By how much the model may be off where it is put right."""


@dataclass(frozen=True, slots=True, eq=False)
class Worked:
    """What the model makes of candidates; float32.

    Parameters
    ----------
    maps : (candidates, frames, 27)
        R(t, g), sone, without interference.
    eq_db : (candidates, tracks, 55)
        Gain of the filters in each half Bark.
    lock_db : (candidates, tracks)
        What the level lock adds.
    down_db : (candidates, tracks, frames)
        How far compressors turn down.
    shares : (candidates, tracks, 2)
        How tracks are divided between the ears.
    """

    maps: F32
    eq_db: F32
    lock_db: F32
    down_db: F32
    shares: F32


class QuickModel:
    """A mix as it was heard, of which candidates are tried.

    Parameters
    ----------
    listened : Listened
        With what the ear remembers between frames (:func:`models.residue.candidates.listen_evenly`).
    """

    def __init__(self, listened: Listened) -> None:
        fine = planning_ear(listened.ear.sample_rate)
        self._first = np.arange(0, fine.bands, 2)
        self._counts = np.diff(np.append(self._first, fine.bands)).astype(np.float32)
        powers = listened.powers
        if powers.shape[2] == 1:
            powers = np.repeat(powers, 2, axis=2) / np.float32(2.0)
        excited = np.stack([_excited(fine, own) for own in powers])
        exact = _exactly(fine, powers, excited)
        floor = fine.excitation(np.zeros((fine.bands, 1), np.float32))[:, 0]
        above = np.maximum(excited - floor[:, np.newaxis, np.newaxis], 0.0) * powers.any(axis=1, keepdims=True)
        self.signal = np.ascontiguousarray(self._halved(above).transpose(0, 2, 1, 3))  # tracks, ears, halves, frames
        tables = fine.tables
        mean = [self._halved(t[np.newaxis, :, np.newaxis, np.newaxis])[0, :, 0, 0] for t in (
            floor, tables.threshold, tables.index, 10.0 ** (tables.mask_db / np.float32(-10.0)))]  # fmt: skip
        weights = band_weights(fine.centres_hz).astype(np.float32) * np.float32(24.0 / fine.bands)
        weight = np.add.reduceat(weights, self._first)
        self._tables = np.ascontiguousarray(np.stack([*mean, weight]), np.float32)
        ears = powers.sum(axis=(1, 3))
        self._own_shares = ears / np.maximum(ears.sum(axis=1, keepdims=True), 1e-9)
        self._prepare_lock(listened)
        level_db = 20.0 * np.log10(np.maximum(listened.peaks, 10.0 ** (QUIETEST_DB / 20.0)))
        ends = np.minimum(listened.frames.numbers, level_db.shape[1] - 1)[:, np.newaxis]
        self.level_db = level_db[:, np.maximum(ends + np.arange(1 - LOOK_BACK, 1), 0)].astype(np.float32)
        self._hop_s = fine.hop / fine.sample_rate
        self._right = np.float32(1.0)
        as_heard = self.worked(_unchanged(len(powers), fine.bands)).maps[0]
        self._right = np.clip((exact + _LITTLE) / (as_heard + _LITTLE), 1.0 / MOST_OFF, MOST_OFF).astype(np.float32)

    def _prepare_lock(self, listened: Listened) -> None:
        """Keep what the level lock looks at: K-weighted power of each track in each half Bark and frame, gated."""
        kept = np.add.reduceat(
            np.einsum("nbet,b->nbt", listened.powers, level_weights(listened.ear)), self._first, axis=1
        )  # fmt: skip
        low = listened.low.sum(axis=1)
        level = kept.sum(axis=1) + low
        mean = level.sum(axis=1) / np.maximum((level > 0.0).sum(axis=1), 1)
        gate = level >= GATE * mean[:, np.newaxis]
        self._kept, self._low = (kept * gate[:, np.newaxis]).astype(np.float32), (low * gate).astype(np.float32)
        self._before = (level * gate).sum(axis=1)

    def _halved(self, values: F32) -> F32:
        """Return means over two bands each, axis 1."""
        return np.asarray(np.add.reduceat(values, self._first, axis=1) / self._counts[:, np.newaxis, np.newaxis])

    def worked(self, candidates: Candidates) -> Worked:
        """Work out the maps of candidates."""
        eq_db: F32 = np.asarray(np.add.reduceat(candidates.eq_db, self._first, axis=2) / self._counts, np.float32)
        gain = 10.0 ** (eq_db / np.float32(10.0))
        low: F32 = np.asarray(10.0 ** (candidates.low_db / np.float32(10.0)), np.float32)
        still = np.einsum("cnh,nh->cn", gain, self._kept.sum(axis=2)) + low * self._low.sum(axis=1)
        change_db = _decibels(still, self._before)
        down_db = self._reductions(candidates, change_db)
        after = still.copy()
        for c, n in zip(*np.nonzero(candidates.ratio > 1.0), strict=True):
            level = gain[c, n] @ self._kept[n] + low[c, n] * self._low[n]
            after[c, n] = level @ (10.0 ** (down_db[c, n] / np.float32(-10.0)))
        lock_db = -_decibels(after, self._before)
        scale = 10.0 ** ((lock_db + candidates.fader_db) / np.float32(10.0))
        gain = np.ascontiguousarray(gain * scale[..., np.newaxis], np.float32)
        moves = np.ascontiguousarray(10.0 ** (down_db / np.float32(-10.0)), np.float32)
        maps = np.zeros((len(candidates), self.signal.shape[-1], GROUPS), np.float32)

        def work(span: slice) -> None:
            lost_loudness(self.signal, gain[span], moves[span], candidates.shares[span], self._tables, maps[span])

        count = thread_count()
        edges = np.linspace(0, len(candidates), count + 1).astype(int)
        with ThreadPoolExecutor(max_workers=count) as pool:
            list(pool.map(work, [slice(int(a), int(b)) for a, b in pairwise(edges)]))
        shares = np.where(np.isnan(candidates.shares), self._own_shares, candidates.shares)
        return Worked(maps * self._right, eq_db, lock_db.astype(np.float32), down_db, shares.astype(np.float32))

    def _reductions(self, candidates: Candidates, change_db: F32) -> F32:
        """Follow compressors over the hops that lead to each frame, (candidates, tracks, frames)."""
        down_db = np.zeros((*candidates.ratio.shape, self.level_db.shape[1]), np.float32)
        who, track = np.nonzero(candidates.ratio > 1.0)
        if not len(who):
            return down_db
        begins_db = candidates.threshold_db + np.float32(DETECTED_DB) - change_db
        over_db = self.level_db[track] - begins_db[who, track, np.newaxis, np.newaxis]
        wanted = compression_db(over_db, 0.0, candidates.ratio[who, track, np.newaxis, np.newaxis], KNEE_DB)
        up, down = (np.float32(1.0 - np.exp(-self._hop_s / tau)) for tau in (ATTACK_S, RELEASE_S))
        before = state = wanted[..., 0]
        for n in range(1, LOOK_BACK):
            before, state = state, state + np.where(wanted[..., n] > state, up, down) * (wanted[..., n] - state)
        down_db[who, track] = (before + state) / 2.0  # a frame is two hops long
        return down_db


def _excited(ear: EarModel, powers: F32) -> F32:
    bands = powers.shape[0]
    return np.asarray(ear.excitation(powers.reshape(bands, -1)).reshape(powers.shape))


def _exactly(ear: EarModel, powers: F32, excited: F32) -> F32:
    """Return the loudness that the mix loses as it was heard, in all bands: R(t, g), sone, without interference.

    Parameters
    ----------
    ear : EarModel
    powers, excited : (tracks, 109, 2, frames) float32
    """
    weights = band_weights(ear.centres_hz).astype(np.float32)[:, np.newaxis] * np.float32(24.0 / ear.bands)
    total, lost = powers.sum(axis=0), np.zeros((ear.bands, powers.shape[-1]), np.float32)
    for own, E in zip(powers, excited, strict=True):
        N = _excited(ear, np.maximum(total - own, np.float32(0.0)))
        loud, left = np.empty_like(E), np.empty_like(lost)
        specific(E, ear.tables, loud)
        audible(loud, E, N, ear.tables, left)
        lost += loud.max(axis=1) - left
    return np.asarray(grouped(ear, weights * lost), np.float32)


def _unchanged(tracks: int, bands: int) -> Candidates:
    """Return the candidate that changes nothing."""
    none = np.zeros((1, tracks), np.float32)
    still = np.full((1, tracks, 2), np.nan, np.float32)
    return Candidates(np.zeros((1, tracks, bands), np.float32), none, none, none, none + np.float32(1.0), still)


def _decibels(above: F32, below: NDArray[np.floating]) -> F32:
    ratio = np.ones_like(above)
    np.divide(above, below, out=ratio, where=(above > 0.0) & (below > 0.0))
    return np.asarray(10.0 * np.log10(ratio), np.float32)
