"""Who decides how a mix is made: what a strategy is asked, what it answers, and how most of them end."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from mixer.locks import KEPT, Limits, Lock, nearest, within
from mixer.plan import BusSettings, MixPlan, Room, TrackSettings
from mixer.processors import Filter
from mixer.session import MixSession, TrackLevels
from mixer.spatial import NEAREST_M
from mixer.types import Track


@dataclass(frozen=True, slots=True)
class MixRequest:
    """What is wanted of a mix.

    Parameters
    ----------
    duration_s : float
    session : MixSession
        Plays and measures the tracks. What it plays last is at hand when the plan is rendered.
    room : Room or None
    stage_half_deg : float
        Azimuth of a loudspeaker.
    loudness_lufs, ceiling_dbtp : float
        Of the mix.
    freedom_deg : float
        How far a track may be moved from its own azimuth, 0..180.
    sample_rate : int
        Hz.
    fixed : mapping of str to TrackSettings
        By track id: settings that must be kept as they are. Ids that are not among the tracks are ignored.
    bus_gain_db : float or None
        A bus gain that must be kept.
    seed : int
        For strategies that draw.
    locks : tuple of Lock
        What must stay of which track (:mod:`mixer.locks`); every strategy keeps to them.
    given : mapping of str to TrackSettings
        By track id: what locks keep, where they keep something as it is. Of other tracks it is their place and their
        level, and nothing done to them. Ducks by tracks that are not there are left out.
    start_filters : mapping of str to tuple of Filter
        By track id: filters that a track begins with.
    """

    duration_s: float
    session: MixSession
    room: Room | None = None
    stage_half_deg: float = 45.0
    loudness_lufs: float = -20.0
    ceiling_dbtp: float = -1.0
    freedom_deg: float = 15.0
    sample_rate: int = 48_000
    fixed: Mapping[str, TrackSettings] = field(default_factory=dict)
    bus_gain_db: float | None = None
    seed: int = 0
    locks: tuple[Lock, ...] = ()
    given: Mapping[str, TrackSettings] = field(default_factory=dict)
    start_filters: Mapping[str, tuple[Filter, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        there = {track.id for track in self.session.tracks} if self.given else set()
        given = {
            name: replace(each, ducks=tuple(duck for duck in each.ducks if duck.by in there - {name}))
            for name, each in self.given.items()
        }
        object.__setattr__(self, "given", given)
        whole = {name: each for name, each in given.items() if Limits.of(self.locks, name).whole}
        object.__setattr__(self, "fixed", {**whole, **self.fixed})

    def limits(self, track: str) -> Limits:
        """Return what the locks leave of a track; what is fixed leaves nothing."""
        return Limits(KEPT, KEPT, KEPT, KEPT) if track in self.fixed else Limits.of(self.locks, track)


class MixStrategy(Protocol):
    """Decides all settings of a mix. Entry-point group ``extender.mix_strategies``; made without arguments."""

    name: str

    def plan(self, tracks: Sequence[Track], request: MixRequest) -> MixPlan:
        """Return a plan with one TrackSettings for each track, in their order; what is fixed stays as it is."""
        ...


def plan_levels(
    strategy: str, tracks: Sequence[Track], placed: Sequence[TrackSettings], request: MixRequest
) -> MixPlan:
    """Give every placed track its level, then the bus its own: what most strategies end with.

    The level lock: a track with a target gets the gain with which it, as placed, measures its target over the whole
    schedule; placement is thereby neutral in level. A track without one keeps its own level, falling with 1/distance;
    where filters, dynamics or a fader work on it, it is brought back to the loudness that it has without them.

    Parameters
    ----------
    strategy : str
        Name of the strategy.
    tracks : sequence of Track
    placed : sequence of TrackSettings
        One for each, whose gains are replaced and whose reasons are added to.
    request : MixRequest

    Returns
    -------
    MixPlan
    """
    return plan_bus(strategy, levelled(tracks, placed, request), request)


def plan_bus(strategy: str, settings: Sequence[TrackSettings], request: MixRequest) -> MixPlan:
    """Give the bus its level and return the plan of tracks that have theirs."""
    return MixPlan(
        strategy=strategy, duration_s=request.duration_s, tracks=tuple(settings), bus=_bus(settings, request),
        room=request.room, stage_half_deg=request.stage_half_deg,
        layout=request.session.layout, sample_rate=request.sample_rate,
    )  # fmt: skip


def begun(track: Track, request: MixRequest, settings: TrackSettings | None = None) -> TrackSettings:
    """Return what is fixed of a track, or where the picture has it (or other settings), as far as locks allow it.

    What a lock has changed is said in the reason, in place of what was said there.
    """
    from mixer.strategies.levels import in_place

    if track.id in request.fixed:
        return request.fixed[track.id]
    limits = request.limits(track.id)
    if limits.free and settings is not None:
        return settings
    place = in_place(track, request.room)
    if track.id in request.start_filters:
        filters = request.start_filters[track.id]
        told = (place.reason, *(section.reason for section in filters))
        place = replace(place, filters=filters, reason="; ".join(text for text in told if text))
    wanted = settings or place
    allowed = within(wanted, limits, request.given.get(track.id, place), request.sample_rate)
    if allowed is wanted:
        return wanted
    parts = (allowed.expander, *allowed.filters, allowed.compressor, *allowed.ducks)
    locked = [part for part in ("gain", "eq", "compression", "pan") if getattr(limits, part) is not None]
    lines = [place.reason, *(part.reason for part in parts if part is not None), f"locked: {', '.join(locked)}"]
    return replace(allowed, reason="; ".join(dict.fromkeys(text for text in lines if text)))


def levelled(
    tracks: Sequence[Track],
    placed: Sequence[TrackSettings],
    request: MixRequest,
    levels: Sequence[TrackLevels] | None = None,
) -> tuple[TrackSettings, ...]:
    """Return the settings with the gains of the level lock; see :func:`plan_levels`. What is fixed stays as it is.

    What locks do not allow is taken back first. A track whose gain is locked to a range has the loudness within it that
    is nearest to its target; one whose gain is kept has the gain that is given, if there is one, else its target.
    ``levels`` are those of the tracks so placed, where they are known.
    """
    places = [begun(track, request, settings) for track, settings in zip(tracks, placed, strict=True)]
    own = _own_levels(tracks, places, request)
    if levels is None or places != list(placed):
        levels = request.session.levels(places)
    targets = {track.id: track.target_lufs for track in request.session.tracks}
    settings = []
    for track, place, level, plain in zip(tracks, places, levels, own, strict=True):
        gain = request.limits(track.id).gain
        if track.id in request.fixed:
            settings.append(place)
        elif gain == KEPT and track.id in request.given:
            gain_db = request.given[track.id].gain_db
            settings.append(_levelled(place, gain_db, f"{_signed(gain_db)} dB, which is locked"))
        elif level.peak == 0.0:
            settings.append(_levelled(place, 0.0, "silent: nothing of it is heard"))
        elif track.target_lufs is None:
            more_db = 0.0 if gain is None or gain == KEPT else nearest(0.0, gain)
            distance_db = more_db - 20.0 * math.log10(max(track.position.distance_m, NEAREST_M))
            why, loudness = f"{_signed(distance_db)} dB by distance, no target", plain and plain.meter.integrated()
            back_db = plain and loudness and level.gain_to(loudness + plain.panned_db)
            if back_db:
                why += f"; {back_db:+.1f} dB so that it is as loud as without what is done to it"
            settings.append(_levelled(place, distance_db + (back_db or 0.0), why))
        else:
            target = track.target_lufs + _from_range(track.target_lufs, targets.get(track.id), gain)
            gain_db_or_none = level.gain_to(target)
            if gain_db_or_none is None:
                settings.append(_levelled(place, 0.0, "silent: nothing of it is loud enough to be heard"))
            else:
                why = f"{_signed(gain_db_or_none)} dB to {target:.1f} LUFS"
                settings.append(_levelled(place, gain_db_or_none, why))
    return tuple(settings)


def _from_range(target_lufs: float, own_lufs: float | None, gain: object) -> float:
    """Return what brings a target, which may be off a track's own, into the range that a lock leaves around that."""
    if not isinstance(gain, tuple) or own_lufs is None:
        return 0.0
    offset_db = target_lufs - own_lufs
    return nearest(offset_db, gain) - offset_db


