"""Reading sound files a stretch at a time: uncompressed WAV by itself, everything else through libsndfile."""

from __future__ import annotations

import struct
import weakref
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Protocol

import numpy as np
from numpy.typing import NDArray

from mixer.errors import MixerError
from mixer.kernels import compiled
from mixer.types import AudioFile, Samples, openable

_PCM, _FLOAT, _EXTENSIBLE = 1, 3, 0xFFFE
_GUID_TAIL = bytes.fromhex("000000001000800000aa00389b71")
"""What follows the format code in the sub-format of an extensible header (RFC 2361)."""
_FORMATS = {(_PCM, 16), (_PCM, 24), (_PCM, 32), (_FLOAT, 32), (_FLOAT, 64)}


class Recording(Protocol):
    """A file that is being read."""

    @property
    def floats(self) -> bool:
        """Whether it may hold NaN or infinity."""
        ...

    def read(self, start: int, count: int) -> Samples:
        """Return ``count`` frames from ``start`` on, (channels, count), a new array. Both lie in the file."""
        ...


@dataclass(frozen=True, slots=True)
class WaveData:
    """Where the samples of a WAV file lie, and how they are written.

    Parameters
    ----------
    offset : int
        Of the first sample, in bytes.
    frames, channels, sample_rate : int
    code, bits : int
        1 = integers, 3 = floats; of 16, 24, 32 or 64 bits.
    """

    offset: int
    frames: int
    channels: int
    sample_rate: int
    code: int
    bits: int


def wave_data(path: Path) -> WaveData | None:
    """Read the header of a RIFF or RF64 file; None for whatever is not plain uncompressed WAV.

    RIFF: Microsoft/IBM, "Multimedia Programming Interface and Data Specifications", 1991; RF64: EBU Tech 3306.
    """
    with path.open("rb") as file:
        head = file.read(12)
        if len(head) < 12 or head[:4] not in (b"RIFF", b"RF64") or head[8:] != b"WAVE":
            return None
        return _walk(file, path.stat().st_size)


def _walk(file: BinaryIO, size: int) -> WaveData | None:
    form: tuple[int, int, int, int, int] | None = None
    long_bytes: int | None = None
    while len(header := file.read(8)) == 8:
        name, length = header[:4], struct.unpack("<I", header[4:])[0]
        start = file.tell()
        if name == b"fmt ":
            form = _format(file.read(length))
        elif name == b"ds64":
            long_bytes = struct.unpack("<QQ", file.read(16))[1]
        elif name == b"data":
            if form is None:
                return None
            code, channels, rate, align, bits = form
            length = long_bytes if long_bytes is not None and length == 0xFFFFFFFF else length
            frames = min(length, size - start) // align
            return WaveData(start, frames, channels, rate, code, bits)
        file.seek(start + length + length % 2)
    return None


def _format(chunk: bytes) -> tuple[int, int, int, int, int] | None:
    """Return code, channels, rate, bytes of a frame and bits, where samples are plain numbers."""
    if len(chunk) < 16:
        return None
    code, channels, rate, _, align, bits = struct.unpack("<HHIIHH", chunk[:16])
    if code == _EXTENSIBLE and len(chunk) >= 40 and chunk[26:40] == _GUID_TAIL:
        code = struct.unpack("<H", chunk[24:26])[0]
    plain = (code, bits) in _FORMATS and channels > 0 and align == channels * bits // 8
    return (code, channels, rate, align, bits) if plain else None


def open_recording(file: AudioFile) -> Recording:
    """Return what reads a file fastest.

    Raises
    ------
    MixerError
        The file cannot be opened any more.
    """
    try:
        data = wave_data(file.path)
    except OSError as error:
        raise MixerError(f"{file.path}: cannot be read ({error})") from None
    told = (file.frames, file.channels, file.sample_rate)
    if data is not None and (data.frames, data.channels, data.sample_rate) == told:
        return WaveRecording(file.path, data)
    return SoundRecording(file)


