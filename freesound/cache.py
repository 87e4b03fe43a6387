"""What was fetched before: answers for as long as they are likely to hold, previews for good.

::

    <root>/answers/<group>/<hash of the address>.json     without any key in it
    <root>/previews/<sound>-<quality>-<encoding>.json     which content a preview has
    <root>/audio/<ab>/<sha256>.<ending>                   the content
    <root>/partial/                                       what is not finished, and locks
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from freesound.clock import Clock, SystemClock
from freesound.downloads import Download, move, sha256_of

HOUR_S = 3600.0
DAY_S = 24 * HOUR_S
LIFETIMES_S = {"search": DAY_S, "sound": 30 * DAY_S, "list": DAY_S, "missing": HOUR_S}
"""How long an answer is believed, by its kind."""
_FORMAT = 1
_TAG = "Signature: 8a477f597d28d172789f06886806bc55\n# Fetched from Freesound. May be deleted at any time.\n"
_PARTS = ("answers", "previews", "audio", "partial")


def default_root() -> Path:
    """Return the user's cache folder."""
    import platformdirs

    return Path(platformdirs.user_cache_dir("freesound", appauthor=False))


@dataclass(frozen=True, slots=True)
class Kept:
    """An answer that was kept: its status (200 or 404), its JSON, its age, whether it is still believed."""

    status: int
    body: Any
    age_s: float
    fresh: bool


@dataclass(frozen=True, slots=True)
class CacheInfo:
    """What a cache holds; sizes in bytes."""

    root: Path
    answers: int
    answers_bytes: int
    previews: int
    previews_bytes: int
    partial_bytes: int

    @property
    def total_bytes(self) -> int:
        """Everything."""
        return self.answers_bytes + self.previews_bytes + self.partial_bytes


