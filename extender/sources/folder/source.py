"""The sound source ``folder``: search and fetch in a person's own libraries."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from extender.errors import InputError, SourceError
from extender.sources.base import Candidate, Query, SourceContext
from extender.sources.folder.index import Entry, LibraryIndex
from extender.sources.folder.scoring import MIN_SCORE, Match, Wish, match, score, wish_of
from extender.types import SoundAsset
from freesound.licence import parse_licence
from mixer.types import openable
from models import sha256_of

SILENCE_PEAK = 1e-4
"""A sound that nowhere exceeds this (−80 dBFS) is not to be heard."""

_PER_PHRASE = 250
_LOOKED_INTO = 60
_OFFERED = 30


class FolderSource:
    """A person's own sound libraries.

    Parameters
    ----------
    context : SourceContext
        Its libraries; where it names none, those of ``EXTENDER_SOUNDS`` (parted as in ``PATH``), else the folder
        ``sounds`` in the user's data folder, if there is one. Without any library nothing is found.

    Raises
    ------
    InputError
        A library that was named is no folder.
    """

    name = "folder"

    def __init__(self, context: SourceContext) -> None:
        self._max_s = context.max_duration_s
        self._libraries = tuple(LibraryIndex(root, context.cache_dir) for root in libraries_of(context))

    @property
    def libraries(self) -> tuple[Path, ...]:
        """The folders that are searched, as real paths."""
        return tuple(index.root for index in self._libraries)

    def count(self) -> int:
        """Return how many sounds there are. Indexes new libraries."""
        return sum(index.count() for index in self._libraries)

    def problems(self) -> tuple[str, ...]:
        """Return what in the libraries could not be read, one line each. Indexes new libraries."""
        return tuple(f"{index.root.name}: {text}" for index in self._libraries for text in index.problems())

    def search(self, query: Query) -> list[Candidate]:
        """Return the sounds that fit, best first; at most 30, or twice as many as are wanted.

        Equal scores are ordered by the seed, so that another seed may bring other sounds.

        Raises
        ------
        SourceError
            A library or its index cannot be read.
        """
        wish = wish_of(query.words, query.avoid, query.concept)
        if not wish.phrases:
            return []
        found = [c for index in self._libraries for c in self._search_one(index, query, wish)]
        found.sort(key=lambda c: (-c.score, _draw(query.seed, c.id)))
        return found[: max(_OFFERED, 2 * query.takes)]

    def _search_one(self, index: LibraryIndex, query: Query, wish: Wish) -> Iterator[Candidate]:
        start = _draw(query.seed, str(index.root.name)) >> 1
        entries = index.find(wish.variants, start=start, limit=_PER_PHRASE)
        matched = [(entry, found) for entry in entries if (found := match(entry, wish)) and found.value >= MIN_SCORE]
        matched.sort(key=lambda pair: (-round(pair[1].value, 2), _draw(query.seed, pair[0].path)))
        probes = []
        for entry, found in matched[: max(_LOOKED_INTO, 4 * query.takes)]:
            probe = _probe(index.root / entry.path, entry)
            if probe is None:
                continue  # it is gone
            if probe.is_new:
                probes.append((entry.id, probe.stamp_ns, probe.duration_s, probe.channels))
            candidate = _candidate(index.root.name, entry, found, probe, query)
            if candidate.score >= MIN_SCORE:
                yield candidate
        index.remember_probes(probes)

    def find(self, sound: str) -> Candidate:
        """Return the sound with this id, ``library/path``.

        Raises
        ------
        SourceError
            There is none.
        """
        self._path_of(sound)
        library, _, relative = sound.partition("/")
        for index in self._libraries:
            entry = index.entry(relative) if index.root.name == library else None
            probe = _probe(index.root / relative, entry) if entry is not None else None
            if entry is not None and probe is not None:
                return _candidate(library, entry, Match(1.0, "named by id"), probe, Query("", (), "event"))
        raise SourceError(f"there is no sound {sound!r} in the libraries; it was moved or deleted")

    def fetch(self, candidate: Candidate) -> SoundAsset:
        """Make sure that a sound can be heard, and return it where it lies.

        Raises
        ------
        SourceError
            The file is gone, does not decode, or is silent.
        """
        from extender.audio import is_heard, read_audio

        path = self._path_of(candidate.id)
        try:
            audio = read_audio(path, max_s=self._max_s)
            heard = is_heard(path, SILENCE_PEAK)
        except InputError as error:
            raise SourceError(str(error)) from None
        if not heard:
            raise SourceError(f"{path} is silent")
        try:
            digest = sha256_of(path)
        except OSError as error:
            raise SourceError(f"cannot read {path}: {error.strerror}") from None
        duration_s, _ = _read_header(path)
        return SoundAsset(
            file=str(path),
            sha256=digest,
            source=self.name,
            id=candidate.id,
            title=candidate.title,
            author=candidate.author,
            licence=candidate.licence,
            url=candidate.url,
            duration_s=duration_s or audio.duration_s,
        )

    def _path_of(self, sound: str) -> Path:
        library, _, relative = sound.partition("/")
        inside = relative and ".." not in PurePosixPath(relative).parts and not PurePosixPath(relative).is_absolute()
        for index in self._libraries:
            if inside and index.root.name == library and (index.root / relative).is_file():
                return index.root / relative
        raise SourceError(f"there is no sound {sound!r} in the libraries; it was moved or deleted")


def libraries_of(context: SourceContext) -> tuple[Path, ...]:
    """Return the folders to search: the context's, else the default ones.

    Raises
    ------
    InputError
        One that was named is no folder.
    """
    named = context.libraries or default_libraries()
    for library in named:
        if not library.is_dir():
            raise InputError(f"the sound library {library} is no folder; check --sounds or EXTENDER_SOUNDS")
    return tuple(dict.fromkeys(library.resolve() for library in named))


def default_libraries() -> tuple[Path, ...]:
    """Return the folders searched where none is named: those of ``EXTENDER_SOUNDS``, else the user's own, if it is."""
    named = os.environ.get("EXTENDER_SOUNDS", "")
    if named.strip():
        return tuple(Path(part).expanduser() for part in named.split(os.pathsep) if part.strip())
    from platformdirs import user_data_path

    own = user_data_path("image-extender") / "sounds"
    return (own,) if own.is_dir() else ()


