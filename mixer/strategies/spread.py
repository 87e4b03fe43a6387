"""Spreading: tracks that are in each other's way are moved apart on the stage, a little, in their order."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mixer.curve import Curve, at_start, extremes
from mixer.locks import KEPT, nearest_azimuth
from mixer.plan import TrackSettings
from mixer.spatial import lateral_deg
from mixer.strategies.desk import Desk
from mixer.types import Track

BASS_HZ, BASS_SHARE = 200.0, 0.5
"""A track with half of its loudness below stays where it is."""
STEPS = (1.0, -1.0, 0.5, -0.5)
"""Of the freedom, outwards, that are tried."""
LEAST_DEG = 1.0

F64 = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class _Spot:
    """Where a track stands from right to left, −90..90, and how to tell that as an azimuth."""

    lateral_deg: float
    behind: bool

    def azimuth_deg(self) -> float:
        if not self.behind:
            return self.lateral_deg
        return 180.0 - self.lateral_deg if self.lateral_deg >= 0.0 else -180.0 - self.lateral_deg


def _spot(azimuth_deg: float) -> _Spot:
    return _Spot(float(lateral_deg(azimuth_deg)), abs(azimuth_deg) > 90.0)


def spread(desk: Desk) -> None:
    """Move points apart where that lets them be heard.

    Nobody goes further from its true azimuth than the request's freedom, nobody passes another one, lows, beds and
    what moves stay where they are. Where no track has a place of its own, the whole stage is free.
    """
    if desk.request.session.layout != "stereo" or desk.request.freedom_deg <= 0.0:
        return
    true = [_spot(at_start(settings.azimuth_deg)) for settings in desk.placed]
    nowhere = all(at_start(settings.azimuth_deg) == 0.0 for settings in desk.placed)
    half_deg = min(desk.request.stage_half_deg, 90.0)
    freedom_deg = half_deg if nowhere else desk.request.freedom_deg
    movable = [number for number in desk.free if _may_move(desk, number)]
    if not movable:
        return
    if nowhere:
        _seat(desk, true, movable, half_deg)
    else:
        desk.offer(_moved(desk, true, _fan(desk, true, movable, freedom_deg, half_deg)))
        _nudge(desk, true, movable, freedom_deg, half_deg)
    for number in movable:
        moved_deg = at_start(desk.settings[number].azimuth_deg)
        from_deg = at_start(desk.placed[number].azimuth_deg)
        if moved_deg != from_deg:
            desk.say(number, f"moved from {from_deg:+.0f}° to {moved_deg:+.0f}°, apart from what is in its way")


def _nudge(desk: Desk, true: Sequence[_Spot], movable: Sequence[int], freedom_deg: float, half_deg: float) -> None:
    """Try a few other places for each, the one that is heard least coming first."""
    for number in sorted(movable, key=lambda n: (desk.mur[n], n)):
        here = true[number].lateral_deg
        edge = max(half_deg, abs(here))
        outwards_deg = math.copysign(freedom_deg, here)
        for step in STEPS:
            at_deg = min(max(here + step * outwards_deg, -edge), edge)
            desk.offer(_moved(desk, true, {number: _between(desk, true, number, at_deg)}))


def _seat(desk: Desk, true: Sequence[_Spot], movable: Sequence[int], half_deg: float) -> None:
    """Give everybody a seat of their own on the stage; then let pairs change seats where that helps."""
    seats = _seats(desk, movable, half_deg)
    desk.offer(_moved(desk, true, seats))
    for number in sorted(movable, key=lambda n: (desk.mur[n], n)):
        for other in movable:
            a, b = (at_start(desk.settings[n].azimuth_deg) for n in (number, other))
            if a != b:
                desk.offer(_moved(desk, true, {number: b, other: a}))


def stands_still(track: Track, settings: TrackSettings) -> bool:
    """Tell whether a track is a point that does not move: only such ones are put elsewhere."""
    point = settings.placed and settings.width == 0.0
    return point and not isinstance(settings.azimuth_deg, Curve) and not any(clip.path for clip in track.clips)


def _may_move(desk: Desk, number: int) -> bool:
    """Tell whether a track is a point that stands still and is not low."""
    if desk.limits[number].pan == KEPT or not stands_still(desk.tracks[number], desk.placed[number]):
        return False
    loud = desk.model.loudness(number)
    low = desk.model.ear.centres_hz < BASS_HZ
    return bool(loud[low].sum() < BASS_SHARE * loud.sum())


def _points(desk: Desk) -> list[int]:
    """Return the tracks that stand somewhere: all but those that are all around."""
    return [n for n, settings in enumerate(desk.placed) if settings.placed and extremes(settings.width)[0] < 1.0]


def _fan(
    desk: Desk, true: Sequence[_Spot], movable: Sequence[int], freedom_deg: float, half_deg: float
) -> dict[int, float]:
    """Open all like a fan: the order stays, for each goes further out than those between."""
    order = sorted(movable, key=lambda n: (true[n].lateral_deg, n))
    outward = np.linspace(-freedom_deg, freedom_deg, len(order)) if len(order) > 1 else [0.0]
    fixed = [true[n].lateral_deg for n in _points(desk) if n not in order]
    result: dict[int, float] = {}
    for number, step in zip(order, outward, strict=True):
        here = true[number].lateral_deg
        low = max((d for d in fixed if d < here), default=-half_deg)
        high = min((d for d in fixed if d > here), default=half_deg)
        result[number] = min(max(here + step, min(low, here)), max(high, here))
    return result


def _seats(desk: Desk, movable: Sequence[int], half_deg: float) -> dict[int, float]:
    """Place what has no place: those most alike in spectrum the furthest from each other, the most important inside."""
    spectra = np.stack([desk.model.loudness(n) for n in movable])
    spectra /= np.maximum(np.linalg.norm(spectra, axis=1, keepdims=True), 1e-12)
    alike = spectra @ spectra.T
    spots = np.linspace(-half_deg, half_deg, len(movable)) if len(movable) > 1 else np.zeros(1)
    inside_first = sorted(range(len(spots)), key=lambda k: (abs(spots[k]), k))
    order = sorted(range(len(movable)), key=lambda k: (-desk.tracks[movable[k]].priority, -alike[k].sum(), k))
    chosen: dict[int, float] = {}
    left = list(inside_first)
    for k in order:

        def clash(spot: int, k: int = k) -> tuple[float, int]:
            near = (alike[k, other] / (5.0 + abs(spots[spot] - deg)) for other, deg in chosen.items())
            return sum(near), inside_first.index(spot)

        best = min(left, key=clash)
        chosen[k] = float(spots[best])
        left.remove(best)
    return {movable[k]: deg for k, deg in chosen.items()}


def _between(desk: Desk, true: Sequence[_Spot], number: int, at_deg: float) -> float:
    """Hold a track between those that truly stand beside it."""
    here = true[number].lateral_deg
    now = [_spot(at_start(settings.azimuth_deg)).lateral_deg for settings in desk.settings]
    points = _points(desk)
    low = max((now[n] for n in points if true[n].lateral_deg < here), default=-90.0)
    high = min((now[n] for n in points if true[n].lateral_deg > here), default=90.0)
    return min(max(at_deg, low), high)


def _moved(desk: Desk, true: Sequence[_Spot], spots: dict[int, float]) -> dict[int, TrackSettings]:
    """Return the settings of those that go somewhere else."""
    changes = {}
    for number, deg in spots.items():
        azimuth_deg = replace(true[number], lateral_deg=deg).azimuth_deg()
        bounds = desk.limits[number].pan
        if isinstance(bounds, tuple):
            azimuth_deg = nearest_azimuth(azimuth_deg, bounds)
        if abs(azimuth_deg - at_start(desk.settings[number].azimuth_deg)) >= LEAST_DEG:
            changes[number] = replace(desk.settings[number], azimuth_deg=azimuth_deg)
    return changes
