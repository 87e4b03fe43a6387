"""What would be heard with many settings at once: a band model of a mix on a bounded number of moments.

As :class:`mixer.bands.BandModel`, but for batches and in bands of half a Bark, each with the mean power of two of a
quarter, so that it is as loud as they are. Band powers of the tracks as listened to are multiplied by what filters,
dynamics and faders would do, brought back to the level lock, added up, and given to the ear. Powers add; the ear
forgets from frame to frame. What is chosen by it is to be measured.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mixer.bands import GATE, Listened, level_weights
from mixer.dynamics import compression_db
from mixer.ear import EarModel
from mixer.ear_kernels import compare, excite
from mixer.optimise.predictor import Candidates, listen_evenly
from mixer.plan import TrackSettings
from mixer.residue import HARSH_HZ, MUDDY_HZ, band_weights, grouped
from mixer.session import MixSession
from mixer.threads import thread_count

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]

STEP_BARK = 0.5
MOMENTS = 420
"""Frames times tracks that sound in them, at which a candidate is looked at."""
FEWEST, AT_LEAST = 32, 12
"""Least frames of a mix, and of a track that sounds seldom."""
KNEE_DB, ATTACK_S, RELEASE_S = 6.0, 0.02, 0.15
"""Of the compressors that are tried: those of :class:`mixer.processors.Compressor`; the attack is longer, by hops."""
DETECTED_DB = 6.0
"""How far what a compressor follows, 10 ms upwards and 150 ms downwards, lies under the peak of a hop."""
LOOK_BACK = 12
"""Hops before a frame from which a compressor's reduction is followed."""
OFF = 1.5
"""Ratios below are no compression."""


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """What would be heard of each candidate.

    Parameters
    ----------
    mur : (candidates, tracks) float64
        Share of each track's loudness that is heard, 0..1; 1 for silent ones.
    msr : (candidates, tracks) float64
        Masker-to-signal measure (:func:`mixer.partial.masked_share`), 0..1; 0 for silent ones.
    residue_sone : (candidates,) float64
        R, weighted, mean over time (:attr:`mixer.residue.Residue.sone`), interference left out.
    share : (candidates,) float64
        ρ, of all loudness that is lost.
    rough : (candidates,) float64
        Share of R that lies at 200–500 Hz or 1–4 kHz.
    maps : (candidates, frames, 27) float32 or None
        R(t, g) at the model's frames, where it was asked for.
    """

    mur: F64
    msr: F64
    residue_sone: F64
    share: F64
    rough: F64
    maps: F32 | None = None


