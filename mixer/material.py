"""What clips play of their takes: in memory or streamed from a file, at the rate of the mix, at their pitch."""

from __future__ import annotations

import math
from collections import Counter
from threading import Lock
from typing import Any, Protocol

import numpy as np

from mixer.convolve import BLOCK
from mixer.errors import MixerError
from mixer.recordings import Recording, open_recording
from mixer.types import AudioBuffer, AudioFile, Clip, Samples, Take, Track

KEPT_BYTES = 16_000_000
"""Files that several clips of a track play are kept decoded while all together need no more."""
AMBISONIC = (4, 9, 16)
"""Channels of AmbiX of the orders 1 to 3."""
_CONTEXT = 256
"""Frames around a stretch, at the lower of the two rates, so that resampling it is like resampling the whole."""
_DOWN = {
    3: ((1.0, 0.0, 0.7071), (0.0, 1.0, 0.7071)),
    4: ((1.0, 0.0, 0.7071, 0.0), (0.0, 1.0, 0.0, 0.7071)),
    5: ((1.0, 0.0, 0.7071, 0.7071, 0.0), (0.0, 1.0, 0.7071, 0.0, 0.7071)),
    6: ((1.0, 0.0, 0.7071, 0.0, 0.7071, 0.0), (0.0, 1.0, 0.7071, 0.0, 0.0, 0.7071)),
}
"""ITU-R BS.775-4, Annex 4, for L R C | L R Ls Rs | L R C Ls Rs | L R C LFE Ls Rs; the LFE is left out."""


def downmix(samples: Samples, channels: int) -> Samples:
    """Return a take's channels as a layout takes them.

    Parameters
    ----------
    samples : (n, frames) float32
        Which channels they are is taken from their number: 3..6 as in ITU-R BS.775 (L R C | L R Ls Rs | L R C Ls Rs |
        L R C LFE Ls Rs), 9 and 16 AmbiX of the second and third order, others pairs of left and right.
    channels : int
        1 = one channel, (L + R)/√2, which keeps the power of channels that are not alike; 2 = at most two; 4, 6 =
        just so many stay as they are, others become at most two; 16 = AmbiX stays AmbiX, and four channels are taken
        for AmbiX of the first order.

    Returns
    -------
    (m, frames) float32
    """
    count = samples.shape[0]
    if count <= 2 or (channels > 2 and count == channels) or (channels == AMBISONIC[-1] and count in AMBISONIC):
        return _one(samples) if channels == 1 and count == 2 else samples
    if count in AMBISONIC[1:]:
        two = np.asarray([samples[0] + samples[1], samples[0] - samples[1]], np.float32) * np.float32(math.sqrt(0.5))
    else:
        table = _DOWN.get(count)
        weights = np.array(table) if table else (np.arange(count) % 2 == np.array([[0], [1]])) / math.sqrt(count / 2)
        two = np.asarray(weights, np.float32) @ samples
    return _one(two) if channels == 1 else two


def _one(two: Samples) -> Samples:
    return np.asarray((two[:1] + two[1:]) * np.float32(math.sqrt(0.5)))


class Sound(Protocol):
    """What one clip plays, before its level and fades."""

    @property
    def frames(self) -> int:
        """How long it is at the rate of the mix: the clip's length, less where its take ends."""
        ...

    def read(self, first: int, last: int) -> Samples:
        """Return frames ``first`` to ``last``, (channels, last − first). Called in order, without gaps."""
        ...


