"""Tracks in: small immutable values, checked when they are made. Audio is float32, (channels, frames)."""

from __future__ import annotations

import math
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mixer.errors import MixerError

Samples = NDArray[np.float32]
"""Audio samples, float32, (channels, frames), full scale = ±1."""

STRICT = {"extra": "forbid", "allow_inf_nan": False}
"""How the JSON reader treats our types: unknown keys, NaN and infinity are errors."""


def check(ok: bool, owner: str, name: str, expected: str, got: object) -> None:
    """Raise a MixerError naming the field, what was expected and what came, unless ``ok``."""
    if not ok:
        raise MixerError(f"{owner}.{name} must be {expected}, got {got!r}")


@dataclass(frozen=True, slots=True, eq=False)
class AudioBuffer:
    """Audio with its sample rate. Owns a read-only array; compares by identity.

    Parameters
    ----------
    samples : array_like, (channels, frames) or (frames,)
        Finite numbers; converted to float32 and copied unless already float32, contiguous and read-only.
    sample_rate : int
        Hz, 1,000..768,000.

    Raises
    ------
    MixerError
        Wrong number of dimensions, no channel, a NaN or infinity, a rate out of range.
    """

    samples: Samples
    sample_rate: int

    def __init__(self, samples: ArrayLike, sample_rate: int) -> None:
        array = np.asarray(samples)
        if array.ndim == 1:
            array = array[np.newaxis]
        check(array.ndim == 2 and array.shape[0] >= 1, "AudioBuffer", "samples", "(channels, frames)", array.shape)
        check(1_000 <= sample_rate <= 768_000, "AudioBuffer", "sample_rate", "1,000..768,000 Hz", sample_rate)
        if array.dtype != np.float32 or array.flags.writeable or not array.flags.c_contiguous:
            array = np.array(array, dtype=np.float32, order="C")
        check(bool(np.isfinite(array).all()), "AudioBuffer", "samples", "finite", "NaN or infinity")
        array.flags.writeable = False
        object.__setattr__(self, "samples", array)
        object.__setattr__(self, "sample_rate", int(sample_rate))

    @property
    def channels(self) -> int:
        """Number of channels."""
        return int(self.samples.shape[0])

    @property
    def frames(self) -> int:
        """Number of samples in each channel."""
        return int(self.samples.shape[1])

    @property
    def duration_s(self) -> float:
        """Seconds."""
        return self.frames / self.sample_rate


def openable(path: Path) -> str | bytes:
    """Return what libsndfile is to be given: names that are no text, as old disks hold them, go as their bytes."""
    return str(path) if os.name == "nt" else os.fsencode(path)


@dataclass(frozen=True, slots=True, eq=False)
class AudioFile:
    """A sound file that is read while it is played, so that memory does not grow with its length.

    Parameters
    ----------
    path : path-like
        Of any format that libsndfile reads.

    Attributes
    ----------
    sample_rate, channels, frames : int
        As the file's header says.

    Raises
    ------
    MixerError
        The file is missing, or is not a sound file, or has no channel.
    """

    path: Path
    sample_rate: int
    channels: int
    frames: int

    def __init__(self, path: str | os.PathLike[str]) -> None:
        import soundfile

        path = Path(path)
        try:
            info = soundfile.info(openable(path))
        except (OSError, soundfile.LibsndfileError) as error:
            what = "no such file" if not path.exists() else "not a sound file that can be read"
            raise MixerError(f"{path}: {what} ({error})") from None
        check(1_000 <= info.samplerate <= 768_000, str(path), "sample_rate", "1,000..768,000 Hz", info.samplerate)
        for name, value in (
            ("path", path), ("sample_rate", info.samplerate), ("channels", info.channels), ("frames", info.frames),
        ):  # fmt: skip
            object.__setattr__(self, name, value)

    @property
    def duration_s(self) -> float:
        """Seconds."""
        return self.frames / self.sample_rate


Take: TypeAlias = AudioBuffer | AudioFile
"""One recording of a track, in memory or in a file."""


@dataclass(frozen=True, slots=True)
class Position:
    """Where a sound is, seen from the listener, at a moment of a clip.

    Parameters
    ----------
    azimuth_deg : float
        −180..180, 0 = ahead, + = left (AmbiX, ITU-R BS.2076).
    elevation_deg : float
        −90..90, + = up.
    distance_m : float
        Metres, > 0.
    time_s : float
        Seconds from the start of the clip; 0 for what stands still.
    """

    __pydantic_config__: ClassVar[dict[str, object]] = STRICT

    azimuth_deg: float = 0.0
    elevation_deg: float = 0.0
    distance_m: float = 1.0
    time_s: float = 0.0

    def __post_init__(self) -> None:
        check(-180.0 <= self.azimuth_deg <= 180.0, "Position", "azimuth_deg", "in -180..180", self.azimuth_deg)
        check(-90.0 <= self.elevation_deg <= 90.0, "Position", "elevation_deg", "in -90..90", self.elevation_deg)
        check(0.0 < self.distance_m < math.inf, "Position", "distance_m", "metres above 0", self.distance_m)
        check(0.0 <= self.time_s < math.inf, "Position", "time_s", "seconds from 0", self.time_s)


