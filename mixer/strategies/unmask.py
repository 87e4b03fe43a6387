"""Making room: every track is given the chance to be heard, by means that a careful engineer would use."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from mixer.bands import BandModel, choose_frames, listen, planning_ear
from mixer.curve import Curve
from mixer.equaliser import is_flat
from mixer.masking import analysed
from mixer.optimise.effort import never
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

    Parameters
    ----------
    stop : callable
        True = no more steps, and of what was found only one thing is measured.
    """

    name = "unmask"

    def __init__(self, stop: Callable[[], bool] = never) -> None:
        self.stop = stop

    def plan(self, tracks: Sequence[Track], request: MixRequest) -> MixPlan:
        """See :class:`MixStrategy`."""
        settings, outcome = make_room(
            Beginning.of(tracks, request), request, lambda tried: analysed(request.session, tried), self.stop
        )
        plan = plan_bus(self.name, settings, request)
        return replace(plan, bus=replace(plan.bus, reason=f"{plan.bus.reason}; {outcome}"))


class Heard(Protocol):
    """What is heard of tracks: a masking report, a residue."""

    @property
    def mur(self) -> NDArray[np.floating]:
        """Share of each that is heard, (tracks,)."""
        ...

    @property
    def loudness_sone(self) -> NDArray[np.floating]:
        """Of each alone, (tracks,)."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Beginning:
    """Tracks at their places and levels, and nothing else done to them.

    Parameters
    ----------
    tracks : tuple of Track
        All with targets: those without have the loudness of their place, so that what is tried does not change it.
    places, placed : tuple of TrackSettings
        Without gains, and with them.
    sounding : int
        How many tracks are not silent.
    """

    tracks: tuple[Track, ...]
    places: tuple[TrackSettings, ...]
    placed: tuple[TrackSettings, ...]
    sounding: int

    @classmethod
    def of(cls, tracks: Sequence[Track], request: MixRequest) -> Beginning:
        """Give tracks their places and levels."""
        places = tuple(begun(track, request) for track in tracks)
        levels = request.session.levels(places)
        placed = levelled(tracks, places, request, levels)
        locked = [request.limits(track.id).gain is not None for track in tracks]
        targeted = tuple(_with_target(*each) for each in zip(tracks, placed, levels, locked, strict=True))
        return cls(targeted, places, placed, sum(level.peak > 0.0 for level in levels))


def make_room(
    given: Beginning,
    request: MixRequest,
    look: Callable[[Sequence[TrackSettings]], Heard],
    stop: Callable[[], bool] = never,
) -> tuple[tuple[TrackSettings, ...], str]:
    """Return the settings that :class:`Unmask` finds, and in words what came of it.

    Parameters
    ----------
    given : Beginning
    request : MixRequest
    look : callable
        The exact measure of settings.
    stop : callable
    """
    tracks, count = given.tracks, len(given.tracks)
    if tracks and all(track.id in request.fixed for track in tracks):
        return given.placed, "all settings of the tracks were given"
    if count > MOST:
        return given.placed, f"no room is made among more than {MOST} tracks: levels and places only"
    plain = [replace(now, reason=then.reason) for now, then in zip(given.placed, given.places, strict=True)]
    drafts = _drafts(tracks, plain, request, stop) if given.sounding > 1 else []
    return _best(given, drafts, request, look, stop)


@dataclass(frozen=True, slots=True)
class _Draft:
    """Settings that are worth a closer look, and what they are."""

    what: str
    settings: tuple[TrackSettings, ...]


def _with_target(track: Track, placed: TrackSettings, level: TrackLevels, locked: bool) -> Track:
    """Give a track without a target, or with a locked gain, the loudness that it has as placed: nothing changes it."""
    loudness = level.at(placed).loudness_lufs if track.target_lufs is None or locked else None
    return track if loudness is None or not -70.0 <= loudness <= 0.0 else replace(track, target_lufs=loudness)


def _drafts(
    tracks: Sequence[Track], placed: Sequence[TrackSettings], request: MixRequest, stop: Callable[[], bool]
) -> list[_Draft]:
    """Go through all steps, as far as there is time; return what came of them, and what had come before the last."""
    ear = planning_ear(request.sample_rate)
    frames = choose_frames(tracks, request.duration_s, ear.hop / ear.sample_rate)
    listened = listen(request.session, placed, ear, frames)
    if request.session.layout != "stereo":  # else places are still to be found
        listened = listened.one_ear()
    with BandModel(listened, [track.target_lufs is not None for track in tracks]) as model:
        desk = Desk(tracks, placed, model, request, stop)
        if desk.heard.sum() < 2:
            return []
        spread_only = tuple(placed)
        for step, share in STEPS:
            if stop():
                break
            desk.allow(share)
            step(desk)
            if step is spread:
                spread_only = tuple(desk.settings)
        # a cut that was to follow may have turned out to have nothing to do
        last = tuple(_without_filters(settings, is_flat) for settings in followed(desk))
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
    given: Beginning,
    drafts: Sequence[_Draft],
    request: MixRequest,
    look: Callable[[Sequence[TrackSettings]], Heard],
    stop: Callable[[], bool],
) -> tuple[tuple[TrackSettings, ...], str]:
    """Return the first draft that the exact measure finds better than the places alone, or those; and what it is."""
    tracks, placed = given.tracks, given.placed
    if not drafts:
        return placed, "nothing was found that lets more of the tracks be heard: levels and places only"
    before = look(placed)
    heard = before.loudness_sone > 0.0
    for number, draft in enumerate(drafts):
        if number and stop():
            return placed, "there was no time to find what lets more of the tracks be heard: levels and places only"
        settings = levelled(tracks, draft.settings, request)
        after = look(settings)
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
