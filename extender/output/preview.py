"""Short sounds that travel inside the page: cut, levelled and packed small enough to be written into HTML."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from extender.audio import read_audio
from extender.errors import InputError
from extender.types import Part, Role

RATE = 32_000
"""Hz. What MP3 keeps at these bit rates ends at 16 kHz anyhow, and packing is a third quicker than at 48 kHz."""

MIX_S = 180.0
"""Of a longer mix the page holds the beginning; the rest is in the file beside it."""

PREVIEW_S = 8.0

_LEVEL_RMS, _PEAK = 0.1, 0.89  # −20 dBFS and −1 dBFS: takes come at any level and are to be compared by ear
_FADE_S = 0.01
_BLOCK = 32_768  # frames; some libsndfile versions cannot take much more at a time for Vorbis

_PACKINGS = (
    ("MP3", "MPEG_LAYER_III", "audio/mpeg"),
    ("OGG", "VORBIS", "audio/ogg"),
    ("WAV", "PCM_16", "audio/wav"),
)
"""The first that libsndfile can write is used; MP3 (every browser plays it) since libsndfile 1.1."""


@dataclass(frozen=True, slots=True)
class Preview:
    """A sound for the page.

    Parameters
    ----------
    mime : str
    data : bytes
        The encoded file.
    duration_s : float
    whole : bool
        Whether nothing was cut off.
    """

    mime: str
    data: bytes
    duration_s: float
    whole: bool

    @property
    def uri(self) -> str:
        """The sound as a ``data:`` URI."""
        return f"data:{self.mime};base64,{base64.b64encode(self.data).decode('ascii')}"


def mix_preview(path: Path, *, max_s: float = MIX_S) -> Preview:
    """Pack the beginning of a mix at about 120 kbit/s (stereo), block by block.

    Raises
    ------
    soundfile.LibsndfileError
        The file cannot be read.
    """
    import soundfile
    import soxr

    with soundfile.SoundFile(path) as file:
        frames = min(file.frames, round(max_s * file.samplerate))
        channels = min(2, file.channels)
        stream = soxr.ResampleStream(file.samplerate, RATE, channels, dtype="float32")

        def blocks() -> Iterator[NDArray[np.float32]]:
            left = frames
            while left > 0:
                block = file.read(min(_BLOCK, left), dtype="float32", always_2d=True)[:, :channels]
                if len(block) == 0:
                    break
                left -= len(block)
                yield stream.resample_chunk(np.ascontiguousarray(block), last=left <= 0)

        mime, data = pack(blocks(), channels, quality=0.5)
        return Preview(mime, data, frames / file.samplerate, whole=frames == file.frames)


def role_preview(role: Role, part: Part | None, folder: Path, *, max_s: float = PREVIEW_S) -> Preview | None:
    """Pack what a role sounds like by itself: of an event its takes one after another, of all else where it sets in.

    Returns
    -------
    Preview or None
        Mono, or stereo for a bed of two channels. None where no take can be read: a page without one sound to play is
        better than no page.
    """
    clips = part.clips if part else ()
    offsets = {clip.take: clip.offset_s for clip in reversed(clips) if clip.take < len(role.takes)} or {0: 0.0}
    order = sorted(offsets) if role.kind == "event" else [clips[0].take if clips else 0]
    pieces: list[NDArray[np.float32]] = []
    room_s = max_s
    for take in order:
        piece = _excerpt(folder / role.takes[take].file, offsets.get(take, 0.0), room_s)
        if piece is not None:
            pieces.append(_mono(piece) if role.kind == "event" else piece)
            room_s -= len(piece) / RATE
        if room_s < 0.25:
            break
    if not pieces:
        return None
    samples = np.concatenate(pieces)
    mime, data = pack([samples], samples.shape[1], quality=0.65)
    return Preview(mime, data, len(samples) / RATE, whole=False)


def _excerpt(path: Path, offset_s: float, length_s: float) -> NDArray[np.float32] | None:
    """Return (frames, 1 or 2) at RATE, levelled and faded; None if unreadable."""
    import soundfile
    import soxr

    try:
        with soundfile.SoundFile(path) as file:
            rate = int(file.samplerate)
            file.seek(min(round(offset_s * rate), max(0, file.frames - rate // 10)))
            samples = file.read(round(length_s * rate), dtype="float32", always_2d=True)
    except (soundfile.LibsndfileError, OSError):
        try:  # what only ffmpeg reads
            audio = read_audio(path, max_s=offset_s + length_s)
        except InputError:
            return None
        rate = audio.sample_rate
        samples = audio.samples.T[round(offset_s * rate) :]
    if len(samples) == 0 or not np.isfinite(samples).all():
        return None
    if samples.shape[1] > 2:
        samples = _mono(samples)
    if rate != RATE:
        samples = soxr.resample(np.ascontiguousarray(samples), rate, RATE, "MQ")
    return _levelled(samples)


def _mono(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(samples.mean(axis=1, keepdims=True), dtype=np.float32)


def _levelled(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    rms = float(np.sqrt(np.mean(np.square(samples, dtype=np.float64)))) if samples.size else 0.0
    if rms > 0.0:
        samples = samples * np.float32(min(_LEVEL_RMS / rms, _PEAK / float(np.abs(samples).max())))
    fade = min(round(_FADE_S * RATE), len(samples) // 2)
    if fade:
        slope = np.linspace(0.0, 1.0, fade, dtype=np.float32)[:, np.newaxis]
        samples = samples.copy()
        samples[:fade] *= slope
        samples[-fade:] *= slope[::-1]
    return samples


def pack(blocks: Iterable[NDArray[np.float32]], channels: int, *, quality: float) -> tuple[str, bytes]:
    """Encode blocks of (frames, channels) at RATE.

    Parameters
    ----------
    blocks : iterable of (frames, channels) float32
    channels : int
        1 or 2.
    quality : float
        libsndfile's compression level: 0 = best, 1 = smallest; of MP3 at variable bit rate.

    Returns
    -------
    mime : str
    data : bytes
        The same for the same samples (MP3 and WAV; an Ogg stream carries a random serial number).
    """
    import soundfile

    container, subtype, mime = next(p for p in _PACKINGS if soundfile.check_format(p[0], p[1]))
    out = io.BytesIO()
    settings: dict[str, object] = {} if container == "WAV" else {"compression_level": quality}
    if container == "MP3":
        settings["bitrate_mode"] = "VARIABLE"
    arguments = {"mode": "w", "samplerate": RATE, "channels": channels, "subtype": subtype, "format": container}
    try:
        file = soundfile.SoundFile(out, **arguments, **settings)
    except TypeError:  # soundfile before 0.13 has no such settings
        file = soundfile.SoundFile(out, **arguments)
    with file:
        for block in blocks:
            for first in range(0, len(block), _BLOCK):
                file.write(block[first : first + _BLOCK])
    return mime, out.getvalue()
