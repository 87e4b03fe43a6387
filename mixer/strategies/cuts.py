"""Equalising: what masks is cut where that lets others be heard, all the time or only while it masks."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from mixer.bands import filter_power
from mixer.curve import Curve, Setting, at_start, extremes
from mixer.ear import bark, hertz
from mixer.ear_kernels import HEARD
from mixer.locks import KEPT
from mixer.masking import Watch, masking_over_time
from mixer.plan import TrackSettings
from mixer.processors import Filter
from mixer.strategies.curves import TOLERANCE_DB, simplified, smoothed
from mixer.strategies.desk import Desk, Follow, told

MOST_FILTERS = 4
DEEPEST_DB = 8.0
"""Of a cut in what matters not at all; 6 dB at the middle priority, 4 dB in what matters most."""
BOOST_DB = 3.0
Q_LEAST, Q_MOST = 0.7, 4.0
SWAP = 0.3
"""Interchangeability from which roles swap."""
FULL_DB = 6.0
"""A dynamic cut is at its full depth when the masker's threshold stands so far over the masked."""
ATTACK_S, RELEASE_S = 0.01, 0.15
BROAD = 0.35
"""A region reaches as far as there is so much of the gain that is hoped for at its best band."""
HARM = 0.25
"""What a cut takes of what was heard, roughly: only to choose what to try."""
TOGETHER = 0.15
"""How much of the hope in the best cut there must be in those that are tried with it."""
LEAST_HOPE, LEAST_PART = 1e-5, 0.15
"""What is worth a trial; which maskers are cut together, by their part of what the greatest gives."""

F64 = NDArray[np.float64]
F32 = NDArray[np.float32]


_Key: TypeAlias = tuple[tuple[int, ...], int]


@dataclass(frozen=True, slots=True)
class _Cut:
    """A filter for one or several maskers: bands from, to (exclusive), and what is hoped for."""

    maskers: tuple[int, ...]
    maskee: int
    span: slice
    centre_hz: float
    q: float
    hope: float

    @property
    def key(self) -> _Key:
        """The same for cuts that are nearly the same."""
        return self.maskers, round(4.0 * math.log2(self.centre_hz))


def make_cuts(desk: Desk) -> None:
    """Cut maskers, the most promising region first, until nothing more is worth it."""
    tried: set[_Key] = set()
    while desk.going_on and _one_cut(desk, tried):
        pass


def _one_cut(desk: Desk, tried: set[_Key]) -> bool:
    """Make the best cuts of all tracks together, or else the first one of those promising that is worth it."""
    cuts = sorted(_promising(desk), key=lambda c: (-c.hope, c.maskers, c.centre_hz))
    cuts = [cut for cut in cuts if cut.key not in tried]
    together: dict[int, _Cut] = {}
    for cut in cuts:
        if len(cut.maskers) == 1 and cut.hope > TOGETHER * cuts[0].hope:
            together.setdefault(cut.maskers[0], cut)
    chosen = list(together.values())
    for part in (1.0, 0.5):
        if len(chosen) > 1 and _made(desk, chosen, part):
            return True
    for cut in cuts:
        tried.add(cut.key)
        for part in (1.0, 0.5):
            if not desk.going_on:
                return False
            if _made(desk, [cut], part):
                return True
    return False


def _promising(desk: Desk) -> Iterator[_Cut]:
    """Yield cuts of one track for the good of all, and of all that stand in the way of one track."""
    gainable, left = desk.model.room_to_gain()
    gradient = desk.gradient()
    benefit = gradient[:, np.newaxis] * gainable
    harm = HARM * gradient[:, np.newaxis] * left
    free = {number: _free_bands(desk, number) for number in desk.free}
    for i, open_bands in free.items():
        for span, hope in _regions((benefit[i].sum(0) - harm[i]) * open_bands):
            maskee = int(benefit[i, :, span].sum(1).argmax())
            yield _cut(desk, (i,), maskee, span, hope)
    for j in np.flatnonzero(gradient).tolist():
        given = {i: np.maximum(benefit[i, j] - harm[i], 0.0) * open_bands for i, open_bands in free.items() if i != j}
        if not given:
            continue
        for span, hope in _regions(np.sum(list(given.values()), axis=0)):
            parts = {i: float(hopes[span].sum()) for i, hopes in given.items()}
            most = max(parts.values())
            maskers = tuple(i for i, part in parts.items() if part > LEAST_PART * most)
            if len(maskers) > 1:
                yield _cut(desk, maskers, j, span, hope)


def _free_bands(desk: Desk, number: int) -> NDArray[np.bool_]:
    """Tell which bands of a track are out of the way of the filters that it has; none if it has enough of them."""
    settings, ear = desk.settings[number], desk.model.ear
    if len(settings.filters) >= MOST_FILTERS or desk.limits[number].eq == KEPT:
        return np.zeros(ear.bands, np.bool_)
    free = np.ones(ear.bands, np.bool_)
    for section in settings.filters:
        still = replace(section, gain_db=6.0)
        depth = np.log(filter_power(still, ear.centres_hz, ear.sample_rate, np.zeros(1)))[:, 0]
        free &= depth < 0.5 * depth.max()
    return free


def _regions(hope: F64, count: int = 2) -> Iterator[tuple[slice, F64]]:
    """Yield the most promising stretches of bands, and what is hoped for in their bands."""
    hope = hope.copy()
    for _ in range(count):
        peak = int(hope.argmax())
        if hope[peak] <= LEAST_HOPE:
            return
        first, stop = peak, peak + 1
        while first > 0 and hope[first - 1] > BROAD * hope[peak]:
            first -= 1
        while stop < len(hope) and hope[stop] > BROAD * hope[peak]:
            stop += 1
        yield slice(first, stop), hope[first:stop].copy()
        hope[max(first - 1, 0) : stop + 1] = 0.0


