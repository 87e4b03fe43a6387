"""The strategies that need no ears but meters: levels alone, and levels with places."""

from __future__ import annotations

from collections.abc import Sequence

from mixer.plan import MixPlan, Room, TrackSettings
from mixer.room import reverb_db_at
from mixer.strategies.base import MixRequest, begun, plan_levels
from mixer.types import Track


class Flat:
    """Levels only: everything in the middle and dry, each track at its target."""

    name = "flat"

    def plan(self, tracks: Sequence[Track], request: MixRequest) -> MixPlan:
        """See :class:`MixStrategy`."""
        return plan_levels(self.name, tracks, [TrackSettings(t.id, 0.0, placed=False) for t in tracks], request)


class Balanced:
    """Levels, placement, distance, one room, bus.

    A point stands at its azimuth, its distance heard as level, as air, and as the share of the room. A bed
    (``width`` > 0) surrounds the listener: it brings the sound of its own place and gets neither air nor room.
    """

    name = "balanced"

    def plan(self, tracks: Sequence[Track], request: MixRequest) -> MixPlan:
        """See :class:`MixStrategy`."""
        return plan_levels(self.name, tracks, [begun(t, request) for t in tracks], request)


def in_place(track: Track, room: Room | None) -> TrackSettings:
    """Return a track where the picture has it: ``balanced``'s settings, without a gain."""
    position = track.position
    azimuth_deg = position.azimuth_deg
    if track.width > 0.0:
        reason = f"a bed, {100 * track.width:.0f} % wide"
        return TrackSettings(track.id, 0.0, azimuth_deg=azimuth_deg, width=track.width, reason=reason)
    reverb_db = reverb_db_at(room, position.distance_m)
    side = "left" if azimuth_deg > 0 else "right"
    where = "ahead" if abs(azimuth_deg) < 0.5 else f"{abs(azimuth_deg):.0f}° {side}"
    reason = f"{where}, {position.distance_m:.3g} m away"
    if reverb_db is not None:
        reason += f", room {reverb_db:+.0f} dB"
    return TrackSettings(
        track.id, 0.0, True, azimuth_deg, position.distance_m, reverb_db=reverb_db, reason=reason
    )  # fmt: skip
