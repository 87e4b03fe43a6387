"""Equalising: what masks is cut where that lets others be heard, all the time or only while it masks."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mixer.bands import filter_power
from mixer.curve import Curve, Setting
from mixer.ear import bark, hertz
from mixer.ear_kernels import HEARD
from mixer.plan import TrackSettings
from mixer.processors import Filter
from mixer.strategies.curves import TOLERANCE_DB, simplified
from mixer.strategies.desk import Desk

MOST_FILTERS = 4
DEEPEST_DB = 8.0
"""Of a cut in what matters not at all; 6 dB at the middle priority, 4 dB in what matters most."""
BOOST_DB = 3.0
Q_LEAST, Q_MOST = 0.7, 4.0
SWAP = 0.3
"""Interchangeability from which roles swap."""
FULL_DB = 12.0
"""A dynamic cut is at its full depth when the masker's threshold stands so far over the masked."""
ATTACK_S, RELEASE_S = 0.01, 0.15
BROAD = 0.35
"""A region reaches as far as there is so much of the gain that is hoped for at its best band."""
GAIN, HARM = 0.5, 0.3
"""What a cut gives back of what was masked, and takes of what was heard, roughly: only to choose what to try."""

F64 = NDArray[np.float64]
F32 = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class _Region:
    """Neighbouring bands of a track: from, to (exclusive), and what is hoped for."""

    track: int
    first: int
    stop: int
    centre_hz: float
    q: float
    hope: float

    @property
    def key(self) -> tuple[int, int]:
        """The same for regions that are nearly the same."""
        return self.track, round(4.0 * math.log2(self.centre_hz))


def make_cuts(desk: Desk) -> None:
    """Cut maskers, the most promising region first, until nothing more is worth it."""
    tried: set[tuple[int, int]] = set()
    while desk.going_on and _one_cut(desk, tried):
        pass


def _one_cut(desk: Desk, tried: set[tuple[int, int]]) -> bool:
    """Make the first cut of those promising that is worth it."""
    taken, left = desk.model.blame()
    gradient = desk.gradient()
    benefit = np.einsum("j,ijb->ib", gradient, taken)
    hope = GAIN * benefit - HARM * gradient[:, np.newaxis] * left
    regions = [region for number in desk.free for region in _regions(desk, number, hope[number])]
    for region in sorted(regions, key=lambda r: (-r.hope, r.track, r.first)):
        if region.key in tried:
            continue
        tried.add(region.key)
        span = slice(region.first, region.stop)
        maskee = int((gradient * taken[region.track, :, span].sum(1)).argmax())
        for depth_db in _depths_db(desk, region.track):
            if _cut(desk, region, maskee, depth_db):
                return True
        if not desk.going_on:
            return False
    return False


def _depths_db(desk: Desk, number: int) -> tuple[float, float]:
    deepest = DEEPEST_DB * (1.0 - desk.tracks[number].priority / 2.0)
    return deepest, deepest / 2.0


def _regions(desk: Desk, number: int, hope: F64, count: int = 2) -> Iterator[_Region]:
    """Yield the most promising regions of a track, out of the way of the filters that it has."""
    settings = desk.settings[number]
    if len(settings.filters) >= MOST_FILTERS:
        return
    ear = desk.model.ear
    hope = hope.copy()
    for section in settings.filters:
        depth = np.abs(
            np.log(filter_power(replace(section, gain_db=6.0), ear.centres_hz, ear.sample_rate, np.zeros(1)))
        )
        hope[depth[:, 0] > 0.5 * depth.max()] = 0.0
    for _ in range(count):
        peak = int(hope.argmax())
        if hope[peak] <= 1e-5:
            return
        first, stop = peak, peak + 1
        while first > 0 and hope[first - 1] > BROAD * hope[peak]:
            first -= 1
        while stop < len(hope) and hope[stop] > BROAD * hope[peak]:
            stop += 1
        yield _region(desk, number, first, stop, hope)
        hope[max(first - 1, 0) : stop + 1] = 0.0


def _region(desk: Desk, number: int, first: int, stop: int, hope: F64) -> _Region:
    edges, span = desk.model.ear.edges_hz, hope[first:stop]
    z = bark(desk.model.ear.centres_hz[first:stop])
    centre_hz = float(hertz(float((z * span).sum() / span.sum())))
    q = centre_hz / float(edges[stop] - edges[first])
    return _Region(number, first, stop, centre_hz, min(max(q, Q_LEAST), Q_MOST), float(span.sum()))


