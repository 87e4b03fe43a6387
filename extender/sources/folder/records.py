"""What is known of one sound file of a library, from its path and from the papers that lie beside it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, fields
from pathlib import PurePosixPath

AUDIO_SUFFIXES = frozenset(
    """.wav .wave .bwf .rf64 .w64 .aif .aiff .aifc .au .snd .caf .flac .ogg .oga .opus .mp2 .mp3 .m4a .m4b .aac .ac3
    .wma .wv .ape .tta .amr .mka .weba""".split()  # noqa: SIM905 - a table
)
"""Endings of sound files that libsndfile or ffmpeg reads, in lower case."""

_FREESOUND_NAME = re.compile(r"(?P<id>\d+)__(?P<user>.+?)__(?P<name>.+)")
_HAS_WORD = re.compile(r"[^\W\d_]{2}")
_SEPARATORS = re.compile(r"[\s_\-–.]+")


@dataclass(frozen=True, slots=True)
class Note:
    """What a paper says of one file; empty = it says nothing.

    Parameters
    ----------
    label : str
        What is heard, in a few words.
    tags : tuple of str
        Other words for it.
    title, author, licence, url : str
    duration_s : float or None
        Seconds, > 0.
    """

    label: str = ""
    tags: tuple[str, ...] = ()
    title: str = ""
    author: str = ""
    licence: str = ""
    url: str = ""
    duration_s: float | None = None

    def over(self, other: Note) -> Note:
        """Return the other note with whatever this one says laid over it; the tags of both."""
        said = {field.name: getattr(self, field.name) or getattr(other, field.name) for field in fields(Note)}
        return Note(**(said | {"tags": tuple(dict.fromkeys((*self.tags, *other.tags)))}))


@dataclass(frozen=True, slots=True)
class SoundRecord:
    """One sound file of a library, as the index keeps it.

    Parameters
    ----------
    path : str
        Relative to the library, with forward slashes.
    label : str
        What is heard: from a paper, else the name of the folder it lies in; empty at the top of a library.
    tags : tuple of str
        Other words: from papers, else the names of the folders above.
    title, author, licence, url : str
        ``licence`` as it was written.
    duration_s : float or None
        As a paper says; None = not known yet.
    """

    path: str
    label: str
    tags: tuple[str, ...]
    title: str
    author: str
    licence: str
    url: str
    duration_s: float | None


def is_audio(name: str) -> bool:
    """Tell whether a file name is that of a sound file, by its ending."""
    return PurePosixPath(name).suffix.lower() in AUDIO_SUFFIXES


def in_words(name: str) -> str:
    """Return a file or class name with spaces between its words: ``"dog_bark-02"`` → ``"dog bark 02"``."""
    return _SEPARATORS.sub(" ", name).strip()


def record_of(path: str, note: Note | None) -> SoundRecord:
    """Join what the path tells and what a paper tells; the paper knows better.

    A name such as ``123__ann__dog barks.wav`` is Freesound's: it tells number, author and title.
    """
    place = PurePosixPath(path)
    folders = [in_words(folder) for folder in place.parts[:-1]]
    known = _from_freesound_name(place.stem)
    if note is not None:
        known = note.over(known)
    if not known.label and folders:
        *above, nearest = folders
        known = Note(label=nearest, tags=tuple(above)).over(known)
    title = known.title or in_words(place.stem)
    if known.label and not _HAS_WORD.search(title):  # a bare number tells a reader of the credits nothing
        title = f"{known.label} {title}"
    return SoundRecord(path, known.label, known.tags, title, known.author, known.licence, known.url, known.duration_s)


def _from_freesound_name(stem: str) -> Note:
    match = _FREESOUND_NAME.fullmatch(stem)
    if not match:
        return Note()
    url = f"https://freesound.org/s/{match['id']}/"
    return Note(title=in_words(match["name"]), author=match["user"], url=url)


def overlay(notes: Iterable[dict[str, Note]]) -> dict[str, Note]:
    """Lay the notes of several papers over each other, the later over the earlier."""
    whole: dict[str, Note] = {}
    for layer in notes:
        for path, note in layer.items():
            whole[path] = note.over(whole[path]) if path in whole else note
    return whole