def _cut(desk: Desk, maskers: tuple[int, ...], maskee: int, span: slice, hope: F64) -> _Cut:
    ear = desk.model.ear
    centre_hz = float(hertz(float(bark(ear.centres_hz[span]) @ hope / hope.sum())))
    q = centre_hz / float(ear.edges_hz[span.stop] - ear.edges_hz[span.start])
    return _Cut(maskers, maskee, span, centre_hz, min(max(q, Q_LEAST), Q_MOST), float(hope.sum()))


def _made(desk: Desk, cuts: Sequence[_Cut], part: float) -> bool:
    """Try cuts, static or dynamic for each masker, ``part`` of the full depth; tell whether they are kept."""
    changes: dict[int, TrackSettings] = {}
    follow: dict[int, Follow] = {}
    for cut in cuts:
        for number in cut.maskers:
            depth_db = part * DEEPEST_DB * (1.0 - desk.tracks[number].priority / 2.0)
            depth_db = min(depth_db, -desk.eq_range_db(number)[0])
            section = _section(desk, cut, number, depth_db)
            if section is not None:
                settings = desk.settings[number]
                changes[number] = replace(settings, filters=(*settings.filters, section))
                edges = desk.model.ear.edges_hz
                low_hz, high_hz = float(edges[cut.span.start]), float(edges[cut.span.stop])
                follow[number] = Follow(cut.maskee, low_hz, high_hz, depth_db)
    before = desk.mur
    if not desk.offer(changes):
        return False
    for number, settings in changes.items():
        section, j = settings.filters[-1], follow[number].maskee
        gained = f"{told(before[j], desk.mur[j])} of {desk.tracks[j].id} heard"
        why = f"{extremes(section.gain_db)[0]:+.1f} dB at {_hertz(at_start(section.frequency_hz))}, {section.reason}"
        section = replace(section, reason=f"{why}; {gained}")
        desk.settings[number] = replace(settings, filters=(*settings.filters[:-1], section))
        desk.say(number, section.reason)
        if isinstance(section.gain_db, Curve):
            desk.following[number, len(settings.filters) - 1] = follow[number]
    return True


def _section(desk: Desk, cut: _Cut, masker: int, depth_db: float) -> Filter | None:
    """Return the filter of one masker: dynamic where roles swap, None where it then never acts."""
    name, gain_db = desk.tracks[cut.maskee].id, -round(depth_db, 1)
    swap = interchange(desk, masker, cut.maskee, cut.span)
    if swap < SWAP:
        return Filter("peak", round(cut.centre_hz, 1), gain_db, round(cut.q, 2), f"where it masks {name}")
    curve = _follow(desk, masker, cut.maskee, cut.span, depth_db)
    if not isinstance(curve, Curve):
        return None
    why = f"only while it masks {name}, for they mask each other in turn (interchange {swap:.2f})"
    return Filter("peak", round(cut.centre_hz, 1), curve, round(cut.q, 2), why)


def _hertz(value: float) -> str:
    return f"{value / 1000.0:.2g} kHz" if value >= 1000.0 else f"{value:.0f} Hz"


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


def followed(desk: Desk) -> tuple[TrackSettings, ...]:
    """Return the settings with dynamic cuts that follow the masking frame by frame, instead of the model's few."""
    settings = list(desk.settings)
    if not desk.following:
        return tuple(settings)
    ids = [track.id for track in desk.tracks]
    watches = [Watch(ids[n], ids[f.maskee], f.low_hz, f.high_hz) for (n, _), f in desk.following.items()]
    times_s, d_db = masking_over_time(desk.request.session, desk.placed, watches)
    for ((number, index), follow), over_db in zip(desk.following.items(), d_db, strict=True):
        deep_db = follow.depth_db / FULL_DB * np.minimum(over_db.astype(np.float64), FULL_DB)
        down_db = smoothed(deep_db, float(times_s[1] - times_s[0]) if len(times_s) > 1 else 1.0, ATTACK_S, RELEASE_S)
        gain_db = simplified(times_s.tolist(), (-down_db).tolist())
        filters = list(settings[number].filters)
        filters[index] = replace(filters[index], gain_db=gain_db)
        settings[number] = replace(settings[number], filters=tuple(filters))
    return tuple(settings)


def lift(desk: Desk) -> None:
    """Boost what is still heard least at what is its own, a little: the last resort."""
    for number in sorted(desk.free, key=lambda n: (desk.mur[n], n))[: max(1, len(desk.free) // 2)]:
        settings, before = desk.settings[number], desk.mur[number]
        gainable, left = desk.model.room_to_gain()
        for span, hope in _regions((left[number] + gainable[:, number].sum(0)) * _free_bands(desk, number)):
            cut = _cut(desk, (number,), number, span, hope)
            boost_db = min(BOOST_DB, desk.eq_range_db(number)[1])
            section = Filter("peak", round(cut.centre_hz, 1), boost_db, round(cut.q, 2))
            if desk.offer({number: replace(settings, filters=(*settings.filters, section))}):
                gained = f"{told(before, desk.mur[number])} of it heard"
                why = f"{boost_db:+.1f} dB at {_hertz(cut.centre_hz)}, where it comes through best; {gained}"
                desk.settings[number] = replace(settings, filters=(*settings.filters, replace(section, reason=why)))
                desk.say(number, why)
                break
