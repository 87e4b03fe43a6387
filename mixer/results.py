"""What a rendering gives back beside the sound."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mixer.plan import MixPlan
from mixer.types import AudioBuffer


@dataclass(frozen=True, slots=True)
class TrackMeter:
    """One placed track (panned, in its room, at its own gain), before the bus.

    Parameters
    ----------
    id : str
    loudness_lufs : float or None
        Integrated, ITU-R BS.1770; None for silence.
    true_peak_dbtp : float or None
        None for silence.
    """

    id: str
    loudness_lufs: float | None
    true_peak_dbtp: float | None


@dataclass(frozen=True, slots=True)
class Meters:
    """Levels of a rendering.

    Parameters
    ----------
    loudness_lufs, true_peak_dbtp : float or None
        Of the mix after the limiter; None for silence. The loudness of an Ambisonic mix is that of its W channel.
    loudness_range_lu : float or None
        EBU Tech 3342; None where it is undefined.
    limiter_reduction_db : float
        The most that the limiter took away at any moment, ≥ 0.
    tracks : tuple of TrackMeter
        Empty where a given plan was rendered without measuring them.
    """

    loudness_lufs: float | None
    true_peak_dbtp: float | None
    loudness_range_lu: float | None
    limiter_reduction_db: float
    tracks: tuple[TrackMeter, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Render:
    """The finished mix.

    Parameters
    ----------
    mix : AudioBuffer
        After the limiter, in the channels of the plan's layout.
    plan : MixPlan
    meters : Meters
    stems : mapping of str to AudioBuffer
        By track id, the bus's filters and gain applied; they sum to the mix before the limiter. Empty unless asked
        for.
    """

    mix: AudioBuffer
    plan: MixPlan
    meters: Meters
    stems: Mapping[str, AudioBuffer]