class Material:
    """The takes of one track, for all that play it.

    Parameters
    ----------
    track : Track
    sample_rate : int
        Hz, of the mix.
    kept_bytes : int
        How much may be kept decoded of files. Takes in memory are resampled once and kept.

    Notes
    -----
    What is kept and what is streamed depends on the track alone, so that a mix never sounds otherwise by chance.
    """

    def __init__(self, track: Track, sample_rate: int, kept_bytes: int = KEPT_BYTES) -> None:
        self._track = track
        self._rate = sample_rate
        self._whole: dict[tuple[int, int], Samples] = {}
        self._lock = Lock()
        self._kept = {number for number, take in enumerate(track.takes) if isinstance(take, AudioBuffer)}
        for number, clips in sorted(Counter(clip.take for clip in track.clips).items()):
            take = track.takes[number]
            size = round(take.duration_s * sample_rate) * take.channels * 4
            if number not in self._kept and clips > 1 and size <= kept_bytes:
                self._kept.add(number)
                kept_bytes -= size

    def frames(self, clip: Clip, length: int) -> int:
        """Return how much of a clip of a length its take has sound for."""
        take = self._track.takes[clip.take]
        if clip.pitch_cents:
            start = round(clip.offset_s * take.sample_rate)
            left = max(0, math.floor((take.frames - start) * self._rate / _rate_of(clip, take)))
        else:
            left = max(0, _resampled_frames(take, self._rate) - round(clip.offset_s * self._rate))
        return min(left, length)

    def sound(self, clip: Clip, length: int, channels: int) -> Sound:
        """Return what a clip plays.

        Raises
        ------
        MixerError
            Names the track: its file cannot be read, or holds NaN or infinity.
        """
        take = self._track.takes[clip.take]
        frames = self.frames(clip, length)
        if not frames:
            return _Held(np.zeros((1, 0), np.float32))
        if clip.pitch_cents:
            start, rate = round(clip.offset_s * take.sample_rate), _rate_of(clip, take)
            lead = min(start, math.ceil(_CONTEXT * max(1.0, rate / self._rate)))
            skip = round(lead * self._rate / rate)
            return _Resampled(self._source(clip.take, channels), start - lead, rate, self._rate, skip, frames)
        first = round(clip.offset_s * self._rate)
        if clip.take in self._kept:
            return _Held(self._decoded(clip.take, channels)[:, first : first + frames])
        source = self._source(clip.take, channels)
        if take.sample_rate == self._rate:
            return _Streamed(source, first, frames)
        # Both rates have a frame at the same moment once in ``period`` frames of the take: the stretch begins at one.
        common = math.gcd(take.sample_rate, self._rate)
        period, step = take.sample_rate // common, self._rate // common
        lead = math.ceil(_CONTEXT * max(1.0, take.sample_rate / self._rate) / period)
        begin = max(0, first // step - lead)
        return _Resampled(source, begin * period, take.sample_rate, self._rate, first - begin * step, frames)

    def _source(self, number: int, channels: int) -> _Source:
        return _Source(self._track.id, self._track.takes[number], channels)

    def _decoded(self, number: int, channels: int) -> Samples:
        """Return a whole take at the rate of the mix."""
        key = (number, channels)
        with self._lock:
            if key not in self._whole:
                take = self._track.takes[number]
                sound = self._source(number, channels).read(0, take.frames)
                if take.sample_rate != self._rate and take.frames:
                    import soxr

                    sound = np.asarray(soxr.resample(sound.T, take.sample_rate, self._rate, quality="HQ"), np.float32).T
                    sound = _exactly(np.ascontiguousarray(sound), _resampled_frames(take, self._rate))
                self._whole[key] = sound
            return self._whole[key]


def _rate_of(clip: Clip, take: Take) -> float:
    """Return the rate at which a take sounds at the clip's pitch."""
    return float(take.sample_rate * 2.0 ** (clip.pitch_cents / 1200.0))


def _resampled_frames(take: Take, rate: int) -> int:
    return take.frames if take.sample_rate == rate else round(take.frames * rate / take.sample_rate)


def _exactly(sound: Samples, frames: int) -> Samples:
    """Cut, or lengthen with silence."""
    missing = frames - sound.shape[1]
    return sound[:, :frames] if missing <= 0 else np.pad(sound, ((0, 0), (0, missing)))


class _Source:
    """A take as it is, brought down to so many channels."""

    def __init__(self, track: str, take: Take, channels: int) -> None:
        self.frames = take.frames
        self._track = track
        self._take = take
        self._channels = channels
        self._recording: Recording | None = None

    def read(self, start: int, count: int) -> Samples:
        """Return frames from ``start`` on, fewer where the take ends."""
        count = max(0, min(count, self.frames - start))
        if isinstance(self._take, AudioBuffer):
            return downmix(self._take.samples[:, start : start + count], self._channels)
        return downmix(self._of_file(self._take, start, count), self._channels)

    def _of_file(self, take: AudioFile, start: int, count: int) -> Samples:
        if not count:
            return np.zeros((take.channels, 0), np.float32)
        try:
            self._recording = self._recording or open_recording(take)
            sound = self._recording.read(start, count)
        except MixerError as error:
            raise MixerError(f"track {self._track!r}: {error}") from None
        if self._recording.floats and not np.isfinite(sound).all():
            at_s = (start + int(np.argmin(np.isfinite(sound).all(axis=0)))) / take.sample_rate
            raise MixerError(f"track {self._track!r}: {take.path} must be finite, got NaN or infinity at {at_s:.3f} s")
        return sound


class _Held:
    """Sound that is in memory."""

    def __init__(self, samples: Samples) -> None:
        self.frames = samples.shape[1]
        self._samples = samples

    def read(self, first: int, last: int) -> Samples:
        return self._samples[:, first:last]


class _Streamed:
    """Sound that is read as it is heard."""

    def __init__(self, source: _Source, start: int, frames: int) -> None:
        self.frames = frames
        self._source = source
        self._start = start

    def read(self, first: int, last: int) -> Samples:
        return self._source.read(self._start + first, last - first)


class _Resampled:
    """Sound that is resampled as it is heard.

    Parameters
    ----------
    source : _Source
    start : int
        The source's frame to begin with.
    rate : float
        Hz, of the source.
    to : int
        Hz, of the mix.
    skip : int
        Frames of the result that come before what is heard.
    frames : int
    """

    def __init__(self, source: _Source, start: int, rate: float, to: int, skip: int, frames: int) -> None:
        self.frames = frames
        self._source = source
        self._at = start
        self._rates = (rate, to)
        self._chunk = math.ceil(min(BLOCK, skip + frames) * rate / to) + 2 * _CONTEXT
        self._skip = skip
        self._stream: Any = None
        self._ready: Samples | None = None

    def read(self, first: int, last: int) -> Samples:
        count = last - first
        parts: list[Samples] = [] if self._ready is None else [self._ready]
        held = sum(part.shape[1] for part in parts)
        while held < self._skip + count and (part := self._next()) is not None:
            parts.append(part)
            held += part.shape[1]
        joined = np.concatenate(parts, axis=1) if len(parts) != 1 else parts[0]
        joined, self._skip = joined[:, self._skip :], max(0, self._skip - joined.shape[1])
        self._ready = joined[:, count:]
        return _exactly(joined[:, :count], count)

    def _next(self) -> Samples | None:
        """Resample the next chunk; None when the source has ended."""
        left = self._source.frames - self._at
        if left <= 0:
            return None
        sound = self._source.read(self._at, self._chunk)
        self._at += sound.shape[1]
        if self._stream is None:
            import soxr

            self._stream = soxr.ResampleStream(*self._rates, sound.shape[0], dtype="float32", quality="HQ")
        done = self._stream.resample_chunk(np.ascontiguousarray(sound.T), last=self._at >= self._source.frames)
        return np.ascontiguousarray(np.asarray(done, np.float32).T)
