"""The exact measure of candidates: they are levelled, played, and judged by what would be heard."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mixer.optimise.effort import Clock
from mixer.optimise.genome import Codec
from mixer.optimise.objectives import Reference
from mixer.plan import TrackSettings
from mixer.residue import Residue, analyse_residue
from mixer.strategies.base import MixRequest, levelled
from mixer.strategies.unmask import Beginning, make_room
from mixer.types import Track

F64 = NDArray[np.float64]

PASSES = 3
"""So many times as long as a mix takes to be played and measured there must be left to begin with ``unmask``."""
ROOM, LATER, SEARCH = 0.4, 2, 8
"""Share of the time that ``unmask`` may try things for, beside so many passes to measure what it has found; and passes
that a search needs to be worth it: where less would be left, ``unmask`` has it."""


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """Settings and what is exactly heard with them.

    Parameters
    ----------
    what : str
        In words.
    settings : tuple of TrackSettings
        At their levels.
    residue : Residue
    offsets_db : (tracks,) float64
        From each track's own target.
    intervention : float
    """

    what: str
    settings: tuple[TrackSettings, ...]
    residue: Residue
    offsets_db: F64
    intervention: float

    def mur(self, heard: NDArray[np.bool_]) -> F64:
        """Return what is heard of those tracks that sound, (n,)."""
        return np.asarray(np.nan_to_num(self.residue.mur[heard]))

    def msr(self, heard: NDArray[np.bool_]) -> F64:
        """Return how far those tracks that sound are masked, (n,)."""
        return np.asarray(np.nan_to_num(self.residue.msr[heard]))


@dataclass(frozen=True, slots=True, eq=False)
class Ground:
    """What every search starts from.

    Parameters
    ----------
    tracks : tuple of Track
        All with targets: those without have the loudness of their place.
    places : tuple of TrackSettings
        Where the picture has them, without gains.
    placed : Measured
        Levels and places.
    flat, unmasked : Measured
        Levels only; what ``unmask`` makes. Where there was no time for them they are ``placed``.
    pass_s : float
        How long it takes to play and measure a mix, about.
    """

    tracks: tuple[Track, ...]
    places: tuple[TrackSettings, ...]
    placed: Measured
    flat: Measured
    unmasked: Measured
    pass_s: float

    @property
    def heard(self) -> NDArray[np.bool_]:
        """Tell which tracks sound."""
        return self.placed.residue.loudness_sone > 0.0

    @property
    def reference(self) -> Reference:
        """What is compared with: levels and places."""
        counts = np.array([0.5 + track.priority for track in self.tracks])[self.heard]
        return Reference(self.placed.mur(self.heard), self.placed.residue.sone, counts=counts)

    @property
    def known(self) -> tuple[Measured, ...]:
        """What must be beaten."""
        return self.unmasked, self.placed, self.flat


def measured(
    what: str, settings: Sequence[TrackSettings], request: MixRequest, offsets_db: F64, intervention: float
) -> Measured:
    """Play and measure settings that have their levels."""
    return Measured(
        what, tuple(settings), analyse_residue(request.session, settings), np.asarray(offsets_db), float(intervention)
    )  # fmt: skip


def try_out(codec: Codec, genome: F64, request: MixRequest, what: str) -> Measured:
    """Give the settings of a genome their levels, play and measure them."""
    tracks, settings = codec.decode(genome)
    done = levelled(tracks, settings, request)
    return measured(what, done, request, codec.offsets_db(genome), float(codec.intervention(genome)))


def ground(tracks: Sequence[Track], request: MixRequest, clock: Clock | None = None) -> Ground:
    """Measure what every search starts from, and is compared with, as far as there is time for it."""
    clock = clock or Clock()
    none = np.zeros(len(tracks))
    given = Beginning.of(tracks, request)
    placed = measured("levels and places", given.placed, request, none, 0.0)
    pass_s = clock.elapsed_s
    flat = unmasked = placed
    if not clock.over(pass_s):
        dry = [request.fixed.get(t.id) or TrackSettings(t.id, 0.0, placed=False) for t in tracks]
        flat = measured("levels only", levelled(tracks, dry, request), request, none, 0.0)
    if not clock.over(PASSES * pass_s):
        known = {placed.settings: placed.residue}

        def look(tried: Sequence[TrackSettings]) -> Residue:
            key = tuple(tried)
            if key not in known:
                known[key] = analyse_residue(request.session, key)
            return known[key]

        left_s = clock.left_s - LATER * pass_s
        share = ROOM if (1.0 - ROOM) * left_s >= SEARCH * pass_s else 1.0
        made, _ = make_room(given, request, look, clock.within(share * left_s))
        unmasked = Measured("unmask", made, look(made), none, 0.0)
    return Ground(given.tracks, given.places, placed, flat, unmasked, pass_s)


def unlevelled(settings: Sequence[TrackSettings]) -> tuple[TrackSettings, ...]:
    """Return settings whose reasons tell no more about their gains, for they will get new ones."""

    def kept(part: str) -> bool:
        return not (part.endswith("LUFS") and " dB to " in part)

    return tuple(replace(s, reason="; ".join(part for part in s.reason.split("; ") if kept(part))) for s in settings)


def clarity_told(before: Measured, after: Measured, heard: NDArray[np.bool_]) -> str:
    """Return in words what is heard before and after."""
    was, now = before.mur(heard), after.mur(heard)
    residue = 100.0 * (1.0 - after.residue.sone / max(before.residue.sone, 1e-9))
    less = f"{residue:.0f} % less" if residue >= 0.0 else f"{-residue:.0f} % more"
    mean, worst = (f"{100 * a:.1f} → {100 * b:.1f} %" for a, b in ((was.mean(), now.mean()), (was.min(), now.min())))
    return f"{mean} of the tracks is heard on average, of the one that is heard least {worst}; {less} is lost"
