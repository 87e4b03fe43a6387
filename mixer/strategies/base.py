"""Who decides how a mix is made: what a strategy is asked, what it answers, and how most of them end."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from mixer.plan import BusSettings, MixPlan, Room, TrackSettings
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


def levelled(
    tracks: Sequence[Track],
    placed: Sequence[TrackSettings],
    request: MixRequest,
    levels: Sequence[TrackLevels] | None = None,
) -> tuple[TrackSettings, ...]:
    """Return the settings with the gains of the level lock; see :func:`plan_levels`. What is fixed stays as it is.

    ``levels`` are those of the tracks so placed, where they are known.
    """
    places = [request.fixed.get(settings.id, settings) for settings in placed]
    own = _own_levels(tracks, places, request)
    levels = request.session.levels(places) if levels is None else levels
    settings = []
    for track, place, level, plain in zip(tracks, places, levels, own, strict=True):
        if track.id in request.fixed:
            settings.append(place)
        elif level.peak == 0.0:
            settings.append(_levelled(place, 0.0, "silent: nothing of it is heard"))
        elif track.target_lufs is None:
            distance_db = 0.0 - 20.0 * math.log10(max(track.position.distance_m, NEAREST_M))
            why, loudness = f"{_signed(distance_db)} dB by distance, no target", plain and plain.meter.integrated()
            back_db = plain and loudness and level.gain_to(loudness + plain.panned_db)
            if back_db:
                why += f"; {back_db:+.1f} dB so that it is as loud as without what is done to it"
            settings.append(_levelled(place, distance_db + (back_db or 0.0), why))
        else:
            gain_db = level.gain_to(track.target_lufs)
            if gain_db is None:
                settings.append(_levelled(place, 0.0, "silent: nothing of it is loud enough to be heard"))
            else:
                settings.append(_levelled(place, gain_db, f"{_signed(gain_db)} dB to {track.target_lufs:.1f} LUFS"))
    return tuple(settings)


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
    return replace(place, gain_db=gain_db, reason="; ".join(part for part in (place.reason, why) if part))


def _bus(settings: Sequence[TrackSettings], request: MixRequest) -> BusSettings:
    if request.bus_gain_db is not None:
        return BusSettings(request.bus_gain_db, request.loudness_lufs, request.ceiling_dbtp, "set by hand")
    return request.session.settle_bus(settings, request.loudness_lufs, request.ceiling_dbtp)
