"""Making room: every track is given the chance to be heard, by means that a careful engineer would use."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from mixer.bands import BandModel, choose_frames, listen, planning_ear
from mixer.plan import MixPlan
from mixer.strategies.base import MixRequest, levelled, plan_levels
from mixer.strategies.cuts import lift, make_cuts
from mixer.strategies.desk import Desk
from mixer.strategies.levels import in_place
from mixer.strategies.spread import spread
from mixer.types import Track


class Unmask:
    """``balanced``, and then room for each track: places apart, cuts where it masks others, a little lift."""

    name = "unmask"

    def plan(self, tracks: Sequence[Track], request: MixRequest) -> MixPlan:
        """See :class:`MixStrategy`."""
        places = [in_place(track, request.room) for track in tracks]
        placed = [
            replace(settings, reason=place.reason)
            for settings, place in zip(levelled(tracks, places, request), places, strict=True)
        ]
        ear = planning_ear(request.sample_rate)
        frames = choose_frames(tracks, request.duration_s, ear.hop / ear.sample_rate)
        listened = listen(request.session, placed, ear, frames)
        with BandModel(listened, [True] * len(tracks)) as model:
            desk = Desk(tracks, placed, model, request)
            spread(desk)
            make_cuts(desk)
            lift(desk)
        self.desk = desk
        return plan_levels(self.name, tracks, desk.settings, request)
