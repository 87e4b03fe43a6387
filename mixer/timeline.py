"""From takes and clips to sound: what a track plays, block by block, before it is placed anywhere."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from mixer.convolve import BLOCK
from mixer.material import Material, Sound, downmix
from mixer.types import Clip, Fade, Samples, Track

__all__ = ["Piece", "Reader", "TrackReader", "downmix", "fade_gain"]


@dataclass(frozen=True, slots=True)
class Piece:
    """What one clip plays in one block: its own level and fades applied, not yet its place.

    Parameters
    ----------
    clip : Clip
    start : int
        Where in the block it begins.
    first : int
        The clip's frame that is heard there.
    samples : (1 or 2, frames) float32
    """

    clip: Clip
    start: int
    first: int
    samples: Samples


class Reader(Protocol):
    """What plays a track before it is placed: a TrackReader, or one that does something to what another plays."""

    @property
    def track(self) -> Track:
        """The track that is played."""
        ...

    @property
    def sample_rate(self) -> int:
        """Hz, of the mix."""
        ...

    def play(self, frames: int, channels: int) -> Iterator[list[Piece]]:
        """Yield the pieces of each block of a mix of so many frames. See :meth:`TrackReader.play`."""
        ...


def fade_gain(fade: Fade, at: NDArray[np.float64], *, rising: bool) -> NDArray[np.float64]:
    """Return the gain at 0..1 through a fade, by the law of :class:`mixer.types.Fade`."""
    angle = at * (np.pi / 2)
    sine, cosine = np.sin(angle), np.cos(angle)
    norm = np.sqrt(1.0 + 2.0 * fade.correlation * sine * cosine)
    return np.asarray((sine if rising else cosine) / norm)


class TrackReader:
    """Plays a track's clips at the rate of the mix.

    Parameters
    ----------
    track : Track
    sample_rate : int
        Hz, of the mix.
    material : Material, optional
        What other readers of the same track have decoded already.
    """

    def __init__(self, track: Track, sample_rate: int, material: Material | None = None) -> None:
        self.track = track
        self.sample_rate = sample_rate
        self.material = material or Material(track, sample_rate)

    @property
    def end_frame(self) -> int:
        """Where the last clip falls silent: it is over, or its take is."""
        return max((self._span(c)[0] + self.material.frames(c, self._length(c)) for c in self.track.clips), default=0)

    def play(self, frames: int, channels: int) -> Iterator[list[Piece]]:
        """Yield the pieces of each block of the mix.

        Parameters
        ----------
        frames : int
            Length of the mix.
        channels : int
            1 = all takes brought down to one channel; more = takes with up to two channels or just so many stay as
            they are, see :func:`mixer.material.downmix`.
        """
        waiting = sorted(self.track.clips, key=lambda clip: clip.onset_s, reverse=True)
        sounding: list[tuple[Clip, Sound]] = []
        for start in range(0, frames, BLOCK):
            stop = min(start + BLOCK, frames)
            while waiting and self._span(waiting[-1])[0] < stop:
                clip = waiting.pop()
                sounding.append((clip, self.material.sound(clip, self._length(clip), channels)))
            pieces = [piece for clip, sound in sounding if (piece := self._piece(clip, sound, start, stop))]
            sounding = [(clip, sound) for clip, sound in sounding if self._span(clip)[0] + sound.frames > stop]
            yield pieces

    def _span(self, clip: Clip) -> tuple[int, int]:
        first = round(clip.onset_s * self.sample_rate)
        return first, max(first, round((clip.onset_s + clip.duration_s) * self.sample_rate))

    def _length(self, clip: Clip) -> int:
        begin, end = self._span(clip)
        return end - begin

    def _piece(self, clip: Clip, sound: Sound, start: int, stop: int) -> Piece | None:
        begin, end = self._span(clip)
        first, last = max(start, begin), min(stop, begin + sound.frames)
        if first >= last:
            return None
        samples = sound.read(first - begin, last - begin)
        gain = self._envelope(clip, first - begin, last - begin, end - begin)
        if gain is not None:
            samples = samples * gain
        return Piece(clip, first - start, first - begin, samples)

    def _envelope(self, clip: Clip, first: int, last: int, length: int) -> Samples | np.float32 | None:
        """Return the clip's gain over its frames first..last, or None for 1."""
        level = np.float32(10.0 ** (clip.gain_db / 20.0)) if clip.gain_db else None
        rise = min(round(clip.fade_in.duration_s * self.sample_rate), length)
        fall = min(round(clip.fade_out.duration_s * self.sample_rate), length)
        if first >= rise and last <= length - fall:
            return level
        gain = np.full(last - first, 1.0 if level is None else float(level))
        frame = np.arange(first, last) + 0.5
        if first < rise:
            n = min(rise, last) - first
            gain[:n] *= fade_gain(clip.fade_in, frame[:n] / rise, rising=True)
        if last > length - fall:
            n = last - max(first, length - fall)
            gain[-n:] *= fade_gain(clip.fade_out, (frame[-n:] - (length - fall)) / fall, rising=False)
        return gain.astype(np.float32)
