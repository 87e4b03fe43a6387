"""Perez-Gonzalez & Reiss 2010: panning that keeps apart what lies in the same band, for comparison."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from mixer.plan import MixPlan, TrackSettings
from mixer.strategies.base import MixRequest, levelled, plan_levels
from mixer.strategies.levels import in_place
from mixer.strategies.spectra import bin_frequencies, power_spectra
from mixer.types import Track

SIZE = 4096
"""Of the frames in which a band dominates, 85 ms at 48 kHz: the nearest to the text's 100 ms."""
CUTOFFS_HZ = (35.0, 80.0, 187.5, 375.0, 750.0, 1_500.0, 3_000.0, 6_000.0)
"""Of the text's eight second-order low-passes."""
CENTRED_HZ = 200.0
"""Bands below stay in the middle."""
PANNING_WIDTH = 0.059
"""PW: how much of 0..1 is left free at each side."""


class PerezGonzalez:
    """The panner of E. Perez-Gonzalez & J. D. Reiss, EURASIP JASP 436895, 2010, bank B; all else as ``balanced``.

    There are as many bands as tracks. Each track belongs to the band in which most of its frames have most power.
    Tracks of the same band are spread over the stage, the most important one (``Track.priority``, then order) in the
    middle or first; bands under 200 Hz and what is alone in its band stay in the middle. Where a track truly is counts
    for nothing. Beds (``width`` > 0) stay as they are.

    Left open by the text and chosen here: for other than eight tracks the cutoffs are spaced evenly on the same
    range; the top band has what lies above as well; power instead of the largest peak; one decision for the whole
    mix, from the counts of all frames.
    """

    name = "perez-gonzalez"

    def plan(self, tracks: Sequence[Track], request: MixRequest) -> MixPlan:
        """See :class:`MixStrategy`."""
        placed = [in_place(track, request.room) for track in tracks]
        points = [number for number, track in enumerate(tracks) if track.width == 0.0 and track.id not in request.fixed]
        cutoffs = cutoffs_hz(len(tracks))
        dominant = _dominant(request, [*levelled(tracks, placed, request)], cutoffs)
        bands = {n: band for n in points if (band := dominant[n]) is not None}
        for number, pan in positions(bands, cutoffs, tracks).items():
            azimuth_deg = (1.0 - 2.0 * pan) * min(request.stage_half_deg, 90.0)
            why = f"panned to {azimuth_deg:+.0f}°, band {bands[number] + 1} of {len(cutoffs)}"
            reason = f"{placed[number].reason}; {why}"
            placed[number] = replace(placed[number], azimuth_deg=azimuth_deg, reason=reason)
        return plan_levels(self.name, tracks, placed, request)


def cutoffs_hz(count: int) -> NDArray[np.float64]:
    """Return the upper ends of so many bands, (count,)."""
    if count == len(CUTOFFS_HZ):
        return np.array(CUTOFFS_HZ)
    return np.geomspace(CUTOFFS_HZ[0], CUTOFFS_HZ[-1], count + 1)[1:]


def pan(place: int, count: int) -> float:
    """Return P(i, k), 0 = left .. 1 = right, of the i-th (from 1) of N_k tracks in a band, without the width.

    Examples
    --------
    >>> [pan(place, 3) for place in (1, 2, 3)]
    [0.5, 0.0, 1.0]
    """
    if count == 1:
        return 0.5
    if (place + count) % 2:
        return (count - place - 1) / (2.0 * (count - 1))
    return 1.0 - (count - place) / (2.0 * (count - 1))


def positions(bands: dict[int, int], cutoffs: NDArray[np.float64], tracks: Sequence[Track]) -> dict[int, float]:
    """Return 0 = left .. 1 = right for each track number whose band is given."""
    result: dict[int, float] = {}
    for band in sorted(set(bands.values())):
        sharing = sorted((n for n in bands if bands[n] == band), key=lambda n: (-tracks[n].priority, n))
        for place, number in enumerate(sharing, 1):
            wide = pan(place, len(sharing)) if cutoffs[band] > CENTRED_HZ else 0.5
            result[number] = PANNING_WIDTH + wide * (1.0 - 2.0 * PANNING_WIDTH)
    return result


def _dominant(request: MixRequest, settings: Sequence[TrackSettings], cutoffs: NDArray[np.float64]) -> list[int | None]:
    """Return the band in which each track has most power most often; None for silence."""
    frequencies = bin_frequencies(SIZE, request.sample_rate)
    passed = 1.0 / (1.0 + (frequencies[:, np.newaxis] / cutoffs) ** 4)  # second-order Butterworth low-passes, power
    passed[:, -1] = 1.0
    bank = np.diff(passed, axis=1, prepend=0.0).astype(np.float32)
    counts = np.zeros((len(settings), len(cutoffs)), np.intp)
    for blocks in power_spectra(request, settings, SIZE):
        for number, powers in enumerate(blocks):
            if powers is not None:
                sounding = powers[powers.any(1)]
                counts[number] += np.bincount((sounding @ bank).argmax(1), minlength=len(cutoffs))
    return [int(count.argmax()) if count.any() else None for count in counts]
