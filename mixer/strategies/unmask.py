"""Making room: every track is given the chance to be heard, by means that a careful engineer would use."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from mixer.bands import BandModel, choose_frames, listen, planning_ear
from mixer.curve import Curve
from mixer.equaliser import is_flat
from mixer.masking import analysed
from mixer.plan import MixPlan, TrackSettings
from mixer.processors import Filter
from mixer.session import TrackLevels
from mixer.strategies.base import MixRequest, begun, levelled, plan_bus
from mixer.strategies.cuts import followed, lift, make_cuts
from mixer.strategies.desk import LOSS, Desk, objective
from mixer.strategies.movement import bring_up, duck_beds, let_noise_down
from mixer.strategies.spread import spread
from mixer.types import Track

STEPS: tuple[tuple[Callable[[Desk], None], float], ...] = (
    (spread, 0.25), (make_cuts, 0.5), (duck_beds, 0.05), (let_noise_down, 0.05), (bring_up, 0.05), (lift, 0.1),
)  # fmt: skip
"""What is done, in this order, and its share of the trials."""


MOST = 160
"""Tracks: what is tried costs as the square of their number."""


class Unmask:
    """``balanced``, and then room for each track, as far as each step lets more be heard.

    Tracks are moved apart on the stage, within ``freedom_deg`` and in their order; what masks others is cut, all the
    time or, where roles swap, only while it does; beds are ducked under events, noise between sounds is let down, soft
    parts are brought up by compression; last, what is heard least is lifted a little. After each step every track is
    brought back to its level. A step is kept where the objective of :func:`mixer.strategies.desk.objective` improves
    in a model of what is heard and no track loses more than 0.02 of its MUR. In the end the exact analysis decides
    between all of it, the steps without dynamics, and the places alone. Among more than MOST tracks nothing is tried.
    """

    name = "unmask"

    def plan(self, tracks: Sequence[Track], request: MixRequest) -> MixPlan:
        """See :class:`MixStrategy`."""
        places = [begun(track, request) for track in tracks]
        levels = request.session.levels(places)
        placed = levelled(tracks, places, request, levels)
        tracks = [_with_target(*each) for each in zip(tracks, placed, levels, strict=True)]
        plain = [replace(now, reason=then.reason) for now, then in zip(placed, places, strict=True)]
        alone = sum(level.peak > 0.0 for level in levels) < 2
        given = all(track.id in request.fixed for track in tracks)
        drafts = [] if alone or given or len(tracks) > MOST else _drafts(tracks, plain, request)
        settings, outcome = _best(tracks, placed, drafts, request)
        if tracks and given:
            outcome = "all settings of the tracks were given"
        elif len(tracks) > MOST:
            outcome = f"no room is made among more than {MOST} tracks: levels and places only"
        plan = plan_bus(self.name, settings, request)
        return replace(plan, bus=replace(plan.bus, reason=f"{plan.bus.reason}; {outcome}"))


@dataclass(frozen=True, slots=True)
class _Draft:
    """Settings that are worth a closer look, and what they are."""

    what: str
    settings: tuple[TrackSettings, ...]


def _with_target(track: Track, placed: TrackSettings, level: TrackLevels) -> Track:
    """Give a track without a target the loudness that it has as placed, so that filters do not change it."""
    loudness = level.at(placed).loudness_lufs if track.target_lufs is None else None
    return track if loudness is None or not -70.0 <= loudness <= 0.0 else replace(track, target_lufs=loudness)


def _drafts(tracks: Sequence[Track], placed: Sequence[TrackSettings], request: MixRequest) -> list[_Draft]:
    """Go through all steps; return what came of them, and what had come before the last ones."""
    ear = planning_ear(request.sample_rate)
    frames = choose_frames(tracks, request.duration_s, ear.hop / ear.sample_rate)
    listened = listen(request.session, placed, ear, frames)
    if request.session.layout != "stereo":  # else places are still to be found
        listened = listened.one_ear()
    with BandModel(listened, [track.target_lufs is not None for track in tracks]) as model:
        desk = Desk(tracks, placed, model, request)
        if desk.heard.sum() < 2:
            return []
        stages = []
        for step, share in STEPS:
            desk.allow(share)
            step(desk)
            stages.append((step, tuple(desk.settings)))
        # a cut that was to follow may have turned out to have nothing to do
        last = tuple(_without_filters(settings, is_flat) for settings in followed(desk))
    spread_only = next(settings for step, settings in stages if step is spread)
    still = tuple(_without_movement(settings) for settings in last)
    drafts: list[_Draft] = []
    for draft in (
        _Draft("with all that was found", last),
        _Draft("without what moves over time, which by the exact measure did not help", still),
        _Draft("with other places only, for by the exact measure no more helped", spread_only),
    ):
        if draft.settings != tuple(placed) and all(draft.settings != other.settings for other in drafts):
            drafts.append(draft)
    return drafts


def _without_movement(settings: TrackSettings) -> TrackSettings:
    """Take away dynamics and filters that move; what the reasons say of them goes as well."""
    dynamics = [part.reason for part in (settings.expander, settings.compressor, *settings.ducks) if part is not None]
    still = _without_filters(settings, lambda section: isinstance(section.gain_db, Curve), dynamics)
    return replace(still, expander=None, compressor=None, ducks=())


def _without_filters(
    settings: TrackSettings, goes: Callable[[Filter], bool], more: Sequence[str] = ()
) -> TrackSettings:
    """Take away filters, and from the reason what was said of them and ``more``."""
    kept = tuple(section for section in settings.filters if not goes(section))
    gone = [*(section.reason for section in settings.filters if goes(section)), *more]
    if not gone:
        return settings
    reason = "; ".join(part for part in settings.reason.split("; ") if not any(part in words for words in gone))
    return replace(settings, filters=kept, reason=reason)


def _best(
    tracks: Sequence[Track], placed: Sequence[TrackSettings], drafts: Sequence[_Draft], request: MixRequest
) -> tuple[Sequence[TrackSettings], str]:
    """Return the first draft that the exact analysis finds better than the places alone, or those; and what it is."""
    if not drafts:
        return placed, "nothing was found that lets more of the tracks be heard: levels and places only"
    before = analysed(request.session, placed)
    heard = before.loudness_sone > 0.0
    for draft in drafts:
        settings = levelled(tracks, draft.settings, request)
        after = analysed(request.session, settings)
        was, now = (np.asarray(report.mur, np.float64)[heard] for report in (before, after))
        if (now >= was - LOSS).all() and objective(now) < objective(was):
            told = f"{_percent(was.mean())} → {_percent(now.mean())} of the tracks is heard on average"
            names = [track.id for track, sounds in zip(tracks, heard, strict=True) if sounds]
            first, last = names[int(was.argmin())], names[int(now.argmin())]
            least = f"least of {first}, {_percent(was.min())}, before, and of {last}, {_percent(now.min())}, now"
            return settings, f"room was made {draft.what}: {told}, {least}"
    return placed, "by the exact measure nothing lets more of the tracks be heard: levels and places only"


def _percent(share: float) -> str:
    return f"{100.0 * share:.1f} %"