class WaveRecording:
    """Uncompressed WAV: bytes are read and made floats, the same to the last bit as libsndfile makes of them."""

    def __init__(self, path: Path, data: WaveData) -> None:
        self.floats = data.code == _FLOAT
        self._path = path
        self._data = data
        self._file: Any = None
        self._decode: Callable[[Any, int, int], Samples] = {
            (_PCM, 16): _from_int16, (_PCM, 24): _from_int24, (_PCM, 32): _from_int32,
            (_FLOAT, 32): _from_float32, (_FLOAT, 64): _from_float64,
        }[data.code, data.bits]  # fmt: skip

    def __del__(self) -> None:
        """Close the file when nothing plays it any more."""
        if self._file is not None:
            self._file.close()

    def read(self, start: int, count: int) -> Samples:
        """See :class:`Recording`."""
        data = self._data
        frame = data.channels * data.bits // 8
        # One byte in front, for the decoder of 24 bits; the samples behind it are seen as if they were aligned.
        raw = np.empty(1 + count * frame, np.uint8)
        try:
            if self._file is None:
                self._file = self._path.open("rb", buffering=0)
                weakref.finalize(self, self._file.close)  # with the last who plays it
            self._file.seek(data.offset + start * frame)
            _fill(self._file, raw[1:], self._path)
        except OSError as error:
            raise MixerError(f"{self._path}: cannot be read ({error})") from None
        return self._decode(raw, count, data.channels)


def _fill(file: Any, raw: NDArray[np.uint8], path: Path) -> None:
    view = raw.data
    while len(view):
        got = file.readinto(view)
        if not got:
            raise MixerError(f"{path}: ends before its header says; was it changed while it was read?")
        view = view[got:]


def _numpy_int24(words: NDArray[np.int32], out: Samples) -> None:
    np.multiply(words & np.int32(-256), np.float32(2.0**-31), out=out, dtype=np.float32, casting="unsafe")


@compiled(fallback=_numpy_int24)
def _int24(words: NDArray[np.int32], out: Samples) -> None:
    """Mask out the lowest byte and scale; exact, for 24 bits fit a float's mantissa."""
    for channel in range(words.shape[0]):
        for n in range(words.shape[1]):
            out[channel, n] = np.float32(words[channel, n] & np.int32(-256)) * np.float32(4.656612873077393e-10)  # 2⁻³¹


def _from_int24(raw: NDArray[np.uint8], count: int, channels: int) -> Samples:
    """Make floats of little-endian 24-bit integers.

    Each is looked at as the upper three bytes of a 32-bit integer that begins one byte earlier; the lowest byte belongs
    to the sample before.
    """
    out: Samples = np.empty((channels, count), np.float32)
    _int24(np.ndarray((channels, count), "<i4", raw, 0, (3, 3 * channels)), out)
    return out


def _from_int16(raw: NDArray[np.uint8], count: int, channels: int) -> Samples:
    return _scaled(raw[1:].view("<i2").reshape(count, channels).T, 2.0**-15)


def _from_int32(raw: NDArray[np.uint8], count: int, channels: int) -> Samples:
    return _scaled(raw[1:].view("<i4").reshape(count, channels).T, 2.0**-31)


def _from_float32(raw: NDArray[np.uint8], count: int, channels: int) -> Samples:
    return np.array(raw[1:].view("<f4").reshape(count, channels).T, np.float32, order="C")


def _from_float64(raw: NDArray[np.uint8], count: int, channels: int) -> Samples:
    with np.errstate(over="ignore"):
        return np.array(raw[1:].view("<f8").reshape(count, channels).T, np.float32, order="C")


def _scaled(integers: NDArray[np.integer], scale: float) -> Samples:
    out: Samples = np.empty(integers.shape, np.float32)
    np.multiply(integers, np.float32(scale), out=out, dtype=np.float32, casting="unsafe")
    return out


class SoundRecording:
    """Whatever libsndfile reads; kept open while it is played, for finding a place in it may take long."""

    def __init__(self, file: AudioFile) -> None:
        import soundfile

        self._path = file.path
        try:
            self._file = soundfile.SoundFile(openable(file.path))
        except (OSError, soundfile.LibsndfileError) as error:
            raise MixerError(f"{file.path}: cannot be read ({error})") from None
        self.floats = self._file.subtype in ("FLOAT", "DOUBLE")
        self._at = 0

    def read(self, start: int, count: int) -> Samples:
        """See :class:`Recording`. What a compressed file has less than its header says is silence."""
        import soundfile

        out: Samples = np.zeros((count, self._file.channels), np.float32)
        try:
            if start != self._at:
                self._file.seek(start)
            got = len(self._file.read(out=out))
        except (OSError, soundfile.LibsndfileError) as error:
            raise MixerError(f"{self._path}: cannot be decoded ({error})") from None
        out[got:] = 0.0
        self._at = start + got
        return np.ascontiguousarray(out.T)