def _cut(desk: Desk, region: _Region, maskee: int, depth_db: float) -> bool:
    """Try one filter: static, or dynamic where roles swap."""
    number, name = region.track, desk.tracks[maskee].id
    where = f"{region.centre_hz:.0f} Hz, where it masks {name}"
    swap = interchange(desk, number, maskee, slice(region.first, region.stop))
    gain_db: Setting = -round(depth_db, 1)
    if swap >= SWAP:
        gain_db = _follow(desk, number, maskee, slice(region.first, region.stop), depth_db)
        if not isinstance(gain_db, Curve):
            return False
        where += f" and is masked by it in turn (interchange {swap:.2f}): only while it does"
    before = desk.mur[maskee]
    section = Filter("peak", round(region.centre_hz, 1), gain_db, round(region.q, 2))
    settings = desk.settings[number]
    if not desk.offer({number: replace(settings, filters=(*settings.filters, section))}):
        return False
    least_db = min(gain_db.values) if isinstance(gain_db, Curve) else gain_db
    gained = f"{100 * before:.0f} → {100 * desk.mur[maskee]:.0f} % of {name} heard"
    why = f"{least_db:+.1f} dB at {where}; {gained}"
    section = replace(section, reason=why)
    desk.settings[number] = replace(settings, filters=(*settings.filters, section))
    desk.say(number, why)
    return True


def interchange(desk: Desk, i: int, j: int, span: slice) -> float:
    """Return X_ij over bands: 0 where one of two tracks always masks, 1 where they mask each other equally often.

    C_ij = Σ act_i act_j clip(d_ij, 0, 20)/20 / Σ act_i act_j; X = 2 min(C_ij, C_ji) / (C_ij + C_ji).
    """
    d_ij, d_ji, both = _masking_db(desk, i, j, span)
    if not both.any():
        return 0.0
    weights = both * desk.model.frames.weights
    c_ij, c_ji = (float((np.clip(d, 0.0, 20.0) * weights).sum()) for d in (d_ij, d_ji))
    return 2.0 * min(c_ij, c_ji) / (c_ij + c_ji) if c_ij + c_ji > 0.0 else 0.0


def _masking_db(desk: Desk, i: int, j: int, span: slice) -> tuple[F32, F32, NDArray[np.bool_]]:
    """Return by how much i masks j and j masks i, dB, and whether both sound, (bands, frames) each."""
    ear = desk.model.ear
    noise = ear.noise[span, np.newaxis]
    mask = 10.0 ** (ear.mask_db[span, np.newaxis] / 10.0)
    a, b = (desk.model.placed_excitation(n)[span].mean(axis=1) for n in (i, j))
    ratio = 10.0 * np.log10(a / b)
    both = (a > HEARD * noise) & (b > HEARD * noise)
    return ratio - 10.0 * np.log10(mask), -ratio - 10.0 * np.log10(mask), both


def _follow(desk: Desk, i: int, j: int, span: slice, depth_db: float) -> Setting:
    """Return a dynamic cut as a curve over the model's frames."""
    d_ij, _, both = _masking_db(desk, i, j, span)
    counted = np.maximum(both.sum(0), 1)
    masks_db = np.where(both, np.clip(d_ij, 0.0, FULL_DB), 0.0).sum(0) / counted
    gain_db = -depth_db / FULL_DB * masks_db
    return simplified(desk.model.times_s.tolist(), gain_db.tolist(), TOLERANCE_DB)


def lift(desk: Desk) -> None:
    """Boost what is still heard least at what is its own, a little: the last resort."""
    for number in sorted(desk.free, key=lambda n: (desk.mur[n], n))[: max(1, len(desk.free) // 2)]:
        settings = desk.settings[number]
        if len(settings.filters) >= MOST_FILTERS:
            continue
        before = desk.mur[number]
        _, left = desk.model.blame()
        regions = [*_regions(desk, number, left[number])] or []
        for region in regions:
            section = Filter("peak", round(region.centre_hz, 1), BOOST_DB, round(region.q, 2))
            if desk.offer({number: replace(settings, filters=(*settings.filters, section))}):
                gained = f"{100 * before:.0f} → {100 * desk.mur[number]:.0f} % of it heard"
                why = f"{BOOST_DB:+.1f} dB at {region.centre_hz:.0f} Hz, where it is heard best; {gained}"
                boosted: TrackSettings = replace(settings, filters=(*settings.filters, replace(section, reason=why)))
                desk.settings[number] = boosted
                desk.say(number, why)
                break
