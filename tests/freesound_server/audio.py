"""What the server knows about the sound of a file: facts of the header, measured descriptors, encoded previews.

Everything is worked out at the first question and kept under the cache folder, by path, size and time of the file.
"""

from __future__ import annotations

import hashlib
import json
import os
import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from tests.freesound_server.measures import measure

Quality = Literal["hq", "lq"]
Codec = Literal["mp3", "ogg"]

PREVIEWS: tuple[tuple[Quality, Codec], ...] = (("hq", "mp3"), ("hq", "ogg"), ("lq", "mp3"), ("lq", "ogg"))
MIME = {"mp3": "audio/mpeg", "ogg": "audio/ogg"}

# libsndfile's compression level: mp3 spans 320..32 kbit/s (192 and 70 wanted), Vorbis quality 10..0 (6 and 1 wanted).
_COMPRESSION = {("hq", "mp3"): 0.444, ("lq", "mp3"): 0.868, ("hq", "ogg"): 0.4, ("lq", "ogg"): 0.9}
_MP3_RATES = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000)
_BLOCK = 1 << 16
_MEASURED_S = 30.0


@dataclass(frozen=True, slots=True)
class Header:
    """What the header of a file says. ``bitdepth`` is 0 for compressed files; ``md5`` is of the whole file."""

    duration_s: float
    samplerate: int
    channels: int
    bitdepth: int
    filesize: int


class AudioShelf:
    """Headers, checksums, descriptors and previews of files, each made once.

    Parameters
    ----------
    folder : Path
        Where previews and descriptors are kept; made when first needed.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._headers: dict[Path, Header] = {}
        self._md5: dict[Path, str] = {}
        self._descriptors: dict[Path, Mapping[str, Any]] = {}
        self._locks: dict[object, threading.Lock] = {}
        self._guard = threading.Lock()

    def header(self, path: Path) -> Header:
        """Read the header of ``path``."""
        if path not in self._headers:
            import soundfile

            info = soundfile.info(str(path))
            depth = {"PCM_S8": 8, "PCM_U8": 8, "PCM_16": 16, "PCM_24": 24, "PCM_32": 32, "FLOAT": 32, "DOUBLE": 64}
            self._headers[path] = Header(
                info.frames / info.samplerate,
                info.samplerate,
                info.channels,
                depth.get(info.subtype, 0),
                path.stat().st_size,
            )
        return self._headers[path]

    def md5(self, path: Path) -> str:
        """Return the checksum of the file, as 32 hexadecimal digits."""
        if path not in self._md5:
            with path.open("rb") as file:
                self._md5[path] = hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
        return self._md5[path]

    def descriptors(self, path: Path) -> Mapping[str, Any]:
        """Return the measured descriptors of the first 30 s of ``path``."""
        if path not in self._descriptors:
            with self._lock(path):
                if path not in self._descriptors:
                    self._descriptors[path] = self._read_or_measure(path)
        return self._descriptors[path]

    def preview(self, path: Path, quality: Quality, codec: Codec) -> Path:
        """Return the file of a preview, encoded on first demand."""
        target = self._folder / f"{_key(path)}-{quality}.{codec}"
        if not target.exists():
            with self._lock(target):
                if not target.exists():
                    self._make_folder()
                    _encode(path, target, quality, codec)
        return target

    def _read_or_measure(self, path: Path) -> Mapping[str, Any]:
        import soundfile

        kept = self._folder / f"{_key(path)}.json"
        try:
            values: dict[str, Any] = json.loads(kept.read_text())
        except (OSError, ValueError):
            rate = self.header(path).samplerate
            samples, rate = soundfile.read(str(path), frames=int(_MEASURED_S * rate), dtype="float32", always_2d=True)
            values = asdict(measure(samples.mean(axis=1), rate))
            self._make_folder()
            _replace(kept, json.dumps(values).encode())
        return values

    def _make_folder(self) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def _lock(self, key: object) -> threading.Lock:
        with self._guard:
            return self._locks.setdefault(key, threading.Lock())


def _key(path: Path) -> str:
    """Name what is kept for a file: changes with its path, size and time."""
    status = path.stat()
    return hashlib.sha256(f"1|{path}|{status.st_size}|{status.st_mtime_ns}".encode()).hexdigest()[:32]


def _replace(target: Path, content: bytes) -> None:
    temporary = target.with_name(f".{target.name}.{os.getpid()}.{threading.get_ident()}")
    temporary.write_bytes(content)
    temporary.replace(target)


def _encode(path: Path, target: Path, quality: Quality, codec: Codec) -> None:
    """Encode the whole file in small blocks (libsndfile's Vorbis encoder overflows its stack on long ones)."""
    import soundfile

    temporary = target.with_name(f".{target.name}.{os.getpid()}.{threading.get_ident()}")
    samples, rate = soundfile.read(str(path), dtype="float32", always_2d=True)
    samples = samples[:, :2]
    if codec == "mp3" and rate not in _MP3_RATES:
        samples, rate = _resampled(samples, rate, 44100), 44100
    options = {"bitrate_mode": "AVERAGE"} if codec == "mp3" else {}
    with soundfile.SoundFile(
        str(temporary),
        "w",
        rate,
        samples.shape[1],
        format=codec.upper(),
        compression_level=_COMPRESSION[quality, codec],
        **options,
    ) as file:
        for start in range(0, len(samples), _BLOCK):
            file.write(samples[start : start + _BLOCK])
    temporary.replace(target)


def _resampled(samples: NDArray[np.float32], rate: int, wanted: int) -> NDArray[np.float32]:
    import soxr

    return np.asarray(soxr.resample(samples, rate, wanted), dtype=np.float32)