class BatchModel:
    """A mix of which many candidates are tried at once. Use it in a ``with`` statement.

    Parameters
    ----------
    listened : Listened
        With an ear of 109 bands; frames evenly in time.
    moments : int or None
        How many (frame, sounding track) pairs are looked at; None = all.
    """

    def __init__(self, listened: Listened, moments: int | None = MOMENTS) -> None:
        fine = listened.ear
        self.ear = EarModel(fine.sample_rate, fine.window, step_bark=STEP_BARK)
        self._tables = self.ear.tables._replace(smear=np.zeros(self.ear.bands, np.float32))
        self._first = np.arange(0, fine.bands, 2)
        self._counts = np.diff(np.append(self._first, fine.bands)).astype(np.float32)
        powers = np.add.reduceat(listened.powers, self._first, axis=1) / self._counts[:, np.newaxis, np.newaxis]
        if np.array_equal(powers[:, :, :1], powers[:, :, -1:]):
            powers = powers[:, :, :1]
        self.tracks, self._ears = powers.shape[0], listened.powers.shape[2]
        level = np.asarray(powers.sum(axis=(1, 2)), np.float32)
        chosen, density = _chosen(level, moments)
        self.frames = len(chosen)
        self._weights = listened.frames.weights[chosen].astype(np.float64) / density
        self._seconds = float(self._weights.sum())
        self._levels(listened, fine)
        self._track, self._frame = np.nonzero(level[:, chosen] > 0.0)
        edges = np.searchsorted(self._track, np.arange(self.tracks + 1))
        self._spans = [slice(a, b) for a, b in pairwise(edges.tolist())]
        at = chosen[self._frame]
        by_column = powers[self._track, :, :, at].transpose(2, 1, 0)
        self._powers = np.ascontiguousarray(by_column, np.float32)  # (ears, bands, columns)
        self._sum: F32 = self._powers.sum(axis=0) * np.float32(listened.powers.shape[2] / self._powers.shape[0])
        self._windows = _windows(listened.peaks, listened.frames.numbers)
        self._chosen = chosen
        self._band_weights = band_weights(self.ear.centres_hz)
        f = self.ear.centres_hz
        self._rough = sum(((f >= low) & (f <= high)).astype(np.float64) for low, high in (MUDDY_HZ, HARSH_HZ))
        self._pool = ThreadPoolExecutor(max_workers=thread_count())

    def __enter__(self) -> BatchModel:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown()

    @property
    def heard(self) -> NDArray[np.bool_]:
        """Tell which tracks sound at all."""
        return np.array([span.stop > span.start for span in self._spans])

    def outcome(self, candidates: Candidates, *, maps: bool = False) -> Outcome:
        """Return what would be heard of each candidate.

        Parameters
        ----------
        candidates : Candidates
        maps : bool
            Return the maps too.
        """
        power = 10.0 ** (candidates.eq_db / np.float32(10.0))
        gains = np.asarray(np.add.reduceat(power, self._first, axis=2) / self._counts, np.float32)
        moves = self._moves(candidates)
        scale = self._scale(candidates, gains, moves)
        results = list(
            self._pool.map(lambda c: self._one(gains[c], scale[c], moves[c], candidates.shares[c], maps),
                           range(len(candidates)))
        )  # fmt: skip
        alone, heard, depth, lost = (np.array([r[k] for r in results]) for k in range(4))
        mur = np.ones_like(alone)
        np.divide(heard, alone, out=mur, where=alone > 0.0)
        to_sone = 24.0 / self.ear.bands / self._seconds
        weighted = lost * self._band_weights
        residue = weighted.sum(axis=1)
        total = alone.sum(axis=1)
        return Outcome(
            mur=mur,
            msr=depth,
            residue_sone=residue * to_sone,
            share=np.divide(lost.sum(axis=1), total, out=np.ones_like(total), where=total > 0.0),
            rough=np.divide(weighted @ self._rough, residue, out=np.zeros_like(residue), where=residue > 0.0),
            maps=np.stack([r[4] for r in results if r[4] is not None]) if maps else None,
        )

    def _levels(self, listened: Listened, fine: EarModel) -> None:
        """Keep what the level lock looks at: K-weighted power of each track in each frame and band, gated."""
        kept = np.add.reduceat(
            np.einsum("nbet,b->nbt", listened.powers, level_weights(fine)), self._first, axis=1
        )  # fmt: skip
        low = listened.low.sum(axis=1)
        level = kept.sum(axis=1) + low
        frames = listened.frames.weights
        sounding = np.maximum((frames * (level > 0.0)).sum(axis=1), 1e-9)
        gate = (level >= GATE * ((level * frames).sum(axis=1) / sounding)[:, np.newaxis]) * frames
        self._kept, self._low, self._gate = kept.astype(np.float32), low.astype(np.float32), gate.astype(np.float32)
        self._level = np.einsum("nt,nt->n", level, gate).astype(np.float64)
        self._still = np.einsum("nbt,nt->nb", self._kept, self._gate), np.einsum("nt,nt->n", self._low, self._gate)

    def _moves(self, candidates: Candidates) -> list[dict[int, F32]]:
        """Return the power gain by compression at all listened frames, of those tracks that have any."""
        moves: list[dict[int, F32]] = [{} for _ in range(len(candidates))]
        who, track = np.nonzero(candidates.ratio >= OFF)
        if not len(who):
            return moves
        wanted = compression_db(
            self._windows[track] - np.float32(DETECTED_DB),
            candidates.threshold_db[who, track, np.newaxis, np.newaxis],
            candidates.ratio[who, track, np.newaxis, np.newaxis],
            KNEE_DB,
        ).astype(np.float32)
        hop_s = self.ear.hop / self.ear.sample_rate
        up, down = (np.float32(1.0 - np.exp(-hop_s / tau)) for tau in (ATTACK_S, RELEASE_S))
        before = state = wanted[..., 0]
        for n in range(1, wanted.shape[-1]):
            now = wanted[..., n]
            before, state = state, state + np.where(now > state, up, down) * (now - state)
        power = 10.0 ** ((before + state) / np.float32(-20.0))  # the mean of both: a frame is two hops long
        for row, (c, n) in enumerate(zip(who.tolist(), track.tolist(), strict=True)):
            moves[c][n] = power[row]
        return moves

    def _scale(self, candidates: Candidates, gains: F32, moves: list[dict[int, F32]]) -> F64:
        """Return the power gain that brings each track back to its level, and to its offset from there."""
        low = 10.0 ** (candidates.low_db / np.float32(10.0))
        still, still_low = self._still
        after = np.einsum("cnb,nb->cn", gains, still, dtype=np.float64) + low * still_low
        for c, moved in enumerate(moves):
            for n, power in moved.items():
                level = gains[c, n] @ self._kept[n] + low[c, n] * self._low[n]
                after[c, n] = float((level * power) @ self._gate[n])
        before = np.broadcast_to(self._level, after.shape)
        lock = np.divide(before, after, out=np.ones_like(after), where=(after > 0.0) & (before > 0.0))
        return _wide(lock * 10.0 ** (candidates.fader_db.astype(np.float64) / 10.0))

    def _one(
        self, gains: F32, scale: F64, moves: dict[int, F32], shares: F32, maps: bool
    ) -> tuple[F64, F64, F64, F64, F32 | None]:
        """Return loudness alone and heard and MSR of each track, what is lost in each band, and the map."""
        turned = np.flatnonzero(np.isfinite(shares).all(axis=1))
        ears = self._ears if len(turned) else len(self._powers)
        gain = np.ascontiguousarray((gains * scale[:, np.newaxis]).astype(np.float32).T)[:, self._track]
        for n, power in moves.items():
            gain[:, self._spans[n]] *= power[self._chosen[self._frame[self._spans[n]]]]
        own: F32 = self._powers * gain if ears == len(self._powers) else np.repeat(self._powers * gain, ears, axis=0)
        for n in turned.tolist():
            span = self._spans[n]
            own[:, :, span] = self._sum[:, span] * gain[:, span] * shares[n, :, np.newaxis, np.newaxis]
        total = np.zeros((ears, self.ear.bands, self.frames), np.float32)
        for span in self._spans:
            total[:, :, self._frame[span]] += own[:, :, span]
        rest = np.maximum(total[:, :, self._frame] - own, np.float32(0.0))
        E, N = np.empty_like(own), np.empty_like(own)
        for source, target in ((own, E), (rest, N)):
            for e in range(ears):
                excite(source[e], self._tables, self.ear._lower, self.ear._per_log, self.ear.state(), target[e])
        near, far = np.empty_like(E), np.empty_like(E)
        active, depth, loud, heard = (np.empty(E.shape[1:], np.float32) for _ in range(4))
        compare(E, N, self._tables, near, far, active, depth, loud, heard)
        return self._summed(active, depth, loud, heard, maps)

    def _summed(
        self, active: F32, depth: F32, loud: F32, heard: F32, maps: bool
    ) -> tuple[F64, F64, F64, F64, F32 | None]:
        weights = self._weights[self._frame]
        anything = active.any(axis=0) * weights
        masked = np.minimum(depth, np.float32(20.0)).sum(axis=0) / (20.0 * len(depth))
        alone, left, deep, times = (
            np.bincount(self._track, values, self.tracks)
            for values in (loud.sum(axis=0) * weights, heard.sum(axis=0) * weights, masked * weights, anything)
        )
        lost = loud - heard
        found = None
        if maps:
            by_frame = np.zeros((self.ear.bands, self.frames), np.float32)
            for span in self._spans:
                by_frame[:, self._frame[span]] += lost[:, span]
            to_sone = 24.0 / self.ear.bands * self._band_weights[:, np.newaxis]
            found = grouped(self.ear, by_frame * to_sone).astype(np.float32)
        msr = np.divide(deep, times, out=np.zeros_like(deep), where=times > 0.0)
        return _wide(alone), _wide(left), _wide(msr), _wide(lost @ weights), found