def _own_levels(
    tracks: Sequence[Track], places: Sequence[TrackSettings], request: MixRequest
) -> Sequence[TrackLevels | None]:
    """Return how loud tracks without a target are in their place with nothing else done to them; None for others."""
    plain = [
        replace(place, fader_db=0.0, expander=None, filters=(), compressor=None, ducks=())
        if track.target_lufs is None and track.id not in request.fixed
        else place
        for track, place in zip(tracks, places, strict=True)
    ]
    if plain == list(places):
        return [None] * len(places)
    levels = request.session.levels(plain)
    return [level if bare != place else None for level, bare, place in zip(levels, plain, places, strict=True)]


def _signed(value_db: float) -> str:
    """Return a level with one digit; what rounds to zero is +0.0."""
    return f"{round(value_db, 1) + 0.0:+.1f}"


def _levelled(place: TrackSettings, gain_db: float, why: str) -> TrackSettings:
    gain_db = min(max(gain_db, -200.0), 120.0)
    why = "" if why in place.reason.split("; ") else why
    return replace(place, gain_db=gain_db, reason="; ".join(part for part in (place.reason, why) if part))


def _bus(settings: Sequence[TrackSettings], request: MixRequest) -> BusSettings:
    if request.bus_gain_db is not None:
        return BusSettings(request.bus_gain_db, request.loudness_lufs, request.ceiling_dbtp, "set by hand")
    return request.session.settle_bus(settings, request.loudness_lufs, request.ceiling_dbtp)
