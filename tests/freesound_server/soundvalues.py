"""The indexed values of one sound: what its filters and orders compare."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from tests.freesound_server.audio import AudioShelf, Header
from tests.freesound_server.catalogue import Sound
from tests.freesound_server.descriptors import INDEXED
from tests.freesound_server.taxonomy import names

_NOTHING = Header(0.0, 44100, 0, 16, 0)


class SoundValues:
    """Looks values up, opening and measuring the file only when a question needs it.

    Parameters
    ----------
    sound : Sound
    shelf : AudioShelf
    now : callable
    """

    def __init__(self, sound: Sound, shelf: AudioShelf, now: Callable[[], datetime]) -> None:
        self.sound = sound
        self._shelf = shelf
        self._now = now

    @property
    def now(self) -> datetime:
        """The time that ``NOW`` means."""
        return self._now()

    @property
    def header(self) -> Header:
        """Facts of the file's header; zeros where there is no file."""
        return self._shelf.header(self.sound.path) if self.sound.path else _NOTHING

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return self.sound.duration_s if self.sound.duration_s is not None else self.header.duration_s

    @property
    def filesize(self) -> int:
        """Bytes of the original."""
        return self.sound.path.stat().st_size if self.sound.path else 0

    @property
    def md5(self) -> str:
        """Checksum of the original."""
        return self._shelf.md5(self.sound.path) if self.sound.path else "0" * 32

    @property
    def bitrate(self) -> int:
        """Mean bit rate in kbit/s; of PCM what the format makes."""
        header = self.header
        if header.bitdepth:
            return int(header.samplerate * (header.channels or 2) * header.bitdepth / 1000)
        return int(self.filesize * 8 / 1000 / self.duration_s) if self.duration_s else 0

    @property
    def analysed(self) -> bool:
        """Whether the sound has descriptors at all."""
        return bool(self.sound.descriptors) or (self.sound.descriptors is None and self.sound.path is not None)

    def descriptor(self, name: str) -> Any:
        """Return a descriptor, None where it is absent."""
        if not self.analysed:
            return None
        if self.sound.descriptors is not None:
            return self.sound.descriptors.get(name)
        if name == "fsdsinet_detected_class":
            return list(self.sound.classes) or None
        if name == "fsdsinet_detections":
            return [
                {
                    "name": heard,
                    "score": round(0.95 - 0.1 * place, 2),
                    "end_time": round(self.duration_s, 2),
                    "start_time": 0.0,
                }
                for place, heard in enumerate(self.sound.classes)
            ] or None
        if name == "fsdsinet_detections_count":
            return len(self.sound.classes) or None
        assert self.sound.path is not None
        return self._shelf.descriptors(self.sound.path).get(name)

    def indexed(self, field: str) -> Any:
        """Return the value of an indexed field, None where it has none."""
        sound = self.sound
        if field in ("category_s", "subcategory_s"):
            return names(sound.category_code)[field == "subcategory_s"]
        if field in INDEXED:
            return self.descriptor(INDEXED[field])
        simple = _SIMPLE.get(field)
        if simple is not None:
            return simple(sound)
        if field in ("samplerate", "channels", "bitdepth"):
            return getattr(self.header, field)
        return getattr(self, {"duration": "duration_s"}.get(field, field))


_SIMPLE: dict[str, Callable[[Sound], Any]] = {
    "id": lambda sound: sound.id,
    "tag": lambda sound: sound.tags,
    "type": lambda sound: sound.type,
    "license": lambda sound: sound.deed.name,
    "gen_ai_preference": lambda sound: sound.gen_ai_preference,
    "pack_grouping": lambda sound: f"{sound.pack.id}_{sound.pack.name}" if sound.pack else None,
    "name": lambda sound: sound.name,
    "description": lambda sound: sound.description,
    "pack": lambda sound: sound.pack.name if sound.pack else None,
    "comment": lambda sound: [comment.comment for comment in sound.comments],
    "username": lambda sound: sound.username,
    "num_downloads": lambda sound: sound.num_downloads,
    "num_ratings": lambda sound: sound.num_ratings,
    "num_comments": lambda sound: len(sound.comments),
    "avg_rating": lambda sound: sound.shown_rating,
    "is_geotagged": lambda sound: sound.geotag is not None,
    "is_remix": lambda sound: sound.is_remix,
    "was_remixed": lambda sound: sound.was_remixed,
    "is_explicit": lambda sound: sound.is_explicit,
    "in_remix_group": lambda sound: sound.is_remix or sound.was_remixed,
    "created": lambda sound: sound.created,
    "geotag": lambda sound: sound.geotag,
    "_text": lambda sound: f"{sound.name} {sound.description} {' '.join(sound.tags)}",
}
