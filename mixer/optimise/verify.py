"""The exact measure of candidates: they are levelled, played, and judged by what would be heard."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mixer.optimise.genome import Codec
from mixer.optimise.objectives import Reference
from mixer.plan import TrackSettings
from mixer.residue import Residue, analyse_residue
from mixer.session import TrackLevels
from mixer.strategies.base import MixRequest, levelled
from mixer.strategies.levels import in_place
from mixer.types import Track

F64 = NDArray[np.float64]


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
    flat, placed, unmasked : Measured
        Levels only; levels and places; what ``unmask`` makes.
    """

    tracks: tuple[Track, ...]
    places: tuple[TrackSettings, ...]
    flat: Measured
    placed: Measured
    unmasked: Measured

    @property
    def heard(self) -> NDArray[np.bool_]:
        """Tell which tracks sound."""
        return self.placed.residue.loudness_sone > 0.0

    @property
    def reference(self) -> Reference:
        """What is compared with: levels and places."""
        return Reference(self.placed.mur(self.heard), self.placed.residue.sone)

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


def ground(tracks: Sequence[Track], request: MixRequest) -> Ground:
    """Measure what every search starts from, and is compared with."""
    from mixer.strategies.unmask import Unmask

    unmasked = Unmask().plan(tracks, request).tracks
    flat = levelled(
        tracks, [request.fixed.get(t.id) or TrackSettings(t.id, 0.0, placed=False) for t in tracks], request
    )  # fmt: skip
    none = np.zeros(len(tracks))
    flattened = measured("levels only", flat, request, none, 0.0)
    made = measured("unmask", unmasked, request, none, 0.0)
    places = tuple(request.fixed.get(track.id) or in_place(track, request.room) for track in tracks)
    levels = request.session.levels(places)
    placed = levelled(tracks, places, request, levels)
    targeted = tuple(_with_target(*each) for each in zip(tracks, placed, levels, strict=True))
    return Ground(targeted, places, flattened, measured("levels and places", placed, request, none, 0.0), made)


def _with_target(track: Track, placed: TrackSettings, level: TrackLevels) -> Track:
    """Give a track without a target the loudness that it has as placed, so that what is tried does not change it."""
    loudness = level.at(placed).loudness_lufs if track.target_lufs is None else None
    return track if loudness is None or not -70.0 <= loudness <= 0.0 else replace(track, target_lufs=loudness)


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