class Analytic:
    """The band model as a :class:`mixer.optimise.predictor.ResiduePredictor`: what it works out is the prediction."""

    name = "the band model"

    def __init__(self) -> None:
        self._of: tuple[Listened, BatchModel] | None = None

    def listen(self, session: MixSession, settings: Sequence[TrackSettings]) -> Listened:
        """See :class:`ResiduePredictor`."""
        return listen_evenly(session, settings)

    def predict(self, listened: Listened, candidates: Candidates) -> F32:
        """See :class:`ResiduePredictor`."""
        if self._of is None or self._of[0] is not listened:
            self._of = listened, BatchModel(listened, moments=None)
        maps = self._of[1].outcome(candidates, maps=True).maps
        assert maps is not None  # noqa: S101  # asked for
        return maps


def _chosen(level: F32, moments: int | None) -> tuple[NDArray[np.intp], F64]:
    """Choose frames evenly, more densely where a track is heard that sounds seldom; and tell how densely.

    ``level`` is the power of each track in each frame; about its fourth root is what is heard of it.
    """
    total = level.shape[1]
    count = int((level > 0.0).sum())
    share = 1.0 if moments is None else max(moments / max(count, 1), FEWEST / max(total, 1))
    density = np.full(total, min(share, 1.0))
    for row in level.astype(np.float64) ** 0.25:
        if row.any():
            density = np.maximum(density, np.minimum(AT_LEAST * row / row.sum(), 1.0))
    numbers = np.flatnonzero(np.diff(np.floor(np.cumsum(density) + 0.5), prepend=0.0))
    numbers = numbers if len(numbers) else np.zeros(1, np.intp)
    return numbers, density[numbers]


def _windows(peaks: F32, numbers: NDArray[np.intp]) -> F32:
    """Return the levels of the hops that lead to each frame, dB re full scale, (tracks, frames, LOOK_BACK)."""
    level_db = 20.0 * np.log10(np.maximum(peaks, 1e-10))
    at = np.minimum(numbers, peaks.shape[1] - 1)[:, np.newaxis] + np.arange(1 - LOOK_BACK, 1)
    return np.asarray(level_db[:, np.maximum(at, 0)], np.float32)


def _wide(values: ArrayLike) -> F64:
    return np.asarray(values, np.float64)