class Cache:
    """A folder of answers and previews, shared by all processes of a user.

    Parameters
    ----------
    root : pathlib.Path or None
        None = the user's cache folder.
    lifetimes_s : mapping, optional
        Other lifetimes than :data:`LIFETIMES_S`.
    """

    def __init__(
        self, root: Path | None = None, *, clock: Clock | None = None, lifetimes_s: Mapping[str, float] | None = None
    ) -> None:
        self.root = root or default_root()
        self._clock = clock or SystemClock()
        self._lifetimes_s = LIFETIMES_S | dict(lifetimes_s or {})

    @property
    def partial(self) -> Path:
        """Where unfinished files lie."""
        self._make_root()
        return self.root / "partial"

    def get(self, key: str, group: str = "") -> Kept | None:
        """Return what was kept under a key, however old; a damaged entry is dropped."""
        path = self._answer(key, group)
        entry = _load(path)
        if entry is None or entry.get("key") != key:
            return None
        try:
            age_s = max(0.0, self._clock.wall() - float(entry["stored_at"]))
            status = int(entry["status"])
            lifetime_s = self._lifetimes_s[entry["kind"] if status == 200 else "missing"]
            kept = Kept(status, entry["body"], age_s, age_s < lifetime_s)
        except (KeyError, TypeError, ValueError):
            path.unlink(missing_ok=True)
            return None
        self._used(path)
        return kept

    def put(self, key: str, kind: str, body: Any, *, status: int = 200, group: str = "") -> None:
        """Keep an answer. A cache that cannot be written is no reason to fail."""
        entry = {"format": _FORMAT, "key": key, "kind": kind, "status": status, "stored_at": self._clock.wall()}
        with contextlib.suppress(OSError):
            self._make_root()
            path = self._answer(key, group)
            _save(path, entry | {"body": body})
            self._used(path)

    def drop(self, key: str, group: str = "") -> None:
        """Forget one answer."""
        self._answer(key, group).unlink(missing_ok=True)

    def preview(self, sound_id: int, variant: str) -> Download | None:
        """Return a kept preview, ``"hq-ogg"``, after checking that its content is still the one that was fetched."""
        note = self._preview_note(sound_id, variant)
        entry = _load(note)
        if entry is None:
            return None
        try:
            digest, ending, size = str(entry["sha256"]), str(entry["ending"]), int(entry["size"])
            path = self._audio(digest, ending)
            sound = path.stat().st_size == size and sha256_of(path) == digest
        except (KeyError, TypeError, ValueError, OSError):
            sound = False
        if not sound:
            note.unlink(missing_ok=True)
            return None
        self._used(note)
        self._used(path)
        return Download(path, digest, size, fetched=False)

    def keep_preview(self, sound_id: int, variant: str, download: Download) -> Download:
        """Take a fetched preview in, under its content's hash."""
        ending = download.path.suffix.lstrip(".")
        path = self._audio(download.sha256, ending)
        path.parent.mkdir(parents=True, exist_ok=True)
        move(download.path, path)
        entry = {"format": _FORMAT, "sha256": download.sha256, "ending": ending, "size": download.size}
        note = self._preview_note(sound_id, variant)
        _save(note, entry | {"stored_at": self._clock.wall()})
        self._used(note)
        self._used(path)
        return Download(path, download.sha256, download.size)

    def forget_sound(self, sound_id: int) -> None:
        """Forget a sound that was taken down: its answers and previews."""
        for note in (self.root / "previews").glob(f"{sound_id}-*.json"):
            entry = _load(note) or {}
            note.unlink(missing_ok=True)
            digest = str(entry.get("sha256", ""))
            if digest and not any((_load(n) or {}).get("sha256") == digest for n in self._preview_notes()):
                self._audio(digest, str(entry.get("ending", ""))).unlink(missing_ok=True)
        for path in (self.root / "answers" / f"sound-{sound_id}").glob("*.json"):
            path.unlink(missing_ok=True)

    def info(self) -> CacheInfo:
        """Return what is kept."""
        sizes = {part: [size for _, size, _ in self._files(part)] for part in _PARTS}
        return CacheInfo(
            self.root,
            answers=len(sizes["answers"]),
            answers_bytes=sum(sizes["answers"]),
            previews=len(sizes["previews"]),
            previews_bytes=sum(sizes["audio"]) + sum(sizes["previews"]),
            partial_bytes=sum(sizes["partial"]),
        )

    def clear(self) -> int:
        """Forget everything and return how many bytes that freed. Files of others in the folder stay."""
        return self._remove((path, size) for part in _PARTS for path, size, _ in self._files(part))

    def prune(self, *, max_bytes: int | None = None, max_age_s: float | None = None) -> int:
        """Forget what was not used for so long, then what was used longest ago until the rest fits; return bytes."""
        now = self._clock.wall()
        files = sorted((f for part in _PARTS for f in self._files(part)), key=lambda file: file[2])
        total = sum(size for _, size, _ in files)
        doomed = []
        for path, size, used_at in files:
            too_old = max_age_s is not None and now - used_at > max_age_s
            too_much = max_bytes is not None and total > max_bytes
            if too_old or too_much:
                doomed.append((path, size))
                total -= size
        return self._remove(doomed)

    def _used(self, path: Path) -> None:
        now = self._clock.wall()
        with contextlib.suppress(OSError):
            os.utime(path, (now, now))

    def _make_root(self) -> None:
        tag = self.root / "CACHEDIR.TAG"
        if not tag.exists():
            self.root.mkdir(parents=True, exist_ok=True)
            tag.write_text(_TAG, encoding="ascii")

    def _answer(self, key: str, group: str) -> Path:
        digest = hashlib.sha256(key.encode()).hexdigest()
        return self.root / "answers" / (group or digest[:2]) / f"{digest}.json"

    def _preview_note(self, sound_id: int, variant: str) -> Path:
        return self.root / "previews" / f"{sound_id}-{variant}.json"

    def _preview_notes(self) -> Iterable[Path]:
        return (self.root / "previews").glob("*.json")

    def _audio(self, digest: str, ending: str) -> Path:
        return self.root / "audio" / digest[:2] / f"{digest}.{ending}"

    def _files(self, part: str) -> Iterator[tuple[Path, int, float]]:
        for folder, _, names in os.walk(self.root / part):
            for name in names:
                with contextlib.suppress(OSError):
                    status = (path := Path(folder) / name).stat()
                    yield path, status.st_size, status.st_mtime

    def _remove(self, files: Iterable[tuple[Path, int]]) -> int:
        freed = 0
        for path, size in list(files):
            with contextlib.suppress(OSError):
                path.unlink()
                freed += size
        return freed


def cache_info(root: Path | None = None) -> CacheInfo:
    """Return what the cache holds; None = the user's."""
    return Cache(root).info()


def cache_clear(root: Path | None = None) -> int:
    """Empty the cache and return how many bytes that freed."""
    return Cache(root).clear()


def cache_prune(root: Path | None = None, *, max_bytes: int | None = None, max_age_s: float | None = None) -> int:
    """Make the cache smaller and return how many bytes that freed; see :meth:`Cache.prune`."""
    return Cache(root).prune(max_bytes=max_bytes, max_age_s=max_age_s)


def _load(path: Path) -> dict[str, Any] | None:
    try:
        text = path.read_bytes()
    except OSError:
        return None
    with contextlib.suppress(ValueError, RecursionError):
        entry = json.loads(text)
        if isinstance(entry, dict) and entry.get("format") == _FORMAT:
            return entry
    path.unlink(missing_ok=True)
    return None


def _save(path: Path, entry: Mapping[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        beside.write_text(json.dumps(entry), encoding="ascii")
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
