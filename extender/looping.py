"""A soundscape that is played as a loop: what the mixer plays for it, and what is cut out of that.

The mixer knows no loops. It plays a lead before the loop, which is the loop's own end, so that where the loop begins
every tail, filter and gain stands as it will at its end; the lead is then cut off. Over the last moments the sound goes
over into the end of the lead, so that the very last sample is the one that was played before the first.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np

from extender.types import Arrangement
from mixer import Clip, Meters, Position, Samples
from mixer.loudness import LoudnessMeter
from mixer.session import Write, WriteStem
from mixer.truepeak import TruePeakMeter

WHOLE_LEAD_S, LONG_LEAD_S = 60.0, 30.0
"""Up to the first the lead is the loop itself, so that both are as loud; of longer ones it is their last seconds."""
GOING_OVER_S = 0.25
"""Both are the same sound there, but for what compressors and moving filters make of what came before."""


def lead_s(arrangement: Arrangement) -> float:
    """Return how long the mixer plays before the loop begins; 0 for what is no loop."""
    if not arrangement.mood.loop:
        return 0.0
    return arrangement.duration_s if arrangement.duration_s <= WHOLE_LEAD_S else LONG_LEAD_S


def played_s(arrangement: Arrangement) -> float:
    """Return how long the mixer plays."""
    return lead_s(arrangement) + arrangement.duration_s


def unrolled(clips: tuple[Clip, ...], arrangement: Arrangement) -> tuple[Clip, ...]:
    """Return what the mixer plays of a track: all of its clips, moved by the lead, and before them those of the lead.

    Where there is no loop, the clips themselves.
    """
    lead, period = lead_s(arrangement), arrangement.duration_s
    if lead == 0.0:
        return clips
    moved = [(clip, clip.onset_s + lead + turn * period) for turn in (-2, -1, 0) for clip in clips]
    heard = [_from_start(clip, at) for clip, at in moved if at + clip.duration_s > 0.0]
    return tuple(sorted(heard, key=lambda clip: clip.onset_s))


def _from_start(clip: Clip, onset_s: float) -> Clip:
    """Return a clip at another time; of one that would begin before the start, what is left of it."""
    if onset_s >= 0.0:
        return replace(clip, onset_s=onset_s)
    late_s, length_s = -onset_s, clip.duration_s + onset_s
    return replace(
        clip,
        onset_s=0.0,
        duration_s=length_s,
        offset_s=clip.offset_s + late_s * 2.0 ** (clip.pitch_cents / 1200.0),
        fade_in=replace(clip.fade_in, duration_s=0.0),
        fade_out=replace(clip.fade_out, duration_s=min(clip.fade_out.duration_s, length_s)),
        path=_later(clip.path, late_s),
    )


def _later(path: tuple[Position, ...], late_s: float) -> tuple[Position, ...]:
    """Return what is left of a path after some seconds."""
    if not path:
        return ()
    times = [p.time_s for p in path]

    def now(name: str) -> float:
        return float(np.interp(late_s, times, [getattr(p, name) for p in path]))

    start = Position(now("azimuth_deg"), now("elevation_deg"), now("distance_m"))
    return (start, *(replace(p, time_s=p.time_s - late_s) for p in path if p.time_s > late_s))


class LoopCut:
    """Cuts the loop out of what the mixer plays, block by block.

    Parameters
    ----------
    write : callable
        Gets the loop in blocks of (channels, frames) float32.
    arrangement : Arrangement
        Of a loop.
    sample_rate : int
        Hz.
    """

    def __init__(self, write: Write, arrangement: Arrangement, sample_rate: int) -> None:
        self._write = write
        self._lead = round(lead_s(arrangement) * sample_rate)
        self._end = round(played_s(arrangement) * sample_rate)
        self._over = min(round(GOING_OVER_S * sample_rate), self._lead, (self._end - self._lead) // 2)
        self._before: list[Samples] = []
        self._at = 0

    def add(self, block: Samples) -> None:
        """Take the next block of the mix."""
        first, self._at = self._at, self._at + block.shape[-1]
        kept = block[:, max(self._lead - self._over - first, 0) : max(self._lead - first, 0)]
        if kept.shape[1]:
            self._before.append(kept.copy())
        loop = block[:, max(self._lead - first, 0) :]
        if not loop.shape[1]:
            return
        ending = self._at - (self._end - self._over)
        if ending > 0:
            loop = self._gone_over(loop, min(ending, loop.shape[1]))
        self._write(loop)

    def _gone_over(self, loop: Samples, count: int) -> Samples:
        """Let the last ``count`` frames of a block go over into the end of the lead; both are the same sound."""
        before = np.concatenate(self._before, axis=1)
        first = self._over - (self._end - self._at) - count
        share = ((np.arange(first, first + count) + 1.0) / self._over).astype(np.float32)
        out = loop.copy()
        out[:, -count:] += share * (before[:, first : first + count] - out[:, -count:])
        return out


class Looped:
    """Writes a loop and its stems, cut out of what the mixer plays, and measures it.

    Parameters
    ----------
    arrangement : Arrangement
        Of a loop.
    write, write_stem : callable
        Get the loop as :func:`mixer.mix_to` would write it.
    sample_rate : int
        Hz.
    channels : int
    """

    def __init__(
        self, arrangement: Arrangement, write: Write, write_stem: WriteStem, *, sample_rate: int, channels: int = 2
    ) -> None:
        self._loudness = LoudnessMeter(channels, sample_rate)
        self._peak = TruePeakMeter(channels)
        self._file = write
        self._cut = LoopCut(self._measured, arrangement, sample_rate)
        parts = [part.id for part in arrangement.parts]
        self._stems = {name: LoopCut(partial(write_stem, name), arrangement, sample_rate) for name in parts}

    def write(self, block: Samples) -> None:
        """Take the next block of the mix."""
        self._cut.add(block)

    def write_stem(self, name: str, block: Samples) -> None:
        """Take the next block of a stem."""
        self._stems[name].add(block)

    def _measured(self, block: Samples) -> None:
        self._loudness.add(block)
        self._peak.add(block)
        self._file(block)

    def meters(self, played: Meters) -> Meters:
        """Return the meters of the loop; those of its tracks and of the limiter are of all that was played."""
        return replace(
            played,
            loudness_lufs=self._loudness.integrated(),
            loudness_range_lu=self._loudness.loudness_range(),
            true_peak_dbtp=self._peak.dbtp,
        )
