"""A mixing desk with a model of what is heard: settings are tried, and kept where all gain by it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mixer.bands import LOW_HZ, BandModel, filter_power
from mixer.curve import Curve, at_start
from mixer.dynamics import compression_db, ducking_db, expansion_db
from mixer.locks import KEPT, within
from mixer.optimise.effort import never
from mixer.plan import TrackSettings
from mixer.processors import Duck, Filter
from mixer.spatial import pan_gains, pan_position
from mixer.strategies.base import MixRequest
from mixer.strategies.curves import smoothed
from mixer.types import Track

F64 = NDArray[np.float64]

LOSS, MODEL_LOSS = 0.02, 0.015
"""No track may lose more of its MUR than this; and in the model, which is not exact."""
WORTH, FEW = 0.016, 8
"""What a step must better the objective by, divided by the number of tracks (of FEW if there are less): nearly 1 % more
of a track that is lost."""
TRIALS = 40_000
"""Frames that are worked through for each track in all trials together."""


def objective(mur: F64) -> float:
    """Return mean (1 − MUR)² + 0.5 max (1 − MUR): lower is better, and the weakest track counts most.

    Examples
    --------
    >>> objective(np.array([1.0, 0.5]))
    0.375
    """
    lost = 1.0 - mur
    return float(np.square(lost).mean() + 0.5 * lost.max()) if len(lost) else 0.0


@dataclass(frozen=True, slots=True)
class Follow:
    """What a dynamic cut follows.

    Parameters
    ----------
    maskee : int
        The track that is masked by the one that is cut.
    low_hz, high_hz : float
        Where.
    depth_db : float
        How deep it becomes.
    """

    maskee: int
    low_hz: float
    high_hz: float
    depth_db: float


class Desk:
    """The settings of all tracks, and what is heard with them.

    Parameters
    ----------
    tracks : sequence of Track
    settings : sequence of TrackSettings
        As the model has listened to them.
    model : BandModel
    request : MixRequest
    stop : callable
        True = no more trials.
    """

    def __init__(
        self,
        tracks: Sequence[Track],
        settings: Sequence[TrackSettings],
        model: BandModel,
        request: MixRequest,
        stop: Callable[[], bool] = never,
    ) -> None:
        self.tracks, self.model, self.request, self._stop = tracks, model, request, stop
        self.placed = tuple(settings)
        self.settings = list(settings)
        self.heard = model.heard
        self.free = [number for number in np.flatnonzero(self.heard).tolist() if tracks[number].id not in request.fixed]
        self.limits = [request.limits(track.id) for track in tracks]
        self.following: dict[tuple[int, int], Follow] = {}
        self._worth = WORTH / max(int(self.heard.sum()), FEW)
        self._least = model.mur - MODEL_LOSS
        self._hop_s = model.ear.hop / model.ear.sample_rate
        self._all_trials = TRIALS // len(model.frames.numbers)
        self._trials = 0

    def allow(self, share: float) -> None:
        """Allow this share of all trials more."""
        self._trials = max(self._trials, 0) + max(2, round(share * self._all_trials))

    @property
    def going_on(self) -> bool:
        """Tell whether there is time for more trials."""
        return self._trials > 0 and not self._stop()

    @property
    def mur(self) -> F64:
        """What is heard of each track now, 0..1; 1 for silent ones."""
        return self.model.mur

    @property
    def score(self) -> float:
        """The objective now."""
        return objective(self.model.mur[self.heard])

    def gradient(self) -> F64:
        """Return how much the objective gains from the MUR of each track."""
        lost = np.where(self.heard, 1.0 - self.mur, 0.0)
        gain = 2.0 * lost / max(int(self.heard.sum()), 1)
        gain[int(lost.argmax())] += 0.5
        return np.where(self.heard, gain, 0.0)

    def offer(self, changes: Mapping[int, TrackSettings], *, for_others: bool = False) -> bool:
        """Try settings of some tracks together; keep them and return True if they are worth it and allowed.

        ``for_others`` = what the changed tracks themselves gain does not count.
        """
        if not changes or not self.going_on or not all(self._allowed(*change) for change in changes.items()):
            return False
        self._trials -= 1
        tried = self.model.trial({number: self._powers(number, new) for number, new in changes.items()})
        mur = tried.mur.copy()
        if (mur < self._least).any():
            return False
        if for_others:
            for number in changes:
                mur[number] = min(mur[number], self.mur[number])
        if objective(mur[self.heard]) > self.score - self._worth * (1 + len(changes)) / 2:
            return False
        self.model.keep(tried)
        for number, new in changes.items():
            self.settings[number] = new
        return True

    def _allowed(self, number: int, new: TrackSettings) -> bool:
        limits = self.limits[number]
        return limits.free or within(new, limits, self.placed[number], self.request.sample_rate) is new

    def eq_range_db(self, number: int) -> tuple[float, float]:
        """Return how far the filters of a track may cut and lift together."""
        eq = self.limits[number].eq
        return (-np.inf, np.inf) if eq is None else (0.0, 0.0) if eq == KEPT else eq

    def say(self, number: int, why: str) -> None:
        """Add to the reason of a track."""
        now = self.settings[number]
        self.settings[number] = replace(now, reason=f"{now.reason}; {why}" if now.reason else why)

    def level_db(self, number: int) -> F64:
        """Return the highest level in each hop of the mix, dB re full scale, of a track as recorded, (hops,)."""
        return np.asarray(20.0 * np.log10(np.maximum(self.model.listened.peaks[number], 1e-10)), np.float64)

    def _moves_db(self, number: int, new: TrackSettings) -> F64:
        """Return what the dynamics of a track, but for ducks of a band, do to its level, dB at the model's frames."""
        level_db = self.level_db(number)
        down_db = np.zeros(len(level_db))
        if new.expander:
            e = new.expander
            wanted = expansion_db(level_db, at_start(e.threshold_db), at_start(e.ratio), e.knee_db, e.range_db)
            down_db += smoothed(np.asarray(wanted, np.float64), self._hop_s, e.release_s, e.attack_s)
        if new.compressor:
            c = new.compressor
            wanted = compression_db(level_db, at_start(c.threshold_db), at_start(c.ratio), c.knee_db)
            down_db += smoothed(np.asarray(wanted, np.float64), self._hop_s, c.attack_s, c.release_s)
        for duck in new.ducks:
            if duck.frequency_hz is None:
                down_db += self._ducked_db(duck)
        return -self._at_frames(down_db)

    def _ducked_db(self, duck: Duck) -> F64:
        key = next(n for n, track in enumerate(self.tracks) if track.id == duck.by)
        wanted = ducking_db(self.level_db(key), duck.threshold_db, duck.knee_db, at_start(duck.depth_db))
        return smoothed(np.asarray(wanted, np.float64), self._hop_s, duck.attack_s, duck.release_s)

    def _at_frames(self, values: F64) -> F64:
        return values[np.minimum(self.model.frames.numbers, len(values) - 1)]

    def _powers(self, number: int, new: TrackSettings) -> NDArray[np.float32]:
        old = self.placed[number]
        ear, times_s = self.model.ear, self.model.times_s
        gain, low = np.ones((ear.bands, 1)), np.ones((1, 1))
        for section in new.filters:
            gain = gain * filter_power(section, ear.centres_hz, ear.sample_rate, times_s)
            low = low * filter_power(section, np.array([LOW_HZ]), ear.sample_rate, times_s)
        for duck in new.ducks:
            if duck.frequency_hz is not None:
                curve = Curve(tuple(times_s.tolist()), tuple((-self._at_frames(self._ducked_db(duck))).tolist()))
                section = Filter("peak", duck.frequency_hz, curve, duck.q)
                gain = gain * filter_power(section, ear.centres_hz, ear.sample_rate, times_s)
        if new.expander or new.compressor or new.ducks:
            moves = 10.0 ** (self._moves_db(number, new) / 10.0)
            gain, low = gain * moves, low * moves
        shares = None
        if new.azimuth_deg != old.azimuth_deg:
            shares = ear_shares(new, self.request.stage_half_deg)
        return self.model.applied(number, gain[:, np.newaxis], low, shares)


def ear_shares(settings: TrackSettings, stage_half_deg: float) -> F64:
    """Return how the power of a point is divided between left and right, its room being on both sides."""
    direct = np.array([float(g) ** 2 for g in pan_gains(pan_position(at_start(settings.azimuth_deg), stage_half_deg))])
    room = 0.0 if settings.reverb_db is None else 10.0 ** (at_start(settings.reverb_db) / 10.0)
    return np.asarray((direct + room / 2.0) / (1.0 + room))


def told(before: float, after: float) -> str:
    """Return how a share has changed, in words: "2.1 → 8 %"."""
    first, last = (f"{100 * share:.0f}" if share >= 0.1 else f"{100 * share:.1f}" for share in (before, after))
    return f"{first} → {last} %"
