"""Reading and writing sound files: the one place where formats, rates and axis order are dealt with."""

from __future__ import annotations

import math
import shutil
import subprocess
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np

from extender.errors import InputError
from mixer.types import AudioBuffer, Samples, openable

SAMPLE_RATE = 48_000
MAX_EXCERPT_S = 60.0
"""No more of a recording than this is ever in memory at once."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Reading:
    """A sound file that is being decoded.

    Parameters
    ----------
    sample_rate, channels : int
    read : callable
        Returns the next frames, at most as many as asked for, (frames, channels) float32; none at the end.
    """

    sample_rate: int
    channels: int
    read: Callable[[int], Samples]


def read_audio(path: Path, *, start_s: float = 0.0, max_s: float = MAX_EXCERPT_S) -> AudioBuffer:
    """Decode a stretch of a sound file at 48 kHz.

    Parameters
    ----------
    path : Path
    start_s, max_s : float
        Where to begin, and how much to read at most, in seconds of the file.

    Returns
    -------
    AudioBuffer
        (channels, frames), 48 kHz. More than two channels are kept.

    Raises
    ------
    InputError
        There is no such file, it cannot be read, does not decode, or holds no sound there.
    """

    def whole(reading: Reading) -> tuple[Samples, int]:
        return reading.read(round(max_s * reading.sample_rate)), reading.sample_rate

    data, rate = decode(path, whole, start_s=start_s)
    if data.shape[0] == 0:
        raise InputError(f"{path} holds no sound (0 samples)")
    if not np.isfinite(data).all():
        raise InputError(f"{path} holds samples that are not numbers (NaN or infinity)")
    if rate != SAMPLE_RATE:
        import soxr

        data = soxr.resample(data, rate, SAMPLE_RATE, "HQ")
    return AudioBuffer(np.ascontiguousarray(data.T, dtype=np.float32), SAMPLE_RATE)


def decode(path: Path, use: Callable[[Reading], T], *, start_s: float = 0.0) -> T:
    """Open a sound file for decoding, block by block, and return what ``use`` makes of it.

    Whatever libsndfile reads is read by it; all else, and what it gives up on, goes through ffmpeg where that is
    installed, from the beginning again.

    Raises
    ------
    InputError
        There is no such file, it cannot be read, or does not decode.
    """
    import soundfile

    if not path.is_file():
        raise InputError(f"no such sound file: {path}")
    try:
        with soundfile.SoundFile(openable(path)) as file:
            file.seek(min(round(start_s * file.samplerate), file.frames))
            return use(Reading(file.samplerate, file.channels, lambda n: file.read(n, "float32", always_2d=True)))
    except soundfile.LibsndfileError as error:
        why = str(error)
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror or error}") from None
    with _ffmpeg(path, start_s, why) as reading:
        return use(reading)


@contextmanager
def _ffmpeg(path: Path, start_s: float, why: str) -> Iterator[Reading]:
    """Decode with ffmpeg, found and asked by pydub, through a pipe: length is no matter."""
    if shutil.which("ffmpeg") is None or shutil.which("ffprobe") is None:
        raise InputError(f"cannot decode {path}: {why.rstrip('.')}; if it is a sound file, installing ffmpeg may help")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pydub's own SyntaxWarnings and its search for avconv
        from pydub import AudioSegment
        from pydub.utils import mediainfo_json
    try:
        info = mediainfo_json(str(path.absolute())) or {}
        sound = next(stream for stream in info.get("streams", ()) if stream.get("codec_type") == "audio")
        rate, channels = int(sound["sample_rate"]), int(sound["channels"])
    except (StopIteration, ValueError, KeyError, TypeError):  # of damaged files ffprobe may say anything
        raise InputError(f"cannot decode {path}: neither libsndfile nor ffmpeg knows it as sound") from None
    origin = ["-ss", f"{start_s:.6f}", "-i", f"file:{path.absolute()}", "-map", "0:a:0"]
    goal = ["-ar", str(rate), "-ac", str(channels), "-c:a", "pcm_f32le", "-f", "f32le", "pipe:1"]
    command = [AudioSegment.converter, "-v", "quiet", "-nostdin", *origin, *goal]
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE) as process:  # noqa: S603
        pipe = process.stdout
        assert pipe is not None  # noqa: S101 - it was asked for
        try:

            def read(frames: int) -> Samples:
                data = pipe.read(frames * 4 * channels)
                whole = len(data) // (4 * channels)
                return np.frombuffer(data, "<f4", whole * channels).astype(np.float32).reshape(whole, channels)

            yield Reading(rate, channels, read)
        finally:
            pipe.close()  # ffmpeg ends by itself when nobody listens
            process.terminate()


def is_heard(path: Path, peak: float) -> bool:
    """Tell whether a sound anywhere exceeds a peak; no more is decoded than needed, and never much at once.

    Raises
    ------
    InputError
        It does not decode, holds no sound, or samples that are not numbers.
    """

    def find(reading: Reading) -> bool:
        any_sound = False
        while (block := reading.read(reading.sample_rate)).size:
            any_sound = True
            loudest = float(np.abs(block).max())
            if not math.isfinite(loudest):
                raise InputError(f"{path} holds samples that are not numbers (NaN or infinity)")
            if loudest >= peak:
                return True
        if not any_sound:
            raise InputError(f"{path} holds no sound (0 samples)")
        return False

    return decode(path, find)


FORMATS: dict[str, tuple[str, str]] = {
    "wav": ("WAV", "PCM_24"),
    "flac": ("FLAC", "PCM_24"),
    "ogg": ("OGG", "VORBIS"),
    "mp3": ("MP3", "MPEG_LAYER_III"),
    "float": ("WAV", "FLOAT"),
}
"""Output formats → libsndfile's container and coding. ``float`` is for stems: 32-bit WAV, in which nothing clips."""

WAV_LIMIT_BYTES = 4_000_000_000
"""A RIFF file counts its bytes in 32 bits; longer ones are written as RF64 (EBU Tech 3306), which begins the same."""


@contextmanager
def open_for_writing(
    path: Path, file_format: str, channels: int, *, frames: int = 0, sample_rate: int = SAMPLE_RATE
) -> Iterator[Callable[[Samples], None]]:
    """Open a sound file to be written in blocks of (channels, frames) through the yielded function.

    Parameters
    ----------
    path : Path
    file_format : str
        A key of FORMATS.
    channels : int
    frames : int
        How many are expected at most; decides between RIFF and RF64.
    sample_rate : int
        Hz.
    """
    import soundfile

    container, subtype = FORMATS[file_format]
    if container == "WAV" and frames * channels * 4 > WAV_LIMIT_BYTES:
        container = "RF64"
    with soundfile.SoundFile(path, "w", sample_rate, channels, subtype, format=container) as file:
        yield lambda block: file.write(np.ascontiguousarray(block.T))