@dataclass(frozen=True, slots=True)
class _Probe:
    """What a file's header says. ``duration_s`` is None where only decoding would tell."""

    stamp_ns: int
    duration_s: float | None
    channels: int | None
    is_new: bool


def _probe(path: Path, entry: Entry) -> _Probe | None:
    """Look into a file, or recall what was found when it was last changed; None where it is gone or empty."""
    try:
        status = path.stat()
    except OSError:
        return None
    if status.st_size == 0:
        return None
    if entry.probed_ns == status.st_mtime_ns:
        return _Probe(status.st_mtime_ns, entry.probed_s, entry.channels, is_new=False)
    return _Probe(status.st_mtime_ns, *_read_header(path), is_new=True)


def _read_header(path: Path) -> tuple[float | None, int | None]:
    """Return seconds and channels; (None, None) where libsndfile does not know the file."""
    import soundfile

    try:
        info = soundfile.info(openable(path))
    except (soundfile.LibsndfileError, OSError):
        return None, None
    return (info.duration or None), int(info.channels)


def _candidate(library: str, entry: Entry, found: Match, probe: _Probe, query: Query) -> Candidate:
    licence = parse_licence(entry.licence)
    duration_s = probe.duration_s or entry.duration_s
    length = "length not known" if duration_s is None else f"{duration_s:.3g} s"
    return Candidate(
        source=FolderSource.name,
        id=f"{library}/{entry.path}",
        title=entry.title,
        tags=tuple(tag for tag in (entry.label, *entry.tags) if tag),
        duration_s=duration_s,
        author=entry.author,
        licence=licence.short_name,
        url=entry.url,
        score=score(found, query.kind, duration_s=duration_s, channels=probe.channels, licence=licence),
        reason=f"{found.reason}; {length}; licence {licence.short_name}",
        channels=probe.channels or 1,
    )


def _draw(seed: int, text: str) -> int:
    """Return a number of 64 bits that looks random and follows from seed and text."""
    return int.from_bytes(hashlib.blake2b(f"{seed}:{text}".encode(), digest_size=8).digest(), "big")
