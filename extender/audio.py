"""Reading and writing sound files: the one place where formats, rates and axis order are dealt with."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from extender.errors import InputError
from mixer.types import AudioBuffer, Samples

SAMPLE_RATE = 48_000
MAX_EXCERPT_S = 60.0


def read_audio(path: Path, *, max_s: float = MAX_EXCERPT_S) -> AudioBuffer:
    """Decode a sound file at 48 kHz, at most its first ``max_s`` seconds.

    Whatever libsndfile reads is read by it; all else goes through ffmpeg where that is installed.

    Parameters
    ----------
    path : Path
    max_s : float
        Seconds to read at most.

    Returns
    -------
    AudioBuffer
        (channels, frames), 48 kHz. More than two channels are kept.

    Raises
    ------
    InputError
        There is no such file, it cannot be read, does not decode, or holds no sound.
    """
    import soundfile

    if not path.is_file():
        raise InputError(f"no such sound file: {path}")
    try:
        with soundfile.SoundFile(path) as file:
            rate = int(file.samplerate)
            data = file.read(int(max_s * rate), dtype="float32", always_2d=True)
    except soundfile.LibsndfileError as error:
        data, rate = _read_with_ffmpeg(path, max_s, str(error))
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror or error}") from None
    if data.shape[0] == 0:
        raise InputError(f"{path} holds no sound (0 samples)")
    if not np.isfinite(data).all():
        raise InputError(f"{path} holds samples that are not numbers (NaN or infinity)")
    if rate != SAMPLE_RATE:
        import soxr

        data = soxr.resample(data, rate, SAMPLE_RATE, "HQ")
    return AudioBuffer(np.ascontiguousarray(data.T, dtype=np.float32), SAMPLE_RATE)


def _read_with_ffmpeg(path: Path, max_s: float, why: str) -> tuple[Samples, int]:
    """Decode through pydub, which calls ffmpeg. Returns ((frames, channels) float32, rate)."""
    import shutil

    if shutil.which("ffmpeg") is None:
        raise InputError(f"cannot decode {path}: {why.rstrip('.')}; if it is a sound file, installing ffmpeg may help")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pydub's own SyntaxWarnings and its search for avconv
        from pydub import AudioSegment
        from pydub.exceptions import CouldntDecodeError

        try:
            segment = AudioSegment.from_file(path, duration=max_s)
        except (CouldntDecodeError, IndexError, KeyError, OSError):
            raise InputError(f"cannot decode {path}: neither libsndfile nor ffmpeg knows it as sound") from None
    samples = np.array(segment.get_array_of_samples(), dtype=np.float32).reshape(-1, segment.channels)
    return samples / float(1 << (8 * segment.sample_width - 1)), int(segment.frame_rate)


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