@dataclass(frozen=True, slots=True)
class Fade:
    """One end of a clip.

    Two clips that overlap by ``duration_s`` and both fade there with the same ``correlation`` keep their power: with
    x = 0..1 through the fade, in = sin(πx/2)/n, out = cos(πx/2)/n, n = √(1 + 2ρ sin(πx/2) cos(πx/2)), where ρ is the
    correlation of the two signals in the overlap. ρ = 0 is the ordinary equal-power fade.

    Parameters
    ----------
    duration_s : float
        ≥ 0; 0 = cut.
    correlation : float
        ρ, −0.9..1.
    """

    __pydantic_config__: ClassVar[dict[str, object]] = STRICT

    duration_s: float = 0.0
    correlation: float = 0.0

    def __post_init__(self) -> None:
        check(0.0 <= self.duration_s < math.inf, "Fade", "duration_s", "seconds from 0", self.duration_s)
        check(-0.9 <= self.correlation <= 1.0, "Fade", "correlation", "in -0.9..1", self.correlation)


@dataclass(frozen=True, slots=True)
class Clip:
    """One stretch of one take on the timeline.

    Parameters
    ----------
    take : int
        Which of the track's takes, from 0.
    onset_s : float
        When it starts in the mix, ≥ 0.
    offset_s : float
        Where in the take it starts, ≥ 0, in seconds of the take at its own pitch.
    duration_s : float
        How long it is heard, > 0, in seconds of the mix.
    gain_db : float
        Its own level variation.
    pitch_cents : float
        Pitch and speed change together, as on a tape; −2400..2400.
    fade_in, fade_out : Fade
        Inside the duration.
    path : tuple of Position
        Where it moves, linear between the points, times rising; empty = the track's position.
    """

    __pydantic_config__: ClassVar[dict[str, object]] = STRICT

    take: int
    onset_s: float
    duration_s: float
    offset_s: float = 0.0
    gain_db: float = 0.0
    pitch_cents: float = 0.0
    fade_in: Fade = Fade()
    fade_out: Fade = Fade()
    path: tuple[Position, ...] = ()

    def __post_init__(self) -> None:
        check(self.take >= 0, "Clip", "take", "0 or more", self.take)
        check(0.0 <= self.onset_s < math.inf, "Clip", "onset_s", "seconds from 0", self.onset_s)
        check(0.0 <= self.offset_s < math.inf, "Clip", "offset_s", "seconds from 0", self.offset_s)
        check(0.0 < self.duration_s < math.inf, "Clip", "duration_s", "seconds above 0", self.duration_s)
        check(-120.0 <= self.gain_db <= 60.0, "Clip", "gain_db", "in -120..60", self.gain_db)
        check(-2400.0 <= self.pitch_cents <= 2400.0, "Clip", "pitch_cents", "in -2400..2400", self.pitch_cents)
        times = [p.time_s for p in self.path]
        check(times == sorted(set(times)), "Clip", "path", "in rising time", times)


@dataclass(frozen=True, slots=True, eq=False)
class Track:
    """One thing that is heard: its takes, when they sound, where it is and how loud it should be.

    Parameters
    ----------
    id : str
        Unique in a mix.
    takes : tuple of AudioBuffer or AudioFile
        Any rates and channel counts. The point of a take (itself, or (L + R)/√2) stands at the position; what lies
        beside it (its own side, or for one channel a decorrelated copy) is spread by ``width``.
    clips : tuple of Clip, optional
        The schedule; by default the first take once, from the start, whole.
    position : Position
    target_lufs : float or None
        Loudness of the placed track before the bus; None = as recorded, at 0 dB and its distance.
    width : float
        0 = a point, 1 = all around: how far a bed is spread.
    priority : float
        0..1, how much it matters that it is heard: what matters is cut less.
    """

    id: str
    takes: tuple[Take, ...]
    clips: tuple[Clip, ...] = field(default=())
    position: Position = Position()
    target_lufs: float | None = None
    width: float = 0.0
    priority: float = 0.5

    def __post_init__(self) -> None:
        check(0.0 <= self.priority <= 1.0, "Track", "priority", "in 0..1", self.priority)
        check(bool(self.id), "Track", "id", "a non-empty word", self.id)
        check(len(self.takes) >= 1, "Track", "takes", "one or more AudioBuffers", self.takes)
        check(0.0 <= self.width <= 1.0, "Track", "width", "in 0..1", self.width)
        if self.target_lufs is not None:
            check(-70.0 <= self.target_lufs <= 0.0, "Track", "target_lufs", "in -70..0 LUFS", self.target_lufs)
        if not self.clips:
            whole = self.takes[0].duration_s
            object.__setattr__(self, "clips", (Clip(take=0, onset_s=0.0, duration_s=whole),) if whole else ())
        for clip in self.clips:
            check(clip.take < len(self.takes), "Clip", "take", f"below {len(self.takes)} in track {self.id}", clip.take)
