"""Mansbridge, Finn & Reiss 2012: faders that ride each track towards its loudness, for comparison."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from mixer.bands import k_weights
from mixer.curve import Curve, Setting
from mixer.loudness import OFFSET_LU
from mixer.plan import MixPlan, TrackSettings
from mixer.strategies.base import MixRequest, levelled, plan_levels
from mixer.strategies.curves import simplified
from mixer.strategies.levels import in_place
from mixer.strategies.spectra import bin_frequencies, frame_counts, power_spectra
from mixer.types import Track

SIZE = 4096
MOMENTARY = 5
"""Frames of SIZE in 400 ms, nearly."""
PREAMPLIFIED_LUFS = -23.0
ON_LUFS, OFF_LUFS = -25.0, -30.0
"""A track is active from the first until it falls under the second."""
LOUDNESS_TAU_S, FADER_TAU_S = 3.0, 0.5
MOST_DB = 6.0


class Mansbridge:
    """The faders of S. Mansbridge, S. Finn & J. D. Reiss, AES 132, paper 8588, 2012; all else as ``balanced``.

    Each track's dynamic average loudness (BS.1770 momentary loudness while the track is active, by hysteresis,
    exponentially averaged) is kept at its target by a fader that moves smoothly.

    Left open by the text and chosen here: the targets are the tracks' own instead of one for all (the text adds dB for
    a lead); the look-ahead level of the pre-amplifier is the level lock's, −23 LUFS for the hysteresis; averages of 3 s
    and 0.5 s; faders move by 6 dB at most; frames of 85 ms.
    """

    name = "mansbridge"

    def plan(self, tracks: Sequence[Track], request: MixRequest) -> MixPlan:
        """See :class:`MixStrategy`."""
        placed = [in_place(track, request.room) for track in tracks]
        loudness = _loudness(request, levelled(tracks, placed, request))
        step_s = SIZE / request.sample_rate
        riding = [
            _ride(place, _fader(heard, _target_lufs(track, heard), step_s))
            for track, place, heard in zip(tracks, placed, loudness, strict=True)
        ]
        return plan_levels(self.name, tracks, riding, request)


def _target_lufs(track: Track, loudness: NDArray[np.float64]) -> float:
    """Return what a track is kept at: its target, or where it has none the mean of what is near its loudest."""
    if track.target_lufs is not None:
        return track.target_lufs
    near = loudness[loudness > loudness.max() + OFF_LUFS - PREAMPLIFIED_LUFS]
    return float(near.mean()) if len(near) else float(loudness.max())


def _ride(place: TrackSettings, fader_db: Setting) -> TrackSettings:
    if not isinstance(fader_db, Curve):
        return place
    low, high = min(fader_db.values), max(fader_db.values)
    return replace(place, fader_db=fader_db, reason=f"{place.reason}; fader rides {low:+.1f}..{high:+.1f} dB")


def _loudness(request: MixRequest, settings: Sequence[TrackSettings]) -> NDArray[np.float64]:
    """Return the momentary loudness of each track after each frame in LUFS, (tracks, frames); −200 for silence."""
    # A sine has 1 in its bin and 1/4 in both neighbours, 1.5 in all, for a mean square of 1/2.
    weights = k_weights(bin_frequencies(SIZE, request.sample_rate), request.sample_rate) / 3.0
    parts = [
        [np.zeros(count) if powers is None else powers @ weights for powers in blocks]
        for blocks, count in zip(power_spectra(request, settings, SIZE), frame_counts(request, SIZE), strict=True)
    ]
    power = np.concatenate([np.array(part) for part in parts], axis=1)
    energy = np.cumsum(np.pad(power, ((0, 0), (MOMENTARY, 0))), axis=1)
    mean = np.maximum((energy[:, MOMENTARY:] - energy[:, :-MOMENTARY]) / MOMENTARY, 1e-20)
    return np.asarray(OFFSET_LU + 10.0 * np.log10(mean))


def _fader(loudness: NDArray[np.float64], target_lufs: float, step_s: float) -> Setting:
    """Return what the fader adds to the level lock, dB over time."""
    slow, quick = (1.0 - math.exp(-step_s / tau) for tau in (LOUDNESS_TAU_S, FADER_TAU_S))
    average, fader_db, active = 0.0, 0.0, False  # all re the target
    values = []
    for heard in (loudness - target_lufs).tolist():
        active = heard > (OFF_LUFS if active else ON_LUFS) - PREAMPLIFIED_LUFS
        if active:
            average += slow * (heard - average)
        wanted = min(max(-average, -MOST_DB), MOST_DB)
        fader_db += quick * (wanted - fader_db)
        values.append(fader_db)
    return simplified([(k + 1) * step_s for k in range(len(values))], values)
