"""The folder of an evaluation: what was measured of each scene is kept, and not measured again while it holds."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import ClassVar

import extender
from extender.errors import OutputError
from extender.evaluation.measuring import Heard, Measurement, Wanted
from extender.evaluation.scenes import STRICT, Found
from extender.evaluation.systems import System
from extender.output.preview import Preview
from extender.output.workspace import whole_file

KEPT, MIXES = "measured", "mixes"
_ENDINGS = {"audio/mpeg": ".mp3", "audio/ogg": ".ogg", "audio/wav": ".wav"}


@dataclass(frozen=True, slots=True)
class Sound:
    """A packed mix in the folder: its file, its part for the listening test (often the same), and where that begins."""

    __pydantic_config__: ClassVar[dict[str, object]] = STRICT

    file: str
    part: str
    start_s: float


@dataclass(frozen=True, slots=True)
class Entry:
    """One mix of a scene: what it was made with, what was measured, what is heard."""

    __pydantic_config__: ClassVar[dict[str, object]] = STRICT

    key: str
    measured: Measurement
    sound: Sound | None = None


@dataclass(frozen=True, slots=True)
class SceneResult:
    """All that is known of a scene.

    Parameters
    ----------
    name : str
    tracks : tuple of str
    duration_s : float
    entries : dict of str to Entry
        By the names of the systems.
    """

    __pydantic_config__: ClassVar[dict[str, object]] = STRICT

    name: str
    tracks: tuple[str, ...]
    duration_s: float
    entries: dict[str, Entry] = field(default_factory=dict)

    def of(self, system: str) -> Measurement | None:
        """Return what was measured of a system; None where it was not."""
        entry = self.entries.get(system)
        return entry.measured if entry else None


def key_of(digest: str, system: System | None, wanted: Wanted, longest_s: float | None) -> str:
    """Return what changes when a mix would have to be measured again."""
    what = [extender.__version__, digest, asdict(system) if system else "manual", asdict(wanted), longest_s]
    return hashlib.sha256(json.dumps(what, sort_keys=True).encode()).hexdigest()[:16]


class Store:
    """The folder of an evaluation.

    Parameters
    ----------
    folder : Path
        Made if it is not there; otherwise it must be empty, or that of an earlier evaluation.

    Raises
    ------
    OutputError
        It is something else, or cannot be written.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        if folder.exists() and not folder.is_dir():
            raise OutputError(f"{folder} is not a folder; give another --output")
        try:
            if folder.exists() and any(folder.iterdir()) and not (folder / KEPT).is_dir():
                raise OutputError(f"{folder} holds something else than an evaluation; give another --output")
            (folder / KEPT).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OutputError(f"cannot write {folder}: {error.strerror or error}") from None
        if not os.access(folder / KEPT, os.W_OK):
            raise OutputError(f"cannot write {folder}: permission denied; give another place with --output")

    def kept(self, found: Found) -> SceneResult | None:
        """Return what was kept of a scene; None where there is nothing that can be read."""
        from pydantic import TypeAdapter, ValidationError

        try:
            return TypeAdapter(SceneResult).validate_json((self.folder / KEPT / f"{found.slug}.json").read_bytes())
        except (OSError, ValidationError):
            return None

    def has_sound(self, entry: Entry) -> bool:
        """Tell whether the sound of a mix is still there."""
        sound = entry.sound
        return sound is not None and all((self.folder / name).is_file() for name in (sound.file, sound.part))

    def keep(self, found: Found, result: SceneResult) -> None:
        """Write what is known of a scene, whole or not at all."""
        text = json.dumps(asdict(result), indent=1, allow_nan=False, ensure_ascii=False) + "\n"
        with whole_file(self.folder / KEPT / f"{found.slug}.json", force=True) as path:
            path.write_text(text, encoding="utf-8", newline="\n")

    def keep_sound(self, found: Found, system: str, heard: Heard) -> Sound:
        """Write the packed mix."""
        file = self._write(f"{MIXES}/{found.slug}/{system}", heard.whole)
        part = self._write(f"{MIXES}/{found.slug}/{system}.part", heard.excerpt) if heard.excerpt else file
        return Sound(file, part, heard.start_s)

    def write(self, name: str, text: str) -> Path:
        """Write a page or table, whole or not at all."""
        with whole_file(self.folder / name, force=True) as path:
            path.write_text(text, encoding="utf-8", newline="\n")
        return self.folder / name

    def _write(self, stem: str, sound: Preview) -> str:
        name = stem + _ENDINGS[sound.mime]
        target = self.folder / name
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OutputError(f"cannot write {target}: {error.strerror or error}") from None
        with whole_file(target, force=True) as path:
            path.write_bytes(sound.data)
        return name


def with_entry(result: SceneResult, system: str, entry: Entry) -> SceneResult:
    """Return the result with one more mix."""
    return replace(result, entries={**result.entries, system: entry})


def in_order(result: SceneResult, names: Mapping[str, str]) -> SceneResult:
    """Return only those mixes whose names and keys are given, in their order."""
    entries = {
        name: result.entries[name]
        for name, key in names.items()
        if name in result.entries and result.entries[name].key == key
    }
    return replace(result, entries=entries)
