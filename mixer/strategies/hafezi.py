"""Hafezi & Reiss 2015: a rule-based equaliser that makes room for what is essential, for comparison."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mixer.plan import MixPlan, TrackSettings
from mixer.processors import Filter
from mixer.strategies.base import MixRequest, levelled, plan_levels
from mixer.strategies.levels import in_place
from mixer.strategies.spectra import bin_frequencies, power_spectra
from mixer.types import Track

SIZE = 1024
"""Of the frames whose spectra are averaged."""
ESSENTIAL_RANK = 10
"""R_T: peaks of a track up to this rank are essential to it."""
FILTERS, Q = 3, 2.0
DEEPEST_DB = 36.0
"""The rule has no limit of its own; this is what a filter of ours can do."""
LOWEST_DB = -100.0
"""Spectral levels under this are silence."""

Levels = NDArray[np.float64]
"""(tracks, bins) or (bins,), dB."""


@dataclass(frozen=True, slots=True)
class _Cut:
    masker: int
    maskee: int
    bin: int
    depth_db: float


class Hafezi:
    """The off-line equaliser of S. Hafezi & J. D. Reiss, JAES 63(5), 2015, on ``balanced`` placement and levels.

    Where a track B has one of its ten highest spectral peaks (essential to B) and another track A is louder there
    though that frequency is not among A's own ten highest (not essential to A), A is cut by the difference
    M = X_A − X_B of their mean spectra in dB. For each masker and frequency the largest M over the maskees counts; the
    three largest of a track become peaking filters, Q = 2.

    Left open by the text and chosen here: spectra are averaged over the frames in which a track sounds; the rank of
    a frequency is one more than the number of the track's own spectral peaks that are higher; of cuts closer
    than a filter's half bandwidth only the deepest is made; user strength S = 0.
    """

    name = "hafezi"

    def plan(self, tracks: Sequence[Track], request: MixRequest) -> MixPlan:
        """See :class:`MixStrategy`."""
        placed = [in_place(track, request.room) for track in tracks]
        levels_db = _mean_levels_db(request, levelled(tracks, placed, request))
        frequencies = bin_frequencies(SIZE, request.sample_rate)
        chosen = [_filters(cuts, frequencies, tracks) for cuts in _cuts(levels_db)]
        filtered = [_with_filters(place, filters) for place, filters in zip(placed, chosen, strict=True)]
        return plan_levels(self.name, tracks, filtered, request)


def _mean_levels_db(request: MixRequest, settings: Sequence[TrackSettings]) -> Levels:
    """Return the mean spectrum of each track over the frames in which it sounds, (tracks, bins)."""
    totals = np.zeros((len(settings), SIZE // 2 + 1))
    counts = np.zeros(len(settings))
    for blocks in power_spectra(request, settings, SIZE):
        for number, powers in enumerate(blocks):
            if powers is not None:
                totals[number] += powers.sum(0, dtype=np.float64)
                counts[number] += int(powers.any(1).sum())
    mean = totals / np.maximum(counts, 1.0)[:, np.newaxis]
    return np.asarray(10.0 * np.log10(np.maximum(mean, 10.0 ** (LOWEST_DB / 10.0))))


def _ranks(levels_db: Levels) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the bins of a spectrum's peaks, and the rank of every bin among them, 1 = the highest."""
    inner = levels_db[1:-1]
    peaks = 1 + np.flatnonzero((inner > levels_db[:-2]) & (inner >= levels_db[2:]) & (inner > LOWEST_DB))
    heights = np.sort(levels_db[peaks])
    return peaks, 1 + len(heights) - np.searchsorted(heights, levels_db, side="right")


def _cuts(levels_db: Levels) -> list[list[_Cut]]:
    """Return for each track where it masks what is essential to another one, deepest first."""
    count = len(levels_db)
    ranked = [_ranks(level) for level in levels_db]
    found: list[list[_Cut]] = []
    for a in range(count):
        deepest: dict[int, _Cut] = {}
        for b in range(count):
            peaks, ranks = ranked[b]
            for k in peaks[ranks[peaks] <= ESSENTIAL_RANK].tolist() if a != b else ():
                depth_db = float(levels_db[a, k] - levels_db[b, k])
                if ranked[a][1][k] > ESSENTIAL_RANK and depth_db > deepest.get(k, _Cut(a, b, k, 0.0)).depth_db:
                    deepest[k] = _Cut(a, b, k, depth_db)
        found.append(_apart(sorted(deepest.values(), key=lambda cut: (-cut.depth_db, cut.bin))))
    return found


def _apart(cuts: Sequence[_Cut]) -> list[_Cut]:
    """Return the deepest cuts, as many as there are filters, each out of the others' half bandwidth f/2Q."""
    kept: list[_Cut] = []
    for cut in cuts:
        if len(kept) < FILTERS and all(abs(cut.bin - k.bin) * 2.0 * Q > max(cut.bin, k.bin) for k in kept):
            kept.append(cut)
    return kept


def _filters(cuts: Sequence[_Cut], frequencies: NDArray[np.float64], tracks: Sequence[Track]) -> tuple[Filter, ...]:
    return tuple(
        Filter(
            "peak", max(float(frequencies[cut.bin]), 10.0), -min(cut.depth_db, DEEPEST_DB), Q,
            f"masks a peak that is essential to {tracks[cut.maskee].id} by {cut.depth_db:.1f} dB",
        )
        for cut in cuts
    )  # fmt: skip


def _with_filters(place: TrackSettings, filters: tuple[Filter, ...]) -> TrackSettings:
    if not filters:
        return place
    told = ", ".join(f"{f.gain_db:+.1f} dB at {f.frequency_hz:.0f} Hz" for f in filters)
    return replace(place, filters=filters, reason=f"{place.reason}; {told}, for what is essential to others")
