"""What callers hand in, made into tracks: arrays, buffers, files, folders of them, by name or in a row."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from mixer.errors import MixerError
from mixer.types import AudioBuffer, AudioFile, Take, Track

Sound: TypeAlias = AudioBuffer | AudioFile | ArrayLike | str | os.PathLike[str]
"""A recording: with its rate, in a file, or as bare numbers, (channels, frames) or (frames,)."""
Tracks: TypeAlias = Sequence[Track | Sound] | Mapping[str, Sound]
"""What can be mixed: tracks, or recordings that each become one; names are keys, file names or numbers."""

_MOST_CHANNELS = 64
"""More rows than this with fewer columns is an array the other way round."""


def as_tracks(tracks: Tracks, sample_rate: int = 48_000) -> tuple[Track, ...]:
    """Return tracks, whatever form they came in.

    Parameters
    ----------
    tracks : sequence or mapping
        Tracks as they are; AudioBuffer, AudioFile, path or array: a track that plays it once from the start, ahead, at
        its own level.
    sample_rate : int
        Hz, of bare arrays.

    Returns
    -------
    tuple of Track

    Raises
    ------
    MixerError
        Naming the track: no numbers, NaN or infinity, no sound in it, an array the other way round, no such file.
        Also where there are no tracks at all.

    Examples
    --------
    >>> import numpy as np
    >>> [track.id for track in as_tracks({"rain": np.zeros(480), "wind": np.zeros((2, 480))})]
    ['rain', 'wind']
    """
    if isinstance(tracks, str | os.PathLike | np.ndarray | Track | AudioBuffer | AudioFile):
        raise MixerError(f"tracks must be a sequence or a mapping of recordings, got one {type(tracks).__name__}")
    named = tracks.items() if isinstance(tracks, Mapping) else zip(_names(tracks), tracks, strict=True)
    made = tuple(sound if isinstance(sound, Track) else _track(name, sound, sample_rate) for name, sound in named)
    if not made:
        raise MixerError("there are no tracks: one or more are needed")
    return made


def as_take(sound: Sound, sample_rate: int = 48_000) -> Take:
    """Return a recording with its rate, whatever form it came in.

    Raises
    ------
    MixerError
        As :func:`as_tracks`, without the name. Arrays of 8, 16 or 32 bit integers, whose full scale is another.
    """
    if isinstance(sound, AudioBuffer | AudioFile):
        return sound
    if isinstance(sound, str | os.PathLike):
        return AudioFile(sound)
    try:
        array = np.asarray(sound)
    except (TypeError, ValueError):
        array = np.empty(0, object)
    if array.dtype.kind not in "fiub":
        raise MixerError(f"must be numbers, (channels, frames) or (frames,), got {type(sound).__name__}")
    if array.dtype.kind in "iu" and array.dtype.itemsize < 8:
        full = 2 ** (8 * array.dtype.itemsize - 1)
        raise MixerError(f"must be floats with full scale = ±1, got {array.dtype}: divide by {full:,}")
    array = array.astype(np.float32)
    if array.ndim == 2 and array.shape[0] > _MOST_CHANNELS and array.shape[1] <= _MOST_CHANNELS:
        raise MixerError(f"must be (channels, frames), got {array.shape}: hand in its transpose")
    return AudioBuffer(array, sample_rate)


def _track(name: str, sound: Sound, sample_rate: int) -> Track:
    try:
        take = as_take(sound, sample_rate)
    except MixerError as error:
        raise MixerError(f"track {name!r}: {error}") from None
    if take.frames == 0:
        raise MixerError(f"track {name!r}: must have one sample or more, got none")
    return Track(name, (take,))


def _names(sounds: Iterable[Any]) -> list[str]:
    """Return a name for each: its id, its file's stem or its number, told apart by further numbers."""
    names: list[str] = []
    taken = {sound.id for sound in sounds if isinstance(sound, Track)}
    for number, sound in enumerate(sounds, 1):
        if isinstance(sound, Track):
            names.append(sound.id)
            continue
        path = sound.path if isinstance(sound, AudioFile) else sound
        stem = Path(path).stem if isinstance(path, str | os.PathLike) else f"track {number}"
        name, again = stem or f"track {number}", 2
        while name in taken:
            name, again = f"{stem}-{again}", again + 1
        taken.add(name)
        names.append(name)
    return names
