"""What a rendering gives back beside the sound."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from html import escape

from mixer.plan import MixPlan, html_table
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


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Render:
    """The finished mix. In a notebook it shows itself as a table of its tracks.

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

    def __repr__(self) -> str:
        levels = f"{_told(self.meters.loudness_lufs, 'LUFS')}, {_told(self.meters.true_peak_dbtp, 'dBTP')}"
        return f"Render({self.mix.duration_s:.4g} s, {self.mix.channels} ch, {levels}, {self.plan!r})"

    def _repr_html_(self) -> str:
        measured = {track.id: track for track in self.meters.tracks}
        rows = []
        for settings in self.plan.tracks:
            meter = measured.get(settings.id)
            loudness = _told(meter.loudness_lufs, "LUFS") if meter else "–"
            rows.append((settings.id, loudness, f"{settings.gain_db:+.1f} dB", settings.reason))
        table = html_table(("track", "loudness", "gain", "reason"), rows)
        return f"<p>{escape(repr(self))}</p>{table}<p>{escape(self.plan.bus.reason)}</p>"


def _told(level: float | None, unit: str) -> str:
    return "silence" if level is None else f"{level:.1f} {unit}"
