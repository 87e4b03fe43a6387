"""From takes and clips to sound: what a track plays, block by block, before it is placed anywhere."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from mixer.convolve import BLOCK
from mixer.types import AudioBuffer, Clip, Fade, Samples, Take, Track

_CONTEXT = 256
"""Source frames around an excerpt, so that resampling it is like resampling the whole."""
_DOWN = {
    3: ((1.0, 0.0, 0.7071), (0.0, 1.0, 0.7071)),
    4: ((1.0, 0.0, 0.7071, 0.0), (0.0, 1.0, 0.0, 0.7071)),
    5: ((1.0, 0.0, 0.7071, 0.7071, 0.0), (0.0, 1.0, 0.7071, 0.0, 0.7071)),
    6: ((1.0, 0.0, 0.7071, 0.0, 0.7071, 0.0), (0.0, 1.0, 0.7071, 0.0, 0.0, 0.7071)),
}
"""ITU-R BS.775-4, Annex 4, for L R C | L R Ls Rs | L R C Ls Rs | L R C LFE Ls Rs; the LFE is left out."""


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


def downmix(samples: Samples, channels: int) -> Samples:
    """Return one or two channels.

    One: (L + R)/√2, which keeps the power of channels that are not alike. Two: as recorded, or by ITU-R BS.775 for
    3..6 channels, or, for more, the odd ones to the left and the even ones to the right at equal power.
    """
    count = samples.shape[0]
    if count > 2:
        table = _DOWN.get(count)
        weights = np.array(table) if table else (np.arange(count) % 2 == np.array([[0], [1]])) / math.sqrt(count / 2)
        samples = np.asarray(weights, np.float32) @ samples
    if channels == 1 and samples.shape[0] == 2:
        return np.asarray((samples[:1] + samples[1:]) * np.float32(math.sqrt(0.5)))
    return samples


def fade_gain(fade: Fade, at: NDArray[np.float64], *, rising: bool) -> NDArray[np.float64]:
    """Return the gain at 0..1 through a fade, by the law of :class:`mixer.types.Fade`."""
    angle = at * (np.pi / 2)
    sine, cosine = np.sin(angle), np.cos(angle)
    norm = np.sqrt(1.0 + 2.0 * fade.correlation * sine * cosine)
    return np.asarray((sine if rising else cosine) / norm)


class TrackReader:
    """Plays a track's clips at the rate of the mix. Each take is resampled once, when it is first heard.

    Parameters
    ----------
    track : Track
    sample_rate : int
        Hz, of the mix.
    """

    def __init__(self, track: Track, sample_rate: int) -> None:
        self.track = track
        self.sample_rate = sample_rate
        self._whole: dict[tuple[int, int], Samples] = {}

    @property
    def end_frame(self) -> int:
        """Where the last clip ends."""
        return max((self._span(clip)[1] for clip in self.track.clips), default=0)

    def play(self, frames: int, channels: int) -> Iterator[list[Piece]]:
        """Yield the pieces of each block of the mix.

        Parameters
        ----------
        frames : int
            Length of the mix.
        channels : int
            1 = all takes brought down to one channel; 2 = two-channel takes stay so, one-channel takes stay one.
        """
        waiting = sorted(self.track.clips, key=lambda clip: clip.onset_s, reverse=True)
        sounding: list[tuple[Clip, Samples]] = []
        for start in range(0, frames, BLOCK):
            stop = min(start + BLOCK, frames)
            while waiting and self._span(waiting[-1])[0] < stop:
                clip = waiting.pop()
                sounding.append((clip, self._material(clip, channels)))
            pieces = [piece for clip, sound in sounding if (piece := self._piece(clip, sound, start, stop))]
            sounding = [(clip, sound) for clip, sound in sounding if self._span(clip)[0] + sound.shape[1] > stop]
            yield pieces

    def _span(self, clip: Clip) -> tuple[int, int]:
        first = round(clip.onset_s * self.sample_rate)
        return first, max(first, round((clip.onset_s + clip.duration_s) * self.sample_rate))

    def _piece(self, clip: Clip, sound: Samples, start: int, stop: int) -> Piece | None:
        begin, end = self._span(clip)
        first, last = max(start, begin), min(stop, begin + sound.shape[1])
        if first >= last:
            return None
        samples = sound[:, first - begin : last - begin]
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

    def _material(self, clip: Clip, channels: int) -> Samples:
        """Return what the clip plays of its take: up to its length, less where the take ends."""
        begin, end = self._span(clip)
        if clip.pitch_cents:
            return self._excerpt(clip, end - begin, channels)
        whole = self._take(clip.take, channels)
        start = round(clip.offset_s * self.sample_rate)
        return whole[:, start : start + end - begin]

    def _take(self, number: int, channels: int) -> Samples:
        key = (number, channels)
        if key not in self._whole:
            take = self.track.takes[number]
            self._whole[key] = _resampled(downmix(_samples(take), channels), take.sample_rate, self.sample_rate)
        return self._whole[key]

    def _excerpt(self, clip: Clip, frames: int, channels: int) -> Samples:
        """Resample just what a clip with its own pitch needs: a variation costs as much as it lasts."""
        take = self.track.takes[clip.take]
        rate = take.sample_rate * 2.0 ** (clip.pitch_cents / 1200.0)
        start = round(clip.offset_s * take.sample_rate)
        lead = min(start, _CONTEXT)
        stop = start + math.ceil(frames * rate / self.sample_rate) + _CONTEXT
        sound = _resampled(downmix(_samples(take)[:, start - lead : stop], channels), rate, self.sample_rate)
        skip = round(lead * self.sample_rate / rate)
        return sound[:, skip : skip + frames]


def _samples(take: Take) -> Samples:
    if isinstance(take, AudioBuffer):
        return take.samples
    import soundfile

    return np.ascontiguousarray(soundfile.read(str(take.path), dtype="float32", always_2d=True)[0].T)


def _resampled(samples: Samples, rate: float, to: int) -> Samples:
    if rate == to or not samples.shape[1]:
        return samples
    import soxr

    sound = soxr.resample(samples.T, rate, to, quality="HQ")
    return np.ascontiguousarray(np.asarray(sound, np.float32).T)
