"""What is evaluated: folders of stems, with what a ``scene.json`` says of them, and the soundscapes of this program."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import ClassVar

from extender.errors import InputError
from extender.sources.folder.records import AUDIO_SUFFIXES
from mixer import AudioFile, Clip, Fade, MixerError, Position, Room, Take, Track

SCENE_FILE, PROJECT_FILE, MANUAL_FOLDER = "scene.json", "project.json", "manual"
MANUAL_NAMES = ("mix", "manual")
"""How the file of a finished mix beside the stems is called, without its ending."""
CROSSFADE_S = 0.25
"""Of repetitions that overlap."""
_LEAST_S = 0.05
STRICT = {"extra": "forbid", "allow_inf_nan": False}


@dataclass(frozen=True, slots=True)
class StemPlace:
    """What a ``scene.json`` says of one stem.

    Parameters
    ----------
    azimuth_deg, elevation_deg, distance_m : float
        See :class:`mixer.Position`.
    width, priority : float
        See :class:`mixer.Track`; a bed has a width above 0.
    target_lufs : float or None
        Loudness of the track before the bus; None = its own.
    onsets_s : tuple of float
        When it is played, rising; where it still sounds when it comes again, the two are crossfaded over 0.25 s.
    loop : bool
        Instead of onsets: it is played again and again until the scene ends.
    """

    __pydantic_config__: ClassVar[dict[str, object]] = STRICT

    azimuth_deg: float = 0.0
    elevation_deg: float = 0.0
    distance_m: float = 1.0
    width: float = 0.0
    priority: float = 0.5
    target_lufs: float | None = None
    onsets_s: tuple[float, ...] = (0.0,)
    loop: bool = False


@dataclass(frozen=True, slots=True)
class SceneFile:
    """A ``scene.json``: length (default: the longest stem), room, stage, and what is said of stems by file name."""

    __pydantic_config__: ClassVar[dict[str, object]] = STRICT

    duration_s: float | None = None
    stage_half_deg: float = 45.0
    room: Room | None = None
    stems: Mapping[str, StemPlace] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Scene:
    """What is to be mixed.

    Parameters
    ----------
    tracks : tuple of Track
    duration_s : float
    room : Room or None
    stage_half_deg : float
    manual : Path or None
        A finished mix by hand.
    manual_stems : tuple of Track
        What became of each track in it, in the order of the tracks; they sum to it.
    """

    tracks: tuple[Track, ...]
    duration_s: float
    room: Room | None = None
    stage_half_deg: float = 45.0
    manual: Path | None = None
    manual_stems: tuple[Track, ...] = ()


@dataclass(frozen=True, slots=True)
class Found:
    """Where a scene lies: a folder of stems, or a project file."""

    name: str
    path: Path

    @property
    def slug(self) -> str:
        """Its name as a file name; two scenes never share one."""
        plain = re.sub(r"[^\w.-]+", "-", self.name).strip("-.")[:60] or "scene"
        return plain if plain == self.name else f"{plain}-{hashlib.sha256(self.name.encode()).hexdigest()[:6]}"

    def digest(self) -> str:
        """Return what changes when any of its files does."""
        whole = hashlib.sha256()
        for path in self._files():
            whole.update(f"{path.name}\0{path.parent.name}\0".encode())
            try:
                with path.open("rb") as file:
                    whole.update(hashlib.file_digest(file, "sha256").digest())
            except OSError as error:
                raise InputError(f"cannot read {path}: {error.strerror or error}") from None
        return whole.hexdigest()[:16]

    def load(self, *, longest_s: float | None = None) -> Scene:
        """Return the scene, or its beginning.

        Raises
        ------
        InputError, MixerError
            One line that names the scene or the file, and what is wrong.
        """
        scene = _of_project(self.path) if self.path.is_file() else _of_stems(self.path)
        if longest_s is None or scene.duration_s <= longest_s:
            return scene
        return replace(scene, duration_s=longest_s)

    def _files(self) -> list[Path]:
        if self.path.is_file():
            return [self.path]
        notes = [path] if (path := self.path / SCENE_FILE).is_file() else []
        return [*sounds_in(self.path), *sounds_in(self.path / MANUAL_FOLDER), *notes]


def find_scenes(folder: Path) -> tuple[Found, ...]:
    """Return the scenes of a folder: itself, if it holds stems or a project, else its sub-folders that do.

    Raises
    ------
    InputError
        There is no such folder, or no scene in it.
    """
    if not folder.exists():
        raise InputError(f"no such file or folder: {folder}")
    own = _found(folder)
    if own:
        return (own,)
    try:
        inside = sorted(folder.iterdir(), key=lambda p: (_natural(p.name), p.name)) if folder.is_dir() else []
    except OSError as error:
        raise InputError(f"cannot read {folder}: {error.strerror or error}") from None
    scenes = [found for path in inside if path.is_dir() and not path.name.startswith(".") and (found := _found(path))]
    if not scenes:
        raise InputError(f"{folder} holds no scene: give a folder of stems, a soundscape, or a folder of such folders")
    return tuple(scenes)


def _found(path: Path) -> Found | None:
    if path.is_file() and path.name == PROJECT_FILE:
        return Found(path.absolute().parent.name.removesuffix(".soundscape"), path)
    if not path.is_dir():
        return None
    name = path.absolute().name
    if (path / PROJECT_FILE).is_file():
        return Found(name.removesuffix(".soundscape"), path / PROJECT_FILE)
    return Found(name, path) if any(not _is_manual(p) for p in sounds_in(path)) else None


def _natural(name: str) -> list[tuple[int, str]]:
    """Return a key by which ``scene 2`` comes before ``scene 10``."""
    return [(int(part), "") if part.isdigit() else (-1, part.lower()) for part in re.split(r"(\d+)", name)]


def _is_manual(path: Path) -> bool:
    return path.stem.lower() in MANUAL_NAMES


def sounds_in(folder: Path) -> list[Path]:
    """Return the sound files of a folder by name; none where there is no such folder."""
    if not folder.is_dir():
        return []
    try:
        inside = sorted(folder.iterdir(), key=lambda p: (_natural(p.name), p.name))
    except OSError as error:
        raise InputError(f"cannot read {folder}: {error.strerror or error}") from None
    return [p for p in inside if p.suffix.lower() in AUDIO_SUFFIXES and not p.name.startswith(".") and p.is_file()]


def _of_stems(folder: Path) -> Scene:
    sounds = sounds_in(folder)
    stems = [path for path in sounds if not _is_manual(path)]
    names = [path.stem for path in stems]
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise InputError(f"{folder}: two stems are called {twice!r}; give each a name of its own")
    told = read_scene_file(folder / SCENE_FILE)
    unknown = sorted(set(told.stems) - {path.name for path in stems})
    if unknown:
        raise InputError(f"{folder / SCENE_FILE}: there is no stem {unknown[0]!r} beside it")
    takes = {path.name: AudioFile(path) for path in stems}
    for name, take in takes.items():
        if not take.frames:
            raise InputError(f"{folder / name} holds no sound (0 samples)")
    places = {name: told.stems.get(name, StemPlace()) for name in takes}
    duration_s = told.duration_s or max(_end_s(take, places[name]) for name, take in takes.items())
    tracks = tuple(
        _track(name, takes[file], places[file], duration_s, folder) for name, file in zip(names, takes, strict=True)
    )
    manual = next((path for path in sounds if _is_manual(path)), None)
    return Scene(tracks, duration_s, told.room, told.stage_half_deg, manual, _manual_stems(folder, names))


def _end_s(take: Take, place: StemPlace) -> float:
    return max((0.0,) if place.loop else place.onsets_s, default=0.0) + take.duration_s


def _track(name: str, take: Take, place: StemPlace, duration_s: float, folder: Path) -> Track:
    onsets_s = place.onsets_s
    if place.loop:
        step_s = max(take.duration_s - CROSSFADE_S, 0.3)
        onsets_s = tuple(k * step_s for k in range(max(1, int(-(-(duration_s - CROSSFADE_S) // step_s)))))
    try:
        position = Position(place.azimuth_deg, place.elevation_deg, place.distance_m)
        clips = clips_at(onsets_s, take.duration_s, duration_s)
        return Track(name, (take,), clips, position, place.target_lufs, place.width, place.priority)
    except MixerError as error:
        raise InputError(f"{folder / SCENE_FILE}: stem {name!r}: {error}") from None


def clips_at(onsets_s: Sequence[float], take_s: float, duration_s: float) -> tuple[Clip, ...]:
    """Return the clips of a take that is played at certain times; those that overlap are crossfaded.

    Parameters
    ----------
    onsets_s : sequence of float
        Seconds, rising; what comes after the end of the scene is left out.
    take_s, duration_s : float
        Length of the take and of the scene.
    """
    clips: list[Clip] = []
    end_s = 0.0
    for onset_s in onsets_s:
        length_s = min(take_s, duration_s - onset_s)
        if length_s <= 0.0:
            break
        fade = Fade(CROSSFADE_S if onset_s < end_s else 0.0)
        clips.append(Clip(0, onset_s, length_s, fade_in=fade))
        if fade.duration_s:
            clips[-2] = replace(clips[-2], fade_out=fade)
        end_s = onset_s + length_s
    return tuple(clips)


def _manual_stems(folder: Path, names: Sequence[str]) -> tuple[Track, ...]:
    """Return what a person made of each stem, in their order; none where there is no such folder."""
    sounds = {path.stem: path for path in sounds_in(folder / MANUAL_FOLDER)}
    if not sounds:
        return ()
    if sorted(sounds) != sorted(names):
        odd = sorted(set(sounds) ^ set(names))[0]
        raise InputError(f"{folder / MANUAL_FOLDER} must hold one file for each stem, of its name: see {odd!r}")
    return tuple(Track(name, (AudioFile(sounds[name]),)) for name in names)


def read_scene_file(path: Path) -> SceneFile:
    """Read a ``scene.json``; where there is none, nothing is known.

    Raises
    ------
    InputError
        One line that names the first field that is unknown, mistyped or out of range.
    """
    if not path.is_file():
        return SceneFile()
    from pydantic import TypeAdapter, ValidationError

    try:
        told = TypeAdapter(SceneFile).validate_json(path.read_bytes(), strict=True)
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror or error}") from None
    except ValidationError as error:
        first = error.errors()[0]
        raise InputError(f"{path}: {'.'.join(str(part) for part in first['loc']) or 'file'}: {first['msg']}") from None
    except MixerError as error:
        raise InputError(f"{path}: {error}") from None
    if told.duration_s is not None and not _LEAST_S <= told.duration_s <= 86_400.0:
        raise InputError(f"{path}: duration_s must be in {_LEAST_S:g}..86,400 seconds, got {told.duration_s:g}")
    if not 1.0 <= told.stage_half_deg <= 180.0:
        raise InputError(f"{path}: stage_half_deg must be in 1..180, got {told.stage_half_deg:g}")
    for name, place in told.stems.items():
        if not place.onsets_s or place.onsets_s[0] < 0.0 or list(place.onsets_s) != sorted(set(place.onsets_s)):
            raise InputError(f"{path}: onsets_s of {name!r} must be one or more seconds from 0, rising")
    return told


def _of_project(path: Path) -> Scene:
    """Return the tracks of a soundscape as they were before they were mixed."""
    from extender.pipeline import load_sounds, room_of, stage_of, tracks_of
    from extender.project import read_project
    from scenes import load_vocabulary

    project = read_project(path)
    sounds = load_sounds(project.cast, path.absolute().parent)
    tracks = tuple(tracks_of(project.arrangement, project.cast, sounds))
    if not tracks:
        raise InputError(f"{path} has no part that sounds")
    room = room_of(project.scene, load_vocabulary())
    return Scene(tracks, project.arrangement.duration_s, room, stage_of(project.scene))
