"""A mixing desk with a model of what is heard: settings are tried, and kept where all gain by it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from mixer.bands import BandModel, Tried, filter_power
from mixer.curve import at_start
from mixer.plan import TrackSettings
from mixer.spatial import pan_gains, pan_position
from mixer.strategies.base import MixRequest
from mixer.types import Track

F64 = NDArray[np.float64]

LOSS = 0.02
"""No track may lose more of its MUR than this."""
WORTH = 1e-3
"""What a step must better the objective by."""
LOW_HZ = 50.0
"""Where filters are looked at for what lies under the ear's lowest band."""
TRIALS = 35_000
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


class Desk:
    """The settings of all tracks, and what is heard with them.

    Parameters
    ----------
    tracks : sequence of Track
    settings : sequence of TrackSettings
        As the model has listened to them.
    model : BandModel
    request : MixRequest
    """

    def __init__(
        self, tracks: Sequence[Track], settings: Sequence[TrackSettings], model: BandModel, request: MixRequest
    ) -> None:
        self.tracks, self.model, self.request = tracks, model, request
        self.placed = tuple(settings)
        self.settings = list(settings)
        self.heard = model.heard
        self.free = [number for number in np.flatnonzero(self.heard).tolist() if tracks[number].id not in request.fixed]
        self._least = model.mur - LOSS
        self._trials = TRIALS // len(model.frames.numbers)
        self._tried: tuple[dict[int, TrackSettings], Tried] | None = None

    @property
    def going_on(self) -> bool:
        """Tell whether there is time for more trials."""
        return self._trials > 0

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
        """Try settings of some tracks together; keep them and return True if they are worth it.

        ``for_others`` = what the changed tracks themselves gain does not count.
        """
        if not changes or self._trials <= 0:
            return False
        self._trials -= 1
        tried = self.model.trial({number: self._powers(number, new) for number, new in changes.items()})
        mur = tried.mur.copy()
        if (mur < self._least).any():
            return False
        if for_others:
            for number in changes:
                mur[number] = min(mur[number], self.mur[number])
        if objective(mur[self.heard]) > self.score - WORTH * (1 + len(changes)) / 2:
            return False
        self.model.keep(tried)
        for number, new in changes.items():
            self.settings[number] = new
        return True

    def say(self, number: int, why: str) -> None:
        """Add to the reason of a track."""
        now = self.settings[number]
        self.settings[number] = replace(now, reason=f"{now.reason}; {why}" if now.reason else why)

    def _powers(self, number: int, new: TrackSettings) -> NDArray[np.float32]:
        old = self.placed[number]
        ear, times_s = self.model.ear, self.model.times_s
        gain, low = np.ones((ear.bands, 1)), np.ones((1, 1))
        for section in new.filters:
            gain = gain * filter_power(section, ear.centres_hz, ear.sample_rate, times_s)
            low = low * filter_power(section, np.array([LOW_HZ]), ear.sample_rate, times_s)
        shares = None
        if new.azimuth_deg != old.azimuth_deg:
            shares = ear_shares(new, self.request.stage_half_deg)
        return self.model.applied(number, gain[:, np.newaxis], low, shares)


def ear_shares(settings: TrackSettings, stage_half_deg: float) -> F64:
    """Return how the power of a point is divided between left and right, its room being on both sides."""
    direct = np.array([float(g) ** 2 for g in pan_gains(pan_position(at_start(settings.azimuth_deg), stage_half_deg))])
    room = 0.0 if settings.reverb_db is None else 10.0 ** (at_start(settings.reverb_db) / 10.0)
    return np.asarray((direct + room / 2.0) / (1.0 + room))
